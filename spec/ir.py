"""The typed intermediate representation: what a spec's functions become, for every execution but the reference.

It keeps loops, quantifiers, calls and source positions, for native code, proofs and messages each need them. Types are resolved, names
are unique inside a function, static values have been read, and every conversion that can fail is explicit (`Coerce`, `Unwrap`, …).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from kubecheck.spec.declare import Action, Declared, Parameter, Property
from kubecheck.spec.errors import Position
from kubecheck.spec.types import ArrayType, Data, IntType, RecordType, SeqType, SetType, Type


@dataclass(frozen=True, eq=False)
class Node:
    at: Position


# --- places --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Place(Node):
    """Somewhere in a state. `root` is 0 for the state, 1 for the state after the step (step invariants)."""

    type: Type
    root: int


@dataclass(frozen=True, eq=False)
class PartPlace(Place):
    """A part of the whole state, by its index in the root."""

    index: int


@dataclass(frozen=True, eq=False)
class NamedPlace(Place):
    """A place that a parameter or a name stands for."""

    name: str


@dataclass(frozen=True, eq=False)
class FieldPlace(Place):
    base: Place
    index: int


@dataclass(frozen=True, eq=False)
class ItemPlace(Place):
    """An element of an array; `key` is a scalar of the array's key type."""

    base: Place
    key: Expr


# --- expressions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Expr(Node):
    type: Type


@dataclass(frozen=True, eq=False)
class Const(Expr):
    value: Data


@dataclass(frozen=True, eq=False)
class Local(Expr):
    name: str


@dataclass(frozen=True, eq=False)
class Read(Expr):
    """The value that a place holds now."""

    place: Place


@dataclass(frozen=True, eq=False)
class Not(Expr):
    value: Expr


@dataclass(frozen=True, eq=False)
class Arith(Expr):
    """`op` is one of + - * // % min max, on integers."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False)
class Compare(Expr):
    """`op` is one of == != < <= > >=; both sides have the same type, or both are integers."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False)
class Logic(Expr):
    """`op` is "and" or "or"; the right side is evaluated only if it matters."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False)
class Choose(Expr):
    condition: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True, eq=False)
class Let(Expr):
    """A value with a name of its own, for the body only."""

    name: str
    value: Expr
    body: Expr


@dataclass(frozen=True, eq=False)
class Fit(Expr):
    """An integer as a member of a smaller range; an error where it is outside."""

    value: Expr


@dataclass(frozen=True, eq=False)
class Wrap(Expr):
    """A value as an optional one."""

    value: Expr


@dataclass(frozen=True, eq=False)
class Unwrap(Expr):
    """The value of an optional. If it is None: not enabled (`required`), else an error."""

    value: Expr
    required: bool


@dataclass(frozen=True, eq=False)
class IsNone(Expr):
    value: Expr


@dataclass(frozen=True, eq=False)
class GetField(Expr):
    value: Expr
    index: int


@dataclass(frozen=True, eq=False)
class GetItem(Expr):
    """An element of an array that is a value."""

    value: Expr
    key: Expr


@dataclass(frozen=True, eq=False)
class MakeRecord(Expr):
    fields: tuple[Expr, ...]


@dataclass(frozen=True, eq=False)
class WithFields(Expr):
    value: Expr
    changes: tuple[tuple[int, Expr], ...]


@dataclass(frozen=True, eq=False)
class MakeSet(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, eq=False)
class SetOp(Expr):
    """`op` is | & -, or <= (a bool)."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, eq=False)
class Contains(Expr):
    """Whether a set has a member; an integer outside the set's range is none."""

    collection: Expr
    item: Expr


@dataclass(frozen=True, eq=False)
class Length(Expr):
    """How many members a set has, or elements a sequence."""

    value: Expr


@dataclass(frozen=True, eq=False)
class SeqAt(Expr):
    value: Expr
    index: Expr


@dataclass(frozen=True, eq=False)
class SeqAppend(Expr):
    value: Expr
    item: Expr


@dataclass(frozen=True, eq=False)
class SeqDrop(Expr):
    """A sequence without its first `number` elements."""

    value: Expr
    number: Expr


@dataclass(frozen=True, eq=False)
class SeqTake(Expr):
    """The first `number` elements of a sequence, or all if there are fewer."""

    value: Expr
    number: Expr


@dataclass(frozen=True, eq=False)
class SeqJoin(Expr):
    """A sequence, and the elements of another one after it; an error where there are too many."""

    value: Expr
    other: Expr


