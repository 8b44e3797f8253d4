"""The reference execution: CPython runs a spec's functions as they stand. This is what the language means.

It shares no code with the native execution: no IR, no packing, no search. Counterexamples are replayed here before anybody sees them.
"""

from __future__ import annotations

import enum
import itertools
import math
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubecheck.spec.declare import Action, Declared, Parameter, Property, PropertyKind, Spec
from kubecheck.spec.errors import NotEnabled, Position, SpecError, ValueEscape
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.types import ArrayType, Data, OptionalType, RecordType, SeqType, SetType, Type
from kubecheck.spec.values import Part, Root, State, lift

Snapshot = tuple[Data, ...]  # a whole state: nested, immutable, hashable


class Outcome(enum.Enum):
    """What a property says of one state (or step), over all its instances."""

    PREMISE_FALSE = "premise false"
    HOLDS = "holds"
    VIOLATED = "violated"


@dataclass(frozen=True)
class Taken:
    """A step that was taken: the action, its parameters' values by name, and the state after it."""

    action: Action
    parameters: dict[str, Data]
    state: Snapshot


def initial_states(spec: Spec) -> list[Snapshot]:
    """The initial states, one for each instance of each `initial` function (or the defaults), in order, duplicates included."""
    return list(each_initial_state(spec))


def each_initial_state(spec: Spec) -> Iterator[Snapshot]:
    """The same, one after the other."""
    start = spec.root.default
    if not spec.initials:
        yield start
    for declared in spec.initials:
        for _, state in _instances(spec, declared, start):
            yield state


def initial_state(spec: Spec, number: int) -> Snapshot | None:
    """The initial state of one instance, counted from 0 through all `initial` functions, enabled or not; None if it is not enabled.

    Raises ValueEscape if a value leaves its type.
    """
    start: Snapshot = spec.root.default
    if not spec.initials and number == 0:
        return start
    for declared in spec.initials:
        finite = [p for p in spec.parameters(declared) if p.part is None]
        size = math.prod(p.type.cardinality or 0 for p in finite)
        if number < size:
            values: list[Data] = []
            for p in reversed(finite):
                number, place = divmod(number, p.type.cardinality or 1)
                values.append(p.type.values()[place])
            return take(spec, declared, {p.name: v for p, v in zip(finite, reversed(values), strict=True)}, start)
        number -= size
    return None


def steps(spec: Spec, state: Snapshot) -> Iterator[Taken]:
    """Every enabled action instance of a state with its successor, in the order of declaration; self loops included.

    None of a state outside of a constraint. Raises ValueEscape if a value leaves its type on the way.
    """
    if is_outside(spec, state):
        return
    for action in spec.actions:
        for parameters, after in _instances(spec, action, state):
            yield Taken(action, parameters, after)


def take(spec: Spec, declared: Declared, parameters: dict[str, Data], state: Snapshot) -> Snapshot | None:
    """The state after one instance of an action (or of an `initial` function), or None if it is not enabled."""
    root = Root(state)
    return root.data if _run(spec, declared, root, None, parameters)[0] else None


def evaluate(spec: Spec, prop: Property, state: Snapshot, after: Snapshot | None = None) -> Outcome:
    """A property of a state; of the step from `state` to `after` for step invariants.

    For a reachable, HOLDS means that the state is a witness and PREMISE_FALSE that it is none.
    """
    outcome = Outcome.PREMISE_FALSE
    for _, found in instances(spec, prop, state, after):
        if found is Outcome.VIOLATED:
            if prop.kind is not PropertyKind.REACHABLE:
                return found
        elif found is Outcome.HOLDS:
            if prop.kind is PropertyKind.REACHABLE:
                return found
            outcome = found
    return outcome


def instances(
    spec: Spec, prop: Property, state: Snapshot, after: Snapshot | None = None
) -> Iterator[tuple[dict[str, Data], Outcome]]:
    """A property's outcome for each of its instances, with the parameters' values."""
    later = Root(after) if prop.kind is PropertyKind.STEP_INVARIANT else None
    for values in _combinations(spec.parameters(prop)):
        premise, result = _run(spec, prop, Root(state), later, values)
        if not premise:
            yield values, Outcome.PREMISE_FALSE
        else:
            yield values, Outcome.HOLDS if result else Outcome.VIOLATED


def is_outside(spec: Spec, state: Snapshot) -> bool:
    """Whether a constraint is false: then no step from this state is taken."""
    constraints = (prop for prop in spec.properties if prop.kind is PropertyKind.CONSTRAINT)
    return any(evaluate(spec, prop, state) is Outcome.VIOLATED for prop in constraints)


def is_quiescent(spec: Spec, state: Snapshot) -> bool:
    """Whether no action of kind component leads to a different state. Of a state outside of a constraint that is not asked."""
    return not is_outside(spec, state) and all(t.action.kind != "component" or t.state == state for t in steps(spec, state))


def summary(spec: Spec, state: Snapshot) -> list[str]:
    """What the spec's summaries tell of a state, line by line; nothing if it has none."""
    lines: list[str] = []
    for declared in spec.summaries:
        if any(p.part is None for p in spec.parameters(declared)):
            raise SpecError(
                "KC136",
                f"{declared.name}: a summary tells of a whole state",
                position=declared.position,
                remedy="take parts of the state only",
            )
        try:
            told = _run(spec, declared, Root(state), None, {})[1]
            lines += [told] if isinstance(told, str) else [str(line) for line in told or ()]
        except SpecError:
            raise
        except Exception as e:  # it may be any Python, and fail in any way
            message = f"a summary failed ({type(e).__name__}: {e})"
            raise _placed(e, declared, {}, "KC137", message, "return a text, or a list of lines, for every state") from None
    return [line for text in lines for line in text.splitlines() if line.strip()]


