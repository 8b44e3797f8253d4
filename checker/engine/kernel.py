"""The kernels: expand states of a level into candidates, insert candidates into the visited set. Compiled by Numba.

After Stern and Dill, "Parallelizing the Murphi verifier" (CAV 1997): a state belongs to the partition that its hash names, and only the
partition's owner touches its part of the visited set, so that nothing needs a lock. Here the owner changes: a batch of states is
first expanded by all threads, block by block, each block leaving its successors ("candidates") sorted by partition; then each
partition is taken by one thread, which inserts its candidates block by block. Who took a block makes no difference to what
is inserted in which order, so every number that the exploration gives is the same with any number of threads.

A block is some states of each partition, those at about the same place in the level. They were found at about the same time, so
many are siblings and have successors in common: these meet in one batch, while they are in the processor's cache.

A candidate is its words, then a word with its predecessor (32 bits) and the action (above them).

These functions run without Python: only int64, addresses, and the intrinsics. They raise nothing and allocate nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from kubecheck.checker.engine.fields import (
    CHUNK,
    CHUNK_BITS,
    FOUND_ACTION_ERROR,
    FOUND_PROPERTY_ERROR,
    PARTITION_BITS,
    PARTITIONS,
    SLOT_BITS,
    Local,
    Shared,
    Tally,
)
from kubecheck.checker.engine.intrinsics import (
    below,
    call_judge,
    call_successors,
    compiled,
    fetch_add,
    load,
    load8,
    load32,
    prefetch,
    shift_right,
    store,
    store8,
    store32,
)

# Class attributes are not constants to Numba, module globals are.
_SUCCESSORS, _JUDGE, _OPEN_MASK = Shared.SUCCESSORS * 8, Shared.JUDGE * 8, Shared.OPEN_MASK * 8
_ACTIONS, _PROFILE = Shared.ACTIONS * 8, Shared.PROFILE * 8
_STATES, _PREDECESSORS = Shared.STATES * 8, Shared.PREDECESSORS * 8
_TABLES, _TABLE_MASK, _REHASH, _COUNTS = Shared.TABLES * 8, Shared.TABLE_MASK * 8, Shared.REHASH * 8, Shared.COUNTS * 8
_LEVEL_BEGINS, _LEVEL_ENDS = Shared.LEVEL_BEGINS * 8, Shared.LEVEL_ENDS * 8
_BLOCK_STATES, _BLOCK_PARTITIONS = Shared.BLOCK_STATES * 8, Shared.BLOCK_PARTITIONS * 8
_BLOCK_FIRST, _BLOCK_END = Shared.BLOCK_FIRST * 8, Shared.BLOCK_END * 8
_BLOCK_ROOM, _BLOCK_RECORDS = Shared.BLOCK_ROOM * 8, Shared.BLOCK_RECORDS * 8
_BLOCK_OFFSETS = Shared.BLOCK_OFFSETS * 8
_FIRED_AT, _PREMISE_AT, _NEW_AT = Shared.FIRED_AT * 8, Shared.PREMISE_AT * 8, Shared.NEW_AT * 8
_NEXT_BLOCK, _NEXT_PARTITION = Shared.NEXT_BLOCK * 8, Shared.NEXT_PARTITION * 8
_ARENA, _ARENA_USED, _ARENA_SIZE = Local.ARENA * 8, Local.ARENA_USED * 8, Local.ARENA_SIZE * 8
_SCRATCH, _SCRATCH_PARTITIONS = Local.SCRATCH * 8, Local.SCRATCH_PARTITIONS * 8
_SCRATCH_ORIGINS, _SCRATCH_USED = Local.SCRATCH_ORIGINS * 8, Local.SCRATCH_USED * 8
_FIRED, _GROUP_AT, _CURSORS, _TALLY = Local.FIRED * 8, Local.GROUP * 8, Local.CURSORS * 8, Local.TALLY * 8
_INFO, _GENERATED, _FOUND = Tally.INFO * 8, Tally.GENERATED * 8, Tally.FOUND * 8

_PARTITION_MASK = PARTITIONS - 1
_IN_CHUNK = CHUNK - 1
_ROW_BITS = CHUNK_BITS + PARTITION_BITS
_SLOT_MASK = (1 << SLOT_BITS) - 1
_TAG_SHIFT = 64 - (32 - SLOT_BITS)
_OFFSETS = (PARTITIONS + 1) * 8
_LOW32 = (1 << 32) - 1
# Odd multipliers with well spread bits: 2^64 / golden ratio, and one from Pelle Evensen's rrxmrrxmsx. Written as signed numbers.
_MULTIPLY_1 = 0x9E3779B97F4A7C15 - (1 << 64)
_MULTIPLY_2 = 0x9FB21C651E98DF25 - (1 << 64)

# Candidates are looked up in groups: their slots are asked for together, then their likely equals, so that waits for memory overlap.
_GROUP = 64
_HALFWAY = 32

Kernel = Callable[[int, int], int]


def kernels(words: int, *, hash_mask: int = -1) -> dict[str, Kernel]:
    """The kernels for states of `words` words, ready to be compiled: each takes a Shared and a Local record.

    `hash_mask` is for tests: it takes bits away from the hash, so that different states collide.
    """
    state_bytes = 8 * words
    record_bytes = state_bytes + 8

    @compiled
    def hashed(state: int) -> int:
        value = _MULTIPLY_2
        for word in range(words):
            value = (value ^ load(state + 8 * word)) * _MULTIPLY_1
            value ^= shift_right(value, 32)
        value *= _MULTIPLY_2
        return (value ^ shift_right(value, 29)) & hash_mask

    @compiled
    def equal(one: int, other: int) -> int:
        difference = 0
        for word in range(words):
            difference |= load(one + 8 * word) ^ load(other + 8 * word)
        return int(difference == 0)

    @compiled
    def position(number: int) -> int:
        """Where a partition's state with this number is, counted from the partition's first."""
        return (number >> CHUNK_BITS) << _ROW_BITS | number & _IN_CHUNK

    @compiled
    def precedes(one: int, other: int) -> int:
        for word in range(words):
            a, b = load(one + 8 * word), load(other + 8 * word)
            if a != b:
                return below(a, b)
        return 0

    @compiled
    def note(shared: int, tally: int, place: int, number: int) -> int:
        """Remember a state as a finding, unless one with smaller words is known: which thread finds it first must not matter."""
        entry = tally + _FOUND + 8 * place
        known = load(entry)
        if known >= 0:
            states = load(shared + _STATES)
            if not precedes(states + number * state_bytes, states + known * state_bytes):
                return known
        return store(entry, number)

    @compiled
    def note_all(shared: int, tally: int, mask: int, number: int) -> int:
        place = 0
        while mask != 0:
            if mask & 1:
                note(shared, tally, place, number)
            mask = shift_right(mask, 1)
            place += 1
        return place

    @compiled
    def scatter(shared: int, local: int, slot: int, candidates: int) -> int:
        """Sort the scratch's candidates by partition into the arena, by counting; keep their order within one."""
        scratch, partitions = load(local + _SCRATCH), load(local + _SCRATCH_PARTITIONS)
        origins, cursors = load(local + _SCRATCH_ORIGINS), load(local + _CURSORS)
        arena = load(local + _ARENA) + load(local + _ARENA_USED)
        offsets = load(shared + _BLOCK_OFFSETS) + slot * _OFFSETS
        for partition in range(PARTITIONS):
            store(cursors + 8 * partition, 0)
        for i in range(candidates):
            cursor = cursors + 8 * load8(partitions + i)
            store(cursor, load(cursor) + 1)
        total = 0
        for partition in range(PARTITIONS):
            store(offsets + 8 * partition, total)
            here = load(cursors + 8 * partition)
            store(cursors + 8 * partition, arena + total * record_bytes)
            total += here
        store(offsets + 8 * PARTITIONS, total)
        source = scratch
        for i in range(candidates):
            cursor = cursors + 8 * load8(partitions + i)
            record = load(cursor)
            store(cursor, record + record_bytes)
            for word in range(words):
                store(record + 8 * word, load(source + 8 * word))
            store(record + state_bytes, load(origins + 8 * i))
            source += state_bytes
        store(load(shared + _BLOCK_RECORDS) + 8 * slot, arena)
        store(local + _ARENA_USED, load(local + _ARENA_USED) + candidates * record_bytes)
        if candidates > load(local + _SCRATCH_USED):
            store(local + _SCRATCH_USED, candidates)
        return candidates

    def seed(shared: int, local: int) -> int:
        """Make the first SCRATCH_USED states of the scratch a block of candidates, the only one of its batch."""
        scratch, partitions = load(local + _SCRATCH), load(local + _SCRATCH_PARTITIONS)
        origins, candidates = load(local + _SCRATCH_ORIGINS), load(local + _SCRATCH_USED)
        for i in range(candidates):
            store8(partitions + i, hashed(scratch + i * state_bytes) & _PARTITION_MASK)
            store(origins + 8 * i, _LOW32)
        return scatter(shared, local, 0, candidates)

    def expand(shared: int, local: int) -> int:
        """Take blocks of the level, in order, until the batch has no more or the arena has no room. How many were taken."""
        successors, open_mask = load(shared + _SUCCESSORS), load(shared + _OPEN_MASK)
        states = load(shared + _STATES)
        begins, ends = load(shared + _LEVEL_BEGINS), load(shared + _LEVEL_ENDS)
        share, group = load(shared + _BLOCK_STATES), load(shared + _BLOCK_PARTITIONS)
        end, room = load(shared + _BLOCK_END), load(shared + _BLOCK_ROOM)
        actions, profile = load(shared + _ACTIONS), load(shared + _PROFILE)
        tally = load(local + _TALLY)
        info, premise, fired = tally + _INFO, tally + load(shared + _PREMISE_AT), tally + load(shared + _FIRED_AT)
        fired_here = load(local + _FIRED) if profile else fired
        scratch, partitions = load(local + _SCRATCH), load(local + _SCRATCH_PARTITIONS)
        origins = load(local + _SCRATCH_ORIGINS)
        generated = 0
        taken = 0
        # The check for room comes first: a block that was taken must be done, or the batch would have a gap.
        while load(local + _ARENA_USED) + room <= load(local + _ARENA_SIZE):
            block = fetch_add(shared + _NEXT_BLOCK, 1)
            if block >= end:
                break
            taken += 1
            row, first = block * group // PARTITIONS, block * group & _PARTITION_MASK
            candidates = 0
            for partition in range(first, first + group):
                number = load(begins + 8 * partition) + row * share
                segment = min(load(ends + 8 * partition), number + share)
                while number < segment:
                    origin = position(number) + (partition << CHUNK_BITS)
                    source = states + origin * state_bytes
                    out = scratch + candidates * state_bytes
                    count = call_successors(successors, source, out, fired_here, premise, open_mask, info)
                    if load(info) | load(info + 16):
                        note_all(shared, tally, load(info), origin)
                        if load(info + 16):
                            note(shared, tally, FOUND_ACTION_ERROR, origin)
                        store(info, 0)
                        store(info + 16, 0)
                    action = 0
                    for i in range(count):
                        state = out + i * state_bytes
                        if profile:
                            while load(fired_here + 8 * action) == 0:
                                action += 1
                            store(fired_here + 8 * action, load(fired_here + 8 * action) - 1)
                            store(fired + 8 * action, load(fired + 8 * action) + 1)
                        # A step back to where it started is known already.
                        if not equal(state, source):
                            kept = scratch + candidates * state_bytes
                            if kept != state:
                                for word in range(words):
                                    store(kept + 8 * word, load(state + 8 * word))
                            store8(partitions + candidates, hashed(kept) & _PARTITION_MASK)
                            store(origins + 8 * candidates, action << 32 | origin)
                            candidates += 1
                    if count > 0:
                        generated += count
                    elif profile:  # an error leaves behind what had fired before it
                        for i in range(actions):
                            store(fired + 8 * i, load(fired + 8 * i) + load(fired_here + 8 * i))
                            store(fired_here + 8 * i, 0)
                    number += 1
            scatter(shared, local, block - load(shared + _BLOCK_FIRST), candidates)
        store(tally + _GENERATED, load(tally + _GENERATED) + generated)
        return taken

    @compiled
    def rehash(shared: int, partition: int) -> int:
        """Fill a partition's new table with the states that it has; they are known to differ."""
        mask = load(shared + _TABLE_MASK)
        table = load(shared + _TABLES) + partition * (mask + 1) * 4
        count = load(load(shared + _COUNTS) + 8 * partition)
        states = load(shared + _STATES) + (partition << CHUNK_BITS) * state_bytes
        for ahead in range(count + _HALFWAY):
            if ahead < count:
                prefetch(table + 4 * (hashed(states + position(ahead) * state_bytes) >> PARTITION_BITS & mask))
            number = ahead - _HALFWAY
            if number >= 0:
                value = hashed(states + position(number) * state_bytes)
                slot = value >> PARTITION_BITS & mask
                while load32(table + 4 * slot) != 0:
                    slot = slot + 1 & mask
                store32(table + 4 * slot, shift_right(value, _TAG_SHIFT) << SLOT_BITS | number + 1)
        return count

    @compiled
    def insert_partition(shared: int, local: int, partition: int, blocks: int) -> int:
        """Insert a partition's candidates, judge those that are new; how many those are."""
        mask = load(shared + _TABLE_MASK)
        table = load(shared + _TABLES) + partition * (mask + 1) * 4
        states = load(shared + _STATES) + (partition << CHUNK_BITS) * state_bytes
        predecessors = load(shared + _PREDECESSORS) + (partition << CHUNK_BITS) * 4
        count = load(load(shared + _COUNTS) + 8 * partition)
        records, offsets = load(shared + _BLOCK_RECORDS), load(shared + _BLOCK_OFFSETS) + 8 * partition
        profile = load(shared + _PROFILE)
        tally, group = load(local + _TALLY), load(local + _GROUP_AT)
        new_of_action = tally + load(shared + _NEW_AT)
        before = count
        block = 0
        record, record_end = 0, 0
        while True:
            # A group enters: ask for the slots of each.
            entered = 0
            while entered < _GROUP:
                if record == record_end:
                    if block == blocks:
                        break
                    start = load(records + 8 * block)
                    record = start + load(offsets) * record_bytes
                    record_end = start + load(offsets + 8) * record_bytes
                    offsets += _OFFSETS
                    block += 1
                    if block < blocks:  # the next block's are elsewhere
                        prefetch(load(records + 8 * block) + load(offsets) * record_bytes)
                for place in range(entered, min(_GROUP, entered + (record_end - record) // record_bytes)):
                    value = hashed(record)
                    prefetch(table + 4 * (value >> PARTITION_BITS & mask))
                    store(group + 24 * place, record)
                    store(group + 24 * place + 8, value)
                    record += record_bytes
                    entered += 1
            if entered == 0:
                break
            # Its slots should be here: which of the first four has its tag? Ask for the state that it stands for. (No branches.)
            for place in range(entered):
                value = load(group + 24 * place + 8)
                slot = value >> PARTITION_BITS & mask
                tag = shift_right(value, _TAG_SHIFT)
                likely = 0
                for ahead in range(3, -1, -1):
                    content = load32(table + 4 * (slot + ahead & mask))
                    likely = content if content >> SLOT_BITS == tag else likely
                likely &= _SLOT_MASK
                state = states + position(max(likely - 1, 0)) * state_bytes
                prefetch(state)
                store(group + 24 * place + 16, state if likely else 0)
            # Its state should be here, strictly in the order in which they came: look each up and, when it is not there, insert it.
            for place in range(entered):
                candidate, value = load(group + 24 * place), load(group + 24 * place + 8)
                state = load(group + 24 * place + 16)
                if state != 0 and equal(state, candidate):
                    continue
                slot = value >> PARTITION_BITS & mask
                tag = shift_right(value, _TAG_SHIFT)
                content = load32(table + 4 * slot)
                while content != 0:
                    if content >> SLOT_BITS == tag and equal(
                        states + position((content & _SLOT_MASK) - 1) * state_bytes, candidate
                    ):
                        break
                    slot = slot + 1 & mask
                    content = load32(table + 4 * slot)
                if content == 0:
                    state = states + position(count) * state_bytes
                    for word in range(words):
                        store(state + 8 * word, load(candidate + 8 * word))
                    origin = load(candidate + state_bytes)
                    store32(predecessors + 4 * position(count), origin)
                    count += 1
                    store32(table + 4 * slot, tag << SLOT_BITS | count)
                    if profile and origin & _LOW32 != _LOW32:
                        entry = new_of_action + 8 * shift_right(origin, 32)
                        store(entry, load(entry) + 1)
        # Judged afterwards: the compiled properties' code and the table would push each other out of the cache.
        judge, open_mask = load(shared + _JUDGE), load(shared + _OPEN_MASK)
        info, premise = tally + _INFO, tally + load(shared + _PREMISE_AT)
        for number in range(before, count):
            found = call_judge(judge, states + position(number) * state_bytes, premise, open_mask, info)
            if found | load(info + 16):
                note_all(shared, tally, found, position(number) + (partition << CHUNK_BITS))
                if load(info + 16):
                    note(shared, tally, FOUND_PROPERTY_ERROR, position(number) + (partition << CHUNK_BITS))
                    store(info + 16, 0)
        store(load(shared + _COUNTS) + 8 * partition, count)
        return count - before

    def insert(shared: int, local: int) -> int:
        """Take partitions until all are taken, insert the batch's candidates. How many were new."""
        blocks = load(shared + _BLOCK_END) - load(shared + _BLOCK_FIRST)
        new = 0
        while True:
            partition = fetch_add(shared + _NEXT_PARTITION, 1)
            if partition >= PARTITIONS:
                return new
            if load(shared + _REHASH):
                rehash(shared, partition)
            new += insert_partition(shared, local, partition, blocks)

    return {"seed": seed, "expand": expand, "insert": insert}
