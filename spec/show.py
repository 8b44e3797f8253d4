"""Showing a spec: its state layout, its actions and properties, and the IR of its functions, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kubecheck.spec import ir as nodes
from kubecheck.spec.declare import Spec
from kubecheck.spec.effects import effects, path
from kubecheck.spec.frontend import program
from kubecheck.spec.layout import WORD, leaves, words
from kubecheck.spec.reference import show
from kubecheck.spec.types import RecordType
from kubecheck.spec.visible import visible


def describe(spec: Spec, action: str | None = None) -> str:
    """The state's layout in bits, each action with what it reads and writes, each property; or one action only.

    Raises KeyError for an unknown name.
    """
    compiled = program(spec)
    root = compiled.root
    if action is not None:
        return _lines(_action(compiled.action(spec.find_action(action)), root))
    only = root.fields[0].type if len(root.fields) == 1 else root
    lines = [f"{spec.name}: {root.bits} bits, {words(root)} words of {WORD}", "", "state"]
    for leaf in leaves(only):
        if leaf.bits:
            lines.append(f"  {leaf.word:3}:{leaf.shift:<3} {leaf.bits:4} bits  {leaf.path}: {leaf.type}")
    free = [leaf.path for leaf in leaves(only) if not leaf.bits]
    if free:
        lines.append(f"  no bits       {', '.join(free)}")
    lines += ["", "actions"]
    for entry in compiled.actions:
        lines += _action(entry, root)
    lines += ["", "properties"]
    for entry in compiled.properties:
        found = effects(entry, root)
        kind = getattr(entry.declared, "kind", "")
        lines.append(f"  {entry.declared.name}  [{kind}]  {entry.declared.sentence}")
        lines.append(f"    reads  {', '.join(sorted(found.reads)) or 'nothing'}")
    return _lines(lines)


def _lines(lines: list[str]) -> str:
    return "\n".join(visible(line) for line in lines)


def _action(entry: nodes.Entry, root: RecordType) -> list[str]:
    found = effects(entry, root)
    parameters = ", ".join(f"{p.name}: {p.type}" for p in entry.parameters if p.part is None)
    actor = getattr(entry.declared, "actor", "")
    return [
        f"  {entry.declared.name}({parameters})  [{actor}]  {entry.declared.sentence}",
        f"    reads  {', '.join(sorted(found.reads)) or 'nothing'}",
        f"    writes {', '.join(sorted(found.writes)) or 'nothing'}",
    ]


def ir(spec: Spec, action: str | None = None) -> str:
    """The IR of all functions, or of one action and what it calls. Raises KeyError for an unknown name."""
    compiled = program(spec)
    if action is None:
        functions = compiled.functions
    else:
        functions = list(reachable(compiled.action(spec.find_action(action)).function))
    printer = Printer(compiled.root, functions)
    return "\n\n".join("\n".join(printer.function(f)) for f in functions)


def reachable(f: nodes.Function) -> Iterator[nodes.Function]:
    """A function and those that it calls, each once, callees first."""
    seen: dict[int, nodes.Function] = {}

    def visit(g: nodes.Function) -> None:
        if id(g) in seen:
            return
        for called in _calls(g.body):
            visit(called)
        seen[id(g)] = g

    visit(f)
    return iter(seen.values())


def _calls(node: object) -> Iterator[nodes.Function]:
    if isinstance(node, tuple):
        for part in node:
            yield from _calls(part)
    elif isinstance(node, nodes.Node):
        if isinstance(node, nodes.Call):
            yield node.function
        for name in node.__dataclass_fields__:
            yield from _calls(getattr(node, name))


class Printer:
    """Prints IR much as the language reads, with the conversions that are implicit there.

    Of `functions` with the same name, which are specialisations of one, the second is called name'2.
    """

    def __init__(self, root: RecordType, functions: Iterable[nodes.Function]) -> None:
        self.root = root
        self._names: dict[int, str] = {}
        alike: Counter[str] = Counter()
        for f in functions:
            alike[f.name] += 1
            self._names[id(f)] = f.name if alike[f.name] == 1 else f"{f.name}'{alike[f.name]}"

    def function(self, f: nodes.Function) -> list[str]:
        formals = ", ".join(f"{'place ' if p.is_place else ''}{p.name}: {p.type}" for p in f.formals)
        return [f"{self._names[id(f)]}({formals}) -> {f.result}    # line {f.at.line}", *self.block(f.body, 1)]

    def block(self, body: tuple[nodes.Stmt, ...], depth: int) -> list[str]:
        lines: list[str] = []
        for s in body:
            lines += self.statement(s, "  " * depth, depth)
        return lines or ["  " * depth + "pass"]

    def statement(self, s: nodes.Stmt, indent: str, depth: int) -> list[str]:
        match s:
            case nodes.Store():
                return [f"{indent}store {self.place(s.place)} = {self.expr(s.value)}"]
            case nodes.CopyPlace():
                return [f"{indent}copy {self.place(s.target)} = {self.place(s.source)}"]
            case nodes.SetLocal():
                return [f"{indent}{s.name}: {s.type} = {self.expr(s.value)}"]
            case nodes.Name():
                return [f"{indent}name {s.name} = {self.place(s.place)}"]
            case nodes.Require():
                return [f"{indent}require {self.expr(s.condition)}"]
            case nodes.Evaluate():
                return [f"{indent}{self.expr(s.value)}"]
            case nodes.If():
                lines = [f"{indent}if {self.expr(s.condition)}", *self.block(s.then, depth + 1)]
                return lines + ([f"{indent}else", *self.block(s.other, depth + 1)] if s.other else [])
            case nodes.For():
                return [f"{indent}for {s.variable} in {self.domain(s.domain)}", *self.block(s.body, depth + 1)]
            case nodes.Return():
                return [f"{indent}return {self.expr(s.value)}" if s.value else f"{indent}return"]
            case _:
                return [f"{indent}{type(s).__name__.lower()}"]

    def domain(self, d: nodes.Domain) -> str:
        if isinstance(d, nodes.Between):
            return f"{self.expr(d.start)} ..< {self.expr(d.stop)}"
        if isinstance(d, nodes.Elements):
            return self.place(d.source) if isinstance(d.source, nodes.Place) else self.expr(d.source)
        return str(d.element)

    def place(self, p: nodes.Place) -> str:
        if isinstance(p, nodes.ItemPlace):
            return f"{self.place(p.base)}[{self.expr(p.key)}]"
        if isinstance(p, nodes.FieldPlace):
            base = self.place(p.base)
            record = p.base.type
            assert isinstance(record, RecordType)
            return f"{base}.{record.fields[p.index].name}"
        text = path(p, self.root, {}) or self.root.fields[0].name
        return f"{text}'" if p.root else text

    def expr(self, e: nodes.Expr) -> str:
        match e:
            case nodes.Const():
                return show(e.type, e.value)
            case nodes.Local():
                return e.name
            case nodes.Read():
                return self.place(e.place)
            case nodes.Arith() | nodes.Compare() | nodes.Logic() | nodes.SetOp():
                return f"({self.expr(e.left)} {e.op} {self.expr(e.right)})"
            case nodes.Choose():
                return f"({self.expr(e.then)} if {self.expr(e.condition)} else {self.expr(e.other)})"
            case nodes.Let():
                return f"(let {e.name} = {self.expr(e.value)} in {self.expr(e.body)})"
            case nodes.Fit():
                return f"fit({self.expr(e.value)}, {e.type})"
            case nodes.GetField():
                record = e.value.type
                assert isinstance(record, RecordType)
                return f"{self.expr(e.value)}.{record.fields[e.index].name}"
            case nodes.MakeRecord():
                assert isinstance(e.type, RecordType)
                parts = zip(e.type.fields, e.fields, strict=True)
                return f"{e.type}({', '.join(f'{f.name}={self.expr(v)}' for f, v in parts)})"
            case nodes.WithFields():
                assert isinstance(e.type, RecordType)
                changes = ", ".join(f"{e.type.fields[i].name}={self.expr(v)}" for i, v in e.changes)
                return f"{self.expr(e.value)}.next({changes})"
            case nodes.Quantify():
                test = f" if {self.expr(e.condition)}" if e.condition else ""
                return f"{e.kind}({self.expr(e.body)} for {e.variable} in {self.domain(e.domain)}{test})"
            case nodes.Call():
                arguments = [self.place(a) if isinstance(a, nodes.Place) else self.expr(a) for a in e.arguments]
                return f"{self._names[id(e.function)]}({', '.join(arguments)})"
            case nodes.Unwrap():
                return f"{'present' if e.required else 'unwrap'}({self.expr(e.value)})"
            case nodes.MakeRef():
                return f"{e.type}({self.expr(e.number)})"
            case _:
                parts_of = [getattr(e, n) for n in e.__dataclass_fields__ if n not in ("at", "type")]
                flat = [x for p in parts_of for x in (p if isinstance(p, tuple) else (p,)) if isinstance(x, nodes.Expr)]
                return f"{type(e).__name__.lower()}({', '.join(self.expr(x) for x in flat)})"
