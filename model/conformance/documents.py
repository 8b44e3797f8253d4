"""Objects as clients send them: whether they fit the request, and what a creation gives them besides their defaults."""

from __future__ import annotations

import base64
import enum
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance import other_kinds
from kubecheck.model.conformance.core_kinds import one_and_many
from kubecheck.model.conformance.http import Target
from kubecheck.model.conformance.identities import is_server_made
from kubecheck.model.conformance.jobs import JOB_UID
from kubecheck.model.conformance.pods import quality
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.kinds import DAEMON_SET, JOB, NODE, POD, SECRET, Strategy
from kubecheck.model.registry.requests import Code, Part

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


_TOKEN_VOLUME: Final = re.compile(r"kube-api-access-[a-z0-9]{5}")
STORED_MANAGERS: Final = [{"manager": "the stored ones"}]


class ManagedFields(enum.Enum):
    """What a body says of managedFields."""

    STORED = "nothing, or what is stored"
    EMPTY = "none: they begin anew"
    OTHER = "others than are stored"


def managed_fields(document: Json) -> ManagedFields:
    """What a body says of managedFields; a list of one empty entry empties them as well as an empty list (isResetManagedFields)."""
    given = (document.get("metadata") or {}).get("managedFields")
    if given is None or given == STORED_MANAGERS:
        return ManagedFields.STORED
    return ManagedFields.EMPTY if given in ([], [{}]) else ManagedFields.OTHER


def without_duplicates(references: list[Json]) -> list[Json]:
    """Owner references without those that are equal to an earlier one (handlers/rest.go, dedupOwnerReferences)."""
    return [r for i, r in enumerate(references) if r not in references[:i]]


def without_random_names(body: Json) -> Json:
    """A body with the name of the volume for the service account's token as the model has it, without its five random letters."""
    if isinstance(body, dict):
        return {name: without_random_names(child) for name, child in body.items()}
    if isinstance(body, list):
        return [without_random_names(child) for child in body]
    return "kube-api-access" if isinstance(body, str) and _TOKEN_VOLUME.fullmatch(body) else body


def is_strict(target: Target) -> bool:
    """Whether unknown fields are refused; by default they are only warned of."""
    return target.option("fieldValidation") == "Strict"


def as_written(call: Call, data: Json) -> Json:
    """The data of a ControllerRevision in a PUT: raw JSON, which is compared byte for byte with what is stored without blanks.

    The clients of a recording write a blank after each comma and colon, unless the body is recorded as it was (`raw`).
    """
    text = json.dumps(data)
    if call.method != "PUT" or call.raw is not None or text == json.dumps(data, separators=(",", ":")):
        return data
    return {"written": text}


def convert(kind: Strategy, part: Part, document: Json) -> None:
    """What becomes of members that stand for others when a body is decoded."""
    if kind is SECRET and part is not Part.STATUS:
        _string_data(document)
    if kind is DAEMON_SET:  # spec.templateGeneration, which only an annotation tells of
        annotations = document["metadata"].get("annotations") or {}
        document["metadata"]["annotations"] = {_TEMPLATE_GENERATION: "0", **annotations}


def prepare(kind: Strategy, part: Part, document: Json, live: Json | None) -> None:
    """PrepareForCreate and PrepareForUpdate of the kind's strategy, as far as contents are concerned."""
    if live is None:
        _prepare_for_create(kind, document)
        other_kinds.prepare_for_create(kind.kind, document)
    if kind is POD and live is not None:
        _prepare_pod(part, document, live)
    if kind is DAEMON_SET:
        _template_generation(document, live, part)
    if part is not Part.STATUS:
        if kind is JOB:
            _controller_uid(document, live)
        other_kinds.prepare(kind.kind, document, live)
    if kind is NODE and live is None:
        taint(document)


def _prepare_pod(part: Part, pod: Json, live: Json) -> None:
    """What a subresource of a pod can change of it: pkg/registry/core/pod/strategy.go."""
    if part is Part.STATUS:
        status = pod.setdefault("status", {})
        one_and_many(status, "podIP", "podIPs", "ip")
        _keep_status(status, live.get("status") or {})
    elif part is Part.EPHEMERAL_CONTAINERS:
        added = pod["spec"].get("ephemeralContainers")
        pod["spec"] = {**live["spec"], **({"ephemeralContainers": added} if added else {})}
        if not added:
            pod["spec"].pop("ephemeralContainers", None)
    elif part is Part.RESIZE:
        _keep_all_but_resources(pod, live)


def _keep_all_but_resources(pod: Json, live: Json) -> None:
    """dropNonResizeUpdates; containers that are added, removed or renamed are left to validation."""
    groups = ("containers", "initContainers")
    pairs = {group: (live["spec"].get(group) or [], pod["spec"].get(group) or []) for group in groups}
    if any(len(old) != len(new) for old, new in pairs.values()):
        return
    spec = dict(live["spec"])
    for group, (old, new) in pairs.items():
        if [c.get("name") for c in old] != [c.get("name") for c in new]:
            spec[group] = new
        elif old:
            taken = ("resources", "resizePolicy")
            spec[group] = [
                {**{k: v for k, v in was.items() if k not in taken}, **{k: v for k, v in now.items() if k in taken}}
                for was, now in zip(old, new, strict=True)
            ]
    if pod["spec"].get("resources") is not None:
        spec["resources"] = pod["spec"]["resources"]
    pod["spec"] = spec


