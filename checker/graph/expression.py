"""An expression over the state, as a user types it: `count(p.ready for p in pods), deployments[Deployment(0)].template`.

It may name the parts of the state and their fields, the spec's sorts, enums and records, its properties, the values of its scope, and
what the language's functions call (count, first, implies, len, …). The language's front end compiles it, and its IR is evaluated: what
the language does not have cannot be said (spec/frontend/query.py). Evaluating it takes a bounded number of steps in a state.

The names in an expression say which bits of the state it depends on: of states that agree in these, one is evaluated.

A *condition* is an expression that is true or false.
"""

from __future__ import annotations

import ast
import difflib
import enum
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from kubecheck.checker.graph.expander import Bools, Expander, Ints, Words, keys
from kubecheck.checker.graph.names import QUIESCENT, classes, conditions, needs_quiescence, places
from kubecheck.spec import Sort, SpecError, ir
from kubecheck.spec.errors import NotEnabled, Position
from kubecheck.spec.frontend.bindings import Static, Value
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.frontend.query import FUNCTIONS, SOURCE, Query, parsed, plain_value
from kubecheck.spec.interpret import BEFORE, BUDGET, Interpreter, Run, TooManyStepsError
from kubecheck.spec.layout import WORD, show_scalar
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.source import fail
from kubecheck.spec.types import BOOL, ArrayType, NoneType, OptionalType, SeqType, SetType, is_place, is_scalar
from kubecheck.spec.visible import visible

MOST_STEPS: Final = 1_000_000
"""Steps that an expression may take in one state: a loop takes some for each round and each part of its body."""

_NAMES_SHOWN: Final = 40

_Reader = Callable[[Snapshot, Words], bool]  # a property, or whether a state is quiescent, given unpacked and packed

_ASK_FIRST: Final = "ask for `is not None` first: … if x is not None else …"
_REMEDIES: Final = {"KC210": _ASK_FIRST, "KC506": _ASK_FIRST, "KC232": "an expression only looks"}
"""What to write instead where the remedy of the language is for functions."""


class ExpressionError(Exception):
    """An expression cannot be read or evaluated: the language's code, what is wrong, the expression with the place marked, the remedy."""

    def __init__(self, code: str, message: str, *, text: str, column: int, width: int = 1, remedy: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.remedy = code, message, remedy
        width = max(1, min(width, len(text) - column))
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)  # one for one, for the mark
        self.snippet = f"  | {text}\n  | {' ' * column}{'^' * width}"

    def __str__(self) -> str:
        return visible(f"{self.code}: {self.message}")


class _Part:
    """One expression: what evaluates it, what it depends on; the values that it had so far, by that."""

    def __init__(self, text: str, run: Run, readers: dict[str, _Reader], mask: Words) -> None:
        self.text, self.run, self.readers = text, run, readers
        self.memo: dict[bytes | int, int] = {}
        self.found: list[Any] = []
        self._numbers: dict[tuple[type, Any], int] = {}
        self._words = np.flatnonzero(mask)
        self._mask = mask[self._words]

    def number(self, value: Any) -> int:
        """The number of a value; True and 1 are two."""
        number = self._numbers.setdefault((type(value), value), len(self.found))
        if number == len(self.found):
            self.found.append(value)
        return number

    def keys(self, states: Words) -> Sequence[bytes | int]:
        """What of each state matters."""
        relevant = states[:, self._words] & self._mask
        if len(self._words) == 1:
            found: list[int] = relevant[:, 0].tolist()
            return found
        return keys(relevant) if len(self._words) else [0] * len(states)


