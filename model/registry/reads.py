"""GET and LIST: from etcd or from the watch cache, depending on the resourceVersion asked for.

Facts, from staging/src/k8s.io/apiserver/pkg: storage/cacher/delegator.go (Get, GetList), storage/cacher/delegator/interface.go
(ShouldDelegateList), storage/cacher/watch_cache.go (waitUntilFreshAndList), storage/etcd3/store.go (GetList), storage/interfaces.go
(ValidateListOptions), storage/continue.go, and apimachinery/pkg/apis/meta/internalversion/validation (ValidateListOptions).

A read that asks for a revision which the cache has not reached waits for it up to three seconds, while the cache asks etcd how far it
is. Here a read is one step and does not wait: who wants it to succeed lets the cache catch up first, and a read that comes too early
is one whose time ran out.
"""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.requests import Answer, Code, Given, Version
from kubecheck.model.registry.resources import Resource, Selector
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import MaxLen, Range, Record, Seq


class Match(enum.Enum):
    """`resourceVersionMatch` of a list or a watch."""

    UNSAID = ""
    EXACT = "Exact"
    NOT_OLDER_THAN = "NotOlderThan"
    UNKNOWN = "something else"


class Continue(enum.Enum):
    """What kind of `continue` token a list comes with. LATEST: one that an expired token was answered with (resourceVersion -1)."""

    ABSENT = "absent"
    AT_REVISION = "at a revision"
    LATEST = "at the latest revision"
    MALFORMED = "not a token"


class ListOptions(Record):
    """The query of a LIST. `limit` 0: none. `revision` and `start` (the index of the first slot not listed yet) are the token's."""

    version: Version = Version()
    match: Match = Match.UNSAID
    limit: Annotated[int, Range(0, "limits")] = 0
    token: Continue = Continue.ABSENT
    revision: Annotated[int, Range(0, "revisions")] = 0
    start: Annotated[int, Range(0, "objects")] = 0
    initial_events: bool = False


class Item(Record):
    """An object in a list."""

    slot: Slot | None = None
    object: Stored = Stored()


class ListAnswer(Record):
    """What a LIST is answered: the list's resourceVersion and items; where there are more, the token's revision is `version`.

    `start` is then the slot that the token names, and `remaining` how many objects are left, where the server says so.
    """

    code: Code = Code.OK
    version: Annotated[int, Range(0, "revisions")] = 0
    items: Annotated[Seq[Item], MaxLen("objects")] = Seq()
    more: bool = False
    start: Annotated[int, Range(0, "objects")] = 0
    remaining: Annotated[int, Range(0, "objects")] | None = None


def get_object(etcd: Etcd, cache: WatchCache, slot: Slot, version: Version) -> Answer:
    """GET of one object (CacheDelegator.Get): without a resourceVersion from etcd, with one from the cache, if it is as new."""
    if version.given is Given.MALFORMED:
        return Answer(code=Code.SERVER_ERROR)
    if version.given is Given.NUMBER and version.number > cache.version():
        return Answer(code=Code.TIMEOUT)
    if version.given is Given.UNKNOWN:
        return Answer(code=Code.TIMEOUT)
    found = etcd.get(slot) if version.given is Given.ABSENT else cache.get(slot)
    if not found.exists:
        return Answer(code=Code.NOT_FOUND)
    return Answer(object=found)


def refusal_of_list(options: ListOptions, single: bool) -> Code:
    """Why the options of a LIST are refused, or OK."""
    given = options.version.given
    continued = options.token is not Continue.ABSENT
    if options.match is not Match.UNSAID:
        if given is Given.ABSENT or continued or options.match is Match.UNKNOWN:
            return Code.INVALID
        if options.match is Match.EXACT and given is Given.ZERO:
            return Code.INVALID
    if options.initial_events:
        return Code.INVALID
    if continued and not single:
        if options.token is Continue.MALFORMED or (given is not Given.ABSENT and given is not Given.ZERO):
            return Code.BAD_REQUEST
    elif given is Given.MALFORMED:
        return Code.BAD_REQUEST
    return Code.OK


def is_exact(options: ListOptions) -> bool:
    """Whether the list is that of one revision: Exact, a token's, or, as it was before there was a match, a revision with a limit."""
    if options.match is Match.EXACT or options.token is Continue.AT_REVISION:
        return True
    return options.match is Match.UNSAID and options.limit > 0 and options.version.given is Given.NUMBER


