"""Where the driver and the kernels leave things for each other: the numbering of the shared records.

Kernels get two addresses, one of a `Shared` record (one an exploration) and one of a `Local` record (one a thread). Both are
arrays of 64-bit words and the names below are positions in them. Every record is a multiple of two cache lines, so that no two threads
write to the same line.
"""

from __future__ import annotations

from typing import Final

# The visited set has 64 partitions. The number is fixed, so that nothing that is counted or numbered depends on the threads.
PARTITION_BITS: Final = 6
PARTITIONS: Final = 1 << PARTITION_BITS

# A slot of a partition's table has 32 bits: 26 for one plus the state's number in the partition, 6 for a tag from its hash.
SLOT_BITS: Final = 26
PARTITION_CAPACITY: Final = (1 << SLOT_BITS) - (1 << 12)

# A run of a block's candidates of one partition is a word: where it begins in the arena, in bytes, above so many bits with its length.
RUN_BITS: Final = 24

# Memory for states is laid out in rows: 2,048 for partition 0, 2,048 for partition 1, … and again. As the partitions fill evenly, what is
# touched is dense, and large pages can be used. A state's id is its position there.
CHUNK_BITS: Final = 11
CHUNK: Final = 1 << CHUNK_BITS

# Arenas are given to the partitions by the piece, of at least so many bytes. (Larger ones waste memory in small searches.)
PIECE: Final = 2048

#: A predecessor that stands for "none": the state is initial.
NO_PREDECESSOR: Final = (1 << 32) - 1


class Shared:
    """Positions in the record that all threads of an exploration see."""

    SUCCESSORS: Final = 0  # address of the compiled spec's `successors`
    JUDGE: Final = 1  # address of its `judge`
    OPEN_MASK: Final = 2  # properties that are still to be decided
    ACTIONS: Final = 3  # how many
    PROFILE: Final = 4  # 1: count the new states of each action
    STATES: Final = 5  # address of the states
    PREDECESSORS: Final = 6  # address of their predecessors, 4 bytes each
    TABLES: Final = 7  # address of the 64 partitions' tables, one after the other
    TABLE_MASK: Final = 8  # slots of a partition's table - 1
    REHASH: Final = 9  # 1: the tables are new and empty
    COUNTS: Final = 11  # address of 64 counts of states
    LEVEL_BEGINS: Final = 12  # address of 64 numbers: a partition's first state of the level
    LEVEL_ENDS: Final = 13  # address of 64 numbers: one past its last
    BLOCK_STATES: Final = 14  # states of one partition in a block
    BLOCK_PARTITIONS: Final = 23  # partitions in a block, a divisor of 64
    BLOCK_FIRST: Final = 15  # first block of the batch
    BLOCK_END: Final = 16  # no block at or after this one in this batch
    BLOCK_ROOM: Final = 17  # bytes that a block may need in an arena
    BLOCK_RECORDS: Final = 18  # address of one address for each block of the batch: where its candidates are
    BLOCK_RUNS: Final = 19  # address of 64 words for each block of the batch: where each partition's begin, how many they are
    FIRED_AT: Final = 20  # words from the begin of a tally to its array of firings
    PREMISE_AT: Final = 21  # to its premise counts
    NEW_AT: Final = 22  # to its new states of each action
    LEVEL_SIZES: Final = 24  # address of room for the sizes of many levels
    LEVELS: Final = 25  # how many levels may be done
    LEVEL_MOST: Final = 26  # states of a level that is small
    PARTITION_ROOM: Final = 27  # states of each partition for which there is room, without asking
    TALLY_KEPT: Final = 28  # address of room for another tally
    TALLY_WORDS: Final = 29  # how long a tally is
    NEXT_BLOCK: Final = 32  # atomic, on a line of its own
    NEXT_PARTITION: Final = 48  # atomic, on a line of its own
    WORDS: Final = 64


def piece_bytes(words: int) -> int:
    """Size of a piece for states of `words` words, a power of two: a link to the next piece, then whole candidates up to the end."""
    return max(PIECE, 1 << (16 * (words + 1) + 7).bit_length())


def state_id(partition: int, number: int) -> int:
    """The id of a partition's state with this number."""
    return (number >> CHUNK_BITS) << (CHUNK_BITS + PARTITION_BITS) | partition << CHUNK_BITS | number & (CHUNK - 1)


# Places among the findings after those of the 64 properties.
FOUND_ACTION_ERROR: Final = 64
FOUND_PROPERTY_ERROR: Final = 65
FINDINGS: Final = 66


class Local:
    """Positions in the record of one thread. TALLY is where what it counted begins: see `Tally`."""

    ARENA: Final = 0  # address of the candidates that it writes
    ARENA_USED: Final = 1  # bytes
    ARENA_SIZE: Final = 2  # bytes
    SCRATCH: Final = 3  # address: successors of a state
    SCRATCH_USED: Final = 4  # initial states that are there
    FIRED: Final = 5  # address: actions of one state, when profiling
    GROUP: Final = 6  # address: room for three words for each candidate of a group
    CURSORS: Final = 7  # address: two words for each partition, where its next candidate goes and how many are in its full pieces
    TALLY: Final = 8  # address
    SCRATCH_PEAK: Final = 9  # most successors that a state had so far
    WORDS: Final = 16


class Tally:
    """Positions in what a thread counted. FOUND, FIRED, PREMISE and NEW are arrays; the later ones begin where `offsets` says."""

    INFO: Final = 0  # 4 words, see the native ABI
    GENERATED: Final = 4
    NOTED: Final = 5  # 1: something was found
    FOUND: Final = 8  # 66 state numbers, -1 for none
    ARRAYS: Final = 8 + FINDINGS


class TallyLayout:
    """Where the arrays of a tally begin, for a spec with so many actions and properties."""

    def __init__(self, *, actions: int, properties: int) -> None:
        self.fired = Tally.ARRAYS
        self.premise = self.fired + actions
        self.new = self.premise + properties
        end = self.new + actions
        self.words = (end + 31) // 16 * 16