class _Names:
    """What the names of one expression stand for, and what it depends on through them."""

    def __init__(self, expander: Expander, quiescent: Callable[[Words], Bools]) -> None:
        self._spec, self._words, self._quiescent = expander.spec, expander.words, quiescent
        self._places, self._classes, self._properties = places(self._spec), classes(self._spec), conditions(self._spec)
        self.readers: dict[str, _Reader] = {}
        self._bits = 0

    def taken(self) -> tuple[dict[str, _Reader], Words]:
        """What the last expression reads by name, and the bits that it depends on; forgotten for the next one."""
        words = [self._bits >> WORD * i & (1 << WORD) - 1 for i in range(self._words)]
        readers, self.readers, self._bits = self.readers, {}, 0
        return readers, np.array(words, np.uint64)

    def __call__(self, name: str, at: Position) -> Value:
        scope = self._spec.scope
        if name.startswith("_"):
            fail("KC211", f"{name} is private", at, "the fields of the parts of the state are called without the underscore")
        if name in self._places:
            return self._place(name, at)
        if name in self._classes:
            return Static(self._classes[name])
        if name in FUNCTIONS:
            return Static(FUNCTIONS[name])
        if name in self._properties:
            return self._read(name, at, self._property(name))
        if name in scope:
            if not plain_value(scope[name]):
                fail("KC202", f"{name} of the scope is no value of the language", at, "ask for a number, or a member of an enum")
            return Static(scope[name])
        if name == QUIESCENT:
            return self._read(name, at, self._is_quiescent)
        used = [name for name, meant in self._places.items() if any(place.bits for place in meant)]
        close = difflib.get_close_matches(name, [*used, *self._classes, *self._properties, *scope, *FUNCTIONS, QUIESCENT], n=1)
        remedy = f"did you mean {close[0]}?" if close else f"the state has {', '.join(used[:_NAMES_SHOWN])}"
        fail("KC207", f"{self._spec.name} has no {name}", at, remedy)

    def _place(self, name: str, at: Position) -> ir.Place | ir.Expr:
        meant = self._places[name]
        whole = [place for place in meant if "." not in place.path] or meant
        if len(whole) > 1:
            paths = " and ".join(place.path for place in whole)
            fail("KC207", f"{name} means {paths}", at, f"write {whole[0].path}, or one of the others")
        self._bits |= ((1 << whole[0].bits) - 1) << whole[0].at
        place = whole[0].named(at)
        return place if is_place(place.type) else ir.Read(at, place.type, place)

    def _read(self, name: str, at: Position, read: _Reader) -> ir.Expr:
        self._bits = (1 << WORD * self._words) - 1
        self.readers[name] = read
        return ir.Local(at, BOOL, f"#{name}")  # no name in an expression is like it

    def _is_quiescent(self, _: Snapshot, row: Words) -> bool:
        return bool(self._quiescent(row)[0])

    def _property(self, name: str) -> _Reader:
        """One that speaks of quiescent states only says nothing of the others."""
        holds = self._properties[name]
        if needs_quiescence(self._spec, name):
            return lambda state, row: not self._is_quiescent(state, row) or holds(state)
        return lambda state, _: holds(state)


