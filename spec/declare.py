"""Declaring a specification: modules with their parts of the state, actions and properties, put together into a Spec.

spec = Spec("stale", Cluster, scope={"pods": 3})

@spec.action(actor="controller")
def create(s: Cluster, pod: Pod) -> None: ...
"""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import CellType, CodeType, FunctionType
from typing import Any, TypeVar, overload

from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.resolve import Types
from kubecheck.spec.source import caller
from kubecheck.spec.types import ArrayType, Field, RecordType, Type, holds_state
from kubecheck.spec.values import Sort, State

MAX_STATE_BITS = 1 << 16

F = TypeVar("F", bound=Callable[..., Any])


class ActionKind(enum.StrEnum):
    """Who moves: a component of the system, its environment (users), or a fault. Only components count for quiescence."""

    COMPONENT = "component"
    ENVIRONMENT = "environment"
    FAULT = "fault"


class PropertyKind(enum.StrEnum):
    """What a property speaks about: every state, every step, some state, every state in which no component can move.

    A limit speaks of the last too, but of the model: where it is false, a bound of the scope has stopped the system. A constraint claims
    nothing: states in which it is false are judged, but not looked beyond.
    """

    INVARIANT = "invariant"
    STEP_INVARIANT = "step invariant"
    REACHABLE = "reachable"
    QUIESCENT = "quiescent"
    LIMIT = "limit"
    CONSTRAINT = "constraint"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a declared function: a part of the state (`part` is its place in the root), or a finite value (`part` None)."""

    name: str
    type: Type
    part: int | None


@dataclass(frozen=True, eq=False)
class Declared:
    """A function of the spec's author, as it was declared: what actions, initial conditions and properties share."""

    name: str
    function: FunctionType
    sentence: str
    position: Position
    namespace: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Action(Declared):
    """One kind of atomic step, taken by `actor`."""

    actor: str = ""
    kind: ActionKind = ActionKind.COMPONENT


@dataclass(frozen=True, eq=False)
class Property(Declared):
    """A claim about states or steps."""

    kind: PropertyKind = PropertyKind.INVARIANT


