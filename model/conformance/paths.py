"""Paths that are no resource's: health, version, discovery, and what nobody serves.

After staging/src/k8s.io/apiserver/pkg/server/{genericapiserver,config}.go, server/healthz/healthz.go and endpoints/discovery: what is
answered is told by its code and its kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kubecheck.model.conformance.builtin import serves_group, serves_version
from kubecheck.model.conformance.contents import NotModelled

NOT_FOUND: Final = "404 page not found\n"
_HEALTH: Final = ("/livez", "/readyz", "/healthz")
_CHECKS: Final = ("ping", "log", "etcd")
_TEXTS: Final = ("/metrics", "/metrics/slis")
_DOCUMENTS: Final = (
    "/", "/version", "/version/", "/openapi/v2", "/openapi/v3", "/.well-known/openid-configuration", "/openid/v1/jwks",
)  # fmt: skip
_ELSEWHERE: Final = (
    "/debug/",
    "/logs",
    "/configz",
    "/statusz",
    "/flagz",
    "/openapi/",
    "/.well-known/",
    "/openid/",
    "/metrics/",
    "/index.html",
)


@dataclass(frozen=True)
class Plain:
    """What such a path is answered; `kind` is that of a JSON object, `text` that of an answer that is none, where it is known."""

    code: int
    kind: str | None = None
    text: str | None = None


def answered(method: str, path: str) -> Plain:
    """The answer to a request that authorization has let through. Raises NotModelled."""
    found = _found(path)
    if found is None:
        return Plain(404, text=NOT_FOUND)
    if method not in ("GET", "HEAD"):
        raise NotModelled(f"{method} of path {path}")
    return found if method == "GET" else Plain(found.code)


def _found(path: str) -> Plain | None:
    for health in _HEALTH:
        if path == health or (path.startswith(f"{health}/") and path.removeprefix(f"{health}/") in _CHECKS):
            return Plain(200, text="ok")
        if path.startswith(f"{health}/"):
            raise NotModelled(f"path {path}")
    if path in _TEXTS or path in _DOCUMENTS or not path:
        return Plain(200)
    if path.startswith(_ELSEWHERE):
        raise NotModelled(f"path {path}")
    segments = path.strip("/").split("/")
    if segments[0] == "api" and len(segments) <= 2:
        if len(segments) == 1:
            return Plain(200, "APIVersions")
        return Plain(200, "APIResourceList") if serves_version("", segments[1]) else None
    if segments[0] == "apis" and len(segments) <= 3:
        if len(segments) == 1:
            return Plain(200, "APIGroupList")
        known = serves_version(segments[1], segments[2]) if len(segments) == 3 else serves_group(segments[1])
        if not known and segments[1].endswith(".k8s.io"):
            raise NotModelled(f"path {path}")
        return Plain(200, "APIResourceList" if len(segments) == 3 else "APIGroup") if known else None
    return None
