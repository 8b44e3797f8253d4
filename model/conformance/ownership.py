"""Who owns which field, and server-side apply: managedFields.

After sigs.k8s.io/structured-merge-diff/v6 (merge/update.go) and apimachinery/pkg/util/managedfields/internal: an update gives the fields
that it changes to its manager and takes them from all others; an apply gives its manager the fields of its configuration, takes back
those that it no longer names and nobody else owns, and is refused where it would change another manager's field, unless forced.

A field is a path of names; an element of a list with a key is named by its key, an element of a set by its value; other lists are one
field.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.schema import ANY, Member, Type

Json = Any
Path = tuple[str, ...]
# manager, operation, subresource -> the fields it owns
Managers = dict[tuple[str, str, str], frozenset[Path]]

_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_NOT_OWNED: Final = {
    ("apiVersion",),
    ("kind",),
    *((("metadata", name)) for name in (
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
        "deletionGracePeriodSeconds", "managedFields", "selfLink", "generateName",
    )),
}  # fmt: skip


@dataclass(frozen=True)
class Applied:
    """What an apply leads to: the object and its managers; or the fields that are other managers'."""

    document: Json
    managers: Managers
    conflicts: frozenset[Path] = frozenset()


class Unapplicable(Exception):  # noqa: N818 - the way out of an apply
    """The configuration does not fit the kind's schema: 500."""


def leaves(kind: Type, value: Json) -> dict[Path, Json]:
    """The fields of a document that have no fields below them, with their values; and the elements of lists that are merged."""
    return dict(_leaves(Member(kind), value, ()))