def changes(spec: Spec, before: Snapshot | None, after: Snapshot) -> list[tuple[str, str, str]]:
    """The places that differ: (path, before, after), in the order of the source. Without `before`: what differs from the defaults."""
    root = spec.root
    old = root.default if before is None else before
    if len(root.fields) == 1:  # a spec of one part: its name says nothing
        return list(_differences(root.fields[0].type, "", old[0], after[0]))
    return list(_differences(root, "", old, after))


def show(t: Type, data: Data) -> str:
    """A value as a person reads it."""
    if isinstance(t, OptionalType):
        return "none" if data is None else show(t.inner, data)
    if isinstance(t, RecordType):
        return "{" + ", ".join(f"{f.name}: {show(f.type, d)}" for f, d in zip(t.fields, data, strict=True)) + "}"
    if isinstance(t, ArrayType):
        keys = t.key.values()
        return "[" + ", ".join(f"{show(t.key, k)}: {show(t.element, d)}" for k, d in zip(keys, data, strict=True)) + "]"
    if isinstance(t, SetType):
        return "{" + ", ".join(show(t.key, v) for v in t.key.values() if v in data) + "}"
    if isinstance(t, SeqType):
        return "[" + ", ".join(show(t.element, d) for d in data) + "]"
    return show_scalar(data)


def _differences(t: Type, path: str, old: Data, new: Data) -> Iterator[tuple[str, str, str]]:
    if old == new:
        return
    if isinstance(t, RecordType):
        for f, a, b in zip(t.fields, old, new, strict=True):
            yield from _differences(f.type, f"{path}.{f.name}" if path else f.name, a, b)
    elif isinstance(t, ArrayType):
        for key, a, b in zip(t.key.values(), old, new, strict=True):
            yield from _differences(t.element, f"{path}[{show(t.key, key)}]", a, b)
    elif isinstance(t, OptionalType) and old is not None and new is not None:
        yield from _differences(t.inner, path, old, new)
    else:
        yield path, show(t, old), show(t, new)


def _combinations(parameters: list[Parameter]) -> Iterator[dict[str, Data]]:
    finite = [p for p in parameters if p.part is None]
    for values in itertools.product(*(p.type.values() for p in finite)):
        yield {p.name: v for p, v in zip(finite, values, strict=True)}


def _instances(spec: Spec, declared: Declared, state: Snapshot) -> Iterator[tuple[dict[str, Data], Snapshot]]:
    for values in _combinations(spec.parameters(declared)):
        root = Root(state)
        if _run(spec, declared, root, None, values)[0]:
            yield values, root.data


def _run(spec: Spec, declared: Declared, root: Root, after: Root | None, values: dict[str, Data]) -> tuple[bool, Any]:
    """Calls a declared function: (whether no `require` was false, what it returned)."""
    arguments: dict[str, Any] = {}
    seen: set[int] = set()
    for p in spec.parameters(declared):
        if p.part is None:
            arguments[p.name] = lift(p.type, values[p.name], None)
        else:
            source = after if p.part in seen and after is not None else root
            seen.add(p.part)
            arguments[p.name] = lift(p.type, source.get()[p.part], Part(source, p.part))
    with spec.types.active():
        try:
            return True, declared.function(**arguments)
        except NotEnabled:
            return False, None
        except SpecError as e:
            raise _placed(e, declared, values, e.code, e.message, e.remedy) from None
        except ZeroDivisionError as e:
            raise _placed(
                e, declared, values, "KC507", "division by zero", "require the divisor to be positive first"
            ) from None
        except LookupError as e:
            if declared in spec.summaries:
                raise
            remedy = "require that there is one first"
            raise _placed(e, declared, values, "KC510", f"the table has no such entry ({e})", remedy) from None
        except ValueError as e:
            if declared in spec.summaries or not re.match(r"(min|max)\(\)", str(e)):
                raise
            remedy = "write default=…, or require that there is one"
            raise _placed(e, declared, values, "KC509", "nothing to choose from", remedy) from None
        except (AttributeError, TypeError) as e:
            raise _placed(
                e, declared, values, "KC506", f"None where a value is needed ({e})", "require(x is not None) first"
            ) from None


def _placed(
    e: Exception, declared: Declared, values: dict[str, Data], code: str, message: str, remedy: str
) -> SpecError:
    """The error at the line of the spec's author that was running, not at ours."""
    own = __file__.rsplit("/", 1)[0]
    frames = [f for f in traceback.extract_tb(e.__traceback__) if not f.filename.startswith(own)]
    position = declared.position
    if frames:
        f = frames[-1]
        line = f.lineno or 1
        column = (f.colno or 0) + 1
        position = Position(f.filename, line, column, f.end_lineno or line, (f.end_colno or column) + 1)
    kind = SpecError if isinstance(e, SpecError) and not isinstance(e, ValueEscape) else ValueEscape
    instance = f"({', '.join(show_scalar(v) for v in values.values())})" if values else ""
    return kind(code, f"{declared.name}{instance}: {message}", position=position, remedy=remedy)


__all__ = [
    "Outcome",
    "Snapshot",
    "State",
    "Taken",
    "changes",
    "each_initial_state",
    "evaluate",
    "initial_state",
    "initial_states",
    "instances",
    "is_outside",
    "is_quiescent",
    "show",
    "steps",
    "summary",
    "take",
]