class Module:
    """A component: its parts of the state (State classes), its actions, its properties. A Spec includes modules."""

    def __init__(self, name: str, *parts: type[State]) -> None:
        self.name = name
        self.parts: list[type[State]] = []
        self.actions: list[Action] = []
        self.initials: list[Declared] = []
        self.properties: list[Property] = []
        self.summaries: list[Declared] = []
        self.alike_sorts: list[type[Sort]] = []
        self._read: dict[CodeType, dict[str, tuple[int, Any]]] = {}  # what functions read when they were declared
        self._add_parts(parts)

    def _add_parts(self, parts: tuple[type[State], ...] | list[type[State]]) -> None:
        for part in parts:
            if not (isinstance(part, type) and issubclass(part, State) and part is not State):
                raise SpecError(
                    "KC110",
                    f"{self.name}: {getattr(part, '__name__', part)} is not a State class",
                    position=caller(),
                    remedy="a part is a subclass of State",
                )
            if part not in self.parts:
                self.parts.append(part)

    def include(self, module: Module, *, prefix: str = "") -> None:
        """Adds another module's parts, actions and properties. Raises SpecError KC111 if a name is taken.

        With a `prefix` their names begin with it: so a module that is made twice, of other constants, can be included twice.
        """
        self._changing()
        self._add_parts(module.parts)
        for action in module.actions:
            named = replace(action, name=f"{prefix}_{action.name}") if prefix else action
            self._new_name(named, self.actions)
            self.actions.append(named)
        for prop in module.properties:
            claimed = replace(prop, name=f"{prefix}_{prop.name}") if prefix else prop
            self._new_name(claimed, self.properties)
            self.properties.append(claimed)
        self.initials += module.initials
        self.summaries += module.summaries
        self.alike_sorts += module.alike_sorts

    def action(self, *, actor: str, kind: str = "component", name: str = "") -> Callable[[F], F]:
        """Declares an action: one atomic step of `actor`. `kind` is "component", "environment" or "fault".

        `name` is what it is called, else as the function is: for actions that are made several times, of other constants.
        """
        try:
            action_kind = ActionKind(kind)
        except ValueError:
            raise SpecError(
                "KC112",
                f"{kind!r} is no kind of action",
                position=caller(),
                remedy="component, environment or fault",
            ) from None
        namespace = _locals()

        def declare(function: F) -> F:
            self._changing()
            declared = _declared(function, namespace)
            found = Action(**{**declared, "name": name or declared["name"]}, actor=actor, kind=action_kind)
            self._new_name(found, self.actions)
            self._not_late(found)
            self.actions.append(found)
            return function

        return declare

    def initial(self, function: F) -> F:
        """Declares how a run starts: from the defaults, this function gives one initial state for each instance."""
        self._changing()
        self.initials.append(Declared(**_declared(function, _locals())))
        return function

    @overload
    def invariant(self, function: F) -> F: ...
    @overload
    def invariant(self) -> Callable[[F], F]: ...
    def invariant(self, function: Any = None) -> Any:
        """Declares what holds in every state."""
        return self._property(PropertyKind.INVARIANT, function, _locals())

    def step_invariant(self, function: F) -> F:
        """Declares what holds of every step: `(before: S, after: S, …)`."""
        found: F = self._property(PropertyKind.STEP_INVARIANT, function, _locals())
        return found

    def reachable(self, function: F) -> F:
        """Declares what some state must show, so that success is not emptiness."""
        found: F = self._property(PropertyKind.REACHABLE, function, _locals())
        return found

    def quiescent(self, function: F) -> F:
        """Declares what holds whenever no component can change anything any more."""
        found: F = self._property(PropertyKind.QUIESCENT, function, _locals())
        return found

    def limit(self, function: F) -> F:
        """Declares what holds whenever no component can move, unless a bound of the scope is to blame, and not the system.

        Where it is false the model has stopped for its own reasons and other properties say nothing: the check is INCOMPLETE.
        """
        found: F = self._property(PropertyKind.LIMIT, function, _locals())
        return found

    def constraint(self, function: F) -> F:
        """Declares which states are looked beyond, in a system that has too many: `(part: MyState, …) -> bool`.

        A state in which it is false is judged by the invariants, and no step from it is taken. If there is one, the check is INCOMPLETE.
        """
        found: F = self._property(PropertyKind.CONSTRAINT, function, _locals())
        return found

    def summary(self, function: F) -> F:
        """Declares what is worth telling of a state in a picture: `(part: MyState, …) -> str`, or a list of lines.

        It is run by the reference execution only and may be any Python. Several summaries follow each other.
        """
        self._changing()
        self.summaries.append(Declared(**_declared(function, _locals())))
        return function

    def alike(self, *sorts: type[Sort]) -> None:
        """Declares sorts whose members are alike to whoever looks at a picture, though the spec does tell them apart, for example by
        taking the first that is free. Pictures may then show once what differs only in which is which; a check never does.
        """
        self._changing()
        for sort in sorts:
            if not (isinstance(sort, type) and issubclass(sort, Sort) and sort is not Sort):
                raise SpecError(
                    "KC138",
                    f"{self.name}: {getattr(sort, '__name__', sort)} is no sort",
                    position=caller(),
                    remedy="name subclasses of Sort",
                )
        self.alike_sorts += sorts

    def _property(self, kind: PropertyKind, function: Any, namespace: Mapping[str, Any]) -> Any:
        if function is None:
            return lambda f: self._property(kind, f, namespace)
        self._changing()
        found = Property(**_declared(function, namespace), kind=kind)
        self._new_name(found, self.properties)
        self.properties.append(found)
        return function

    def _new_name(self, new: Declared, old: list[Any]) -> None:
        for other in old:
            if other.name == new.name:
                raise SpecError(
                    "KC111",
                    f"{self.name} already has {new.name}, declared at {other.position}",
                    position=new.position,
                    remedy="names are unique in a spec: rename one of them",
                )

    def _not_late(self, new: Declared) -> None:
        """SpecError where a function is declared once more in a loop, and the constants that it reads are those of the last round."""
        code = new.function.__code__
        cells = dict(zip(code.co_freevars, new.function.__closure__ or (), strict=True))
        read = {name: (id(cell), _contents(cell)) for name, cell in cells.items()}
        read |= {name: (0, new.function.__globals__[name]) for name in code.co_names if name in new.function.__globals__}
        for name, (where, value) in self._read.setdefault(code, read).items():
            if name in read and read[name][0] == where and read[name][1] is not value:
                before = f"which was another one when {code.co_name} was declared before"
                raise SpecError(
                    "KC142",
                    f"{new.name} reads {name}, {before}: Python reads it later, for both",
                    position=new.position,
                    remedy=f"declare it in a function that takes {name}, and call that in the loop",
                )

    def _changing(self) -> None:
        """Called before each change; a Spec that is in use refuses."""


