"""What a request's path and query say (staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from kubecheck.model.conformance.rows import Call


@dataclass(frozen=True, order=True)
class Key:
    """An object: group, resource, namespace ("" for cluster objects) and name; ordered as etcd's keys of one resource are."""

    group: str
    resource: str
    namespace: str
    name: str


@dataclass(frozen=True)
class Target:
    """Where a request goes. `resource` "" is a path that is no resource's; `name` "" is a collection."""

    path: str
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    name: str = ""
    subresource: str = ""
    query: dict[str, list[str]] = field(default_factory=dict, compare=False)

    @property
    def key(self) -> Key:
        """The object that is named."""
        return Key(self.group, self.resource, self.namespace, self.name)

    def option(self, name: str) -> str | None:
        """A query parameter, the first of them as upstream's conversion takes it; None if there is none."""
        return self.query.get(name, [None])[0]


def target_of(url: str) -> Target:
    """Takes a request's path with its query apart."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    segments = [unquote(s) for s in parts.path.strip("/").split("/")]
    group = ""
    if segments[0] == "api" and len(segments) > 2:
        version, rest = segments[1], segments[2:]
    elif segments[0] == "apis" and len(segments) > 3:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        return Target(parts.path, query=query)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    rest = [*rest, "", ""]
    return Target(parts.path, group, version, namespace, rest[0], rest[1], "/".join(rest[2:]).strip("/"), query)


def verb_of(call: Call, target: Target) -> str:
    """The verb that authorization sees."""
    if not target.resource:
        return call.method.lower()
    if call.method == "GET":
        if target.name:
            return "get"
        watch = target.option("watch")
        return "list" if watch is None or watch.lower() in ("false", "0") else "watch"
    if call.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(call.method, call.method.lower())
