"""What of a spec is not as it was when a run was saved, in words: release, scope, types of the state, actions and properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from kubecheck.cli.record import declarations
from kubecheck.spec.meaning import type_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kubecheck.cli.record import Declaration, Record, Run
    from kubecheck.spec import Spec

_LONG: Final = 500  # characters of changes of types, about five lines, that are told one by one


def changes_since(saved: Record, run: Run, spec: Spec, *, full: bool = False) -> list[str]:
    """A sentence for each change that matters: comments, docstrings and places in a file do not. None, if the spec means the same.

    Changes of types that would fill the screen are counted only, unless `full`.
    """
    found = []
    if saved.release != spec.release:
        found.append(f"the release was {saved.release or 'none'} and is {spec.release or 'none'}")
    now: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec.scope, enc_hook=str))
    if scope := list(_fields(saved.scope, now)):
        found.append(f"the scope has changed since: {', '.join(scope)}")
    if types := list(_types(run.types, type_texts(spec))):
        told = ", ".join(types)
        if len(told) > _LONG and not full:
            places = "one place" if len(types) == 1 else f"{len(types)} places"
            found.append(f"the types of the state have changed since, in {places}: `kubecheck replay --full` names them")
        else:
            found.append(f"the types of the state have changed since: {told}")
    functions = declarations(spec)
    both = [name for name in functions if name in run.functions]
    found += [text for name in both for text in _declared(name, run.functions[name], functions[name])]
    for what, names in (
        ("changed since", [name for name in both if functions[name].digest != run.functions[name].digest]),
        ("new since", [name for name in functions if name not in run.functions]),
        ("gone since", [name for name in run.functions if name not in functions]),
    ):
        if names:
            found.append(f"{what}: {', '.join(names)}")
    return found


def _declared(name: str, then: Declaration, now: Declaration) -> Iterator[str]:
    """What has changed of a declaration besides its body."""
    if (then.role, then.kind) != (now.role, now.kind):
        yield f"{name} is {_kind(now)} now, was {_kind(then)}"
    if then.actor != now.actor:
        yield f"{name} is taken by {now.actor or 'nobody'} now, was by {then.actor or 'nobody'}"


def _kind(declaration: Declaration) -> str:
    """`environment` of an action, `invariant` of a property."""
    return declaration.kind or declaration.role


def _types(then: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in {**then, **now}:
        if name not in now or name not in then:
            yield f"{name} is {'new' if name in now else 'gone'}"
        else:
            yield from (f"{name}.{text}" for text in _fields(then[name], now[name]))


def _fields(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    absent: Sequence[str] = "not there"
    for name in {**then, **now}:
        if then.get(name) != now.get(name):
            yield f"{name} was {then.get(name, absent)}, is {now.get(name, absent)}"