def _leaves(member: Member, value: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    if path in _NOT_OWNED:
        return
    kind = member.type
    if (
        isinstance(value, dict)
        and not member.atomic
        and (value or not path)
        and (kind.members is not None or kind.is_map)
    ):
        for name, child in value.items():
            yield from _leaves(kind.member(name) or Member(ANY), child, (*path, name))
    elif isinstance(value, list) and member.list_type in ("set", "map"):
        for element in value:
            here = (*path, _name(member, element))
            yield here, element if member.list_type == "set" else None
            if member.list_type == "map" and kind.element is not None:
                yield from _leaves(Member(kind.element), element, here)
    else:
        yield path, value


def _name(member: Member, element: Json) -> str:
    """What a list calls an element: its keys, of which a protocol may be left out; of a set, its value."""
    if member.list_type == "set":
        return f"={json.dumps(element)}"
    if not isinstance(element, dict):
        raise Unapplicable("an element of a list with keys is an object")
    keys = {key: element.get(key, _KEY_DEFAULTS.get(key)) for key in member.keys}
    if None in keys.values():
        raise Unapplicable(f"an element has no {', '.join(k for k, v in keys.items() if v is None)}")
    return json.dumps(keys, sort_keys=True)


def check(kind: Type, configuration: Json) -> None:
    """Raises Unapplicable where a configuration has a field that the kind does not have, or an element twice."""
    _check(Member(kind), configuration)


def _check(member: Member, value: Json) -> None:
    kind = member.type
    if isinstance(value, dict) and kind.members is not None:
        for name, child in value.items():
            if name not in kind.members:
                raise Unapplicable(f"field not declared in schema: {name}")
            _check(kind.members[name], child)
    elif isinstance(value, list) and kind.element is not None:
        if member.list_type in ("set", "map"):
            names = [_name(member, element) for element in value]
            if len(set(names)) < len(names):
                raise Unapplicable("an element is there twice")
        for element in value:
            _check(Member(kind.element), element)


def after_update(kind: Type, managers: Managers, old: Json, new: Json, manager: str, subresource: str) -> Managers:
    """The managers after an update of `old` to `new`; fields of an object that has managers no more are nobody's."""
    if old and not managers:
        return managers
    before, after = leaves(kind, old), leaves(kind, new)
    changed = frozenset(p for p in after if p not in before or before[p] != after[p])
    gone = frozenset(p for p in before if p not in after)
    own = (manager, "Update", subresource)
    result = {who: fields - changed - gone for who, fields in managers.items()}
    if changed:
        result[own] = result.get(own, frozenset()) | changed
    return {who: fields for who, fields in result.items() if fields}


def apply(
    kind: Type,
    managers: Managers,
    live: Json,
    configuration: Json,
    manager: str,
    subresource: str,
    *,
    force: bool,
    ignored: tuple[Path, ...] = (),
) -> Applied:
    """An apply of a configuration to the live object; `ignored` are the fields that this part of the object resets."""
    own = (manager, "Apply", subresource)
    current = leaves(kind, live)
    wanted = {p: v for p, v in leaves(kind, configuration).items() if not any(p[: len(i)] == i for i in ignored)}
    if not managers:
        managers = {("before-first-apply", "Update", ""): frozenset(current)}
    others = {who: fields for who, fields in managers.items() if who != own}
    contested = frozenset(
        p for p, v in wanted.items() if (p not in current or current[p] != v) and any(p in f for f in others.values())
    )
    if contested and not force:
        return Applied(live, managers, contested)
    others = {who: fields - contested for who, fields in others.items()}
    given_up = managers.get(own, frozenset()) - wanted.keys()
    document = _merged(Member(kind), live, configuration)
    document = _without(
        Member(kind), document, frozenset(p for p in given_up if not any(p in f for f in others.values())), ()
    )
    result = {who: fields for who, fields in {**others, own: frozenset(wanted)}.items() if fields}
    return Applied(document, result)


def _merged(member: Member, live: Json, configuration: Json) -> Json:
    kind = member.type
    if member.atomic:
        return copy.deepcopy(configuration)
    if isinstance(configuration, dict) and isinstance(live, dict):
        result = dict(live)
        for name, value in configuration.items():
            result[name] = _merged(kind.member(name) or Member(ANY), live.get(name), value)
        return result
    if isinstance(configuration, list) and isinstance(live, list) and member.list_type in ("set", "map"):
        return _merged_list(member, live, configuration)
    return copy.deepcopy(configuration)


def _merged_list(member: Member, live: list[Json], configuration: list[Json]) -> list[Json]:
    """Elements of both, in the order of the configuration among those that only the object has (typed/merge.go, mergeListItems)."""
    ours = {_name(member, c): c for c in configuration}
    theirs = {_name(member, e): e for e in live}
    of = Member(member.type.element or ANY)
    merged = {name: _merged(of, theirs[name], c) if name in theirs else copy.deepcopy(c) for name, c in ours.items()}
    result: list[Json] = []
    left, right = list(theirs), list(ours)
    while left or right:
        shared = next((name for name in right if name in theirs), None)
        if left and left[0] not in ours:
            result.append(theirs[left.pop(0)])
        elif left and (left[0] not in right or (right and left[0] not in (right[0], shared))):
            left.pop(0)  # it comes, or has come, at its place in the configuration
        else:
            if left and left[0] == right[0]:
                left.pop(0)
            result.append(merged[right.pop(0)])
    return result


def _without(member: Member, value: Json, gone: frozenset[Path], path: Path) -> Json:
    if not gone or member.atomic:
        return value
    kind = member.type
    if isinstance(value, dict):
        kept = {
            k: _without(kind.member(k) or Member(ANY), v, gone, (*path, k))
            for k, v in value.items()
            if (*path, k) not in gone
        }
        return {k: v for k, v in kept.items() if v not in ({}, []) or value[k] in ({}, [])}
    if isinstance(value, list) and member.list_type in ("set", "map"):
        of = Member(kind.element or ANY)
        here = [(e, (*path, _name(member, e))) for e in value]
        return [_without(of, e, gone, p) for e, p in here if p not in gone]
    return value


def to_json(managers: Managers) -> Json:
    """The managers as data that can be compared: sorted, without times."""
    return [[list(who), sorted(map(list, fields))] for who, fields in sorted(managers.items())]


def from_json(data: Json) -> Managers:
    """The reverse of `to_json`."""
    return {(who[0], who[1], who[2]): frozenset(tuple(p) for p in fields) for who, fields in data or []}