def list_objects(
    etcd: Etcd, cache: WatchCache, resource: Resource, selector: Selector, options: ListOptions
) -> ListAnswer:
    """LIST of a resource (CacheDelegator.GetList)."""
    refused = refusal_of_list(options, selector.single)
    if refused is not Code.OK:
        return ListAnswer(code=refused)
    if options.version.given is Given.UNKNOWN:
        return ListAnswer(code=Code.TIMEOUT)
    if selector.single:
        return list_one(etcd, cache, resource, selector, options)
    if is_exact(options):
        revision = options.revision if options.token is Continue.AT_REVISION else options.version.number
        return list_exact(etcd, cache, resource, selector, options, revision)
    if options.version.given is Given.ABSENT or options.token is Continue.LATEST:
        return page(etcd, cache, resource, selector, options, Source.ETCD, etcd.revision())
    if options.version.number > cache.version():
        return ListAnswer(code=Code.TIMEOUT)
    return page(etcd, cache, resource, selector, options, Source.CACHE, cache.version())


def list_one(etcd: Etcd, cache: WatchCache, resource: Resource, selector: Selector, options: ListOptions) -> ListAnswer:
    """LIST of the one object that the selector names: read by its key, so that neither limit nor token counts.

    Exact goes to etcd, which reads at that revision; so does a revision with a limit, which is then a least one (etcd3/store.go).
    """
    if options.match is Match.EXACT:
        if options.version.number > etcd.revision():
            return ListAnswer(code=Code.TIMEOUT)
        if options.version.number < etcd.compacted():
            return ListAnswer(code=Code.EXPIRED)
        return page(etcd, cache, resource, selector, options, Source.HISTORY, options.version.number)
    if options.version.given is Given.ABSENT or (options.limit > 0 and options.version.given is Given.NUMBER):
        if options.version.number > etcd.revision():
            return ListAnswer(code=Code.TIMEOUT)
        return page(etcd, cache, resource, selector, options, Source.ETCD, etcd.revision())
    if options.version.number > cache.version():
        return ListAnswer(code=Code.TIMEOUT)
    return page(etcd, cache, resource, selector, options, Source.CACHE, cache.version())


def list_exact(
    etcd: Etcd,
    cache: WatchCache,
    resource: Resource,
    selector: Selector,
    options: ListOptions,
    revision: int,
) -> ListAnswer:
    """LIST as of one revision: from the cache's snapshots, else from etcd, if that has not been compacted beyond it."""
    if revision > cache.version():
        return ListAnswer(code=Code.TIMEOUT)
    if cache.has_snapshot(revision):
        return page(etcd, cache, resource, selector, options, Source.SNAPSHOT, revision)
    if revision < etcd.compacted():
        return ListAnswer(code=Code.EXPIRED)
    return page(etcd, cache, resource, selector, options, Source.HISTORY, revision)


class Source(enum.Enum):
    """Where a list is from."""

    ETCD = "etcd, now"
    HISTORY = "etcd, as of a revision"
    CACHE = "the watch cache"
    SNAPSHOT = "a snapshot of the watch cache"


def object_at(etcd: Etcd, slot: Slot, revision: int) -> Stored:
    """The object as of a revision that etcd has not compacted beyond."""
    for written in etcd.history():
        if written.slot == slot and written.revision > revision:
            return written.before
    return etcd.get(slot)


def object_in(etcd: Etcd, cache: WatchCache, source: Source, slot: Slot, revision: int) -> Stored:
    """The object in a source."""
    if source is Source.ETCD:
        return etcd.get(slot)
    if source is Source.HISTORY:
        return object_at(etcd, slot, revision)
    if source is Source.CACHE:
        return cache.get(slot)
    return cache.snapshot(slot, revision)


def page(
    etcd: Etcd,
    cache: WatchCache,
    resource: Resource,
    selector: Selector,
    options: ListOptions,
    source: Source,
    revision: int,
) -> ListAnswer:
    """One page of a list: at most `limit` selected objects, from where the token says; "0" ignores the limit (computeListLimit)."""
    limit = 0 if options.version.given is Given.ZERO or selector.single else options.limit
    start = 0 if selector.single else options.start
    items: Annotated[Seq[Item], MaxLen("objects")] = Seq()
    behind = 0  # objects after the last one that the page has room for
    listed = 0  # objects from the start on, selected or not
    after = 0
    for slot in Slot:
        if resource.has(slot) and slot.index >= start:
            found = object_in(etcd, cache, source, slot, revision)
            if found.exists:
                listed += 1
                if limit > 0 and len(items) == limit:
                    behind += 1
                elif selector.selects(slot, found):
                    items = items + (Item(slot=slot, object=found),)  # noqa: RUF005 - a Seq grows by +
                    after = slot.index + 1
    if behind == 0:
        return ListAnswer(version=revision, items=items)
    if selector.empty:
        return ListAnswer(version=revision, items=items, more=True, start=after, remaining=behind)
    return ListAnswer(version=revision, items=items, more=True, start=after)
