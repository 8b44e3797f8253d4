"""What a request's body and parameters are, before anybody looks at what they say of an object."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from kubecheck.model.conformance import shapes
from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.documents import is_strict, media_type
from kubecheck.model.conformance.http import Target
from kubecheck.model.conformance.rows import Call
from kubecheck.model.registry.kinds import Strategy
from kubecheck.model.registry.requests import Code

Json = Any

PATCH_TYPES: Final = {
    "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
}  # fmt: skip
_PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_CUT: Final = "\u2026"
_BODY_TYPES: Final = {"application/json", "application/yaml"}


def generated(prefix: str, number: int) -> str:
    """A name for a generateName: the prefix, cut to 58 characters, and five more."""
    return f"{prefix[:58]}zzzz{number}"


def scale_of(document: Json) -> Json:
    """The Scale of a workload."""
    replicas = document["spec"].get("replicas", 0)
    labels = (document["spec"].get("selector") or {}).get("matchLabels") or {}
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {k: v for k, v in document["metadata"].items() if k in names},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": (document.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{k}={v}" for k, v in sorted(labels.items())),
        },
    }


def decoded(call: Call) -> Json | Code:
    """The body as JSON, or how a body that is none is refused."""
    accepted = PATCH_TYPES if call.method == "PATCH" else _BODY_TYPES
    if call.method != "PATCH" and media_type(call) == _PROTOBUF:
        return Code.BAD_REQUEST  # the recording's bodies are text
    if media_type(call) not in accepted:
        return Code.UNSUPPORTED_MEDIA_TYPE
    body = call.body
    if call.raw is not None:
        try:
            body = yaml.safe_load(call.raw) if "yaml" in media_type(call) else json.loads(call.raw)
        except (ValueError, yaml.YAMLError, RecursionError):
            if call.raw.endswith(_CUT):
                raise NotModelled("a body that the recording has cut short") from None
            return Code.BAD_REQUEST
    if call.method != "PATCH" and not isinstance(body, dict):
        return Code.BAD_REQUEST
    return body


def number(text: str | None) -> Any:
    """A number of a query; what is none stays text, which fits nothing."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return text


def strictly_refused(kind: Strategy, call: Call, target: Target, body: Json) -> bool:
    """Whether fieldValidation=Strict finds a member that the kind does not have, or one twice."""
    return is_strict(target) and (bool(shapes.unknown(kind.kind, body)) or _repeats(call))


def _repeats(call: Call) -> bool:
    """Whether a member is there twice in an object of the body, which shows only where the body is as it was sent."""
    found = []

    def pairs(given: list[tuple[str, Json]]) -> None:
        found.append(len({name for name, _ in given}) < len(given))

    if call.raw is not None and "yaml" not in media_type(call):
        json.loads(call.raw, object_pairs_hook=pairs)
    return any(found)
