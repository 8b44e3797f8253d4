"""Two-phase commit with its messages: a set of records that only grows, as in TLA+.

Lamport's TwoPhase.tla (Gray and Lamport, "Consensus on Transaction Commit", 2006), action by action: 288 states with three resource
managers, as TLC counts them. Try:

    kubecheck check examples/two_phase_messages.py --set managers=4
"""

import enum

from kubecheck.spec import Array, Record, Set, Sort, Spec, State, require


class Manager(Sort, size="managers", symmetric=True, label="rm"):
    """A resource manager."""


class Stage(enum.Enum):
    """How far a resource manager is."""

    WORKING = 0
    PREPARED = 1
    COMMITTED = 2
    ABORTED = 3


class Decision(enum.Enum):
    """How far the transaction manager is."""

    OPEN = 0
    COMMITTED = 1
    ABORTED = 2


class Kind(enum.Enum):
    """What a message says."""

    PREPARED = 0
    COMMIT = 1
    ABORT = 2


class Message(Record):
    """A message; only "prepared" has a sender that matters."""

    kind: Kind
    sender: Manager | None = None


class Protocol(State):
    """The managers, and every message that was ever sent."""

    stage: Array[Manager, Stage]
    decision: Decision
    prepared: Set[Manager]  # whose "prepared" the transaction manager has received
    sent: Set[Message]


def two_phase_messages(*, managers: int = 3) -> Spec:
    """Resource managers commit or abort a transaction together; messages may be received late, or again."""
    spec = Spec("two-phase-messages", Protocol, scope={"managers": managers})

    @spec.action(actor="transaction manager")
    def receive_prepared(s: Protocol, manager: Manager) -> None:
        """The transaction manager receives a "prepared"."""
        require(s.decision is Decision.OPEN)
        require(Message(kind=Kind.PREPARED, sender=manager) in s.sent)
        s.prepared |= {manager}

    @spec.action(actor="transaction manager")
    def commit(s: Protocol) -> None:
        """The transaction manager has heard from all, and commits."""
        require(s.decision is Decision.OPEN and len(s.prepared) == managers)
        s.decision = Decision.COMMITTED
        s.sent |= {Message(kind=Kind.COMMIT)}

    @spec.action(actor="transaction manager")
    def abort(s: Protocol) -> None:
        """The transaction manager aborts."""
        require(s.decision is Decision.OPEN)
        s.decision = Decision.ABORTED
        s.sent |= {Message(kind=Kind.ABORT)}

    @spec.action(actor="resource manager")
    def prepare(s: Protocol, manager: Manager) -> None:
        """A resource manager has done its part and says so."""
        require(s.stage[manager] is Stage.WORKING)
        s.stage[manager] = Stage.PREPARED
        s.sent |= {Message(kind=Kind.PREPARED, sender=manager)}

    @spec.action(actor="resource manager")
    def choose_to_abort(s: Protocol, manager: Manager) -> None:
        """A resource manager aborts by itself, as it may until it has prepared."""
        require(s.stage[manager] is Stage.WORKING)
        s.stage[manager] = Stage.ABORTED

    @spec.action(actor="resource manager")
    def obey(s: Protocol, manager: Manager, message: Message) -> None:
        """A resource manager receives the decision."""
        require(message in s.sent and message.kind is not Kind.PREPARED)
        s.stage[manager] = Stage.COMMITTED if message.kind is Kind.COMMIT else Stage.ABORTED

    @spec.invariant
    def consistent(s: Protocol) -> bool:
        """No resource manager has committed while another has aborted."""
        return not (any(x is Stage.COMMITTED for x in s.stage) and any(x is Stage.ABORTED for x in s.stage))

    @spec.reachable
    def all_commit(s: Protocol) -> bool:
        """The transaction can be committed."""
        return all(x is Stage.COMMITTED for x in s.stage)

    return spec
