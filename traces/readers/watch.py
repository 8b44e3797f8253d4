"""Watch streams: raw answers to `?watch=true`, and what `kubectl get --watch --output-watch-events -o json` prints.

Both are watch events {"type": …, "object": …} (staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/watch.go): raw streams have
one a line, kubectl indents them over many lines. One file is one stream; a client's reconnects are in it unseen.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw

from kubecheck.traces.event import Delivery, Event, Kind, Level, Malformed
from kubecheck.traces.objects import Meta
from kubecheck.traces.readers.documents import joined
from kubecheck.traces.readers.files import Input, Limits
from kubecheck.traces.readers.json_errors import UNREADABLE, check_text, malformed
from kubecheck.traces.readers.receipts import Receipts
from kubecheck.traces.resources import NO_RESOURCE, group_of, resource_of

if TYPE_CHECKING:
    from collections.abc import Iterator

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
"""Annotation of the bookmark after a stream's first state (pkg/apis/meta/v1/types.go, InitialEventsAnnotationKey)."""


class _Watched(msgspec.Struct, gc=False):
    type: Delivery
    object: Raw


class _Object(msgspec.Struct, rename="camel", gc=False):
    kind: str
    api_version: str = ""
    metadata: Meta | None = None


class _Marked(msgspec.Struct, gc=False):
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct, gc=False):
    metadata: _Marked | None = None


class _Status(msgspec.Struct, gc=False):
    code: int | None = None
    reason: str | None = None
    message: str | None = None


class Reader:
    """Turns documents into deliveries; one for each file."""

    def __init__(self, file: str, *, stream: str, server: str = "", receipts: Receipts | None = None) -> None:
        self._file = file
        self._stream = stream
        self._server = server
        self._receipts = receipts
        self._position = 0
        self._watched = msgspec.json.Decoder(_Watched)
        self._object = msgspec.json.Decoder(_Object)
        self._bookmark = msgspec.json.Decoder(_Bookmark)
        self._status = msgspec.json.Decoder(_Status)
        self._resources: dict[tuple[str, str], tuple[str, str]] = {}

    def items(self, number: int, data: bytes) -> Iterator[Event | Malformed]:
        """What one document holds."""
        try:
            check_text(data)
            yield self._event(number, self._watched.decode(data))
        except UNREADABLE as error:
            several = _documents(data)
            if len(several) < 2:
                yield malformed(self._file, number, data, error)
                return
            for document in several:
                try:
                    yield self._event(number, self._watched.decode(document))
                except UNREADABLE as inner:
                    yield malformed(self._file, number, document, inner)

    def _event(self, number: int, watched: _Watched) -> Event:
        delivery = watched.type
        body = self._object.decode(watched.object)
        code = reason = message = resource = name = uid = None
        answer = body.metadata
        group = namespace = ""
        initial_end = False
        if delivery is Delivery.ERROR and body.kind == "Status":
            status = self._status.decode(watched.object)
            code, reason, message, answer = status.code, status.reason, status.message, None
        else:
            if answer is None or answer.resource_version is None:
                raise ValueError(f"{delivery.value} of a {body.kind[:40]} without metadata.resourceVersion")
            if delivery is not Delivery.BOOKMARK and answer.name is None:
                raise ValueError(f"{delivery.value} of a {body.kind[:40]} without metadata.name")
            if body.kind == "Table":
                raise ValueError("a Table shows rows, not objects: watch with `Accept: application/json`")
            if body.kind not in NO_RESOURCE:  # else its lines are only put in order
                group, resource = self._resource(body.api_version, body.kind)
            namespace, name, uid = answer.namespace, answer.name, answer.uid
            if delivery is Delivery.BOOKMARK:
                marked = self._bookmark.decode(watched.object).metadata
                initial_end = marked is not None and (marked.annotations or {}).get(INITIAL_EVENTS_END) == "true"
        position = self._position
        self._position += 1
        receipt = self._receipts.of(number) if self._receipts is not None else None
        return Event(
            kind=Kind.DELIVERY,
            file=self._file,
            line=number,
            server=self._server,
            group=group,
            resource=resource,
            namespace=namespace,
            name=name,
            uid=uid,
            code=code,
            reason=reason,
            message=message,
            answer_kind=body.kind,
            answer=answer,
            level=Level.REQUEST_RESPONSE,
            response=watched.object,
            delivery=delivery,
            stream=self._stream,
            position=position,
            connection=receipt.connection if receipt is not None else 0,
            received=receipt.time if receipt is not None else None,
            completed=receipt.time if receipt is not None else None,
            initial_end=initial_end,
        )

    def _resource(self, api_version: str, kind: str) -> tuple[str, str]:
        known = self._resources.get((api_version, kind))
        if known is None:
            known = group_of(api_version), resource_of(kind)
            if len(self._resources) < 4096:
                self._resources[api_version, kind] = known
        return known


def read(
    source: Input, *, stream: str, server: str = "", receipts: Input | None = None, limits: Limits | None = None
) -> Iterator[Event | Malformed]:
    """The deliveries of one stream, in order, with their times if there are receipts. Raises OSError if it cannot be read."""
    limits = limits or Limits()
    times = Receipts(receipts, limits) if receipts is not None else None
    reader = Reader(source.name, stream=stream, server=server, receipts=times)
    try:
        for document in joined(source.lines(limits=limits), source.name, limits):
            if isinstance(document, Malformed):
                yield document
            else:
                yield from reader.items(*document)
            if times is not None and times.malformed:
                yield from times.malformed
                times.malformed.clear()
    finally:
        if times is not None:
            times.close()


def _documents(data: bytes) -> list[bytes]:
    """Several documents that stand one after the other on a line (`}{`); [] if that is not what is wrong with it."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return []
    decoder = json.JSONDecoder()
    found: list[bytes] = []
    at = 0
    while at < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        found.append(text[at:end].encode())
        at = end
        while at < len(text) and text[at].isspace():
            at += 1
    return found
