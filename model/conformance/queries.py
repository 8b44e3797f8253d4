"""What the query and the Accept header of a read say, before the model is asked.

After staging/src/k8s.io/apiserver/pkg/endpoints: handlers/negotiation/negotiate.go, handlers/response.go; and
storage/continue.go.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Target, is_watch
from kubecheck.model.conformance.rows import Call

Json = Any

_MEDIA: Final = {
    "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/*", "*/*",
}  # fmt: skip
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Token:
    """A continue token: the list's resourceVersion (negative: the newest), and the key that the next page begins at."""

    revision: int
    key: str


def decoded_token(text: str) -> Token | None:
    """Decodes a continue token (storage.DecodeContinue); None if it is none."""
    try:
        if not _TOKEN.fullmatch(text):
            return None
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        version, revision, key = found["v"], found["rv"], found["start"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if version != "meta.k8s.io/v1" or not isinstance(key, str) or not key:
        return None
    if not isinstance(revision, int) or isinstance(revision, bool) or revision == 0:
        return None
    key = key if key.startswith("/") else "/" + key
    return Token(revision, key) if posixpath.normpath(key) == key else None


def negotiated(call: Call, target: Target) -> str | None:
    """The kind that the Accept header turns an answer into, "" if it leaves it alone; None is 406 (NegotiateOutputMediaType)."""
    accept = next((value for name, value in call.headers.items() if name.lower() == "accept"), "")
    if not accept:
        return ""
    watches = call.method == "GET" and not target.name and is_watch(target)
    many = not target.name and call.method in ("GET", "DELETE") and not watches
    for clause in accept.split(","):
        media, *parameters = [p.strip() for p in clause.split(";")]
        given = dict(p.partition("=")[::2] for p in parameters)
        if media not in _MEDIA:
            continue
        wanted = given.get("as", "")
        if not wanted:
            return ""
        if given.get("g") != "meta.k8s.io" or given.get("v") not in ("v1", "v1beta1"):
            continue
        if wanted in ("PartialObjectMetadataList", "PartialObjectMetadata", "Table"):
            if wanted == "Table" or many == wanted.endswith("List"):
                return wanted
            if watches or call.method != "GET":
                raise NotModelled(f"the answer to a {'watch' if watches else call.method} as {wanted}")
            return None
    return None


def as_transformed(name: str, document: Json) -> Json:
    """An answer as the Accept header wants it (endpoints/handlers/response.go): only metadata, or a table, whose rows are not modelled."""
    if name == "Table":
        return {"kind": name, "metadata": document["metadata"]}
    if name == "PartialObjectMetadata":
        return {"kind": name, "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}
    if name == "PartialObjectMetadataList":
        return {**document, "items": [{"metadata": item["metadata"]} for item in document["items"]]}
    return document
