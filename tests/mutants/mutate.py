"""Mutants of the model's source: every condition of it removed or negated, one at a time.

A condition is what a `require` asks, what an `if` (also within an expression) asks, and what a helper of type bool answers. Of one that
is joined by `and` or `or`, each part is removed on its own, and the whole is negated. Conditions that only say which modules a scope
has (in the body of a function that gives a Module, outside its actions) are no part of what the model does, and neither are files
that size, read and describe it: see `FILES`.

The idea is DeMillo, Lipton and Sayward's ("Hints on test data selection", 1978); that a specification can be tested so is Budd and Gopal's
("Program testing by specification mutation", 1985).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NO_BEHAVIOUR = {
    "cluster.py",
    "features.py",
    "label_selector.py",
    "manifest.py",
    "manifest_fields.py",
    "manifest_source.py",
    "picture.py",
    "rollout_bounds.py",
    "scaling.py",
    "scope.py",
    "scope_checks.py",
    "summary.py",
}
"""Files of the model without a guard of its own: what sizes it, reads manifests and describes it; properties judge it."""
NO_BEHAVIOUR_FOLDERS = {"scenarios", "bugs", "conformance"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: the text between two bytes of a file (relative to the model's folder) is replaced."""

    file: str
    function: str
    first_line: int
    last_line: int
    line: int
    what: str
    before: str
    after: str
    start: int
    end: int

    def __str__(self) -> str:
        return f"model/{self.file}:{self.line} {self.function}: {self.what} `{self.before}`"

    def applied(self, source: bytes) -> bytes:
        """The file's text with the change."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def files(model: Path = ROOT / "model") -> list[str]:
    """The model's files with behaviour, relative to its folder."""
    found = []
    for path in sorted(model.rglob("*.py")):
        name = path.relative_to(model)
        judges = "properties" in name.name or name.name.startswith("safety_of")
        if name.name == "__init__.py" or judges or name.name in NO_BEHAVIOUR or name.parts[0] in NO_BEHAVIOUR_FOLDERS:
            continue
        found.append(str(name))
    return found


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of one file's source, in the order of its text."""
    found = list(_Finder(file, source).functions(ast.parse(source).body, outer="", in_builder=False))
    return sorted(found, key=lambda m: (m.start, m.end, m.after))


class _Finder:
    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._source = source.encode()
        self._lines = [0]
        for line in self._source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def functions(self, body: list[ast.stmt], *, outer: str, in_builder: bool) -> Iterator[Mutant]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from self.functions(node.body, outer=f"{node.name}.", in_builder=False)
            elif isinstance(node, ast.FunctionDef):
                gives = ast.unparse(node.returns) if node.returns else ""
                if gives == "Module":
                    yield from self.functions(node.body, outer="", in_builder=True)
                else:
                    yield from self._function(node, outer)
            elif in_builder and isinstance(node, (ast.If, ast.For, ast.With)):
                yield from self.functions([*node.body, *getattr(node, "orelse", [])], outer=outer, in_builder=True)

    def _function(self, function: ast.FunctionDef, outer: str) -> Iterator[Mutant]:
        gives = ast.unparse(function.returns) if function.returns else ""
        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and _is_require(node.value):
                call = node.value
                assert isinstance(call, ast.Call)
                for start, end, what, after in self._of(call.args[0], alone=None):
                    yield self._mutant(function, outer, node.lineno, start, end, what, after)
                if not isinstance(call.args[0], ast.BoolOp):
                    start, end = self._span(node)
                    yield self._mutant(function, outer, node.lineno, start, end, "removed", "pass")
            elif isinstance(node, ast.If):
                for start, end, what, after in self._of(node.test, alone="True"):
                    yield self._mutant(function, outer, node.test.lineno, start, end, what, after)
            elif isinstance(node, ast.IfExp):
                for start, end, what, after in self._of(node.test, alone=None):
                    yield self._mutant(function, outer, node.test.lineno, start, end, what, after)
            elif isinstance(node, ast.Return) and gives == "bool" and node.value is not None:
                if isinstance(node.value, ast.Constant):
                    continue
                for start, end, what, after in self._of(node.value, alone=None):
                    yield self._mutant(function, outer, node.lineno, start, end, what, after)

    def _of(self, condition: ast.expr, *, alone: str | None) -> Iterator[tuple[int, int, str, str]]:
        """Its parts removed, and the whole negated; `alone` is what a condition without parts becomes when it is removed."""
        start, end = self._span(condition)
        text = self._source[start:end].decode()
        yield start, end, "negated", f"(not ({text}))"
        if isinstance(condition, ast.BoolOp):
            joined = " and " if isinstance(condition.op, ast.And) else " or "
            parts = ["(" + self._source[slice(*self._span(value))].decode() + ")" for value in condition.values]
            for number, value in enumerate(condition.values):
                others = joined.join(part for other, part in enumerate(parts) if other != number)
                shown = " ".join(self._source[slice(*self._span(value))].decode().split())
                yield start, end, f"part `{shown}` removed from", f"({others})"
        elif alone is not None:
            yield start, end, "removed", alone

    def _mutant(
        self, function: ast.FunctionDef, outer: str, line: int, start: int, end: int, what: str, after: str
    ) -> Mutant:
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        return Mutant(
            file=self._file,
            function=outer + function.name,
            first_line=first,
            last_line=function.end_lineno or first,
            line=line,
            what=what,
            before=" ".join(self._source[start:end].decode().split()),
            after=after,
            start=start,
            end=end,
        )

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[node.end_lineno - 1] + node.end_col_offset


def _is_require(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "require"
