"""Mutants of the model's source: every condition of it removed or negated, one at a time.

A condition is what a `require` asks, what an `if` (also within an expression or a comprehension) asks, what `any`, `all` and `count` ask
of each element, and what is named, passed on or answered as a comparison or a combination by `and`, `or`, `not`. Of one that is joined by
`and` or `or`, however deep, each part is removed on its own; one that stands alone is removed, where something is left without it, and
negated. The whole of a joined one is not negated: almost any check notices that, and it would flatter the share. `present(x)` has no
mutant: without it the language refuses the use of x.

A mutant is `static` if it removes a condition, or a part of one, that asks nothing but one size of the scope: a field of ClusterScope that
is a number or a yes or no, alone or compared with a constant (`scope.lost_responses > 0 and self._losing == 1`). Where the size is 0 what
it guards has no values to act on: it decides what is compiled, not what happens. These mutants are tried like all others, and counted by
themselves: they are in no share of guards.

Conditions that only say which modules a scope has (in the body of a function that gives a Module or a Spec, outside its actions) are no
part of what the model does. Neither are files that size, read and describe it (see `NO_BEHAVIOUR`), methods of a class that is a scope,
functions that give a text, and properties: they are what notices.

The idea is DeMillo, Lipton and Sayward's ("Hints on test data selection", 1978); that a specification can be tested so is Budd and Gopal's
("Program testing by specification mutation", 1985).
"""

from __future__ import annotations

