"""An expression over the state, as a user types it: `count(p.ready for p in pods), deployments[Deployment(0)].template`.

It may name the parts of the state and their fields, the spec's sorts, enums and records, its properties, the values of its scope, and
what the language's functions call (count, first, implies, len, …). The reference execution's values answer it. Only expressions of
the language are let through: no statement, no text, no name or attribute that begins with an underscore.

The names in an expression say which bits of the state it depends on: of states that agree in these, one is evaluated.

A *condition* is an expression that is true or false. Evaluating one takes a bounded time: all its loops together make so many rounds.
"""

from __future__ import annotations

import ast
import difflib
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from kubecheck.checker.graph.expander import Bools, Expander, Ints, Words, keys
from kubecheck.checker.graph.names import FUNCTIONS, QUIESCENT, Place, classes, conditions, needs_quiescence, places
from kubecheck.spec import Array, Record, Seq, Set, Sort, SpecError
from kubecheck.spec.errors import NotEnabled
from kubecheck.spec.layout import WORD, show_scalar
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.types import IntType

_ALLOWED: Final = (
    ast.BoolOp | ast.BinOp | ast.UnaryOp | ast.Compare | ast.IfExp | ast.Call | ast.Attribute | ast.Subscript | ast.Slice
    | ast.Name | ast.Constant | ast.GeneratorExp | ast.comprehension | ast.Tuple | ast.Set | ast.keyword
    | ast.And | ast.Or | ast.Not | ast.USub | ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod | ast.BitOr | ast.BitAnd
    | ast.cmpop | ast.expr_context
)  # fmt: skip


MOST_ROUNDS: Final = 100_000
"""Rounds that the loops of an expression may make in one state, all together."""

_NAMES_SHOWN: Final = 40

_Reader = Callable[[Snapshot, Words], Any]  # what a name means in a state, given unpacked and packed


class ExpressionError(Exception):
    """An expression cannot be read or evaluated: what is wrong, the expression with a mark under the place, the remedy."""

    def __init__(self, message: str, *, text: str, column: int, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy
        self.snippet = f"  | {text}\n  | {' ' * column}^"


class _Part:
    """One expression: what it may read and where that lies; the values that it had so far, by what they depend on."""

    def __init__(self, text: str, tree: ast.expr, names: dict[str, _Reader], mask: Words) -> None:
        self.text, self.column, self.names = text, tree.col_offset, names
        bounded = ast.fix_missing_locations(ast.Expression(_Bounded().visit(tree)))
        self.code = compile(bounded, "<expression>", "eval")
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


class _Bounded(ast.NodeTransformer):
    """Puts what may take for ever under our eyes: the rounds of loops, and products, which of a tuple are as long as one likes."""

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        node.iter = ast.Call(ast.Name("_rounds", ast.Load()), [node.iter], [])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Mult):
            return ast.Call(ast.Name("_product", ast.Load()), [node.left, node.right], [])
        return node


class _TooManyRoundsError(Exception):
    """The loops of an expression have made as many rounds in one state as they may."""


class _Rounds:
    """Counts the rounds that the loops of an expression make in one state."""

    def __init__(self) -> None:
        self._left = MOST_ROUNDS

    def __call__(self, over: Iterable[Any]) -> Iterator[Any]:
        for each in over:
            self._left -= 1
            if self._left < 0:
                raise _TooManyRoundsError
            yield each


def _product(a: Any, b: Any) -> int:
    if not (isinstance(a, int) and isinstance(b, int)):
        raise TypeError("* is for numbers")
    return a * b


