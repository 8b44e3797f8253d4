"""Kernels that ask whether runs of component steps end, over the visited set of a finished search: `follow` and `components`.

`follow` expands every state anew and notes which states its component steps lead to; `components` finds the strongly connected
components of that graph (Tarjan, "Depth-first search and linear graph algorithms", 1972), what Tarjan keeps for a node on its way
being kept in the frames of the search, so that a node takes 4 bytes. A component of several states is a loop.

As in `kernel`: no Python, only int64 and addresses; nothing is raised or allocated.
"""

from __future__ import annotations

from collections.abc import Callable

from kubecheck.checker.engine.fields import CHUNK_BITS, PARTITIONS, SLOT_BITS
from kubecheck.checker.engine.hashing import functions
from kubecheck.checker.engine.intrinsics import (
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

# Bits of the mark that each state has.
RESTS = 1  # it is quiet; once `components` is done: component steps can lead from it to a quiet state
LOOPS = 2  # it is on a loop of component steps

GROUP = 64  # successors are looked up in groups, so that waits for memory overlap
BLOCK = 256  # states that a thread takes at a time: neighbours in one chunk of a partition
FRAME = 16  # bytes: a node, the least index that it reaches, the next of its targets

# Positions in the record that both kernels and all threads see.
(
    SUCCESSORS,  # address of the compiled spec's `successors`
    COMPONENTS,  # address of a word for each action: 1 if it is a component's
    STATES,  # addresses of the visited set, and its mask
    TABLES,
    TABLE_MASK,
    COUNTS,
    MARKS,  # address of a byte for each id
    ENDS,  # address of 4 bytes for each id, and 4 before them: `follow` writes how many targets it has, `components` reads where they end
    PIECES,  # address of two words for each block of the batch: where its targets are, and how many
    END,  # one past the last block of the batch
    IDS,  # how many ids there are; not each is a state's
    TARGETS,  # address of the targets of all states, 4 bytes each
    INDEX,  # address of 4 bytes for each id, zero; afterwards its component, from 1
    STACK,  # address of 4 bytes for each id
    FRAMES,  # address of frames
    DEPTH,  # how many frames fit; afterwards, how many were needed
) = range(16)
NEXT = 16  # the next block, atomic, on a line of its own
FIRST = 17  # the first block of the batch
SHARED_WORDS = 32

# Positions in the record of one thread.
(
    SCRATCH,  # address: successors of a state
    FIRED,  # address: how often each action fired in it
    IGNORED,  # address: what else the compiled spec says; PREMISES bytes further, what else it counts
    WAITING,  # address: GROUP successors to be looked up, each its words and its hash
    EDGES,  # address: targets, 4 bytes each
    NOTED,  # how many
    ROOM,  # a block is taken as long as no more are noted
) = range(7)
LOCAL_WORDS = 16
PREMISES = 128

_SUCCESSORS, _COMPONENTS, _STATES, _TABLES = SUCCESSORS * 8, COMPONENTS * 8, STATES * 8, TABLES * 8
_TABLE_MASK, _COUNTS, _MARKS, _ENDS = TABLE_MASK * 8, COUNTS * 8, MARKS * 8, ENDS * 8
_PIECES, _END, _IDS, _TARGETS = PIECES * 8, END * 8, IDS * 8, TARGETS * 8
_INDEX, _STACK, _FRAMES, _DEPTH = INDEX * 8, STACK * 8, FRAMES * 8, DEPTH * 8
_NEXT, _FIRST = NEXT * 8, FIRST * 8
_SCRATCH, _FIRED, _IGNORED, _WAITING = SCRATCH * 8, FIRED * 8, IGNORED * 8, WAITING * 8
_EDGES, _NOTED, _ROOM = EDGES * 8, NOTED * 8, ROOM * 8

_PARTITION_MASK = PARTITIONS - 1
_ROW_BITS = CHUNK_BITS + PARTITIONS.bit_length() - 1
_IN_CHUNK = (1 << CHUNK_BITS) - 1
_SLOT_MASK = (1 << SLOT_BITS) - 1
_DONE = 1 << 31  # in INDEX: the node's component is known

Kernel = Callable[[int, int], int]


def kernels(words: int, *, hash_mask: int = -1) -> dict[str, Kernel]:
    """The kernels for states of `words` words, ready to be compiled. `hash_mask` is for tests: see `kernel.kernels`."""
    state_bytes = 8 * words
    waiting_bytes = state_bytes + 8
    hashed, equal, position, probe = functions(words, hash_mask)

    @compiled
    def table_of(shared: int, value: int) -> int:
        """Where the table of the partition with this hash is."""
        return load(shared + _TABLES) + (value & _PARTITION_MASK) * (load(shared + _TABLE_MASK) + 1) * 4

    @compiled
    def find(shared: int, state: int, value: int) -> int:
        """The id of a state that is in the visited set; -1 if it is not."""
        mask = load(shared + _TABLE_MASK)
        table = table_of(shared, value)
        offset = (value & _PARTITION_MASK) << CHUNK_BITS
        states = load(shared + _STATES)
        high = shift_right(value, 32)
        tag = shift_right(high, SLOT_BITS)
        step = 0
        while True:
            content = load32(table + 4 * (probe(high, step) & mask))
            if content == 0:
                return -1
            if content >> SLOT_BITS == tag:
                number = position((content & _SLOT_MASK) - 1) + offset
                if equal(states + number * state_bytes, state):
                    return number
            step += 1

    @compiled
    def look_up(shared: int, local: int, waiting: int) -> int:
        """Note the ids of the successors that wait; -1 if one is not in the visited set."""
        group = load(local + _WAITING)
        states, mask = load(shared + _STATES), load(shared + _TABLE_MASK)
        for place in range(waiting):  # ask for the state that is likely the one
            value = load(group + place * waiting_bytes + state_bytes)
            content = load32(table_of(shared, value) + 4 * (shift_right(value, 32) & mask))
            number = position(max((content & _SLOT_MASK) - 1, 0)) + ((value & _PARTITION_MASK) << CHUNK_BITS)
            prefetch(states + number * state_bytes)
        target = load(local + _EDGES) + 4 * load(local + _NOTED)
        for place in range(waiting):
            state = group + place * waiting_bytes
            number = find(shared, state, load(state + state_bytes))
            if number < 0:
                return -1
            store32(target, number)
            target += 4
        store(local + _NOTED, load(local + _NOTED) + waiting)
        return 0

    def follow(shared: int, local: int) -> int:
        """Take blocks until the batch has no more, or no room for another one's targets. -1 if a successor is not in the visited set."""
        successors, component = load(shared + _SUCCESSORS), load(shared + _COMPONENTS)
        states, mask, counts = load(shared + _STATES), load(shared + _TABLE_MASK), load(shared + _COUNTS)
        marks, ends = load(shared + _MARKS), load(shared + _ENDS) + 4
        scratch, fired, ignored = load(local + _SCRATCH), load(local + _FIRED), load(local + _IGNORED)
        group, room = load(local + _WAITING), load(local + _ROOM)
        while load(local + _NOTED) <= room:
            block = fetch_add(shared + _NEXT, 1)
            if block >= load(shared + _END):
                break
            piece = load(shared + _PIECES) + 16 * (block - load(shared + _FIRST))
            before = load(local + _NOTED)
            store(piece, load(local + _EDGES) + 4 * before)
            first = block * BLOCK
            number = first >> _ROW_BITS << CHUNK_BITS | first & _IN_CHUNK
            count = load(counts + 8 * (first >> CHUNK_BITS & _PARTITION_MASK))
            waiting = 0
            for origin in range(first, first + min(BLOCK, count - number)):
                source = states + origin * state_bytes
                found = call_successors(successors, source, scratch, fired, ignored + PREMISES, 0, ignored)
                action = 0
                moves = 0
                for i in range(found):
                    while load(fired + 8 * action) == 0:
                        action += 1
                    store(fired + 8 * action, load(fired + 8 * action) - 1)
                    state = scratch + i * state_bytes
                    if load(component + 8 * action) and not equal(state, source):
                        value = hashed(state)
                        prefetch(table_of(shared, value) + 4 * (shift_right(value, 32) & mask))
                        target = group + waiting * waiting_bytes
                        for word in range(words):
                            store(target + 8 * word, load(state + 8 * word))
                        store(target + state_bytes, value)
                        moves += 1
                        waiting += 1
                        if waiting == GROUP:
                            if look_up(shared, local, waiting) < 0:
                                return -1
                            waiting = 0
                store32(ends + 4 * origin, moves)
                if moves == 0:
                    store8(marks + origin, RESTS)
            if look_up(shared, local, waiting) < 0:
                return -1
            store(piece + 8, load(local + _NOTED) - before)
        return 0

    def components(shared: int, _unused: int) -> int:
        """Number the strongly connected components of the ids from 1, so that steps lead to lower numbers only; mark what loops and rests.

        How many components there are; -1 if there is no room for the frames.
        """
        ids, ends, targets = load(shared + _IDS), load(shared + _ENDS), load(shared + _TARGETS)
        marks, index, stack = load(shared + _MARKS), load(shared + _INDEX), load(shared + _STACK)
        frames, room = load(shared + _FRAMES), load(shared + _DEPTH)
        visited = 0
        found = 0
        held = 0
        deepest = 0
        for root in range(ids):
            if load32(index + 4 * root) != 0:
                continue
            depth = 0
            frame = frames
            node = root
            entering = 1
            while depth >= 0:
                if entering:
                    visited += 1
                    store32(index + 4 * node, visited)
                    store32(stack + 4 * held, node)
                    held += 1
                    store32(frame, node)
                    store32(frame + 4, visited)
                    store32(frame + 8, load32(ends + 4 * node))
                    deepest = max(deepest, depth)
                    entering = 0
                    for place in range(load32(ends + 4 * node), load32(ends + 4 * node + 4)):
                        target = load32(targets + 4 * place)
                        prefetch(index + 4 * target)
                        prefetch(ends + 4 * target)
                place = load32(frame + 8)
                if place < load32(ends + 4 * node + 4):
                    store32(frame + 8, place + 1)
                    target = load32(targets + 4 * place)
                    theirs = load32(index + 4 * target)
                    if theirs == 0:
                        depth += 1
                        if depth >= room:
                            return -1
                        frame += FRAME
                        node = target
                        entering = 1
                    elif theirs & _DONE:
                        store8(marks + node, load8(marks + node) | load8(marks + target) & RESTS)
                    elif theirs < load32(frame + 4):
                        store32(frame + 4, theirs)
                    continue
                # All its targets are done. Is it the first of its component?
                least = load32(frame + 4)
                if least == load32(index + 4 * node):
                    found += 1
                    first = held - 1
                    mark = load8(marks + load32(stack + 4 * first))
                    while load32(stack + 4 * first) != node:
                        first -= 1
                        mark |= load8(marks + load32(stack + 4 * first)) | LOOPS
                    for member in range(first, held):
                        it = load32(stack + 4 * member)
                        store32(index + 4 * it, found | _DONE)
                        store8(marks + it, mark)
                    held = first
                depth -= 1
                if depth >= 0:
                    below = node
                    frame -= FRAME
                    node = load32(frame)
                    if load32(index + 4 * below) & _DONE:
                        store8(marks + node, load8(marks + node) | load8(marks + below) & RESTS)
                    elif least < load32(frame + 4):
                        store32(frame + 4, least)
        for node in range(ids):
            store32(index + 4 * node, load32(index + 4 * node) & _DONE - 1)
        store(shared + _DEPTH, deepest + 1)
        return found

    return {"follow": follow, "components": components}
