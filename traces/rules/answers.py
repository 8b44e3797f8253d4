"""Rules of what requests are answered with: the object that they name, and lists."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from kubecheck.traces.body import body_of
from kubecheck.traces.event import Event, Kind, Told
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, is_built_in, store_of
from kubecheck.traces.objects import Meta
from kubecheck.traces.order import surely_before
from kubecheck.traces.rules.contents import one_kind, same_content
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_number
from kubecheck.traces.uri import parameter
from kubecheck.traces.versions import Record, Version
from kubecheck.traces.workloads import Workloads

_DELEGATOR: Final = "staging/src/k8s.io/apiserver/pkg/storage/cacher/delegator.go"
_NAMED: Final = frozenset(("get", "create", "update", "patch", "delete"))
_SUBRESOURCES: Final = frozenset(("", "status", "scale", "finalize", "approval", "ephemeralcontainers", "resize"))


class AnswersItsObject(Rule):
    """Who asks for one gets that one."""

    name = "store.answers-its-object"
    sentence = "A request that names an object is answered with the object of that name and namespace."
    source = (
        "staging/src/k8s.io/apiserver/pkg/endpoints/handlers/namer.go ContextBasedNaming, rest.go checkName; "
        "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go Get, Update, Delete (the key is made from the name)"
    )
    nothing = "no answer in the log has the object that was asked for"

    def arrived(self, event: Event) -> None:
        """The name asked for against the name answered."""
        meta = event.answer
        if meta is None or meta.name is None or event.name is None or event.kind is not Kind.REQUEST or not event.ok:
            return
        if event.verb not in _NAMED or event.subresource not in _SUBRESOURCES or not is_built_in(event.group):
            return
        self.judge()
        elsewhere = bool(meta.namespace) and event.resource != "namespaces" and meta.namespace != event.namespace
        if meta.name != event.name or elsewhere:
            asked = "/".join(part for part in (event.resource, event.namespace, event.name) if part)
            told = "/".join(part for part in (event.resource, meta.namespace, meta.name) if part)
            self.violated(f"{event.verb} of {asked} is answered with {told}", [asked, told], event)


class _Head(msgspec.Struct):
    metadata: Meta = msgspec.field(default_factory=Meta)


class _List(msgspec.Struct):
    items: list[msgspec.Raw] = msgspec.field(default_factory=list)


_ITEMS: Final = msgspec.json.Decoder(_List)
_HEADS: Final = msgspec.json.Decoder(_Head)


class Lists(Rule):
    """A list is a state."""

    name = "store.list"
    sentence = (
        "A list tells each object as it was at the resourceVersion of the list, which is not below the one asked for, nor (unless the "
        "request allows a cache) below a write of that kind answered before it was received."
    )
    source = (
        f"{_DELEGATOR} CacheDelegator.GetList, shouldDelegateList; staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go GetList; "
        "https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-get-and-list"
    )
    nothing = "no answer to a list in the log"
    verbs = frozenset(("list",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._written: dict[tuple[str, str], deque[int]] = {}
        """(group, resource) -> the versions of its last writes, ascending."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """Remembers a write."""
        kind = (event.group, event.resource or "")
        known = self._written.get(kind)
        if known is None:
            known = self._written[kind] = deque(maxlen=_WRITES)
        known.append(event.version or 0)

    def placed(self, event: Event, record: Record | None) -> None:
        """The version of a list, and its items."""
        if event.verb != "list" or not event.ok or event.version is None or event.response is None:
            return
        try:
            items = _ITEMS.decode(event.response).items
        except (msgspec.DecodeError, RecursionError, ValueError):
            return
        self.judge()
        where = "/".join(part for part in (event.resource, event.namespace) if part)
        asked = event.requested_version
        if (as_number(asked) or 0) > event.version:
            self.violated(f"a list of {where} at resourceVersion {asked}, or later, is answered at {event.version}", [where], event)
        if asked is None and not parameter(event.uri or "", "continue"):
            self._fresh(event, where)
        for item in items:
            self._item(event, item, where)

    def _fresh(self, event: Event, where: str) -> None:
        for number in reversed(self._written.get((event.group, event.resource or ""), ())):
            if number <= (event.version or 0):
                return
            write = self.history.by_version.get((store_of(event.group, event.resource or ""), number))
            if write is not None and surely_before(write.event, event):
                self.violated(
                    f"a consistent list of {where} is answered at resourceVersion {event.version} although {number} had been written "
                    "before", [where], (event, f"answered at {event.version}"), (write.event, f"wrote {number} before"),
                )
                return

    def _item(self, event: Event, item: msgspec.Raw, where: str) -> None:
        at = event.version or 0
        try:
            meta = _HEADS.decode(item).metadata
        except (msgspec.DecodeError, RecursionError, ValueError):
            return
        number = meta.version
        if number is None or meta.name is None:
            return
        if number > at:
            self.violated(f"a list of {where} at resourceVersion {at} holds {meta.name} at {number}, which is later", [where], event)
            return
        key: Key = (event.group, event.resource or "", "" if event.resource == "namespaces" else meta.namespace, meta.name)
        record = self.history.records.get(key)
        if record is None:
            return
        newer = next((known for known in record.versions if number < known.number <= at), None)
        if newer is not None:
            self.violated(
                f"a list of {where} at resourceVersion {at} holds {record} at {number}, and {newer.number} had been written",
                [key], (event, f"holds {number}"), (newer.event, f"wrote {newer.number}"),
            )
        known = record.find(number)
        if known is not None:
            self._content(event, meta, item, record, known)

    def _content(self, event: Event, meta: Meta, item: msgspec.Raw, record: Record, known: Version) -> None:
        number = known.number
        if meta.uid and known.uid and meta.uid != known.uid:
            self.violated(f"a list holds {record} at resourceVersion {number} with another uid", [record.key], event, known.event)
            return
        if known.body is None or not one_kind(event.answer_kind, None if known.kind is None else f"{known.kind}List") or (
            event.answer_kind in _NO_OBJECTS
        ):
            return  # the metadata alone, or a table
        told = body_of(item, whole=event.told is Told.WHOLE and known.told is Told.WHOLE)
        if told is not None and same_content(told, known.body) is False:
            self.violated(f"a list holds {record} at resourceVersion {number} with other content than was written there",
                          [record.key], event, known.event)


_WRITES: Final = 64
_NO_OBJECTS: Final = frozenset(("Table", "PartialObjectMetadataList"))


RULES: tuple[type[Rule], ...] = (AnswersItsObject, Lists)
