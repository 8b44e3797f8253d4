"""The front end: from the source of a spec's functions to the typed intermediate representation.

`program(spec)` compiles everything that a spec declares. Precedents for decorated Python that is compiled through its syntax tree are
Numba, Taichi and Triton; what they teach is that the errors are the user interface.
"""

from __future__ import annotations

from kubecheck.spec import ir
from kubecheck.spec.declare import Declared, Property, PropertyKind, Spec
from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.frontend.functions import Compiler
from kubecheck.spec.source import fail, position, tree
from kubecheck.spec.types import BOOL, NoneType, holds_state

__all__ = ["program"]


def program(spec: Spec) -> ir.Program:
    """The whole spec as typed IR.

    Raises SpecError for anything outside the language, with the position in the author's source.
    """
    compiler = Compiler(spec)
    result = ir.Program(spec.root)
    try:
        result.initials = [_entry(compiler, d, writes=True) for d in spec.initials]
        result.actions = [_entry(compiler, a, writes=True) for a in spec.actions]
        result.properties = [_entry(compiler, p, writes=False) for p in spec.properties]
    except RecursionError:
        message = f"{spec.name}: an expression is nested too deeply"
        raise SpecError("KC014", message, position=spec.position, remedy="name its parts") from None
    result.functions = compiler.functions
    result.still_constant = compiler.still_constant
    compiler.still_constant()
    return result


def _entry(compiler: Compiler, declared: Declared, *, writes: bool) -> ir.Entry:
    parameters = tuple(compiler.spec.parameters(declared))
    seen: set[int] = set()
    formals = []
    for p in parameters:
        root = (
            1
            if p.part in seen and isinstance(declared, Property) and declared.kind is PropertyKind.STEP_INVARIANT
            else 0
        )
        if p.part is not None:
            seen.add(p.part)
        formals.append(ir.Formal(p.name, p.type, holds_state(p.type), root))
    function = compiler.declared(declared, tuple(formals), NoneType() if writes else BOOL)
    if not writes and function.writes_state:
        at: Position = position(declared.function.__code__.co_filename, tree(declared.function))
        fail(
            "KC214",
            f"{declared.name} is a property and writes to the state",
            _head(at),
            "a property only looks; make it an action",
        )
    return ir.Entry(declared, parameters, function)


def _head(at: Position) -> Position:
    """The first line of a definition is enough to point at."""
    return Position(at.file, at.line, at.column, at.line, at.column + 3)
