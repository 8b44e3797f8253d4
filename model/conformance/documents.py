"""Objects as clients send them: whether they fit the request, and what a creation gives them besides their defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance import shapes
from kubecheck.model.conformance.http import Target
from kubecheck.model.conformance.identities import is_server_made
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.kinds import POD, Strategy
from kubecheck.model.registry.requests import Code

Json = Any

_VERSIONS: Final = {"": "v1", "autoscaling": "v2"}


@dataclass(frozen=True)
class Sent:
    """A request that is on its way to the registry: what it said, where to, and its decoded body."""

    call: Call
    target: Target
    body: Json


def api_version(kind: Strategy) -> str:
    """`apiVersion` of a kind."""
    version = _VERSIONS.get(kind.group, "v1")
    return f"{kind.group}/{version}" if kind.group else version


def media_type(call: Call) -> str:
    """The content type without parameters."""
    return (call.content_type or "application/json").split(";")[0].strip()


def resets_managers(document: Json) -> bool:
    """Whether the body empties managedFields, which a list of one empty entry does as well."""
    given = (document.get("metadata") or {}).get("managedFields")
    return isinstance(given, list) and given in ([{}], [])


def prepare_for_create(kind: Strategy, document: Json) -> None:
    """PrepareForCreate: the status that a new object has."""
    if not kind.status or kind.creates_status:
        return
    document["status"] = {}
    if kind is POD:
        document["status"] = {"phase": "Pending", "qosClass": quality(document["spec"])}
        if document["spec"].get("schedulingGates"):
            document["status"]["conditions"] = [
                {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
            ]


def template_generation(document: Json, live: Json | None) -> None:
    """The annotation that stands for spec.templateGeneration (pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/v1/conversion.go)."""
    name = "deprecated.daemonset.template.generation"
    generation = 1
    if live is not None:
        generation = int((live["metadata"].get("annotations") or {}).get(name, 1))
        generation += live["spec"].get("template") != document["spec"].get("template")
    annotations = document["metadata"].get("annotations") or {}
    document["metadata"]["annotations"] = {**annotations, name: str(generation)}


def taint(node: Json) -> None:
    """The admission plugin TaintNodesByCondition (plugin/pkg/admission/nodetaint): a new node is not ready."""
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(t.get("key") == taint["key"] and t.get("effect") == taint["effect"] for t in taints):
        taints.append(taint)


def quality(spec: Json) -> str:
    """The quality-of-service class (pkg/apis/core/v1/helper/qos/qos.go)."""
    resources = [
        c.get("resources") or {} for c in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    ]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    guaranteed = all(
        r.get("limits") and {"cpu", "memory"} <= r["limits"].keys() and r["limits"] == r.get("requests", r["limits"])
        for r in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def undecodable(call: Call) -> Code:
    """How an object of the wrong types is refused (handlers/{create,update,patch}.go)."""
    if call.method != "PATCH":
        return Code.BAD_REQUEST
    return Code.SERVER_ERROR if media_type(call) == "application/apply-patch+yaml" else Code.INVALID


def known(kind: str, document: Json) -> Json:
    """The document without outermost members that its kind does not have."""
    members = shapes.members(kind)
    return document if members is None else {k: v for k, v in document.items() if k in members}


def mismatches(kind: Strategy, sent: Sent, document: Json) -> bool:
    """Whether the body is of another kind, name or namespace than the path says."""
    meta = document.get("metadata") or {}
    if document.get("kind") not in (None, "", kind.kind):
        return True
    if document.get("apiVersion") not in (None, "", api_version(kind)):
        return True
    if sent.call.method != "POST" and meta.get("name") != sent.target.name:
        return True
    # Of cluster objects a namespace is taken off (registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace).
    return bool(sent.target.namespace) and meta.get("namespace") not in (None, "", sent.target.namespace)


def server_made_uids(value: Json) -> list[str]:
    """The uids in a body that some server made up, in order."""
    found: list[str] = []
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "uid" and isinstance(child, str) and is_server_made(child):
                found.append(child)
            else:
                found += server_made_uids(child)
    elif isinstance(value, list):
        for child in value:
            found += server_made_uids(child)
    return found
