"""A spec whose properties are false in every way that the language has, for tests of why they are."""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.spec import Array, Range, Record, Sort, Spec, State, count, implies, present, require


class Phase(enum.Enum):
    """What a job does."""

    IDLE = "idle"
    BUSY = "busy"


RESTING = frozenset({Phase.IDLE})


class Job(Sort, size="jobs"):
    """A job."""


class Entry(Record):
    """What is known of a job."""

    phase: Phase = Phase.IDLE
    tries: Annotated[int, Range(0, 5)] = 0
    after: Job | None = None

    @property
    def is_tired(self) -> bool:
        """Whether it has been tried too often."""
        return self.tries > 2 and self.phase is Phase.BUSY


class Table(State):
    """All jobs."""

    entries: Array[Job, Entry]
    total: Annotated[int, Range(0, 20)]

    def busy(self) -> int:
        """How many jobs are busy."""
        only = Phase.BUSY
        return count(e.phase is only for e in self.entries)


def spend(s: Table, amount: int) -> bool:
    """Takes from the total, and says whether nothing is left: it must not be run twice on the same state."""
    s.total -= amount
    return s.total == 0


def is_calm(s: Table, job: Job, limit: int) -> bool:
    """Whether a job was tried no more often than `limit`."""
    if s.entries[job].phase is Phase.IDLE:
        return True
    return s.entries[job].tries <= limit


def jobs() -> Spec:
    """Two of three jobs are busy at the start; one action can only be taken by a job that waits for another."""
    spec = Spec("jobs", Table, scope={"jobs": 3})
    limit = 2

    @spec.initial
    def some_are_busy(s: Table) -> None:
        """job-1 and job-2 are busy, job-2 was tried three times."""
        s.entries[Job(1)].phase = Phase.BUSY
        s.entries[Job(2)] = Entry(phase=Phase.BUSY, tries=3)
        s.total = 3

    @spec.action(actor="worker")
    def wait(s: Table, job: Job, other: Job) -> None:
        """A job waits for another."""
        require(s.entries[job].phase is Phase.IDLE and s.entries[other].phase is Phase.BUSY)
        s.entries[job].after = other

    @spec.action(actor="worker")
    def go_on(s: Table, job: Job) -> None:
        """A job that waits for another goes on with it."""
        s.total += 1
        other = present(s.entries[job].after)
        require(s.total < 4 or other == job)

    @spec.action(actor="worker")
    def pay(s: Table) -> None:
        """A condition that writes to the state."""
        s.total -= 1
        require(spend(s, 1))

    @spec.action(actor="worker")
    def follow(s: Table, job: Job) -> None:
        """Two conditions in one."""
        require(s.entries[present(s.entries[job].after)].tries == 3)

    @spec.action(actor="worker")
    def gather(s: Table) -> None:
        """A condition inside of a generator expression."""
        require(all(s.entries[present(e.after)].tries > 0 for e in s.entries))

    @spec.invariant
    def compared(s: Table) -> bool:
        """Two values."""
        return s.total <= limit

    @spec.invariant
    def member(s: Table) -> bool:
        """A set that is no value of the state, and an object that is none at all."""
        return s.entries[Job(2)].phase in RESTING and s.entries == RESTING

    @spec.invariant
    def chained(s: Table) -> bool:
        """Three values."""
        return 1 < s.total < limit

    @spec.invariant
    def for_all(s: Table) -> bool:
        """The element is named."""
        return all(e.tries < limit for e in s.entries)

    @spec.invariant
    def for_all_of_two(s: Table) -> bool:
        """Both loop variables are."""
        return all(s.entries[a].tries == s.entries[b].tries for a in Job for b in Job if a != b)

    @spec.invariant
    def negated(s: Table) -> bool:
        """`not any` names the element."""
        return not any(e.is_tired for e in s.entries)

    @spec.invariant
    def conjunction(s: Table) -> bool:
        """The first false part."""
        return s.total > 0 and s.busy() < 2 and s.total > 100

    @spec.invariant
    def disjunction(s: Table) -> bool:
        """All parts."""
        return s.total == 0 or s.busy() == 0

    @spec.invariant
    def implication(s: Table) -> bool:
        """What holds and what does not."""
        return implies(s.total > 1, s.busy() == 0)

    @spec.invariant
    def by_helper(s: Table, job: Job) -> bool:
        """Through a call, with the helper's own names."""
        return is_calm(s, job, limit)

    @spec.invariant
    def by_statement(s: Table) -> bool:
        """`return False` is explained by its `if`."""
        for job in Job:  # noqa: SIM110
            if s.entries[job].tries > limit:
                return False
        return True

    @spec.invariant
    def by_name(s: Table) -> bool:
        """A local name stands for what was assigned to it."""
        few = s.busy() <= 1
        return few  # noqa: RET504

    @spec.invariant
    def by_choice(s: Table) -> bool:
        """The branch that was taken."""
        return s.busy() == 1 if s.total > 1 else True

    @spec.step_invariant
    def step(before: Table, after: Table, job: Job) -> bool:
        """A step, and a premise."""
        require(before.entries[job].after is None)
        return after.entries[job].after is None

    return spec
