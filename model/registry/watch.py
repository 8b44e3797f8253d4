"""WATCH: where a watch starts, and what of etcd's writes it delivers.

Facts, from staging/src/k8s.io/apiserver/pkg/storage/cacher: cacher.go (Watch, getWatchCacheResourceVersion), watch_cache.go
(getAllEventsSinceLocked), cache_watcher.go (convertToWatchEvent, processInterval), and apimachinery/pkg/apis/meta/internalversion:
defaults.go (SetListOptionsDefaults), validation (validateWatchOptions).

- All watches are served from the watch cache. What is wrong with the query is a refusal; what is wrong with the revision is a stream
  with one event, ERROR.
- Without a resourceVersion, or with "0", it begins with an ADDED for each object, as with sendInitialEvents.
- From a revision n it delivers the events after n. A revision of the future is accepted, and nothing is delivered up to it.
- An event is translated for the selector: an object that begins to be selected is ADDED, one that ceases to be is DELETED.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.etcd import Etcd, Operation, Write
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reads import Match
from kubecheck.model.registry.requests import Code, Given, Version
from kubecheck.model.registry.resources import Selector
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import Range, Record


class InitialEvents(enum.Enum):
    """`sendInitialEvents` of a watch."""

    UNSAID = "unsaid"
    WANTED = "true"
    REFUSED = "false"


class WatchOptions(Record):
    """The query of a WATCH. `continued`: it has a continue token, which is allowed only without a match."""

    version: Version = Version()
    match: Match = Match.UNSAID
    initial: InitialEvents = InitialEvents.UNSAID
    bookmarks: bool = False
    continued: bool = False


class WatchStart(Record):
    """How a watch begins: refused with `code`; or a stream whose only event is ERROR with `error`; or a stream.

    The stream begins with an ADDED for each object of the cache if `initial`, with a bookmark behind them if `bookmark`, which carries
    initial-events-end and `version`; then come the events after the revision `after`.
    """

    code: Code = Code.OK
    error: Code = Code.OK
    initial: bool = False
    bookmark: bool = False
    version: Annotated[int, Range(0, "revisions")] = 0
    after: Annotated[int, Range(0, "revisions")] = 0


class EventType(enum.Enum):
    """The type of a watch event. NONE: nothing is delivered."""

    NONE = "nothing"
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Event(Record):
    """What a watch delivers of a write."""

    type: EventType = EventType.NONE
    slot: Slot | None = None
    object: Stored = Stored()


def with_defaults(options: WatchOptions) -> WatchOptions:
    """A watch from nowhere or from "0" wants the initial events, unless it says otherwise (SetListOptionsDefaults)."""
    given = options.version.given
    said = options.initial is not InitialEvents.UNSAID or options.match is not Match.UNSAID
    if said or (given is not Given.ABSENT and given is not Given.ZERO):
        return options
    return options.next(initial=InitialEvents.WANTED, match=Match.NOT_OLDER_THAN)


def refusal_of_watch(options: WatchOptions) -> Code:
    """Why the options of a WATCH, with their defaults, are refused, or OK."""
    if options.initial is not InitialEvents.UNSAID and options.match is not Match.NOT_OLDER_THAN:
        return Code.INVALID
    if options.match is not Match.UNSAID and options.match is not Match.NOT_OLDER_THAN:
        return Code.INVALID
    if options.match is not Match.UNSAID and (options.initial is InitialEvents.UNSAID or options.continued):
        return Code.INVALID
    if options.version.given is Given.MALFORMED:
        return Code.SERVER_ERROR
    return Code.OK


def open_watch(etcd: Etcd, cache: WatchCache, asked: WatchOptions, oldest_after_list: bool) -> WatchStart:
    """Opens a watch (Cacher.Watch). `oldest_after_list` as in `WatchCache.oldest`."""
    options = with_defaults(asked)
    refused = refusal_of_watch(options)
    if refused is not Code.OK:
        return WatchStart(code=refused)
    required = options.version.number  # 0 if it is no revision
    if options.version.given is Given.ABSENT:
        required = etcd.revision()
    if options.initial is InitialEvents.WANTED:
        if required > cache.version():
            return WatchStart(error=Code.TIMEOUT)
        version = cache.version()
        return WatchStart(initial=True, bookmark=options.bookmarks, version=version, after=version)
    if options.version.given is Given.ZERO:
        required = cache.version()
    if required < cache.oldest(oldest_after_list) - 1:
        return WatchStart(error=Code.EXPIRED)
    return WatchStart(after=required)


def translate(written: Write, selector: Selector) -> Event:
    """What a watch with this selector delivers of a write (convertToWatchEvent).

    A DELETED carries the object as it was before, with the resourceVersion of the write.
    """
    if written.slot is None:
        return Event()
    slot = written.slot
    is_selected = written.operation is not Operation.DELETE and selector.selects(slot, written.after)
    was_selected = written.before.exists and selector.selects(slot, written.before)
    if is_selected and was_selected:
        return Event(type=EventType.MODIFIED, slot=slot, object=written.after)
    if is_selected:
        return Event(type=EventType.ADDED, slot=slot, object=written.after)
    if was_selected:
        return Event(type=EventType.DELETED, slot=slot, object=written.before.next(version=written.revision))
    return Event()
