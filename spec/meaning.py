"""What a spec means, as text that can be compared: its types with their defaults, and each declared function with all that it calls.

Two specs whose texts are the same have the same states, steps and verdicts. Comments, docstrings and places in the source do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kubecheck.spec.declare import Action, Declared, Property, Spec
from kubecheck.spec.frontend import program
from kubecheck.spec.layout import show_scalar
from kubecheck.spec.reference import show
from kubecheck.spec.show import Printer, reachable
from kubecheck.spec.types import (
    ArrayType,
    EnumType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    lacks_default,
)

Role = Literal["action", "initial", "property"]


@dataclass(frozen=True)
class Meaning:
    """One declared function: `role` is action, initial or property; `kind` and `actor` are as declared; `body` is its IR."""

    name: str
    role: Role
    kind: str
    actor: str
    body: str


def meanings(spec: Spec) -> list[Meaning]:
    """Each declared function, with the IR of it and of all that it calls, without lines."""
    compiled = program(spec)
    found = []
    for entry in (*compiled.initials, *compiled.actions, *compiled.properties):
        functions = list(reachable(entry.function))
        printer = Printer(compiled.root, functions)
        printed = "\n".join(line for f in functions for line in printer.function(f))
        role, kind, actor = _declared(entry.declared)
        body = re.sub(r" {4}# line \d+$", "", printed, flags=re.MULTILINE)
        found.append(Meaning(entry.declared.name, role, kind, actor, body))
    return found


def _declared(declared: Declared) -> tuple[Role, str, str]:
    if isinstance(declared, Action):
        return "action", declared.kind.value, declared.actor
    if isinstance(declared, Property):
        return "property", declared.kind.value, ""
    return "initial", "", ""


def type_texts(spec: Spec) -> dict[str, dict[str, str]]:
    """Each class that the spec names, by its name: the fields of a State or Record with types and defaults, the members of an Enum, …

    The parts of the whole state stand under "state". Classes of one name are told apart by their modules.
    """
    root = spec.root
    texts = {"state": {f.name: str(f.type) for f in root.fields}}
    seen: dict[type, str] = {root.cls: "state"}
    finite = [p.type for d in (*spec.initials, *spec.actions, *spec.properties) for p in spec.parameters(d)]
    for t in (inner for whole in (*(f.type for f in root.fields), *finite) for inner in _inside(whole)):
        if t.cls in seen:
            continue
        name = t.cls.__name__ if t.cls.__name__ not in texts else f"{t.cls.__module__}.{t.cls.__qualname__}"
        seen[t.cls] = name
        texts[name] = _text(t)
    return texts


def _inside(t: Type) -> Iterator[RecordType | EnumType | RefType]:
    """The classes that a type is made of, outer ones first."""
    if isinstance(t, RecordType | EnumType | RefType):
        yield t
    if isinstance(t, RecordType):
        for f in t.fields:
            yield from _inside(f.type)
    elif isinstance(t, ArrayType):
        yield from _inside(t.key)
        yield from _inside(t.element)
    elif isinstance(t, OptionalType):
        yield from _inside(t.inner)
    elif isinstance(t, SetType):
        yield from _inside(t.key)
    elif isinstance(t, SeqType):
        yield from _inside(t.element)


def _text(t: RecordType | EnumType | RefType) -> dict[str, str]:
    if isinstance(t, RefType):
        return {"members": str(t.size), "symmetric": "yes" if t.symmetric else "no"}
    if isinstance(t, EnumType):
        return {"members": ", ".join(show_scalar(v) for v in t.values())}
    return {
        f.name: f"{f.type}" if lacks_default(f.default) or f.default == f.type.default else f"{f.type} = {show(f.type, f.default)}"
        for f in t.fields
    }