import ast
import dataclasses
import functools
from collections import Counter
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
    "queues.py",
    "scaling.py",
    "scope.py",
    "scope_checks.py",
    "summary.py",
}
"""Files of the model without a guard of its own: what sizes it, reads manifests and describes it; properties judge it."""
PROPERTIES = {"invariant", "step_invariant", "quiescent", "reachable", "limit"}
NO_BEHAVIOUR_FOLDERS = {"scenarios", "bugs", "conformance"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: the text between two bytes of a file (relative to the model's folder) is replaced.

    `nth` counts those before it in the file that are the same in all but their place.
    """

    file: str
    function: str
    first_line: int
    last_line: int
    line: int
    last: int
    what: str
    before: str
    after: str
    start: int
    end: int
    static: bool = False
    nth: int = 0

    @property
    def is_part(self) -> bool:
        """Whether it removes a part of a joined condition; else a condition as a whole is removed or negated."""
        return self.what.startswith("part ")

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
        if name.name == "__init__.py" or judges or str(name) in NO_BEHAVIOUR or name.parts[0] in NO_BEHAVIOUR_FOLDERS:
            continue
        found.append(str(name))
    return found


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of one file's source, in the order of its text."""
    found = _Finder(file, source).functions(ast.parse(source).body, outer="", in_builder=False)
    seen: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for m in sorted(found, key=lambda m: (m.start, m.end, m.after)):
        same = (m.function, m.what, m.before, m.after)
        numbered.append(dataclasses.replace(m, nth=seen[same]))
        seen[same] += 1
    return numbered


class _Finder:
    def __init__(self, file: str, source: str) -> None:
        self._file = file
        self._source = source.encode()
        self._lines = [0]
        for line in self._source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def functions(self, body: list[ast.stmt], *, outer: str, in_builder: bool) -> Iterator[Mutant]:
        for node in body:
            if isinstance(node, ast.ClassDef) and not node.name.endswith("Scope"):
                yield from self.functions(node.body, outer=f"{node.name}.", in_builder=False)
            elif isinstance(node, ast.FunctionDef):
                gives = ast.unparse(node.returns) if node.returns else ""
                if gives == "str" or _is_property(node):
                    continue
                if gives in ("Module", "Spec"):
                    yield from self.functions(node.body, outer="", in_builder=True)
                else:
                    yield from self._function(node, outer)
            elif in_builder and isinstance(node, (ast.If, ast.For, ast.With)):
                yield from self.functions([*node.body, *getattr(node, "orelse", [])], outer=outer, in_builder=True)

    def _function(self, function: ast.FunctionDef, outer: str) -> Iterator[Mutant]:
        seen: set[tuple[int, int, str]] = set()
        for condition, removed, span in _conditions(function):
            for start, end, what, after, static in self._of(condition, removed, span):
                if (start, end, after) not in seen:
                    seen.add((start, end, after))
                    yield self._mutant(function, outer, start, end, what, after, static)

    def _of(self, condition: ast.expr, removed: str | None, span: ast.AST) -> Iterator[tuple[int, int, str, str, bool]]:
        """Its parts removed, or the whole removed and negated; `removed` is what the text of `span` becomes without it."""
        start, end = self._span(condition)
        joined = _joined(condition)
        if joined is None:
            text = self._source[start:end].decode()
            yield start, end, "negated", f"(not ({text}))", False
            if removed is not None:
                yield *self._span(span), "removed", removed, _is_static(condition)
            return
        outside = (
            self._source[start : self._span(joined)[0]].decode(),
            self._source[self._span(joined)[1] : end].decode(),
        )
        for part, rest in self._without(joined):
            shown = " ".join(self._text(part).split())
            yield start, end, f"part `{shown}` removed from", f"({rest})".join(outside), _is_static(part)

    def _without(self, joined: ast.BoolOp) -> Iterator[tuple[ast.expr, str]]:
        """Each part, at any depth, with what is left of the whole without it."""
        word = " and " if isinstance(joined.op, ast.And) else " or "
        texts = ["(" + self._text(value) + ")" for value in joined.values]
        for number, value in enumerate(joined.values):
            inner = _joined(value)
            if inner is None:
                yield value, word.join(t for other, t in enumerate(texts) if other != number)
                continue
            before = self._source[self._span(value)[0] : self._span(inner)[0]].decode()
            after = self._source[self._span(inner)[1] : self._span(value)[1]].decode()
            for part, rest in self._without(inner):
                yield (
                    part,
                    word.join(f"({before}({rest}){after})" if other == number else t for other, t in enumerate(texts)),
                )

    def _text(self, node: ast.expr) -> str:
        return self._source[slice(*self._span(node))].decode()

    def _mutant(
        self, function: ast.FunctionDef, outer: str, start: int, end: int, what: str, after: str, static: bool
    ) -> Mutant:
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        return Mutant(
            file=self._file,
            function=outer + function.name,
            first_line=first,
            last_line=function.end_lineno or first,
            line=self._source[:start].count(b"\n") + 1,
            last=self._source[:end].count(b"\n") + 1,
            what=what,
            before=" ".join(self._source[start:end].decode().split()),
            after=after,
            start=start,
            end=end,
            static=static,
        )

    def _span(self, node: ast.AST) -> tuple[int, int]:
        assert isinstance(node, (ast.expr, ast.stmt))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[node.end_lineno - 1] + node.end_col_offset


def _conditions(function: ast.FunctionDef) -> Iterator[tuple[ast.expr, str | None, ast.AST]]:
    """Each condition of a function, what is left where it is removed (None: nothing would be), and the node that this stands for."""
    gives = ast.unparse(function.returns) if function.returns else ""
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and _called(node.value) == "require":
            assert isinstance(node.value, ast.Call)
            yield node.value.args[0], "pass", node
        elif isinstance(node, (ast.If, ast.IfExp)):
            yield node.test, "True", node.test
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield test, "True", test
        elif isinstance(node, ast.Call) and _called(node) in ("any", "all", "count", "first"):
            for argument in node.args:
                if isinstance(argument, ast.GeneratorExp) and _is_boolean(argument.elt):
                    yield argument.elt, None, argument.elt
        elif isinstance(node, ast.Return) and gives == "bool" and node.value is not None:
            if not isinstance(node.value, ast.Constant):
                yield node.value, None, node.value
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.keyword, ast.Return)) and _is_boolean(node.value):
            assert node.value is not None
            yield node.value, None, node.value


@functools.cache
def _sizes() -> frozenset[str]:
    """The fields of ClusterScope that are a number, or a yes or no."""
    tree = ast.parse((ROOT / "model" / "scope.py").read_text())
    scope = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "ClusterScope")
    fields = [
        node
        for node in scope.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) in ("int", "bool")
    ]
    return frozenset(ast.unparse(field.target) for field in fields)


def _is_static(condition: ast.expr) -> bool:
    """Whether a condition asks nothing but one size of the scope."""
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        if not isinstance(condition.comparators[0], ast.Constant):
            return False
        condition = condition.left
    return (
        isinstance(condition, ast.Attribute)
        and isinstance(condition.value, ast.Name)
        and condition.value.id == "scope"
        and condition.attr in _sizes()
    )


def _is_property(function: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Attribute) and d.attr in PROPERTIES for d in function.decorator_list)


def _called(value: ast.expr) -> str:
    return value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""


def _is_boolean(value: ast.expr | None) -> bool:
    """Whether an expression is a condition by its form."""
    return isinstance(value, (ast.BoolOp, ast.Compare)) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    )


def _joined(condition: ast.expr) -> ast.BoolOp | None:
    """What `and` or `or` joins in a condition, also below a `not`."""
    if isinstance(condition, ast.UnaryOp) and isinstance(condition.op, ast.Not):
        return _joined(condition.operand)
    return condition if isinstance(condition, ast.BoolOp) else None
