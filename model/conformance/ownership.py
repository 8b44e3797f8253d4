"""Who owns which field, and server-side apply: managedFields.

After sigs.k8s.io/structured-merge-diff/v6 (merge/update.go) and apimachinery/pkg/util/managedfields/internal: an update gives the fields
that it changes to its manager and takes them from all others; an apply gives its manager the fields of its configuration, takes back
those that it no longer names and nobody else owns, and is refused where it would change another manager's field, unless forced.

A field is a path of names; an element of a list with a key is named by its key, an element of a set by its value; other lists are one
field.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.conformance.patches import MERGE_KEYS, MERGED_SETS

Json = Any
Path = tuple[str, ...]
# manager, operation, subresource -> the fields it owns
Managers = dict[tuple[str, str, str], frozenset[Path]]

_KEYED: Final = MERGE_KEYS
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


def leaves(value: Json, path: Path = ()) -> dict[Path, Json]:
    """The fields of a document that have no fields below them, with their values."""
    if path in _NOT_OWNED:
        return {}
    name = path[-1] if path else ""
    if isinstance(value, dict) and (value or not path):
        return {p: v for k, child in value.items() for p, v in leaves(child, (*path, k)).items()}
    if isinstance(value, list) and name in MERGED_SETS:
        return {(*path, f"={v}"): v for v in value}
    key = _KEYED.get(name)
    if isinstance(value, list) and key is not None and all(isinstance(v, dict) and key in v for v in value):
        found = {}
        for element in value:
            here = (*path, f"{key}={element[key]}")
            found[here] = element[key]
            for p, v in leaves({k: v for k, v in element.items() if k != key}, here).items():
                found[p] = v
            found[here] = element[key]
        return found
    return {path: value}


def after_update(managers: Managers, old: Json, new: Json, manager: str, subresource: str) -> Managers:
    """The managers after an update of `old` to `new`."""
    before, after = leaves(old), leaves(new)
    changed = frozenset(p for p in after if p not in before or before[p] != after[p])
    gone = frozenset(p for p in before if p not in after)
    own = (manager, "Update", subresource)
    result = {who: fields - changed - gone for who, fields in managers.items()}
    if changed:
        result[own] = result.get(own, frozenset()) | changed
    return {who: fields for who, fields in result.items() if fields}


def apply(
    managers: Managers, live: Json, configuration: Json, manager: str, subresource: str, *, force: bool
) -> Applied:
    """An apply of a configuration to the live object."""
    own = (manager, "Apply", subresource)
    wanted, current = leaves(configuration), leaves(live)
    others = {who: fields for who, fields in managers.items() if who != own}
    contested = frozenset(
        p for p, v in wanted.items() if (p not in current or current[p] != v) and any(p in f for f in others.values())
    )
    if contested and not force:
        return Applied(live, managers, contested)
    others = {who: fields - contested for who, fields in others.items()}
    given_up = managers.get(own, frozenset()) - wanted.keys()
    document = _merged(live, configuration, ())
    document = _without(document, frozenset(p for p in given_up if not any(p in f for f in others.values())), ())
    result = {who: fields for who, fields in {**others, own: frozenset(wanted)}.items() if fields}
    return Applied(document, result)


def _merged(live: Json, configuration: Json, path: Path) -> Json:
    if isinstance(configuration, dict) and isinstance(live, dict):
        result = dict(live)
        for name, value in configuration.items():
            result[name] = _merged(live.get(name), value, (*path, name))
        return result
    name = path[-1] if path else ""
    if isinstance(configuration, list) and isinstance(live, list):
        if name in MERGED_SETS:
            return live + [v for v in configuration if v not in live]
        key = _KEYED.get(name)
        if key is not None:
            named = {c.get(key): c for c in configuration}
            known = {e.get(key) for e in live}
            kept = [_merged(e, named[e.get(key)], (*path, "")) if e.get(key) in named else e for e in live]
            return kept + [copy.deepcopy(c) for c in configuration if c.get(key) not in known]
    return copy.deepcopy(configuration)


def _without(value: Json, gone: frozenset[Path], path: Path) -> Json:
    if not gone:
        return value
    if isinstance(value, dict):
        kept = {k: _without(v, gone, (*path, k)) for k, v in value.items() if (*path, k) not in gone}
        return {k: v for k, v in kept.items() if v not in ({}, []) or value[k] in ({}, [])}
    name = path[-1] if path else ""
    if isinstance(value, list) and name in MERGED_SETS:
        return [v for v in value if (*path, f"={v}") not in gone]
    key = _KEYED.get(name)
    if isinstance(value, list) and key is not None:
        here = [(e, (*path, f"{key}={e.get(key)}")) for e in value]
        return [_without(e, gone, p) for e, p in here if p not in gone]
    return value


def to_json(managers: Managers) -> Json:
    """The managers as data that can be compared: sorted, without times."""
    return [[list(who), sorted(map(list, fields))] for who, fields in sorted(managers.items())]


def from_json(data: Json) -> Managers:
    """The reverse of `to_json`."""
    return {(who[0], who[1], who[2]): frozenset(tuple(p) for p in fields) for who, fields in data or []}
