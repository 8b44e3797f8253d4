"""Why a property is false, in its own words: which part of its source text decides, and with which values.

CPython runs the property as it stands; where it returns, the parts of what it returned are evaluated again, one by one, among the same
variables. `and` leads to its first false part, `or` to all, `all(…)` to the first element, a call to what the called function returned,
`return False` to the `if` above it. The same is done for a `require` that refused a step. Nothing is guessed: a part whose value does not
explain the whole (the state was written to meanwhile) is left out, and the whole stands for itself.
"""

from __future__ import annotations

import ast
import itertools
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import FunctionType, MethodType, TracebackType
from typing import Any, Final

import msgspec

import kubecheck.spec as language
from kubecheck.checker.names import Moment, Names, Returned, called, is_authors, returned_by
from kubecheck.checker.report import Condition, Refusal, Why
from kubecheck.spec import Action, Property, PropertyKind, Spec, SpecError
from kubecheck.spec.declare import Declared
from kubecheck.spec.errors import NotEnabled
from kubecheck.spec.reference import Outcome, Snapshot, instances, show
from kubecheck.spec.types import Data
from kubecheck.spec.values import Part, Root, lift

DEEPEST: Final = 8
"""How many conditions within one another are told; a property that calls deeper than this keeps the rest to itself."""

MOST_INSTANCES: Final = 50
"""Instances of an action that are asked why they refuse."""


def why_violated(spec: Spec, prop: Property, state: Snapshot, after: Snapshot | None = None) -> Why | None:
    """Why a property is false in a state (for a step invariant: of the step to `after`), for its first instance that is.

    None if it is not false there, or if the source of the property cannot be read.
    """
    try:
        found = next((v for v, outcome in instances(spec, prop, state, after) if outcome is Outcome.VIOLATED), None)
        if found is None:
            return None
        root = Root(state)
        later = Root(after) if prop.kind is PropertyKind.STEP_INVARIANT else None
        function: Any = prop.function
        with spec.types.active():
            returned = returned_by(function, _arguments(spec, prop, root, later, found), Moment.of(root, later))
            condition = None if returned is None else _explain_return(returned, False, 0)
    except SpecError:
        return None
    if condition is None:
        return None
    types = {p.name: p.type for p in spec.parameters(prop)}
    return Why(
        property=prop.name,
        kind=str(prop.kind),
        sentence=prop.sentence,
        parameters={name: show(types[name], value) for name, value in found.items()},
        condition=condition,
    )


def why_refused(spec: Spec, action: Action, parameters: dict[str, Data], state: Snapshot) -> Condition | None:
    """The `require` (or `present`) that keeps an action instance from being enabled in a state; None if it is enabled."""
    root = Root(state)
    with spec.types.active():
        try:
            action.function(**_arguments(spec, action, root, None, parameters))
        except NotEnabled as refused:
            return _explain_refusal(refused.__traceback__, Moment.of(root))
        except (SpecError, ZeroDivisionError, AttributeError, TypeError):  # an error, which others tell
            return None
    return None


def why_quiet(spec: Spec, state: Snapshot) -> list[Refusal]:
    """What keeps each component from moving in a quiescent state: each instance of its actions, of an action with many the first fifty."""
    found = []
    for action in (a for a in spec.actions if a.kind == "component"):
        finite = [p for p in spec.parameters(action) if p.part is None]
        for values in itertools.islice(itertools.product(*(p.type.values() for p in finite)), MOST_INSTANCES):
            parameters = {p.name: value for p, value in zip(finite, values, strict=True)}
            shown = {p.name: show(p.type, value) for p, value in zip(finite, values, strict=True)}
            condition = why_refused(spec, action, parameters, state)
            found.append(Refusal(actor=action.actor, action=action.name, parameters=shown, condition=condition))
    return found


def _arguments(spec: Spec, declared: Declared, root: Root, after: Root | None, values: dict[str, Data]) -> dict[str, Any]:
    """What the reference execution calls a declared function with; the second of each part is the state after the step."""
    arguments: dict[str, Any] = {}
    seen: set[int] = set()
    for p in spec.parameters(declared):
        if p.part is None:
            arguments[p.name] = lift(p.type, values[p.name], None)
        else:
            place = after if p.part in seen and after is not None else root
            seen.add(p.part)
            arguments[p.name] = lift(p.type, place.get()[p.part], Part(place, p.part))
    return arguments


# --- what a function returned, and where -----------------------------------------------------------------------------------


def _explain_return(returned: Returned, holds: bool, depth: int) -> Condition | None:
    value = returned.statement.value
    assert value is not None
    test = _deciding_test(returned.tree, returned.statement) if isinstance(value, ast.Constant) else None
    if test is not None:
        return _explain(test[0], test[1], returned.names, depth)
    return _explain(value, holds, returned.names, depth)


def _deciding_test(tree: ast.AST, statement: ast.stmt) -> tuple[ast.expr, bool] | None:
    """The test of the innermost `if` around a statement, and whether it was true."""
    found: tuple[ast.expr, bool] | None = None
    block: ast.AST = tree
    while True:
        for child in ast.iter_child_nodes(block):
            if isinstance(child, ast.stmt) and any(n is statement for n in ast.walk(child)):
                if isinstance(block, ast.If):
                    found = block.test, child in block.body
                if child is statement:
                    return found
                block = child
                break
        else:
            return found