class Spec(Module):
    """A whole specification: modules under a scope. It is a value: once it has been looked at, nothing can be added.

    `scope` gives the numbers that sizes and ranges name, and is shown in reports; `release` is a word for the report.
    """

    def __init__(
        self, name: str, *parts: type[State], scope: Mapping[str, Any] | None = None, release: str = ""
    ) -> None:
        self._frozen = False
        self.position = caller()
        super().__init__(name, *parts)
        self.scope: dict[str, Any] = dict(scope or {})
        self.release = release
        self.types = Types(self.scope)
        self._parameters: dict[Declared, list[Parameter]] = {}

    def _changing(self) -> None:
        if self._frozen:
            raise SpecError(
                "KC113",
                f"{self.name} is in use and cannot change",
                position=caller(),
                remedy="declare everything before checking it",
            )

    @cached_property
    def root(self) -> RecordType:
        """The type of the whole state: a field for each part, named after its class."""
        self._frozen = True
        if not self.parts:
            raise SpecError(
                "KC114",
                f"{self.name} has no state",
                position=self.position,
                remedy="pass a State class: Spec(name, MyState)",
            )
        fields = []
        inner = {cls for part in self.parts for cls in _states_in(self.types.resolve(part))}
        for part in self.parts:
            t = self.types.resolve(part)
            if part in inner:
                raise SpecError(
                    "KC135",
                    f"{self.name}: {part.__name__} is a part of its own and inside another part: there would be two of them",
                    position=self.position,
                    remedy=f"reach it through the State that holds it; leave {part.__name__} out of the parts",
                )
            if t.bits > MAX_STATE_BITS:
                raise SpecError(
                    "KC133",
                    f"{self.name}: {part.__name__} takes {t.bits:,} bits",
                    position=self.position,
                    remedy=f"at most {MAX_STATE_BITS:,}: a smaller scope, or fewer arrays in arrays",
                )
            name = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(part.__name__))
            fields.append(Field(name, t, t.default))
        return RecordType(State, tuple(fields), True)

    def parameters(self, declared: Declared) -> list[Parameter]:
        """The parameters of a declared function: parts of the state first, then finite values."""
        found = self._parameters.get(declared)
        if found is None:
            found = self._parameters[declared] = _parameters(self, declared)
        return found

    def find_action(self, name: str) -> Action:
        """The action of that name; KeyError if there is none."""
        return next((a for a in self.actions if a.name == name), None) or _missing(name)

    def find_property(self, name: str) -> Property:
        """The property of that name; KeyError if there is none."""
        return next((p for p in self.properties if p.name == name), None) or _missing(name)


def _states_in(t: Type) -> set[type]:
    """The State classes that occur inside a State."""
    if isinstance(t, ArrayType):
        inside = {t.element.cls} if isinstance(t.element, RecordType) and t.element.is_state else set()
        return inside | _states_in(t.element)
    if not isinstance(t, RecordType) or not t.is_state:
        return set()
    found: set[type] = set()
    for f in t.fields:
        if isinstance(f.type, RecordType) and f.type.is_state:
            found.add(f.type.cls)
        found |= _states_in(f.type)
    return found


def _missing(name: str) -> Any:
    raise KeyError(name)


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # defined later in the enclosing function
        return None


