"""The kernels: expand states of a level into candidates, insert candidates into the visited set. Compiled by Numba.

After Stern and Dill, "Parallelizing the Murphi verifier" (CAV 1997): a state belongs to the partition that its hash names, and only the
partition's owner touches its part of the visited set, so that nothing needs a lock. Here the owner changes: a batch of states is
first expanded by all threads, block by block, each successor ("candidate") going at once to the end of its partition's list, of
which each thread has its own; then each partition is taken by one thread, which inserts its candidates block by block. Who took a
block makes no difference to what is inserted in which order, so every number that the exploration gives is the same with any number
of threads.

A block is some states of each partition, those at about the same place in the level. They were found at about the same time, so
many are siblings and have successors in common: these meet in one batch, while they are in the processor's cache.

A candidate is its words, then a word with its predecessor (32 bits) and, above them, half of its hash; when profiling the action.
The lowest bits of the hash name the partition, that half gives the place in the partition's table.

These functions run without Python: only int64, addresses, and the intrinsics. They raise nothing and allocate nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from kubecheck.checker.engine.fields import (
    CHUNK_BITS,
    FOUND_ACTION_ERROR,
    FOUND_PROPERTY_ERROR,
    PARTITIONS,
    RUN_BITS,
    SLOT_BITS,
    Local,
    Shared,
    Tally,
    piece_bytes,
)
from kubecheck.checker.engine.hashing import functions
from kubecheck.checker.engine.intrinsics import (
    below,
    call_judge,
    call_successors,
    compiled,
    fetch_add,
    load,
    load32,
    prefetch,
    shift_right,
    store,
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
_BLOCK_RUNS = Shared.BLOCK_RUNS * 8
_FIRED_AT, _PREMISE_AT, _NEW_AT = Shared.FIRED_AT * 8, Shared.PREMISE_AT * 8, Shared.NEW_AT * 8
_LEVEL_SIZES, _LEVELS, _LEVEL_MOST = Shared.LEVEL_SIZES * 8, Shared.LEVELS * 8, Shared.LEVEL_MOST * 8
_PARTITION_ROOM, _TALLY_KEPT, _TALLY_WORDS = Shared.PARTITION_ROOM * 8, Shared.TALLY_KEPT * 8, Shared.TALLY_WORDS * 8
_NEXT_BLOCK, _NEXT_PARTITION = Shared.NEXT_BLOCK * 8, Shared.NEXT_PARTITION * 8
_ARENA, _ARENA_USED, _ARENA_SIZE = Local.ARENA * 8, Local.ARENA_USED * 8, Local.ARENA_SIZE * 8
_SCRATCH, _SCRATCH_USED, _SCRATCH_PEAK = Local.SCRATCH * 8, Local.SCRATCH_USED * 8, Local.SCRATCH_PEAK * 8
_FIRED, _GROUP_AT, _CURSORS, _TALLY = Local.FIRED * 8, Local.GROUP * 8, Local.CURSORS * 8, Local.TALLY * 8
_INFO, _GENERATED, _NOTED, _FOUND = Tally.INFO * 8, Tally.GENERATED * 8, Tally.NOTED * 8, Tally.FOUND * 8

_PARTITION_MASK = PARTITIONS - 1
_SLOT_MASK = (1 << SLOT_BITS) - 1
_RUNS = PARTITIONS * 8
_RUN_MASK = (1 << RUN_BITS) - 1
_LOW32 = (1 << 32) - 1
_HIGH32 = -1 << 32
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
    piece = piece_bytes(words)
    piece_records = (piece - 8) // record_bytes
    first_record = piece - piece_records * record_bytes

    hashed, equal, position, probe = functions(words, hash_mask)

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
        store(tally + _NOTED, 1)
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
    def begin(local: int) -> int:
        """Start a batch: an empty piece for each partition."""
        arena, cursors = load(local + _ARENA), load(local + _CURSORS)
        for partition in range(PARTITIONS):
            store(cursors + 16 * partition, arena + partition * piece + first_record)
            store(cursors + 16 * partition + 8, 0)
        return store(local + _ARENA_USED, PARTITIONS * piece)

    @compiled
    def extend(local: int, cursor: int) -> int:
        """A partition's piece is full: give it another, which the full one then names. Where its first record goes."""
        fresh = load(local + _ARENA) + load(local + _ARENA_USED)
        store(local + _ARENA_USED, load(local + _ARENA_USED) + piece)
        store(load(cursor) - piece, fresh)
        store(cursor + 8, load(cursor + 8) + piece_records)
        return fresh + first_record

    @compiled
    def appended(cursor: int) -> int:
        """How many records the partition with this cursor has got in this batch."""
        return load(cursor + 8) + ((load(cursor) - 1 & piece - 1) + 1 - first_record) // record_bytes

    @compiled
    def open_block(shared: int, local: int, slot: int) -> int:
        """Note where a block's candidates begin in each partition, and how many came before them."""
        arena, cursors = load(local + _ARENA), load(local + _CURSORS)
        runs = load(shared + _BLOCK_RUNS) + slot * _RUNS
        for partition in range(PARTITIONS):
            cursor = cursors + 16 * partition
            store(runs + 8 * partition, (load(cursor) - arena << RUN_BITS) - appended(cursor))
        return store(load(shared + _BLOCK_RECORDS) + 8 * slot, arena)

    @compiled
    def close_block(shared: int, local: int, slot: int) -> int:
        """Note how many they are."""
        cursors = load(local + _CURSORS)
        runs = load(shared + _BLOCK_RUNS) + slot * _RUNS
        for partition in range(PARTITIONS):
            run = runs + 8 * partition
            store(run, load(run) + appended(cursors + 16 * partition))
        return 0

    def seed(shared: int, local: int) -> int:
        """Make the first SCRATCH_USED states of the scratch a block of candidates, the only one of its batch."""
        scratch, cursors = load(local + _SCRATCH), load(local + _CURSORS)
        profile = load(shared + _PROFILE)
        begin(local)
        open_block(shared, local, 0)
        for i in range(load(local + _SCRATCH_USED)):
            state = scratch + i * state_bytes
            value = hashed(state)
            cursor = cursors + 16 * (value & _PARTITION_MASK)
            record = load(cursor)
            if record & piece - 1 == 0:
                record = extend(local, cursor)
            for word in range(words):
                store(record + 8 * word, load(state + 8 * word))
            store(record + state_bytes, (0 if profile else value & _HIGH32) | _LOW32)
            store(cursor, record + record_bytes)
        return close_block(shared, local, 0)

    @compiled
    def expand_blocks(shared: int, local: int) -> int:
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
        scratch, cursors = load(local + _SCRATCH), load(local + _CURSORS)
        most = load(local + _SCRATCH_PEAK)
        generated = 0
        taken = 0
        begin(local)
        # The check for room comes first: a block that was taken must be done, or the batch would have a gap.
        while load(local + _ARENA_USED) + room <= load(local + _ARENA_SIZE):
            block = fetch_add(shared + _NEXT_BLOCK, 1)
            if block >= end:
                break
            taken += 1
            row, first = block * group // PARTITIONS, block * group & _PARTITION_MASK
            slot = block - load(shared + _BLOCK_FIRST)
            open_block(shared, local, slot)
            for partition in range(first, first + group):
                number = load(begins + 8 * partition) + row * share
                segment = min(load(ends + 8 * partition), number + share)
                # The next partition's states are elsewhere. (Where there are none, the addresses are reserved all the same.)
                ahead = states + (position(number) + (partition + 1 << CHUNK_BITS)) * state_bytes
                for line in range(ahead, ahead + share * state_bytes, 64):
                    prefetch(line)
                while number < segment:
                    origin = position(number) + (partition << CHUNK_BITS)
                    source = states + origin * state_bytes
                    count = call_successors(successors, source, scratch, fired_here, premise, open_mask, info)
                    if load(info) | load(info + 16):
                        note_all(shared, tally, load(info), origin)
                        if load(info + 16):
                            note(shared, tally, FOUND_ACTION_ERROR, origin)
                        store(info, 0)
                        store(info + 16, 0)
                    action = 0
                    for i in range(count):
                        state = scratch + i * state_bytes
                        if profile:
                            while load(fired_here + 8 * action) == 0:
                                action += 1
                            store(fired_here + 8 * action, load(fired_here + 8 * action) - 1)
                            store(fired + 8 * action, load(fired + 8 * action) + 1)
                        # A step back to where it started is known already.
                        if not equal(state, source):
                            value = hashed(state)
                            cursor = cursors + 16 * (value & _PARTITION_MASK)
                            record = load(cursor)
                            if record & piece - 1 == 0:
                                record = extend(local, cursor)
                            for word in range(words):
                                store(record + 8 * word, load(state + 8 * word))
                            store(record + state_bytes, (action << 32 if profile else value & _HIGH32) | origin)
                            store(cursor, record + record_bytes)
                    if count > 0:
                        generated += count
                        most = max(most, count)
                    elif profile:  # an error leaves behind what had fired before it
                        for i in range(actions):
                            store(fired + 8 * i, load(fired + 8 * i) + load(fired_here + 8 * i))
                            store(fired_here + 8 * i, 0)
                    number += 1
            close_block(shared, local, slot)
        store(tally + _GENERATED, load(tally + _GENERATED) + generated)
        store(local + _SCRATCH_PEAK, most)
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
                prefetch(table + 4 * (shift_right(hashed(states + position(ahead) * state_bytes), 32) & mask))
            number = ahead - _HALFWAY
            if number >= 0:
                value = shift_right(hashed(states + position(number) * state_bytes), 32)
                slot = value & mask
                step = 0
                while load32(table + 4 * slot) != 0:
                    step += 1
                    slot = probe(value, step) & mask
                store32(table + 4 * slot, shift_right(value, SLOT_BITS) << SLOT_BITS | number + 1)
        return count

    @compiled
    def insert_partition(shared: int, local: int, partition: int, blocks: int) -> int:
        """Insert a partition's candidates, judge those that are new; how many those are."""
        mask = load(shared + _TABLE_MASK)
        table = load(shared + _TABLES) + partition * (mask + 1) * 4
        states = load(shared + _STATES) + (partition << CHUNK_BITS) * state_bytes
        predecessors = load(shared + _PREDECESSORS) + (partition << CHUNK_BITS) * 4
        count = load(load(shared + _COUNTS) + 8 * partition)
        arenas, runs = load(shared + _BLOCK_RECORDS), load(shared + _BLOCK_RUNS) + 8 * partition
        profile = load(shared + _PROFILE)
        tally, group = load(local + _TALLY), load(local + _GROUP_AT)
        new_of_action = tally + load(shared + _NEW_AT)
        before = count
        block = 0
        record, left = 0, 0
        coming, present = group + 24 * _GROUP, 0
        while True:
            # A group enters: where its candidates are, and their places in the table.
            entered = 0
            while entered < _GROUP:
                if left == 0:
                    if block == blocks:
                        break
                    run = load(runs + block * _RUNS)
                    record, left = load(arenas + 8 * block) + shift_right(run, RUN_BITS), run & _RUN_MASK
                    block += 1
                    continue
                if record & piece - 1 == 0:
                    record = load(record - piece) + first_record
                # Ask for what is at the same place of the next piece. (The last one's link may be anything: asking does no harm.)
                following = load(record & -piece) - (record & -piece)
                here = min(_GROUP - entered, left, (piece - (record & piece - 1)) // record_bytes)
                for place in range(entered, entered + here):
                    value = shift_right(hashed(record) if profile else load(record + state_bytes), 32)
                    prefetch(record + following)
                    store(coming + 24 * place, record)
                    store(coming + 24 * place + 8, value)
                    record += record_bytes
                entered += here
                left -= here
            if present == 0:
                if entered == 0:
                    break
                for place in range(entered):
                    prefetch(table + 4 * (load(coming + 24 * place + 8) & mask))
            # The slots of the group before it should be here: which of the first four has the tag? Ask for the state that it
            # stands for. (No branches.)
            for place in range(present):
                value = load(group + 24 * place + 8)
                tag = shift_right(value, SLOT_BITS)
                likely = 0
                for ahead in range(3, -1, -1):
                    content = load32(table + 4 * (probe(value, ahead) & mask))
                    likely = content if content >> SLOT_BITS == tag else likely
                likely &= _SLOT_MASK
                state = states + position(max(likely - 1, 0)) * state_bytes
                prefetch(state)
                store(group + 24 * place + 16, state if likely else 0)
            # Its state should be here, strictly in the order in which they came: look each up and, when it is not there, insert it.
            # Meanwhile ask for the slots of the group that entered, one by one: many at once would wait for each other.
            for place in range(present):
                prefetch(table + 4 * (load(coming + 24 * place + 8) & mask))
                candidate, value = load(group + 24 * place), load(group + 24 * place + 8)
                state = load(group + 24 * place + 16)
                if state != 0 and equal(state, candidate):
                    continue
                slot = value & mask
                tag = shift_right(value, SLOT_BITS)
                content = load32(table + 4 * slot)
                step = 0
                while content != 0:
                    if content >> SLOT_BITS == tag and equal(
                        states + position((content & _SLOT_MASK) - 1) * state_bytes, candidate
                    ):
                        break
                    step += 1
                    slot = probe(value, step) & mask
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
            group, coming = coming, group
            present = entered
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

    @compiled
    def close_level(shared: int, most: int) -> int:
        """The level ends with what was found last. How many blocks it has; 0 if that is more than a row, or than `most` states."""
        begins, ends, counts = load(shared + _LEVEL_BEGINS), load(shared + _LEVEL_ENDS), load(shared + _COUNTS)
        longest, total = 0, 0
        for partition in range(0, 8 * PARTITIONS, 8):
            count = load(counts + partition)
            size = count - load(begins + partition)
            store(ends + partition, count)
            longest = max(longest, size)
            total += size
        if longest > load(shared + _BLOCK_STATES) or total > most:
            return 0
        return PARTITIONS // load(shared + _BLOCK_PARTITIONS)

    @compiled
    def has_room(shared: int, blocks: int) -> int:
        """Whether every partition's table and the memory hold its candidates, were they all new."""
        runs, counts, room = load(shared + _BLOCK_RUNS), load(shared + _COUNTS), load(shared + _PARTITION_ROOM)
        for partition in range(0, 8 * PARTITIONS, 8):
            count = load(counts + partition)
            for run in range(runs + partition, runs + partition + blocks * _RUNS, _RUNS):
                count += load(run) & _RUN_MASK
            if count > room:
                return 0
        return 1

    def expand(shared: int, local: int) -> int:
        """See `expand_blocks`."""
        return expand_blocks(shared, local)

    def descend(shared: int, local: int) -> int:
        """Expand one small level after another, in this thread: what the driver does between kernels costs more than such a level.

        Ends after LEVELS levels, with one that is empty or has shown something, and before one that is too large. How many were done;
        LEVEL_SIZES has what each of them found.
        """
        sizes, limit, most = load(shared + _LEVEL_SIZES), load(shared + _LEVELS), load(shared + _LEVEL_MOST)
        begins, ends = load(shared + _LEVEL_BEGINS), load(shared + _LEVEL_ENDS)
        tally, kept, words_kept = load(local + _TALLY), load(shared + _TALLY_KEPT), load(shared + _TALLY_WORDS)
        room = load(local + _ARENA_SIZE) - PARTITIONS * piece
        done, used, found = 0, 0, 1
        store(tally + _NOTED, 0)
        store(shared + _BLOCK_FIRST, 0)
        while done < limit and found > 0 and load(tally + _NOTED) == 0:
            blocks = close_level(shared, most)
            if blocks == 0 or blocks * load(shared + _BLOCK_ROOM) > room:
                break
            for word in range(0, 8 * words_kept, 8):
                store(kept + word, load(tally + word))
            store(shared + _NEXT_BLOCK, 0)
            store(shared + _BLOCK_END, blocks)
            expand_blocks(shared, local)
            used = max(used, load(local + _ARENA_USED))
            if not has_room(shared, blocks):
                for word in range(0, 8 * words_kept, 8):  # the driver makes room, and expands it again
                    store(tally + word, load(kept + word))
                break
            found = 0
            for partition in range(PARTITIONS):
                found += insert_partition(shared, local, partition, blocks)
                store(begins + 8 * partition, load(ends + 8 * partition))
            store(sizes + 8 * done, found)
            done += 1
        store(local + _ARENA_USED, used)
        return done

    return {"seed": seed, "expand": expand, "insert": insert, "descend": descend}
