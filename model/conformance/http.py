"""What a request's path and query say (staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go, NewRequestInfo).

A path is taken apart twice upstream: for authorization (RequestInfo) and for routing. Both begin with the same `Target`; `attributes_of` is
what authorization sees of it, `routed` where the request goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qs, unquote

from kubecheck.model.conformance.rows import Call
from kubecheck.model.conformance.selectors import Requirement, SelectorError, field_terms, integer, label_requirements

_NAMESPACE_PARTS: Final = ("status", "finalize")
_VERBS: Final = {
    "POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete",
}  # fmt: skip
_SELECTING: Final = ("list", "watch", "deletecollection")


@dataclass(frozen=True, order=True)
class Key:
    """An object: group, resource, namespace ("" for cluster objects) and name; ordered as etcd's keys of one resource are."""

    group: str
    resource: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Target:
    """Where a request goes. `resource` "" is a path that is no resource's; `name` "" is a collection.

    `prefix` is watch or proxy, of old paths.
    """

    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    query: dict[str, list[str]] = field(default_factory=dict, compare=False)
    prefix: str = ""

    @property
    def key(self) -> Key:
        """The object that is named."""
        return Key(self.group, self.resource, self.namespace, self.name)

    def option(self, name: str) -> str | None:
        """A query parameter, the first of them as upstream's conversion takes it; None if there is none."""
        return self.query.get(name, [None])[0]


@dataclass(frozen=True)
class Attributes:
    """What authorization is asked about (authorization/authorizer/interfaces.go, Attributes). `resource` "": about `path`."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: tuple[Requirement, ...] = ()

    @property
    def part(self) -> str:
        """The resource with its subresource, as rules name it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def target_of(url: str) -> Target:
    """Takes a request's path with its query apart."""
    before, _, text = url.partition("#")[0].partition("?")
    path = unquote(before)
    query = parse_qs(text, keep_blank_values=True)
    segments = path.strip("/").split("/")
    group = ""
    if segments[0] == "api" and len(segments) > 2:
        version, rest = segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) > 3:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        return Target(path, query=query)
    prefix = ""
    if rest[0] in ("watch", "proxy") and len(rest) > 1:
        prefix, rest = rest[0], rest[1:]
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
        namespace, rest = rest[1], rest[2:]
    rest = [*rest, "", ""]
    return Target(path, group, version, namespace, rest[0], rest[1], "/".join(rest[2:]).strip("/"), query, prefix)


def routed(target: Target) -> Target:
    """An old path of watches, /api/v1/watch/…, as the collection with `watch`, and for one object its name, in the query.

    So upstream's handler treats it (endpoints/installer.go, forceWatch; handlers/get.go, ListResource).
    """
    if target.prefix != "watch":
        return target
    query = {**target.query, "watch": ["true"]}
    if target.name:
        query["fieldSelector"] = [f"metadata.name={target.name}"]
    return replace(target, name="", query=query, prefix="")


def attributes_of(call: Call, target: Target) -> Attributes:
    """What authorization sees of a request, before it is routed."""
    if not target.resource:
        return Attributes(call.method.lower(), path=target.path)
    verb = target.prefix or _VERBS.get(call.method, "")
    name, namespace = target.name, target.namespace
    if target.resource == "namespaces" and name:
        namespace = name
    if not name and verb == "get":
        verb, name = _of_collection(target)
    if not name and verb == "delete":
        verb = "deletecollection"
    fields: tuple[Requirement, ...] = ()
    if not target.prefix and verb in _SELECTING:
        fields = _terms(target) or ()
    subresource = "" if target.prefix == "proxy" else target.subresource.partition("/")[0]
    return Attributes(verb, target.group, target.resource, subresource, namespace, name, target.path, fields)


def _of_collection(target: Target) -> tuple[str, str]:
    """The verb of a GET without a name, and the name that its field selector asks for; options that cannot be read name nobody."""
    verb = "watch" if is_watch(target) else "list"
    terms = _terms(target)
    numbers = all(integer(target.option(name)) is not None for name in ("limit", "timeoutSeconds"))
    try:
        label_requirements(target.option("labelSelector") or "")
    except SelectorError:
        return verb, ""
    if terms is None or not numbers:
        return verb, ""
    wanted = [next(iter(t.values)) for t in terms if t.key == "metadata.name" and t.operator == "="]
    return verb, wanted[0] if wanted and _is_segment(wanted[0]) else ""


def _terms(target: Target) -> tuple[Requirement, ...] | None:
    try:
        return field_terms(target.option("fieldSelector") or "")
    except SelectorError:
        return None


def _is_segment(name: str) -> bool:
    """Whether a name can be a segment of a path (apimachinery/pkg/api/validate/content/path.go, IsPathSegmentName)."""
    return name not in (".", "..") and "/" not in name and "%" not in name


def is_watch(target: Target) -> bool:
    """Whether the query asks for a watch: `watch` without a value does, too (Convert_Slice_string_To_bool)."""
    text = target.option("watch")
    return text is not None and boolean(text)


_DURATION: Final = re.compile(r"[+-]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)")


def is_duration(text: str) -> bool:
    """Whether it is a time as Go writes one (time.ParseDuration)."""
    return _DURATION.fullmatch(text) is not None


def boolean(text: str) -> bool:
    """A boolean of the query: all but two words are true, nothing at all, too (Convert_Slice_string_To_bool)."""
    return text.lower() not in ("false", "0")
