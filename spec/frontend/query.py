"""An expression that a user types, as IR: compiled like a line of the spec, but with nothing in reach that is not a value of it.

A spec is code that its author answers for: what is static in it is any Python. An expression may come from anybody. So here a name is
what `names` says and nothing else; what is static is a value, a class of the state or a function of the language; and where the front
end would run Python on constants it refuses, except for the few operations below. Functions of the spec are called only as IR.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import enum
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, Final, NoReturn, cast

from kubecheck.spec import functions as language
from kubecheck.spec import ir
from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.frontend.bindings import Method, Static, Value, describe
from kubecheck.spec.frontend.context import Display
from kubecheck.spec.frontend.expressions import Expressions
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.frontend.static import BINARY, COMPARISONS
from kubecheck.spec.source import fail
from kubecheck.spec.types import BOOL, EnumType, IntType, RecordType, RefType, SeqType, SetType, Type
from kubecheck.spec.values import FieldView, Record, Set, Sort, SortMeta

SOURCE: Final = "<expression>"
"""The file of positions in an expression."""

LONGEST: Final = 2_000
"""Characters of an expression."""

DEEPEST: Final = 50
"""Levels that an expression may be nested."""

MOST_PARTS: Final = 4_000
"""Expressions within an expression, those counted once for each round that are written out (`for x in (1, 2, 3)`)."""

FUNCTIONS: Final[dict[str, Any]] = {
    **{f.__name__: f for f in (builtins.abs, builtins.all, builtins.any, builtins.len, builtins.max, builtins.min, builtins.sum)},
    **{f.__name__: f for f in (language.count, language.first, language.implies, language.present)},
    **{c.__name__: c for c in (builtins.range, builtins.tuple, Set)},
}
"""What an expression may call by name, besides what the spec has."""

_REMEDY: Final = "an expression has values, places and functions of the spec only; docs/design.md, Functions, has what there is"


def parsed(text: str) -> ast.expr:
    """The syntax tree of one expression, or of several in a tuple; SpecError KC6xx for what is none, is too long or too deep."""
    if len(text) > LONGEST:
        _refuse("KC601", f"the expression has {len(text):,} characters", _at(0, 1), f"at most {LONGEST:,}")
    line = "".join(" " if c.isspace() else c for c in text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CPython's advice is for files
            tree = ast.parse(line, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = (getattr(error, "offset", None) or 1) - 1
        message = getattr(error, "msg", None)
        if isinstance(error, MemoryError | RecursionError):
            message = "it is nested too deeply"
        elif isinstance(error, UnicodeError):
            message = "it has half a character (a lone surrogate)"
        _refuse("KC602", f"this is no expression: {message or error}", _at(column, column + 1), "write one as a spec would")
    level: list[ast.expr | ast.comprehension] = [tree]
    for _ in range(DEEPEST + 1):  # of a tuple of expressions each may be so deep
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.comprehension)]
    if level:
        first = next((n for n in level if isinstance(n, ast.expr)), tree)
        _refuse("KC014", f"the expression is nested more than {DEEPEST} levels deep", _place(line, first), "ask for its parts on their own")
    return tree


class Query(Expressions):
    """Compiles expressions of one text. `names` gives what a name stands for; it raises SpecError for one that there is not."""

    def __init__(self, compiler: Compiler, text: str, names: Callable[[str, Position], Value]) -> None:
        whole = _at(0, len(text))
        super().__init__(compiler, cast(FunctionType, _function), {}, ir.Function("the expression", (), BOOL, whole))
        self._text = "".join(" " if c.isspace() else c for c in text)
        self._lookup = names
        self._left = MOST_PARTS

    def result(self, node: ast.expr) -> ir.Expr | list[ir.Expr]:
        """The expression as IR; of a tuple, which no type of the language is, its elements. SpecError with a position in the text."""
        try:
            value = self.value(node)
            if isinstance(value, Static) and isinstance(value.value, tuple):
                return [self.plain(Static(v), node) for v in value.value]
            if isinstance(value, Display) and isinstance(node, ast.Tuple):
                return list(value.items)
            return self.plain(value, node)
        except RecursionError:
            fail("KC014", "the expression is nested too deeply", self.at(node), "ask for its parts on their own")

    # --- where and what ---------------------------------------------------------------------------------------------------

    def at(self, node: ast.AST) -> Position:
        """The position in the text, which is one line."""
        return _place(self._text, node)

    def value(self, node: ast.expr, wanted: Type | None = None) -> Value:
        """What an expression stands for: what is static is only what an expression may have in its hands."""
        self._left -= 1
        if self._left < 0:
            fail("KC601", f"the expression has more than {MOST_PARTS:,} parts", self.at(node), "nest fewer loops over what is written out")
        found = super().value(node, wanted)
        if isinstance(found, Static) and not _known(found.value):
            self._stop(node)
        return found

    def _value(self, node: ast.expr, wanted: Type | None) -> Value:
        if isinstance(node, ast.Constant):
            v = node.value
            if not (v is None or isinstance(v, bool | int)):
                remedy = "write a number, True, False, None, or a member of an enum"
                fail("KC202", f"{v!r} is no value of a spec", self.at(node), remedy)
            self._small(v, node)
        return super()._value(node, wanted)

    def _name(self, node: ast.Name) -> Value:
        return super()._name(node) if node.id in self.names else self._lookup(node.id, self.at(node))

    @contextmanager
    def author(self, node: ast.AST) -> Iterator[None]:
        """Nothing of the author's runs: only a collection of constants is made as it is written."""
        if not isinstance(node, ast.Tuple | ast.Set | ast.List):
            self._stop(node)
        with super().author(node):
            yield

    def _stop(self, node: ast.AST) -> NoReturn:
        text = ast.unparse(node) if isinstance(node, ast.expr) else "this"
        fail("KC603", f"`{text}` is not in the language of expressions", self.at(node), _REMEDY)

    def _small(self, value: Any, node: ast.AST) -> None:
        if isinstance(value, int) and not isinstance(value, enum.Enum):
            self.natural(Static(value), node)  # says so if it is of more than 64 bits

    # --- attributes -------------------------------------------------------------------------------------------------------

    def attribute(self, base: Value, node: ast.Attribute) -> Value:
        """A member of an enum, or what a record or state has; fields of states go by their name without the underscore."""
        name, at = node.attr, self.at(node)
        if isinstance(base, Static) and not isinstance(base.value, Sort | Record):
            return self._of_static(base.value, node)
        t = None if isinstance(base, Static | Method) else base.type
        if isinstance(base, ir.Expr | ir.Place) and isinstance(t, RecordType):
            known = [f.name for f in t.fields]
            if t.is_state and name not in known and f"_{name}" in known:
                return self.field(base, t, f"_{name}", at)
            if t.is_state and inspect.getattr_static(t.cls, name, None) is None:
                named = [n.lstrip("_") for n in known]
                _unknown("KC103", f"{t} has no {name}", name, named, at)
        if isinstance(base, ir.Expr) and isinstance(t, RefType | EnumType):
            return self._of_member(base, t, name, node)
        return super().attribute(base, node)

    def _of_member(self, base: Value, t: RefType | EnumType, name: str, node: ast.Attribute) -> Value:
        """A member's number, value, or what the language compiles of its class; nothing that Python computes is asked for."""
        at = self.at(node)
        if isinstance(t, RefType) and name == "index" and isinstance(base, ir.Expr):
            self.numbered(t, at, ".index")
            return ir.NumberOf(at, IntType(0, max(0, t.size - 1)), base)
        if isinstance(t, EnumType) and name == "value" and isinstance(base, ir.Expr):
            entries = {i: member._value_ for i, member in enumerate(t.values())}
            if all(type(value) in (bool, int) for value in entries.values()):
                return self.looked_up(entries, ir.NumberOf(at, IntType(0, len(entries) - 1), base), node)
        if name.startswith("_") or not isinstance(inspect.getattr_static(t.cls, name, None), FunctionType | property):
            fail("KC208", f"a {t} has no {name} that an expression may ask for", at, _REMEDY)
        return super()._of_member(base, t, name, node)

    def _of_static(self, value: Any, node: ast.Attribute) -> Value:
        name, at = node.attr, self.at(node)
        if isinstance(value, enum.EnumMeta):
            members = vars(value)["_member_map_"]
            if name in members:
                return Static(members[name])
            _unknown("KC208", f"{describe(value)} has no {name}", name, [m for m in members if not m.startswith("_")], at)
        if isinstance(value, enum.Enum) and name == "value" and type(value._value_) in (bool, int):
            return Static(value._value_)
        if isinstance(value, enum.Enum):
            t = EnumType(type(value))
            return self._of_member(self.constant(Static(value), t, node), t, name, node)
        if isinstance(value, type) and issubclass(value, Record) and not name.startswith("_"):
            found = inspect.getattr_static(value, name, None)
            if found is not None and type(found) in (bool, int):
                return Static(found)
        if value is None:
            fail("KC210", f"None has no {name}", at, "ask for `is not None` first: … if x is not None else …")
        fail("KC208", f"{describe(value)} has no {name} that an expression may ask for", at, _REMEDY)

    def _private(self, t: RecordType, name: str, at: Position) -> None:
        """No underscore, and nothing of the class but what the language compiles."""
        if name.startswith("_"):
            fail("KC211", f"{name} is private", at, "the fields of the parts of the state are called without the underscore")
        found = inspect.getattr_static(t.cls, name, None)
        if found is None or isinstance(found, FieldView | FunctionType | property | staticmethod) or type(found) in (bool, int):
            return
        if isinstance(found, enum.Enum) and _known(found):
            return
        fail("KC208", f"{t}.{name} is nothing that an expression may ask for", at, _REMEDY)

    # --- what is static ----------------------------------------------------------------------------------------------------

    def binary(self, op: type[ast.operator], left: Value, right: Value, node: ast.AST) -> Value:
        """Of two constants: arithmetic on small numbers, operations on sets."""
        if isinstance(left, Static) and isinstance(right, Static):
            a, b = left.value, right.value
            numbers = type(a) in (bool, int) and type(b) in (bool, int) and op in (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
            sets = isinstance(a, set | frozenset) and isinstance(b, set | frozenset) and op in (ast.BitOr, ast.BitAnd, ast.Sub)
            if not (numbers or sets):
                fail("KC213", "these cannot be combined", self.at(node), "integers have + - * // %, sets | & -")
            if numbers and op in (ast.FloorDiv, ast.Mod) and b == 0:
                fail("KC507", "division by zero", self.at(node), "divide by another number")
            found = BINARY[op](a, b)
            self._small(found, node)
            return Static(found)
        return super().binary(op, left, right, node)

    def _static_comparison(self, symbol: str, left: Static, right: Static, node: ast.expr) -> Value:
        a, b = left.value, right.value
        plain = (bool, int, type(None), tuple, set, frozenset)
        numbers = type(a) in (bool, int) and type(b) in (bool, int)
        if symbol in ("==", "!=") and not (isinstance(a, plain) and isinstance(b, plain)):
            return Static((a is b) == (symbol == "=="))  # members and classes are what they are
        if isinstance(a, Sort) and type(a) is type(b) and not type(a).symmetric:
            return Static(bool(COMPARISONS[symbol](a.number, getattr(b, "number"))))  # noqa: B009 - a member of the same sort
        if symbol not in ("==", "!=") and not numbers:
            fail("KC213", f"{describe(a)} and {describe(b)} have no order", self.at(node), "compare numbers")
        return Static(bool(COMPARISONS[symbol](a, b)))

    def _member(
        self, item: Value, collection: Value, item_node: ast.expr, collection_node: ast.expr, node: ast.expr
    ) -> Value:
        if isinstance(item, Static) and isinstance(collection, Static) and isinstance(collection.value, tuple | set | frozenset | range):
            return Static(any(item.value is v or (type(item.value) is type(v) is int and item.value == v) for v in collection.value))
        return super()._member(item, collection, item_node, collection_node, node)

    def truth(self, value: Value, node: ast.expr) -> ir.Expr:
        """A value as a condition: a constant must be a bool, too."""
        if isinstance(value, Static) and not isinstance(value.value, bool):
            fail("KC216", f"{describe(value.value)} is not a condition", self.at(node), "compare it with something")
        return super().truth(value, node)

    def _static_call(self, target: Any, positional: list[Value], named: dict[str, Value], node: ast.Call) -> Value:
        values = [v.value for v in positional if isinstance(v, Static)]
        numbers = bool(values) and all(type(v) in (bool, int) for v in values) and not named
        if numbers and (target is builtins.abs if len(values) == 1 else target in (builtins.min, builtins.max)):
            return Static(target(*values))
        if numbers and target is builtins.range and len(values) <= 2:
            found = range(*values)
            if found[MOST_PARTS:]:
                fail("KC228", f"this range has more than {MOST_PARTS:,} numbers", self.at(node), "ask for fewer")
            return Static(found)
        if target is builtins.len and len(values) == 1 and isinstance(values[0], tuple | set | frozenset | range | enum.EnumMeta):
            return Static(len(values[0]))
        fail("KC224", f"{describe(target)} cannot be called so", self.at(node.func), _REMEDY)

    def call_function(
        self,
        function: FunctionType,
        receiver: Value | None,
        positional: list[Value],
        named: dict[str, Value],
        node: ast.AST,
    ) -> ir.Expr:
        """A call of what the spec has: what it is given are values, so that nothing in it is evaluated with them by Python."""
        return super().call_function(
            function,
            None if receiver is None else self._given(receiver, node),
            [self._given(v, node) for v in positional],
            {name: self._given(v, node) for name, v in named.items()},
            node,
        )

    def _given(self, value: Value, node: ast.AST) -> Value:
        return self.plain(value, node) if isinstance(value, Static) else value

    def natural(self, value: Value, node: ast.AST) -> Type:
        """A collection of constants is a set or sequence of what its members are, if these are alike."""
        if isinstance(value, Static) and isinstance(value.value, tuple | set | frozenset) and value.value:
            first, *rest = {super(Query, self).natural(Static(v), node) for v in value.value}
            if isinstance(first, EnumType | RefType) and not rest:
                return SeqType(first, len(value.value)) if isinstance(value.value, tuple) else SetType(first)
        return super().natural(value, node)

    def constant(self, value: Value, t: Type, node: ast.AST) -> ir.Expr:
        """As in a spec; who gives a number where a member is needed is told how that is written."""
        if isinstance(value, Static) and type(value.value) is int and isinstance(t, RefType | EnumType) and t.cardinality:
            members = t.values()
            member = members[value.value if 0 <= value.value < len(members) else 0]
            written = f"{t}({member.number})" if isinstance(member, Sort) else f"{t}.{member.name}"
            fail("KC201", f"{value.value} does not belong to {t}", self.at(node), f"write {written}")
        return super().constant(value, t, node)

    # --- symmetric sorts: a state is only looked at, so that their members may be told apart -------------------------------

    def nameable(self, value: Static, node: ast.AST) -> None:
        """Any member may be named."""

    def numbered(self, t: RefType, at: Position, what: str) -> None:
        """A member may be named by its number, which is no order yet."""
        if what != f"{t}(…)":
            super().numbered(t, at, what)

    def symmetric(self, domain: ir.Domain) -> str | None:
        """The first member may be asked for."""
        return None


def _known(value: Any) -> bool:
    """Whether a static object is one that an expression may hold."""
    if isinstance(value, tuple | set | frozenset):
        return all(_known(v) for v in value)
    if isinstance(value, type):
        return isinstance(value, SortMeta | enum.EnumMeta) or issubclass(value, Record) or value in (range, tuple, Set)
    if isinstance(value, FunctionType):
        return True  # called as IR, or not at all
    if isinstance(value, enum.Enum | Sort | Record) or type(value) in (bool, int, range, type(None)):
        return True
    return any(value is function for function in FUNCTIONS.values())


def plain_value(value: Any) -> bool:
    """Whether an object, such as a value of a scope, is one of the language: a number, a condition, a member."""
    return value is None or type(value) in (bool, int) or isinstance(value, enum.Enum | Sort)


def _function() -> None:
    """Stands for the function that an expression is not in."""


def _unknown(code: str, message: str, name: str, known: list[str], at: Position) -> NoReturn:
    near = difflib.get_close_matches(name, known, n=1)
    fail(code, message, at, f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}")


def _refuse(code: str, message: str, at: Position, remedy: str) -> NoReturn:
    raise SpecError(code, message, position=at, remedy=remedy)


def _at(begin: int, end: int) -> Position:
    return Position(SOURCE, 1, begin + 1, 1, max(end, begin + 1) + 1)


def _place(line: str, node: ast.AST) -> Position:
    """`ast` counts UTF-8 bytes; people count characters."""
    begin, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)
    data = line.encode(errors="replace")
    characters = [len(data[: at or 0].decode(errors="ignore")) for at in (begin, begin if end is None else end)]
    return _at(*characters)


__all__ = ["FUNCTIONS", "LONGEST", "SOURCE", "Query", "parsed", "plain_value"]
