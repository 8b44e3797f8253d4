"""Lists and watches of the model: what they answer, and that they fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubecheck.model.registry.objects import Slot, Stored
from kubecheck.model.registry.reads import Continue, ListAnswer, ListOptions, Match, get_object, list_objects
from kubecheck.model.registry.requests import Code, Given, Version
from kubecheck.model.registry.resources import EVERYTHING
from kubecheck.model.registry.watch import EventType, InitialEvents, WatchOptions, WatchStart, open_watch, translate
from tests.model.registry.laboratory import Bench

ZERO, NONE, BAD = Version(given=Given.ZERO), Version(), Version(given=Given.MALFORMED)


def at(number: int) -> Version:
    return Version(given=Given.NUMBER, number=number)


def listed(bench: Bench, options: ListOptions, selector: Any = EVERYTHING) -> ListAnswer:
    return bench.run(lambda lab: list_objects(lab.etcd, lab.cache, bench.resource, selector, options))


def names(answer: ListAnswer) -> list[int]:
    return [item.slot.index for item in answer.items if item.slot is not None]


def opened(bench: Bench, options: WatchOptions) -> WatchStart:
    return bench.run(lambda lab: open_watch(lab.etcd, lab.cache, options, True))


def some_history() -> Bench:
    """Objects 0, 1 and 2 are created at revisions 1 to 3, 1 is updated at 4, 2 deleted at 5."""
    bench = Bench(3)
    for index in (0, 1, 2, 1):
        bench.write(index)
    bench.write(2, delete=True)
    return bench


LISTS = {
    "consistent": (ListOptions(), Code.OK, [0, 1], 5),
    "any": (ListOptions(version=ZERO), Code.OK, [0, 1], 5),
    "not older": (ListOptions(version=at(2)), Code.OK, [0, 1], 5),
    "not older, said": (ListOptions(version=at(2), match=Match.NOT_OLDER_THAN), Code.OK, [0, 1], 5),
    "not older, with a limit": (ListOptions(version=at(3), match=Match.NOT_OLDER_THAN, limit=9), Code.OK, [0, 1], 5),
    "a match with a token": (
        ListOptions(version=ZERO, match=Match.NOT_OLDER_THAN, token=Continue.AT_REVISION, revision=3, start=1),
        Code.INVALID,
        [],
        0,
    ),
    "exact": (ListOptions(version=at(3), match=Match.EXACT), Code.OK, [0, 1, 2], 3),
    "exact, of old": (ListOptions(version=at(3), limit=9), Code.OK, [0, 1, 2], 3),
    "of the future": (ListOptions(version=at(6)), Code.TIMEOUT, [], 0),
    "exactly of the future": (ListOptions(version=at(6), match=Match.EXACT), Code.TIMEOUT, [], 0),
    "malformed": (ListOptions(version=BAD), Code.BAD_REQUEST, [], 0),
    "a match without a revision": (ListOptions(match=Match.EXACT), Code.INVALID, [], 0),
    "exactly any": (ListOptions(version=ZERO, match=Match.EXACT), Code.INVALID, [], 0),
    "an unknown match": (ListOptions(version=at(2), match=Match.UNKNOWN), Code.INVALID, [], 0),
    "initial events": (ListOptions(initial_events=True), Code.INVALID, [], 0),
    "a page": (ListOptions(limit=1), Code.OK, [0], 5),
    "any ignores the limit": (ListOptions(version=ZERO, limit=1), Code.OK, [0, 1], 5),
    "the next page": (ListOptions(token=Continue.AT_REVISION, revision=3, start=1), Code.OK, [1, 2], 3),
    "the next page, and any": (
        ListOptions(token=Continue.AT_REVISION, revision=3, start=1, version=ZERO),
        Code.OK,
        [1, 2],
        3,
    ),
    "the next page, as it is now": (ListOptions(token=Continue.LATEST, start=1), Code.OK, [1], 5),
    "a page with a revision": (
        ListOptions(token=Continue.AT_REVISION, revision=3, start=1, version=at(3)),
        Code.BAD_REQUEST,
        [],
        0,
    ),
    "a bad token": (ListOptions(token=Continue.MALFORMED), Code.BAD_REQUEST, [], 0),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists(name: str) -> None:
    options, code, items, version = LISTS[name]
    answer = listed(some_history(), options)
    assert (answer.code, names(answer), answer.version) == (code, items, version)


def test_the_token_of_a_page_names_the_next_object_and_what_is_left() -> None:
    answer = listed(some_history(), ListOptions(version=at(3), limit=1))
    assert (answer.more, answer.start, answer.remaining) == (True, 1, 2)


def test_an_old_list_is_there_until_cache_and_etcd_have_forgotten_it() -> None:
    bench = some_history()
    exact = ListOptions(version=at(3), match=Match.EXACT)
    bench.run(lambda lab: lab.etcd.compact(5))
    assert names(listed(bench, exact)) == [0, 1, 2]
    bench.run(lambda lab: lab.cache.compact(5))
    assert listed(bench, exact).code is Code.EXPIRED
    bench.run(lambda lab: lab.cache.replace(lab.etcd, bench.resource))
    assert listed(bench, exact).code is Code.EXPIRED
    assert names(listed(bench, ListOptions(version=at(5), match=Match.EXACT))) == [0, 1]


@dataclass(frozen=True)
class OneName:
    """The field selector metadata.name=…, of the first object."""

    empty: bool = False
    single: bool = True

    def selects(self, slot: Slot, stored: Stored) -> bool:
        return slot.index == 0


@pytest.mark.parametrize(
    "options",
    [ListOptions(limit=1), ListOptions(token=Continue.AT_REVISION, revision=3, start=1, limit=1)],
    ids=["a first page", "a token"],
)
def test_a_single_name_is_read_by_its_key_and_has_no_pages(options: ListOptions) -> None:
    """staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go, ListPredicate (MatchesSingle: not recursive)."""
    answer = listed(some_history(), options, OneName())
    assert (answer.code, names(answer), answer.more) == (Code.OK, [0], False)


def behind() -> Bench:
    """An object is created at revision 1 and deleted at 2, which the cache has not seen yet."""
    bench = Bench(1)
    bench.write(0)
    bench.write(0, delete=True, seen=False)
    return bench


# what the cache has is [0] at 1, and what etcd has is [] at 2
BEHIND = {
    "one name": (OneName(), ListOptions(), Code.OK, [], 2),
    "one name, any": (OneName(), ListOptions(version=ZERO), Code.OK, [0], 1),
    "one name, not older": (OneName(), ListOptions(version=at(1)), Code.OK, [0], 1),
    "one name, of what the cache has yet to see": (OneName(), ListOptions(version=at(2)), Code.TIMEOUT, [], 0),
    "one name, with a limit": (OneName(), ListOptions(version=at(1), limit=1), Code.OK, [], 2),
    "one name, with a limit that says nothing": (OneName(), ListOptions(version=ZERO, limit=1), Code.OK, [0], 1),
    "any": (EVERYTHING, ListOptions(version=ZERO), Code.OK, [0], 1),
    "the next page, as it is now": (EVERYTHING, ListOptions(token=Continue.LATEST, version=ZERO), Code.OK, [], 2),
}


@pytest.mark.parametrize("name", BEHIND)
def test_lists_while_the_cache_is_behind(name: str) -> None:
    """delegator/interface.go, ShouldDelegateList, and cacher.go, ShouldDelegateExactRV (one name goes to etcd) and ShouldDelegateContinue
    (a token at the latest revision is a consistent read, whatever else is said)."""
    selector, options, code, items, version = BEHIND[name]
    answer = listed(behind(), options, selector)
    assert (answer.code, names(answer), answer.version) == (code, items, version)


def test_one_name_as_it_was_is_read_from_etcd_until_that_is_compacted() -> None:
    """etcd3/store.go, GetList (interpretListError: ErrCompacted), whatever snapshots the cache has (ShouldDelegateExactRV)."""
    bench = some_history()
    bench.run(lambda lab: lab.etcd.compact(4))
    codes = [listed(bench, ListOptions(version=at(n), match=Match.EXACT), OneName()).code for n in (3, 4)]
    assert codes == [Code.EXPIRED, Code.OK]


@pytest.mark.parametrize(("version", "code"), [(NONE, Code.NOT_FOUND), (ZERO, Code.OK), (at(1), Code.OK)])
def test_gets_while_the_cache_is_behind(version: Version, code: Code) -> None:
    """delegator.go, Get: without a resourceVersion from etcd, else from the cache."""
    assert behind().run(lambda lab: get_object(lab.etcd, lab.cache, Slot(0), version)).code is code


@pytest.mark.parametrize(
    ("version", "code"),
    [(NONE, Code.OK), (ZERO, Code.OK), (at(1), Code.OK), (at(9), Code.TIMEOUT), (BAD, Code.SERVER_ERROR)],
)
def test_gets(version: Version, code: Code) -> None:
    bench = some_history()
    assert bench.run(lambda lab: get_object(lab.etcd, lab.cache, Slot(1), version)).code is code
    if code is Code.OK:
        assert bench.run(lambda lab: get_object(lab.etcd, lab.cache, Slot(2), version)).code is Code.NOT_FOUND


def initially(initial: InitialEvents, version: Version = NONE) -> WatchOptions:
    return WatchOptions(version=version, match=Match.NOT_OLDER_THAN, initial=initial, bookmarks=True)


WATCHES = {
    "from nowhere": (WatchOptions(), WatchStart(initial=True, version=5, after=5)),
    "from any": (
        WatchOptions(version=ZERO, bookmarks=True),
        WatchStart(initial=True, bookmark=True, version=5, after=5),
    ),
    "from a revision": (WatchOptions(version=at(2)), WatchStart(after=2)),
    "from the future": (WatchOptions(version=at(99)), WatchStart(after=99)),
    "malformed": (WatchOptions(version=BAD), WatchStart(code=Code.SERVER_ERROR)),
    "a match alone": (WatchOptions(version=at(2), match=Match.NOT_OLDER_THAN), WatchStart(code=Code.INVALID)),
    "initial events without a match": (WatchOptions(initial=InitialEvents.WANTED), WatchStart(code=Code.INVALID)),
    "initial events and a token": (
        WatchOptions(match=Match.NOT_OLDER_THAN, initial=InitialEvents.WANTED, continued=True),
        WatchStart(code=Code.INVALID),
    ),
    "a token alone": (WatchOptions(version=at(2), continued=True), WatchStart(after=2)),
    "initial events": (initially(InitialEvents.WANTED), WatchStart(initial=True, bookmark=True, version=5, after=5)),
    "initial events of the future": (initially(InitialEvents.WANTED, at(9)), WatchStart(error=Code.TIMEOUT)),
    "no initial events": (initially(InitialEvents.REFUSED, ZERO), WatchStart(after=5)),
}


@pytest.mark.parametrize("name", WATCHES)
def test_watches(name: str) -> None:
    options, start = WATCHES[name]
    assert opened(some_history(), options) == start


def test_a_watch_from_before_what_the_cache_knows_is_one_error() -> None:
    bench = some_history()
    bench.run(lambda lab: lab.cache.replace(lab.etcd, bench.resource))
    assert opened(bench, WatchOptions(version=at(4))) == WatchStart(error=Code.EXPIRED)
    assert opened(bench, WatchOptions(version=at(5))) == WatchStart(after=5)


def test_a_full_buffer_forgets_the_oldest_events() -> None:
    bench = Bench(1, window=2)
    for _ in range(4):
        bench.write(0)
    assert opened(bench, WatchOptions(version=at(1))) == WatchStart(error=Code.EXPIRED)
    assert opened(bench, WatchOptions(version=at(2))) == WatchStart(after=2)


def test_a_full_buffer_forgets_the_snapshots_of_before_its_first_event() -> None:
    """watch_cache.go, processEvent (snapshots.RemoveLess); etcd has been compacted, and cannot help out."""
    bench = Bench(1, window=3)
    bench.write(0)
    bench.run(lambda lab: lab.cache.replace(lab.etcd, bench.resource))
    for revision in (2, 3, 4):
        bench.write(0)
        bench.run(lambda lab: lab.etcd.compact(lab.etcd.revision()))
        answer = listed(bench, ListOptions(version=at(1), match=Match.EXACT))
        assert answer.code is (Code.OK if revision < 4 else Code.EXPIRED)
    assert listed(bench, ListOptions(version=at(2), match=Match.EXACT)).code is Code.OK


class Labelled:
    """Selects the objects with labels 1."""

    empty = False
    single = False

    def selects(self, slot: Slot, stored: Stored) -> bool:
        return stored.labels == 1


WRITES = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 2)), max_size=12)


@given(WRITES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_list_and_the_events_after_it_make_every_later_list(
    writes: list[tuple[int, bool, int]], selective: bool
) -> None:
    """What an informer relies on, whichever revision it begins with, and with or without a selector."""
    bench, selector = Bench(3), Labelled() if selective else EVERYTHING
    exists = [False] * 3
    for index, delete, labels in writes:
        if delete and not exists[index]:
            continue
        exists[index] = not delete
        bench.write(index, delete=delete, labels=labels)
    last = bench.run(lambda lab: lab.etcd.revision())
    now = {i.slot: i.object for i in listed(bench, ListOptions(), selector).items}
    for revision in range(1, last + 1):
        answer = listed(bench, ListOptions(version=at(revision), match=Match.EXACT), selector)
        shown = {i.slot: i.object for i in answer.items}
        start = opened(bench, WatchOptions(version=at(revision)))
        assert start.error is Code.OK
        events = bench.run(
            lambda lab, after=start.after: [translate(e, selector) for e in lab.cache.events() if e.revision > after]
        )
        for event in events:
            if event.type is EventType.ADDED:
                assert event.slot not in shown
                shown[event.slot] = event.object
            elif event.type is EventType.MODIFIED:
                assert event.slot in shown
                shown[event.slot] = event.object
            elif event.type is EventType.DELETED:
                del shown[event.slot]
        assert shown == now
