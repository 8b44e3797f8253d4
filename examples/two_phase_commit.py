"""Two-phase commit: a specification that has nothing to do with Kubernetes.

After Lamport's TwoPhase.tla (Gray and Lamport, "Consensus on Transaction Commit", 2006). A transaction manager asks resource managers
to prepare, and commits once all of them have; any of them may abort before. Try:

    kubecheck check examples/two_phase_commit.py --set managers=4
    kubecheck check examples/two_phase_commit.py --set managers=3 --set early=true
"""

import enum

from kubecheck.spec import Array, Set, Sort, Spec, State, count, require


class Manager(Sort, size="managers", symmetric=True, label="rm"):
    """A resource manager."""


class Stage(enum.Enum):
    """How far a resource manager is."""

    WORKING = 0
    PREPARED = 1
    COMMITTED = 2
    ABORTED = 3


class Decision(enum.Enum):
    """What the transaction manager has decided."""

    OPEN = 0
    COMMIT = 1
    ABORT = 2


class Transaction(State):
    """One transaction, with the messages that were ever sent: a message may be received late, or again."""

    stage: Array[Manager, Stage]
    heard: Set[Manager]  # those whose "prepared" the transaction manager has received
    sent: Set[Manager]  # those who sent "prepared"
    decision: Decision  # also the message: it is sent to everyone when it is taken


def two_phase_commit(*, managers: int = 3, early: bool = False) -> Spec:
    """Resource managers commit or abort a transaction together. With `early`, the decision does not wait for the last of them."""
    spec = Spec("two-phase-commit", Transaction, scope={"managers": managers, "early": early})
    needed = managers - 1 if early else managers

    @spec.action(actor="resource manager")
    def prepare(s: Transaction, manager: Manager) -> None:
        """A resource manager has done its part and says so."""
        require(s.stage[manager] is Stage.WORKING)
        s.stage[manager] = Stage.PREPARED
        s.sent |= {manager}

    @spec.action(actor="resource manager")
    def give_up(s: Transaction, manager: Manager) -> None:
        """A resource manager aborts by itself, as it may until it has prepared."""
        require(s.stage[manager] is Stage.WORKING)
        s.stage[manager] = Stage.ABORTED

    @spec.action(actor="transaction manager")
    def hear(s: Transaction, manager: Manager) -> None:
        """The transaction manager receives a "prepared"."""
        require(s.decision is Decision.OPEN)
        require(manager in s.sent and manager not in s.heard)
        s.heard |= {manager}

    @spec.action(actor="transaction manager")
    def commit(s: Transaction) -> None:
        """The transaction manager has heard from all, and commits."""
        require(s.decision is Decision.OPEN)
        require(len(s.heard) >= needed)
        s.decision = Decision.COMMIT

    @spec.action(actor="transaction manager")
    def abort(s: Transaction) -> None:
        """The transaction manager aborts; it may at any time before it commits."""
        require(s.decision is Decision.OPEN)
        s.decision = Decision.ABORT

    @spec.action(actor="resource manager")
    def obey(s: Transaction, manager: Manager) -> None:
        """A resource manager receives the decision."""
        require(s.decision is not Decision.OPEN)
        require(s.stage[manager] in (Stage.WORKING, Stage.PREPARED))
        s.stage[manager] = Stage.COMMITTED if s.decision is Decision.COMMIT else Stage.ABORTED

    @spec.invariant
    def consistent(s: Transaction) -> bool:
        """No resource manager has committed while another has aborted."""
        return not (any(x is Stage.COMMITTED for x in s.stage) and any(x is Stage.ABORTED for x in s.stage))

    @spec.step_invariant
    def final(before: Transaction, after: Transaction, manager: Manager) -> bool:
        """Who has committed or aborted stays so."""
        require(before.stage[manager] in (Stage.COMMITTED, Stage.ABORTED))
        return after.stage[manager] is before.stage[manager]

    @spec.quiescent
    def settled(s: Transaction) -> bool:
        """In the end everybody has committed or aborted."""
        return count(x in (Stage.COMMITTED, Stage.ABORTED) for x in s.stage) == managers

    @spec.reachable
    def all_commit(s: Transaction) -> bool:
        """The transaction can be committed."""
        return all(x is Stage.COMMITTED for x in s.stage)

    return spec
