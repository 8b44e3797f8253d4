"""Rules of reads: what a consistent read may answer."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from kubecheck.traces.effects import is_silent
from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, key_of, store_of
from kubecheck.traces.order import interval, surely_before, surely_wrote
from kubecheck.traces.reasons import NO_TIME
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_number
from kubecheck.traces.versions import Record, Step, Version, slim
from kubecheck.traces.words import Told
from kubecheck.traces.workloads import Workloads


class FreshRead(Rule):
    """Consistent reads."""

    name = "store.fresh-read"
    sentence = (
        "A read is not older than a write answered before it was received, unless it allows a cache (resourceVersion in the "
        "request), not older than the resourceVersion that it asks for, and never newer than a write received after it was answered."
    )
    every_write = True
    source = (
        "staging/src/k8s.io/apiserver/pkg/storage/cacher/delegator.go CacheDelegator.Get (without a "
        "resourceVersion from etcd, else from the cache)"
    )
    verbs = frozenset(("get",))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._ahead: OrderedDict[tuple[Key, int], Event] = OrderedDict()
        """Reads that told a version before any write of it was placed."""
        self._asked: list[Event] = []
        """Reads that asked for a version, or later, which no write had reached when they were placed."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """A version that is not above one that was asked for, and got, before it was written."""
        if not self._asked or event.version is None:
            return
        for read in self._asked:
            if (read.group, read.resource) == (event.group, event.resource) and surely_before(read, event) and (
                (as_number(read.requested_version) or 0) >= event.version
            ):
                self.violated(
                    f"a GET at resourceVersion {read.requested_version}, or later, was answered before {event.version} was written",
                    [key for key in (key_of(read),) if key], (read, f"asked for {read.requested_version}"),
                    (event, f"wrote {event.version} later"),
                )
        self._asked = [read for read in self._asked
                       if (read.group, read.resource) != (event.group, event.resource)  # it may have a counter of its own
                       or ((as_number(read.requested_version) or 0) > event.version and not surely_before(read, event))]

    def step(self, step: Step) -> None:
        """A write of a version that a read has told already."""
        written = step.after
        read = self._ahead.pop((step.record.key, written.number), None) if self._ahead else None
        if read is not None and written.event.kind is Kind.REQUEST and surely_before(read, written.event) and (
            _tells_its_own(written)
        ):
            self._told_before(read, written, step.record)

    def placed(self, event: Event, record: Record | None) -> None:
        """The version that a GET answered, between those written around it."""
        if event.verb != "get" or not event.ok or event.subresource or event.version is None or record is None:
            return
        if interval(event) is None:
            self.cannot_tell(NO_TIME)
            return
        if not record.versions:
            return
        self.judge()
        told = event.version
        if event.requested_version is None and record.exists is False and record.removed_by is not None and (
            surely_before(record.removed_by, event) and not self.history.may_have_come(record.key)
        ) and (event.uid is None or record.uid is None or event.uid == record.uid):
            self.violated(f"a consistent GET of {record} answered it although it had been removed", [record.key],
                          (event, f"answered {told}"), (record.removed_by, "removed it before"))
            return
        if event.requested_version is None:
            newer = next((version for version in record.versions if version.number > told
                          and version.event.kind is Kind.REQUEST and surely_before(version.event, event)), None)
            if newer is not None:
                self.violated(
                    f"a consistent GET of {record} answered resourceVersion {told} although {newer.number} had been written before",
                    [record.key], (event, f"answered {told}"), (newer.event, f"wrote {newer.number} before"),
                )
        wanted = as_number(event.requested_version)
        if wanted is not None:
            self._not_below(event, record, wanted)
        written = record.find(told)
        if written is None and record.last is not None and told > record.last.number:
            self._ahead[record.key, told] = slim(event)
            if len(self._ahead) > _READS:
                self._ahead.popitem(last=False)
        if written is not None and written.event.kind is Kind.REQUEST and surely_before(event, written.event) and (
            _tells_its_own(written)
        ):
            self._told_before(event, written, record)

    def _not_below(self, event: Event, record: Record, wanted: int) -> None:
        newer = next((version for version in record.versions if (event.version or 0) < version.number <= wanted), None)
        if newer is not None:
            self.violated(
                f"a GET of {record} at resourceVersion {wanted}, or later, answered {event.version} although {newer.number} was written",
                [record.key], (event, f"answered {event.version}"), (newer.event, f"wrote {newer.number}"),
            )
        elif len(self._asked) < _READS and store_of(*record.key[:2]) == "" and wanted > (self.history.last_version or 0):
            self._asked.append(slim(event))

    def _told_before(self, event: Event, written: Version, record: Record) -> None:
        self.violated(
            f"a GET of {record} answered resourceVersion {written.number} before it was written",
            [record.key], (event, f"answered {written.number}"), (written.event, f"wrote {written.number} later"),
        )


def _tells_its_own(written: Version) -> bool:
    """Did it answer the version that it wrote? What removes an object answers the version of before.

    Of an object told in part neither a deletionTimestamp nor finalizers that are not there are known to be absent.
    """
    told = written.meta is not None and written.event.told is not Told.PART
    return not is_silent(written.event) and (told or surely_wrote(written.event))


_READS: Final = 1_000


RULES: tuple[type[Rule], ...] = (FreshRead,)
