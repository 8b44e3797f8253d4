"""What the query and the Accept header of a read say, before the model is asked.

After staging/src/k8s.io/apiserver/pkg/endpoints: installer.go (the paths of watches), handlers/negotiation/negotiate.go,
handlers/response.go; storage/continue.go; and apimachinery/pkg/runtime/conversion.go for booleans.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.http import Target, target_of

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


def negotiated(accept: str, target: Target) -> str | None:
    """The kind that an Accept header turns an answer into, "" if it leaves it alone; None is 406 (NegotiateOutputMediaType)."""
    if not accept:
        return ""
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
            many = not target.name and not is_watch(target)
            if wanted == "Table" or many == wanted.endswith("List"):
                return wanted
            raise NotModelled(f"{wanted} of {'a list' if many else 'one object'}")
    return None


def new_path(path: str) -> str:
    """An old path of watches, /api/v1/watch/…, as the path of the collection with `watch`, and for one object its name, in the query.

    So upstream's handler treats it (installer.go, forceWatch; get.go, listOpts).
    """
    parts = urlsplit(path)
    found = re.sub(r"^(/api/v1|/apis/[^/]+/[^/]+)/watch/", r"\1/", parts.path)
    if found == parts.path:
        return path
    query = parts.query + ("&" if parts.query else "") + "watch=true"
    name = target_of(found).name
    if name:
        found = found[: found.rindex("/")]
        query += f"&fieldSelector=metadata.name%3D{name}"
    return f"{found}?{query}"


def as_transformed(name: str, document: Json) -> Json:
    """An answer as the Accept header wants it (endpoints/handlers/response.go): only metadata, or a table, whose rows are not modelled."""
    if name == "Table":
        return {"kind": name, "metadata": document["metadata"]}
    if name == "PartialObjectMetadata":
        return {"kind": name, "apiVersion": "meta.k8s.io/v1", "metadata": document["metadata"]}
    if name == "PartialObjectMetadataList":
        return {**document, "items": [{"metadata": item["metadata"]} for item in document["items"]]}
    return document


def is_watch(target: Target) -> bool:
    """Whether the query asks for a watch: `watch` without a value does, too (Convert_Slice_string_To_bool)."""
    text = target.option("watch")
    return text is not None and boolean(text)


def boolean(text: str) -> bool:
    """A boolean of the query: all but two words are true, nothing at all, too (Convert_Slice_string_To_bool)."""
    return text.lower() not in ("false", "0")


def integer(text: str | None) -> int | None:
    """An integer of the query, 0 for nothing, None for what is none."""
    if text is None:
        return 0
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