class Expression:
    """One or several expressions, divided by commas; `names` are their texts. Raises ExpressionError.

    Of a `condition` each must be true or false, and one whose `require` does not hold is false. `quiescent` answers for packed states,
    for who shares the expander with other threads.
    """

    def __init__(
        self, expander: Expander, text: str, *, condition: bool = False, quiescent: Callable[[Words], Bools] | None = None
    ) -> None:
        self._expander, self._spec, self.text = expander, expander.spec, text.strip()
        self._condition = condition
        if not self.text:
            raise ExpressionError("KC602", "there is no expression", text="", column=0, remedy="write one as a spec would")
        try:
            tree = parsed(self.text)
            parts = tree.elts if isinstance(tree, ast.Tuple) else [tree]
            if not parts:
                remedy = "give one expression or more, divided by commas"
                raise ExpressionError("KC602", "there is nothing between the brackets", text=self.text, column=0, remedy=remedy)
            names = _Names(expander, quiescent or (lambda states: expander.marks(states).quiescent))
            query, self._interpreter = Query(Compiler(self._spec), self.text, names), Interpreter()
            self._parts = [self._compiled(query, part, names) for part in parts]
        except SpecError as error:
            raise self._wrong(error) from None
        except RecursionError:
            message, remedy = "the expression is nested too deeply", "ask for its parts on their own"
            raise ExpressionError("KC014", message, text=self.text, column=0, remedy=remedy) from None
        self.names = [part.text for part in self._parts]
        self.found: list[tuple[Any, ...]] = []
        self._together: dict[tuple[int, ...], int] = {}

    def values(self, states: Words) -> list[tuple[Any, ...]]:
        """What the expressions give in each state, as plain hashable values. Raises ExpressionError where one cannot be evaluated."""
        numbers = self.numbers(states)
        return [self.found[number] for number in numbers.tolist()]

    def holds(self, states: Words) -> list[bool]:
        """Whether all the expressions, which are conditions, are true in each state. Raises ExpressionError as `values` does."""
        return [all(values) for values in self.values(states)]

    def numbers(self, states: Words) -> Ints:
        """The same by number: `found` has the values that were met so far, in the order of their numbers. Raises ExpressionError."""
        columns = [self._numbers(part, states) for part in self._parts]
        known, rows = self._together, list(zip(*columns, strict=True))
        for row in sorted(set(rows) - known.keys()):
            known[row] = len(self.found)
            self.found.append(tuple(part.found[number] for part, number in zip(self._parts, row, strict=True)))
        return np.array([known[row] for row in rows], np.int64)

    def _numbers(self, part: _Part, states: Words) -> list[int]:
        """The number of the part's value in each state."""
        memo, keys_here = part.memo, part.keys(states)
        numbers = [memo.get(key, -1) for key in keys_here]
        for i, number in enumerate(numbers):
            if number < 0:
                key = keys_here[i]
                if key not in memo:
                    memo[key] = part.number(self._evaluate(part, self._expander.unpack(states[i]), states[i : i + 1]))
                numbers[i] = memo[key]
        return numbers

    def _compiled(self, query: Query, node: ast.expr, names: _Names) -> _Part:
        begin = query.at(node)
        text = (ast.get_source_segment(self.text, node) or ast.unparse(node)) if self.text.isprintable() else ast.unparse(node)
        found = query.result(node)
        if self._condition and (isinstance(found, list) or found.type != BOOL):
            remedy = "give a condition" if isinstance(found, list) else f"compare it: {_compared(text, found)}"
            fail("KC216", f"{text} is {_kind(found)}, and a condition is true or false", begin, remedy)
        runs = [self._interpreter.compile(e) for e in (found if isinstance(found, list) else [found])]
        run: Run = (lambda env: tuple(run(env) for run in runs)) if isinstance(found, list) else runs[0]
        return _Part(text, run, *names.taken())

    def _evaluate(self, part: _Part, state: Snapshot, row: Words) -> Any:
        with self._spec.types.active():
            try:
                given = {f"#{name}": read(state, row) for name, read in part.readers.items()}
                return part.run({BEFORE: state, BUDGET: [MOST_STEPS], **given})
            except NotEnabled:
                return False if self._condition else None
            except TooManyStepsError:
                message, remedy = f"{part.text} takes more than {MOST_STEPS:,} steps in one state", "nest fewer loops"
                raise ExpressionError("KC604", message, text=self.text, column=0, width=len(self.text), remedy=remedy) from None
            except RecursionError:
                message, remedy = f"{part.text} calls too deeply", "ask for its parts on their own"
                raise ExpressionError("KC014", message, text=self.text, column=0, remedy=remedy) from None
            except SpecError as error:
                raise self._wrong(error) from None

    def _wrong(self, error: SpecError) -> ExpressionError:
        at = error.position
        here = at is not None and at.file == SOURCE
        column, width = (at.column - 1, at.end_column - at.column) if here and at is not None else (0, len(self.text))
        message = error.message if here or at is None else f"{error.message} ({at})"
        text = "".join(" " if c.isspace() else c for c in self.text)
        remedy = _REMEDIES.get(error.code, error.remedy)
        return ExpressionError(error.code, message, text=text, column=column, width=width, remedy=remedy)


def shown(value: Any) -> str:
    """A value of an expression as a person reads it."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(v) for v in value) + ")"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(shown(v) for v in value)) + "}"
    return show_scalar(value)


def _kind(found: ir.Expr | list[ir.Expr]) -> str:
    """What an expression is that is no condition."""
    if isinstance(found, list):
        return "a tuple"
    if isinstance(found, ir.Const):
        return shown(found.value)
    return f"{'an' if str(found.type)[0] in 'aeiouAEIOU' else 'a'} {found.type}"


def _compared(text: str, found: ir.Expr) -> str:
    """How one makes a condition of an expression."""
    t, constant = found.type, found.value if isinstance(found, ir.Const) else None
    if isinstance(t, SetType | SeqType | ArrayType):
        return f"len({text}) > 0"
    if isinstance(t, OptionalType | NoneType):
        return f"{text} is not None"
    return f"{text} == {_member(t.default if constant is None else constant)}" if is_scalar(t) else f"{text}.FIELD == …"


def _member(value: Any) -> str:
    """A member of a sort or an enum as one writes it."""
    name = type(value).__name__
    return f"{name}({value.number})" if isinstance(value, Sort) else f"{name}.{value.name}" if isinstance(value, enum.Enum) else repr(value)