def _keep_status(status: Json, old: Json) -> None:
    """podStatusStrategy.PrepareForUpdate: the class of service, and the generation that was observed, stay if they are left out."""
    for name in ("qosClass", "observedGeneration"):
        if not status.get(name) and old.get(name):
            status[name] = old[name]
    before: dict[str, list[int]] = {}
    for condition in old.get("conditions") or []:
        before.setdefault(condition.get("type", ""), []).append(condition.get("observedGeneration") or 0)
    for condition in status.get("conditions") or []:
        known = before.get(condition.get("type", ""))
        generation = known.pop(0) if known else 0
        if not condition.get("observedGeneration") and generation:
            condition["observedGeneration"] = generation


def _string_data(secret: Json) -> None:
    """stringData of a Secret is written into data (pkg/apis/core/v1/conversion.go, Convert_v1_Secret_To_core_Secret)."""
    for name, value in (secret.pop("stringData", None) or {}).items():
        secret.setdefault("data", {})[name] = base64.b64encode((value or "").encode()).decode()


_JOB_UIDS: Final = ("controller-uid", "batch.kubernetes.io/controller-uid")
_OF_JOB: Final = JOB_UID


def _controller_uid(job: Json, live: Json | None) -> None:
    """generateSelector (pkg/registry/batch/job/strategy.go): the template is labelled with the job's name and uid, and the uid selects.

    A client that sends a job back sends the uid that the server made; here it is a word that stands for it.
    """
    spec = job["spec"]
    template = spec["template"].setdefault("metadata", {})
    labels = dict(template.get("labels") or {})
    selector = dict(spec.get("selector") or {})
    selected = dict(selector.get("matchLabels") or {})
    for holder in (labels, selected):
        for name in _JOB_UIDS:
            if is_server_made(str(holder.get(name))):
                holder[name] = _OF_JOB
    if live is None and not spec.get("manualSelector"):
        for name in ("job-name", "batch.kubernetes.io/job-name"):
            labels.setdefault(name, job["metadata"].get("name", ""))
        for name in _JOB_UIDS:
            labels.setdefault(name, _OF_JOB)
        selected.setdefault(_JOB_UIDS[1], _OF_JOB)
    if labels:
        template["labels"] = labels
    if selected:
        spec["selector"] = {**selector, "matchLabels": selected}


def _prepare_for_create(kind: Strategy, document: Json) -> None:
    if not kind.status or kind.creates_status:
        return
    document["status"] = {}
    if kind is POD:
        document["status"] = {"phase": "Pending", "qosClass": quality(document["spec"])}
        if document["spec"].get("schedulingGates"):
            document["status"]["conditions"] = [
                {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
            ]


_TEMPLATE_GENERATION: Final = "deprecated.daemonset.template.generation"


def _template_generation(document: Json, live: Json | None, part: Part) -> None:
    """The annotation that stands for spec.templateGeneration (pkg/registry/apps/daemonset/strategy.go, pkg/apis/apps/v1/conversion.go)."""
    name = _TEMPLATE_GENERATION
    generation = 1
    if live is not None:
        generation = int((live["metadata"].get("annotations") or {}).get(name, 1))
        generation += part is not Part.STATUS and live["spec"].get("template") != document["spec"].get("template")
    annotations = document["metadata"].get("annotations") or {}
    document["metadata"]["annotations"] = {**annotations, name: str(generation)}


def taint(node: Json) -> None:
    """The admission plugin TaintNodesByCondition (plugin/pkg/admission/nodetaint): a new node is not ready."""
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = node.setdefault("spec", {}).setdefault("taints", [])
    if not any(t.get("key") == taint["key"] and t.get("effect") == taint["effect"] for t in taints):
        taints.append(taint)


def undecodable(call: Call) -> Code:
    """How an object of the wrong types is refused (handlers/{create,update,patch}.go)."""
    if call.method != "PATCH":
        return Code.BAD_REQUEST
    return Code.SERVER_ERROR if media_type(call) == "application/apply-patch+yaml" else Code.INVALID


def is_another_kind(kind: Strategy, sent: Sent, document: Json) -> bool:
    """Whether the body is of another kind or version than the path says; a strategic merge patch does not say (patch.go, smpPatcher)."""
    if media_type(sent.call) == "application/strategic-merge-patch+json":
        return False
    return document.get("kind") not in (None, "", kind.kind) or document.get("apiVersion") not in (
        None,
        "",
        api_version(kind),
    )


def is_elsewhere(sent: Sent, document: Json) -> bool:
    """Whether the body has another name or namespace than the path.

    Of cluster objects a namespace is taken off (registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace).
    """
    meta = document.get("metadata") or {}
    if sent.call.method != "POST" and meta.get("name") != sent.target.name:
        return True
    # Of cluster objects a namespace is taken off (registry/rest/meta.go, EnsureObjectNamespaceMatchesRequestNamespace).
    return bool(sent.target.namespace) and meta.get("namespace") not in (None, "", sent.target.namespace)


def server_made_uids(value: Json) -> list[tuple[str, Json]]:
    """The uids in a body that some server made up, in order, each with the JSON object that has it."""
    found: list[tuple[str, Json]] = []
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "uid" and isinstance(child, str) and is_server_made(child):
                found.append((child, value))
            else:
                found += server_made_uids(child)
    elif isinstance(value, list):
        for child in value:
            found += server_made_uids(child)
    return found