class Expression:
    """One or several expressions, divided by commas; `names` are their texts. Raises ExpressionError.

    Of a `condition` each must be true or false, and one whose `require` does not hold is false. `quiescent` answers for packed states,
    for who shares the expander with other threads.
    """

    def __init__(
        self, expander: Expander, text: str, *, condition: bool = False, quiescent: Callable[[Words], Bools] | None = None
    ) -> None:
        self._expander, self._spec, self.text = expander, expander.spec, text
        self._condition = condition
        self._quiescent = quiescent or (lambda states: expander.marks(states).quiescent)
        if not text.strip():
            raise self._wrong("there is no expression", 0, "write one as a spec would")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            column = (getattr(error, "offset", 1) or 1) - 1
            message = getattr(error, "msg", None) or str(error) or "nested too deeply"
            raise self._wrong(f"this is no expression: {message}", column, "write one as a spec would") from None
        self.text = text.strip()
        for node in ast.walk(tree.body):
            self._check(node)
        parts = tree.body.elts if isinstance(tree.body, ast.Tuple) else [tree.body]
        if not parts:
            raise self._wrong(
                "there is nothing between the brackets", 0, "give one expression or more, divided by commas"
            )
        self.names = [ast.get_source_segment(self.text, part) or ast.unparse(part) for part in parts]
        self._parts = [_Part(name, part, *self._bind(part)) for name, part in zip(self.names, parts, strict=True)]
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

    def _evaluate(self, part: _Part, state: Snapshot, row: Words) -> Any:
        names = {name: read(state, row) for name, read in part.names.items()}
        with self._spec.types.active():
            try:
                value = _plain(eval(part.code, {"__builtins__": {}, "_rounds": _Rounds(), "_product": _product, **names}))
            except NotEnabled:
                return False if self._condition else None
            except _TooManyRoundsError:
                raise self._wrong(
                    f"{part.text}: its loops make more than {MOST_ROUNDS:,} rounds in one state", part.column, "nest fewer loops"
                ) from None
            except SpecError as error:
                raise self._by_number(part, names) or self._wrong(f"{part.text}: {error.message}", part.column, error.remedy) from None
            except AttributeError as error:
                raise self._no_attribute(part.text, part.column, error) from None
            except Exception as error:  # whatever CPython makes of the user's expression
                raise self._wrong(
                    f"{part.text} cannot be evaluated: {error}", part.column, "see what the names in it mean"
                ) from None
        if self._condition and not isinstance(value, bool):
            message = f"{part.text} is {shown(value)}, and a condition is true or false"
            raise self._wrong(message, part.column, f"compare it: {_compared(part.text, value)}")
        return value

    def _by_number(self, part: _Part, names: dict[str, Any]) -> ExpressionError | None:
        """The error of an array that is asked for an element by number, though its keys are members of a sort or of an enum."""
        for node in ast.walk(ast.parse(part.text, mode="eval")):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.value, ast.Name):
                array, number = names.get(node.value.id), node.slice.value
                if isinstance(array, Array) and not isinstance(array._type.key, IntType):
                    members = [_member(key) for key in array._type.key.values()]
                    member = members[number] if isinstance(number, int) and number < len(members) else members[0]
                    return self._wrong(
                        f"{node.value.id} has the keys {members[0]} to {members[-1]}, and not {number!r}",
                        part.column + node.col_offset,
                        f"write {node.value.id}[{member}]",
                    )
        return None

    def _check(self, node: ast.AST) -> None:
        column = getattr(node, "col_offset", 0)
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__
            raise self._wrong(f"{what} is not in the language of specs", column, "docs/design.md has what is")
        if isinstance(node, ast.Constant) and not (node.value is None or isinstance(node.value, bool | int)):
            raise self._wrong(
                f"{node.value!r} is no value of a spec",
                column,
                "write a number, True, False, None, or a member of an enum",
            )
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name.startswith("_"):
            raise self._wrong(
                f"{name} is private", column, "the fields of the parts of the state are called without the underscore"
            )

    def _bind(self, tree: ast.expr) -> tuple[dict[str, _Reader], Words]:
        """Readers for the names of an expression, and the bits of a state that they depend on."""
        own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        fields, kinds, properties = places(self._spec), classes(self._spec), conditions(self._spec)
        mask = 0
        found: dict[str, _Reader] = {}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id in own or node.id in found:
                continue
            name = node.id
            if name in fields:
                place = self._only(fields[name], node)
                mask |= ((1 << place.bits) - 1) << place.at
                found[name] = _of_state(place.read)
            elif name in kinds or name in FUNCTIONS:
                found[name] = _constant(kinds.get(name, FUNCTIONS.get(name)))
            elif name in properties:
                mask = (1 << WORD * self._expander.words) - 1
                found[name] = self._when_quiescent(properties[name]) if needs_quiescence(self._spec, name) else _of_state(properties[name])
            elif name in self._spec.scope:
                found[name] = _constant(self._spec.scope[name])
            elif name == QUIESCENT:
                mask = (1 << WORD * self._expander.words) - 1
                found[name] = self._is_quiescent
            else:
                used = {name: "" for name, meant in fields.items() if any(place.bits for place in meant)}
                known = {**used, **kinds, **properties, **self._spec.scope, **FUNCTIONS, QUIESCENT: ""}
                raise self._unknown(name, node.col_offset, known, list(used))
        words = [mask >> WORD * i & (1 << WORD) - 1 for i in range(self._expander.words)]
        return found, np.array(words, np.uint64)

    def _only(self, meant: list[Place], node: ast.Name) -> Place:
        whole = [place for place in meant if "." not in place.path] or meant
        if len(whole) > 1:
            paths = " and ".join(place.path for place in whole)
            raise self._wrong(
                f"{node.id} means {paths}", node.col_offset, f"write {whole[0].path}, or one of the others"
            )
        return whole[0]

    def _is_quiescent(self, _: Snapshot, row: Words) -> bool:
        return bool(self._quiescent(row)[0])

    def _when_quiescent(self, holds: Callable[[Snapshot], bool]) -> _Reader:
        """A property that speaks of quiescent states only says nothing of the others."""
        return lambda state, row: not self._is_quiescent(state, row) or holds(state)

    def _unknown(self, name: str, column: int, known: Mapping[str, object], used: list[str]) -> ExpressionError:
        close = difflib.get_close_matches(name, list(known), n=1)
        fields = ", ".join(used[:_NAMES_SHOWN])
        remedy = f"did you mean {close[0]}?" if close else f"the state has {fields}"
        return self._wrong(f"{self._spec.name} has no {name}", column, remedy)

    def _no_attribute(self, name: str, column: int, error: AttributeError) -> ExpressionError:
        if error.obj is None:
            return self._wrong(
                f"{name}: None has no {error.name}", column, "ask for `is not None` first: … if x is not None else …"
            )
        cls = error.obj if isinstance(error.obj, type) else type(error.obj)
        known = [n for n in dict.fromkeys([*dir(cls), *dir(error.obj)]) if not n.startswith("_")]
        close = difflib.get_close_matches(error.name or "", known, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
        return self._wrong(f"{name}: {cls.__name__} has no {error.name}", column, remedy)

    def _wrong(self, message: str, column: int, remedy: str) -> ExpressionError:
        return ExpressionError(message, text=self.text, column=column, remedy=remedy)


def shown(value: Any) -> str:
    """A value of an expression as a person reads it."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return "(" + ", ".join(shown(v) for v in value) + ")"
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(shown(v) for v in value)) + "}"
    return show_scalar(value)


def _constant(value: Any) -> _Reader:
    return lambda _state, _row: value


def _of_state(read: Callable[[Snapshot], Any]) -> _Reader:
    return lambda state, _: read(state)


def _member(value: Any) -> str:
    """A member of a sort or an enum as one writes it."""
    name = type(value).__name__
    return f"{name}({value.number})" if isinstance(value, Sort) else f"{name}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


def _compared(text: str, value: Any) -> str:
    """How one makes a condition of an expression that gives this value."""
    if value is None:
        return f"{text} is not None"
    if isinstance(value, frozenset | tuple):
        return f"len({text}) > 0"
    return f"{text} == {_member(value)}"


def _plain(value: Any) -> Any:
    """A result as a hashable value without ties to the state. Raises TypeError for what is no value."""
    if isinstance(value, Set):
        return frozenset(value.items())
    if isinstance(value, Seq | Array | tuple):
        return tuple(_plain(v) for v in value)
    if isinstance(value, Record):
        return tuple(_plain(getattr(value, name)) for name in type(value)._annotations)
    if value is None or isinstance(value, bool | int | enum.Enum | Sort):
        return value
    raise TypeError(f"it gives {_kind(value)}, which is not a value that states can be told apart by")


def _kind(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"something of class {type(value).__name__}"