def _explain_refusal(trace: TracebackType | None, moment: Moment) -> Condition | None:
    """The condition of the `require` that raised: the innermost call of the author's own."""
    frame, line, raised_by = None, 0, ""
    while trace is not None:
        raised_by = trace.tb_frame.f_code.co_name
        # a generator expression stands in the line of the function that it is part of
        if is_authors(trace.tb_frame.f_code.co_filename) and not raised_by.startswith("<"):
            frame, line = trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
    if frame is None:
        return None
    file, function = frame.f_code.co_filename, frame.f_code.co_name
    nodes = _calls_and_functions(file, "".join(linecache.getlines(file)))
    there = [n for n in nodes if n.lineno <= line <= (n.end_lineno or n.lineno)]
    trees = [n for n in there if isinstance(n, ast.FunctionDef) and n.name == function]
    if not trees:
        return None
    names = Names(file, trees[-1], {**frame.f_globals, **frame.f_locals}, moment)
    for call in (n for n in there if isinstance(n, ast.Call) and n.args):
        what = names.value(call.func, default=None)
        if getattr(what, "__name__", "") != raised_by:
            continue
        if what is language.require:
            # a condition that writes to the state says something else if it is evaluated again
            return _explain(call.args[0], False, names, 0) or names.bare(call.args[0], holds=False)
        if what is language.present:
            return names.leaf(call.args[0], holds=False, value="none")
    return None


@lru_cache(maxsize=64)
def _calls_and_functions(file: str, text: str) -> list[ast.Call | ast.FunctionDef]:
    return [n for n in ast.walk(ast.parse(text, file)) if isinstance(n, ast.FunctionDef | ast.Call)]


# --- the parts of a condition ----------------------------------------------------------------------------------------------


def _explain(node: ast.expr, holds: bool, names: Names, depth: int) -> Condition | None:
    """A condition that is known to be `holds`, with its parts. None if, evaluated again, it is not."""
    value = names.value(node, default=None)
    if not isinstance(value, bool) or value is not holds:
        return None
    leaf = names.leaf(node, holds=holds)
    if depth >= DEEPEST:
        return leaf
    parts = [part for part in _parts(node, holds, names, depth + 1) if part is not None]
    if len(parts) == 1 and _says_no_more(node, parts[0], leaf):
        return parts[0]
    return _with(leaf, parts=parts)


def _says_no_more(node: ast.expr, part: Condition, whole: Condition) -> bool:
    """Whether the part alone tells what the whole does: a conjunct, what a call returned; not what `all` and `not` are about."""
    return isinstance(node, ast.BoolOp | ast.IfExp) and part.function == whole.function and not part.element


def _parts(node: ast.expr, holds: bool, names: Names, depth: int) -> Iterator[Condition | None]:
    if isinstance(node, ast.BoolOp):
        decides_alone = isinstance(node.op, ast.And) is not holds
        for operand in node.values:
            if names.value(operand, default=None) is holds:
                yield _explain(operand, holds, names, depth)
                if decides_alone:
                    return
            elif decides_alone is False:
                return  # evaluated again it says something else: nothing is told
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _explain(node.operand, not holds, names, depth)
        if inner is not None:  # what the operand is follows from what the whole is: its parts tell more
            yield from inner.parts or [inner]
    elif isinstance(node, ast.IfExp):
        branch = node.body if names.value(node.test, default=False) else node.orelse
        yield _explain(branch, holds, names, depth)
    elif isinstance(node, ast.Name):
        assigned = names.assigned(node.id)
        if assigned is not None:
            yield _explain(assigned, holds, names, depth)
    elif isinstance(node, ast.Attribute):
        yield _explain_attribute(node, holds, names, depth)
    elif isinstance(node, ast.Call):
        yield from _explain_call(node, holds, names, depth)


def _explain_attribute(node: ast.Attribute, holds: bool, names: Names, depth: int) -> Condition | None:
    """A property of a record, `p.ready`: what its function returned."""
    owner = names.value(node.value, default=None)
    getter = getattr(getattr(type(owner), node.attr, None), "fget", None)
    if not isinstance(getter, FunctionType) or not is_authors(getter.__code__.co_filename):
        return None
    returned = returned_by(getter, {next(iter(getter.__code__.co_varnames)): owner}, names.moment)
    return None if returned is None else _explain_return(returned, holds, depth)


def _explain_call(node: ast.Call, holds: bool, names: Names, depth: int) -> Iterator[Condition | None]:
    function = names.value(node.func, default=None)
    if function in (all, any) and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        generator = node.args[0]
        if (function is all) is holds:
            return  # every element is to blame, or none
        for element, inner in names.elements(generator):
            if inner.value(generator.elt, default=None) is holds:
                part = _explain(generator.elt, holds, inner, depth)
                yield None if part is None else _with(part, element=element | part.element)
                return
    elif function is language.implies and len(node.args) == 2 and not holds:
        yield _explain(node.args[0], True, names, depth)
        yield _explain(node.args[1], False, names, depth)
    elif isinstance(function, FunctionType | MethodType) and (given := called(function, node, names)) is not None:
        plain, arguments = given
        returned = returned_by(plain, arguments, names.moment)
        yield None if returned is None else _explain_return(returned, holds, depth)


def _with(condition: Condition, **changes: Any) -> Condition:
    return msgspec.structs.replace(condition, **changes)