def _locals() -> Mapping[str, Any]:
    """The names around the decorator's caller: annotations under `from __future__ import annotations` need them."""
    return dict(sys._getframe(2).f_locals)


def _declared(function: Any, namespace: Mapping[str, Any]) -> dict[str, Any]:
    if not inspect.isfunction(function):
        what = getattr(function, "__name__", repr(function))
        raise SpecError("KC115", f"{what} is not a function", position=caller(), remedy="decorate a `def`")
    if function.__name__ == "<lambda>":
        raise SpecError("KC115", "a lambda has no name and no types", position=caller(), remedy="decorate a `def`")
    code = function.__code__
    line = code.co_firstlineno
    try:  # co_firstlineno is the decorator's line; the `def` is what a reader looks for
        lines, first = inspect.getsourcelines(function)
        line = first + next((i for i, text in enumerate(lines) if text.lstrip().startswith("def ")), 0)
    except OSError:
        pass
    doc = inspect.getdoc(function) or ""
    return {
        "name": function.__name__,
        "function": function,
        "sentence": doc.split("\n", 1)[0].strip(),
        "position": Position(code.co_filename, line, 1, line, 1),
        "namespace": namespace,
    }


def annotations_of(function: Any, namespace: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A function's annotations, and the names under which string annotations are to be read."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    closure = {}
    for name, cell in cells:
        try:
            closure[name] = cell.cell_contents
        except ValueError:  # defined later in the enclosing function
            continue
    return dict(function.__annotations__), {**function.__globals__, **namespace, **closure}


def _parameters(spec: Spec, declared: Declared) -> list[Parameter]:
    annotations, names = annotations_of(declared.function, declared.namespace)
    root = spec.root
    result: list[Parameter] = []
    steps = isinstance(declared, Property) and declared.kind is PropertyKind.STEP_INVARIANT
    for name, formal in inspect.signature(declared.function).parameters.items():
        if formal.kind in (formal.VAR_POSITIONAL, formal.VAR_KEYWORD, formal.POSITIONAL_ONLY):
            raise SpecError(
                "KC124",
                f"{declared.name}: parameter {name} has no place of its own by name",
                position=declared.position,
                remedy="write plain parameters, without *, ** and /",
            )
        if name not in annotations:
            raise SpecError(
                "KC116",
                f"{declared.name}: parameter {name} has no type",
                position=declared.position,
                remedy=f"write {name}: SomeType",
            )
        try:
            t = spec.types.resolve(annotations[name], names)
        except SpecError as e:
            message = f"{declared.name}, parameter {name}: {e.message}"
            raise SpecError(e.code, message, position=declared.position, remedy=e.remedy) from None
        part = None
        if holds_state(t):
            part = next((i for i, f in enumerate(root.fields) if f.type == t and f.type.cls is t.cls), None)  # type: ignore[attr-defined]
            if part is None:
                raise SpecError(
                    "KC117",
                    f"{declared.name}: {t} is not a part of {spec.name}",
                    position=declared.position,
                    remedy="include the module that brings it, or pass it to Spec(…)",
                )
            if any(p.part is None for p in result):
                raise SpecError(
                    "KC118",
                    f"{declared.name}: {name} comes after a finite parameter",
                    position=declared.position,
                    remedy="parts first",
                )
        elif t.cardinality is None:
            raise SpecError(
                "KC119",
                f"{declared.name}: parameter {name} ranges over {t}, which cannot be enumerated",
                position=declared.position,
                remedy="use a Sort, an Enum, bool, a Range, an optional or a Record of these, or a Set of at most 16",
            )
        result.append(Parameter(name, t, part))
    parts = [p.part for p in result if p.part is not None]
    for i in set(parts):
        if parts.count(i) != (2 if steps else 1):
            what = "twice (before, after)" if steps else "once"
            raise SpecError(
                "KC120",
                f"{declared.name}: {root.fields[i].type} must be a parameter {what}",
                position=declared.position,
                remedy="write (before: S, after: S, …)" if steps else "leave one of them out",
            )
    return result
