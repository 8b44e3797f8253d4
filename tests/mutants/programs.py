"""Mutants of ordinary Python: what a slip of the hand makes of a line, one change at a time.

A comparison becomes its neighbour (`<` and `<=`) or its opposite, `and` becomes `or`, a condition is negated, `+` becomes `-`, a small
number grows by one, True becomes False, `min` becomes `max`, a statement that only has an effect is left out, `continue` becomes `break`,
a `return` of something answers nothing. They are Offutt's sufficient operators ("An experimental determination of sufficient mutant
operators", 1996) and the removal of statements, as far as Python has them. Left alone are: texts (docstrings, messages), annotations,
`__all__`, what is imported, what only raises (the tests of errors look at these), and calls whose result is a text for a reader.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARISONS = {
    ast.Lt: ("<=", ">="), ast.LtE: ("<", ">"), ast.Gt: (">=", "<="), ast.GtE: (">", "<"), ast.Eq: ("!=",), ast.NotEq: ("==",),
    ast.Is: ("is not",), ast.IsNot: ("is",), ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
_ARITHMETIC = {
    ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Mod: "*", ast.LShift: ">>", ast.RShift: "<<", ast.BitAnd: "|",
    ast.BitOr: "&",
}  # fmt: skip
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LARGE = 64  # larger constants are sizes of buffers and the like


@dataclass(frozen=True)
class Change:
    """The text between two bytes of a file of a room is replaced."""

    file: str
    line: int
    function: str
    what: str
    start: int
    end: int
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.what}"

    def applied(self, source: bytes) -> bytes:
        """The file's text with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def changes(file: str, source: str) -> list[Change]:
    """All changes of one file's source, in the order of its text; each of them parses."""
    return sorted(_Finder(file, source).all(), key=lambda c: (c.start, c.end, c.after))


class _Finder:
    def __init__(self, file: str, source: str) -> None:
        self._file, self._source = file, source.encode()
        self._tree = ast.parse(source)
        self._starts = [0]
        for line in self._source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def all(self) -> Iterator[Change]:
        yield from self._inside(self._tree.body, "")

    def _inside(self, body: list[ast.stmt], outer: str) -> Iterator[Change]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from self._inside(node.body, f"{outer}{node.name}.")
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for statement in node.body:
                    yield from self._of(statement, outer + node.name)

    def _of(self, node: ast.AST, function: str) -> Iterator[Change]:
        if isinstance(node, (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr)):
            return
        for what, part, after in self._changed(node):
            start, end = self._span(part)
            yield Change(self._file, part.lineno, function, what, start, end, after)
        if isinstance(node, ast.AnnAssign):
            children: list[ast.AST] = [node.value] if node.value else []
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            function, children = f"{function}.{node.name}", [*node.body]
        else:
            children = [child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.arguments, ast.ExceptHandler))]
            if isinstance(node, ast.Try):
                children += [s for handler in node.handlers for s in handler.body]
        for child in children:
            yield from self._of(child, function)

    def _changed(self, node: ast.AST) -> Iterator[tuple[str, ast.expr | ast.stmt, str]]:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self._text(node.left), self._text(node.comparators[0])
            for other in _COMPARISONS[type(node.ops[0])]:
                yield f"`{self._short(node)}` with `{other}`", node, f"({left} {other} {right})"
        elif isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.And) else " and "
            joined = word.join(f"({self._text(value)})" for value in node.values)
            yield f"`{self._short(node)}` with `{word.strip()}`", node, f"({joined})"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield f"`{self._short(node)}` without `not`", node, f"({self._text(node.operand)})"
        elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not self._is_text(node):
            sign = _ARITHMETIC[type(node.op)]
            yield f"`{self._short(node)}` with `{sign}`", node, f"({self._text(node.left)} {sign} {self._text(node.right)})"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield f"{node.value} is {not node.value}", node, str(not node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value <= _LARGE:
            yield f"{node.value} is {node.value + 1}", node, str(node.value + 1)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _SWAPPED:
            yield f"{node.func.id} is {_SWAPPED[node.func.id]}", node.func, _SWAPPED[node.func.id]
        elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
            yield f"`{self._short(node)}` answers None", node, "return None"
        elif _only_acts(node):
            assert isinstance(node, ast.stmt)
            yield f"`{self._short(node)}` left out", node, "pass"
        elif isinstance(node, (ast.Continue, ast.Break)):
            word = "break" if isinstance(node, ast.Continue) else "continue"
            yield f"`{word}` in its place", node, word
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not isinstance(node.test, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
            yield f"`{self._short(node.test)}` negated", node.test, f"(not ({self._text(node.test)}))"

    @staticmethod
    def _is_text(node: ast.BinOp) -> bool:
        return any(
            isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
            for part in ast.walk(node)
        )

    def _text(self, node: ast.expr | ast.stmt) -> str:
        return self._source[slice(*self._span(node))].decode()

    def _short(self, node: ast.expr | ast.stmt) -> str:
        text = " ".join(self._text(node).split())
        return text if len(text) <= 70 else text[:67] + "..."

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset


def _only_acts(node: ast.AST) -> bool:
    """Whether a statement has an effect and names nothing new: without it the rest still runs."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], (ast.Attribute, ast.Subscript))
    return isinstance(node, (ast.AugAssign, ast.Delete))
