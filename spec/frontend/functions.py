"""Functions: finding their types, specialising them for their arguments, and compiling their bodies."""

from __future__ import annotations

import ast
import inspect
from types import FunctionType
from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.declare import Declared, Spec, annotations_of
from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.frontend.bindings import Binding, Method, Static, Value, Variable, assigned_names, describe
from kubecheck.spec.frontend.purity import Constants
from kubecheck.spec.source import fail, position, tree
from kubecheck.spec.types import INT, NoneType, Type, is_place

MAX_CALLS = 60  # calls within calls; deeper is taken for a recursion


class Compiler:
    """Compiles the functions of one spec; each specialisation once."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.functions: list[ir.Function] = []
        self._done: dict[Any, ir.Function] = {}
        self._running: list[Any] = []
        self.constants = Constants()
        self._kept: list[Any] = []  # static arguments are told apart by id(), so they must stay alive

    def still_constant(self) -> None:
        """SpecError if something that was read as a constant has changed since, or a class has got what the native execution ignores."""
        self.spec.types.check_classes()
        with self.spec.types.active():
            self.constants.check()

    def declared(self, declared: Declared, formals: tuple[ir.Formal, ...], result: Type) -> ir.Function:
        """A declared function; parts of the state are places, the rest values."""
        root = self.spec.root
        names: dict[str, Binding] = {}
        parameters = self.spec.parameters(declared)
        definition = tree(declared.function)
        at = position(declared.function.__code__.co_filename, definition)
        for p, f in zip(parameters, formals, strict=True):
            if p.part is None:
                names[p.name] = Variable(p.name, p.type)
            else:
                names[p.name] = ir.PartPlace(at, root.fields[p.part].type, f.root, p.part)
        function = ir.Function(declared.name, formals, result, at)
        written = self.annotation(declared.function, "return", declared.namespace, at)
        wanted = "None" if isinstance(result, NoneType) else "bool"
        if written != result:
            fail(
                "KC121",
                f"{declared.name} must be annotated `-> {wanted}`",
                _signature(at, definition),
                f"write `-> {wanted}`",
            )
        return self._compile(declared.function, declared.namespace, function, names)

    def annotation(self, function: FunctionType, name: str, namespace: Any, at: Position) -> Type | None:
        """The type of a parameter or result; None if it is not annotated or the annotation is not a type of the language."""
        annotations, names = annotations_of(function, namespace)
        if name not in annotations:
            return None
        annotation = annotations[name]
        if annotation is None or annotation in ("None", type(None)):
            return NoneType()
        if annotation in (int, "int"):
            return INT
        try:
            return self.spec.types.resolve(annotation, names)
        except SpecError as e:
            if e.code == "KC101":
                return None
            raise SpecError(e.code, e.message, position=at, remedy=e.remedy) from None

    def specialise(
        self, function: FunctionType, namespace: Any, bound: list[tuple[str, Value, Type | None]], at: Position
    ) -> tuple[ir.Function, tuple[ir.Place | ir.Expr, ...]]:
        """The function for arguments of these kinds, and the arguments that it still takes.

        `bound` gives each parameter's name, its argument (coerced already where it is a value), and its type.
        """
        key: list[Any] = [
            function.__code__,
            tuple(id(c.cell_contents) for c in function.__closure__ or () if _filled(c)),
        ]
        formals: list[ir.Formal] = []
        names: dict[str, Binding] = {}
        given: list[ir.Place | ir.Expr] = []
        for name, value, t in bound:
            if isinstance(value, Static):
                self._kept.append(value.value)
                key.append((name, "static", _identity(value.value)))
                names[name] = value
            elif isinstance(value, ir.Place):
                key.append((name, "place", value.type, value.root))
                formals.append(ir.Formal(name, value.type, True, value.root))
                names[name] = ir.NamedPlace(at, value.type, value.root, name)
                given.append(value)
            else:
                assert isinstance(value, ir.Expr)
                assert t is not None
                key.append((name, "value", t))
                formals.append(ir.Formal(name, t, False))
                names[name] = Variable(name, t)
                given.append(value)
        full = tuple(key)
        if full in self._running or len(self._running) >= MAX_CALLS:
            fail(
                "KC013",
                f"{function.__name__} calls itself",
                at,
                "there is no recursion in the language; write a loop over a finite domain",
            )
        if full not in self._done:
            try:
                definition = tree(function)
            except SpecError as e:  # a lambda, say: the call is what can be shown
                raise SpecError(e.code, e.message, position=e.position or at, remedy=e.remedy) from None
            here = position(function.__code__.co_filename, definition)
            result = self.annotation(function, "return", namespace, here)
            if result is None:
                fail(
                    "KC122",
                    f"{function.__name__} has no result type of the language",
                    _signature(here, definition),
                    "annotate the result: `-> bool`, `-> int`, `-> None`, a Sort, an Enum, a Record, …",
                )
            if is_place(result):
                fail(
                    "KC123",
                    f"{function.__name__} returns {result}, a place",
                    _signature(here, definition),
                    "return an element or a field of it",
                )
            compiled = ir.Function(function.__name__, tuple(formals), result, here)
            self._running.append(full)
            try:
                self._done[full] = self._compile(function, namespace, compiled, names)
            finally:
                self._running.pop()
        return self._done[full], tuple(given)

    def _compile(
        self, function: FunctionType, namespace: Any, compiled: ir.Function, names: dict[str, Binding]
    ) -> ir.Function:
        from kubecheck.spec.frontend.statements import Body

        body = Body(self, function, namespace, compiled, names)
        compiled.body = body.compile(tree(function))
        self.functions.append(compiled)
        return compiled


def bind(
    function: FunctionType, receiver: Value | None, positional: list[Value], named: dict[str, Value], at: Position
) -> dict[str, Value]:
    """Arguments by parameter name, defaults filled in; SpecError KC124 if they do not fit."""
    signature = inspect.signature(function, follow_wrapped=False)
    for p in signature.parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            fail(
                "KC124",
                f"{function.__name__} takes *{p.name}, which is not in the language",
                at,
                "give each parameter a name",
            )
    first = [] if receiver is None else [receiver]
    try:
        arguments = signature.bind(*first, *positional, **named)
    except TypeError as e:
        fail("KC124", f"{function.__name__}: {e}", at, f"it is defined as {function.__name__}{signature}")
    found = dict(arguments.arguments)
    for name, p in signature.parameters.items():
        if name not in found:
            found[name] = Static(p.default)
    return found


def stays_static(function: FunctionType, name: str) -> bool:
    """Whether a parameter is never assigned to in the function, so that a static argument can stay what it is."""
    return name not in assigned_names(tree(function).body)


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None or True
    except ValueError:
        return False


def _identity(value: Any) -> Any:
    """Equal constants share a specialisation; other objects are told apart by identity."""
    if isinstance(value, int | str | bool | type(None)):
        return (type(value), value)
    return id(value)


def _signature(at: Position, definition: ast.FunctionDef) -> Position:
    text_end = definition.body[0].lineno - 1 if definition.body else at.line
    line = definition.lineno
    return Position(
        at.file,
        line,
        definition.col_offset + 1,
        max(line, text_end),
        definition.col_offset + 1 + len(f"def {definition.name}"),
    )


__all__ = ["Compiler", "Method", "bind", "describe", "stays_static"]