@dataclass(frozen=True, eq=False)
class Lookup(Expr):
    """The entry of a constant table with that number, counted from `first`; an error where there is none. `total`: there always is one."""

    number: Expr
    first: int
    entries: tuple[Const | None, ...]
    total: bool


@dataclass(frozen=True, eq=False)
class MakeRef(Expr):
    """The member of a sort with that number; an error where there is none."""

    number: Expr


@dataclass(frozen=True, eq=False)
class NumberOf(Expr):
    """The number of a sort's member, or of another scalar among the values of its type."""

    value: Expr


@dataclass(frozen=True, eq=False)
class Domain(Node):
    """What a loop or quantifier runs over; `element` is the type of its variable."""

    element: Type


@dataclass(frozen=True, eq=False)
class AllValues(Domain):
    """Every value of a scalar type, in order."""


@dataclass(frozen=True, eq=False)
class Between(Domain):
    """The integers from `start` up to but without `stop`."""

    start: Expr
    stop: Expr


@dataclass(frozen=True, eq=False)
class Elements(Domain):
    """The elements of an array (place or value), set or sequence."""

    source: Place | Expr


@dataclass(frozen=True, eq=False)
class Quantify(Expr):
    """`kind` is any, all, sum, count, first, min, max, set, plain or seq; `condition` filters; `body` is what is collected.

    min and max give an optional: None of nothing. A plain set is one that CPython has as a set of its own. Where the body is of the
    type of the result, the body's members are collected (of a quantifier within a quantifier).
    """

    kind: str
    variable: str
    domain: Domain
    condition: Expr | None
    body: Expr


@dataclass(frozen=True, eq=False)
class Call(Expr):
    """A call of a specialised function; arguments as its parameters want them. As a statement its type is NoneType."""

    function: Function
    arguments: tuple[Place | Expr, ...]


# --- statements ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Stmt(Node):
    pass


@dataclass(frozen=True, eq=False)
class Store(Stmt):
    place: Place
    value: Expr


@dataclass(frozen=True, eq=False)
class CopyPlace(Stmt):
    """A whole array copied from one place to another."""

    target: Place
    source: Place


@dataclass(frozen=True, eq=False)
class SetLocal(Stmt):
    name: str
    type: Type
    value: Expr


@dataclass(frozen=True, eq=False)
class Name(Stmt):
    """A name for a place."""

    name: str
    place: Place


@dataclass(frozen=True, eq=False)
class Require(Stmt):
    condition: Expr


@dataclass(frozen=True, eq=False)
class Evaluate(Stmt):
    value: Expr


@dataclass(frozen=True, eq=False)
class If(Stmt):
    condition: Expr
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...]


@dataclass(frozen=True, eq=False)
class For(Stmt):
    variable: str
    domain: Domain
    body: tuple[Stmt, ...]


@dataclass(frozen=True, eq=False)
class Break(Stmt):
    pass


@dataclass(frozen=True, eq=False)
class Continue(Stmt):
    pass


@dataclass(frozen=True, eq=False)
class Return(Stmt):
    value: Expr | None


# --- functions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Formal:
    """A parameter of a function: a value, or a place of the given root."""

    name: str
    type: Type
    is_place: bool
    root: int = 0


@dataclass(eq=False)
class Function:
    """A function of the spec, specialised for its static arguments and for which of its arguments are places."""

    name: str
    formals: tuple[Formal, ...]
    result: Type
    at: Position
    body: tuple[Stmt, ...] = ()
    writes_state: bool = False


@dataclass(frozen=True, eq=False)
class Entry:
    """A declared function with its compiled form; `parameters` tells parts of the state and finite values apart."""

    declared: Declared
    parameters: tuple[Parameter, ...]
    function: Function


@dataclass(eq=False)
class Program:
    """A whole spec: its state and everything declared, in the order of declaration.

    `still_constant` raises SpecError if what was read from Python as a constant is another by now.
    """

    root: RecordType
    initials: list[Entry] = field(default_factory=list)
    actions: list[Entry] = field(default_factory=list)
    properties: list[Entry] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    still_constant: Callable[[], None] = lambda: None

    def action(self, action: Action) -> Entry:
        """The entry of an action."""
        return next(e for e in self.actions if e.declared is action)

    def property(self, prop: Property) -> Entry:
        """The entry of a property."""
        return next(e for e in self.properties if e.declared is prop)


Composite = RecordType | ArrayType | SetType | SeqType
__all__ = [n for n, v in list(globals().items()) if isinstance(v, type) and v.__module__ == __name__] + ["IntType"]
