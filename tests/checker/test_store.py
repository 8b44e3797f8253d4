"""The visited set's bookkeeping: where states lie, what they take, when there is no room."""

from __future__ import annotations

import numpy as np
import pytest

from kubecheck.checker.engine.fields import CHUNK, PARTITION_CAPACITY, PARTITIONS, state_id
from kubecheck.checker.engine.memory import LARGE_PAGE, PAGE, Region
from kubecheck.checker.engine.store import Store, StoreFullError
from tests.checker.engine_toys import counter, run

GB = 1 << 30


def test_ids_are_positions_in_rows_of_chunks() -> None:
    assert state_id(0, 0) == 0
    assert state_id(0, CHUNK - 1) == CHUNK - 1
    assert state_id(1, 0) == CHUNK
    assert state_id(63, CHUNK - 1) == 64 * CHUNK - 1
    assert state_id(0, CHUNK) == 64 * CHUNK
    numbers = [0, 1, CHUNK - 1, CHUNK, 5 * CHUNK + 7, PARTITION_CAPACITY - 1]
    ids = {state_id(partition, number) for partition in range(PARTITIONS) for number in numbers}
    assert len(ids) == PARTITIONS * len(numbers)
    assert max(ids) < 2**32 - 1  # the last one means: no predecessor


def test_tables_grow_before_they_are_too_full() -> None:
    store = Store(2, memory_limit=GB)
    incoming = np.zeros(PARTITIONS, np.int64)
    assert not store.make_room(incoming, other_bytes=0)
    slots = store.slots
    incoming[17] = slots * 6 // 10
    assert not store.make_room(incoming, other_bytes=0)
    incoming[17] += 1
    assert store.make_room(incoming, other_bytes=0)
    assert store.slots == 2 * slots
    incoming[17] = 1000
    assert store.make_room(incoming, other_bytes=0)
    assert store.slots == 2048


def test_no_room_changes_nothing() -> None:
    store = Store(2, memory_limit=1 << 20)
    slots, address = store.slots, store.table_address
    with pytest.raises(StoreFullError, match=r"the memory limit of 1\.0 MB is reached"):
        store.make_room(np.full(PARTITIONS, 2000, np.int64), other_bytes=0)
    assert (store.slots, store.table_address) == (slots, address)
    few = np.ones(PARTITIONS, np.int64)
    store.make_room(few, other_bytes=0)
    with pytest.raises(StoreFullError):
        store.make_room(few, other_bytes=1 << 20)


def test_a_partition_has_an_end() -> None:
    store = Store(1, memory_limit=1 << 44)
    incoming = np.zeros(PARTITIONS, np.int64)
    incoming[0] = PARTITION_CAPACITY + 1
    with pytest.raises(StoreFullError, match=r"the state store is full: 4,294,"):
        store.make_room(incoming, other_bytes=0)


@pytest.mark.parametrize("limit", [10, 20])
def test_bytes_held_is_what_is_there(limit: int) -> None:
    found = run(counter(limit))
    store = found.store
    counts = store.counts
    assert store.distinct == limit**4
    exact = limit**4 * (16 + 4) + PARTITIONS * store.slots * 4
    assert store.bytes_held() >= exact
    if limit == 10:  # small pages: at most one too many for each partition and array
        assert store.bytes_held() <= exact + 2 * PARTITIONS * PAGE
    else:  # large pages: two rows are touched
        assert int(counts.max()) <= 2 * CHUNK
        rows = 2 * CHUNK * PARTITIONS
        assert store.bytes_held() <= rows * (16 + 4) + 2 * LARGE_PAGE + PARTITIONS * store.slots * 4
    assert found.memory_bytes >= store.bytes_held()


def test_regions_are_zero_and_aligned_and_write_where_they_say() -> None:
    region = Region(3 * LARGE_PAGE + 5 * PAGE, large_from=LARGE_PAGE)
    view = region.view(np.uint64)
    assert region.address % LARGE_PAGE == 0
    assert view.ctypes.data == region.address
    assert not view.any()
    view[-1] = 7
    assert region.view(np.uint8)[-8] == 7
