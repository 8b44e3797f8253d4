"""requestURI of an audit line, taken apart."""

from __future__ import annotations

import urllib.parse


def parameters(uri: str | None) -> dict[str, str]:
    """The query's parameters; of one that occurs several times the last. Never raises: what cannot be read is left out."""
    if uri is None or "?" not in uri:
        return {}
    try:
        return dict(urllib.parse.parse_qsl(uri.split("?", 1)[1], keep_blank_values=True, errors="replace"))
    except ValueError:  # more fields than Python's limit: not a request that Kubernetes makes
        return {}


def parameter(uri: str, name: str) -> str | None:
    """The first parameter of this name, as the API server takes it; None if there is none."""
    key = name + "="
    at = uri.find(key)
    while at > 0:
        if uri[at - 1] in "?&":
            end = uri.find("&", at)
            value = uri[at + len(key) : end if end >= 0 else None]
            return urllib.parse.unquote_plus(value) if "%" in value or "+" in value else value
        at = uri.find(key, at + 1)
    return None
