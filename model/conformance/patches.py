"""What a PATCH makes of an object's JSON: merge patch, JSON patch and strategic merge patch.

The three are functions from JSON to JSON, after RFC 7386, RFC 6902 with the liberties of gopkg.in/evanphx/json-patch.v4 (as the API server
configures it, a `replace` of a member that is not there adds it, and negative indices count from the end), and
staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go. Libraries for the first two exist in Python; they follow the RFCs
where the API server does not, and a PATCH that both refuse must be refused for the same cause.
"""

from __future__ import annotations

import copy
from typing import Any, Final

from kubecheck.model.conformance.schema import ANY, Member, Type

Json = Any


class PatchError(Exception):
    """The patch cannot be applied to this object: 422 Invalid."""


class Unmergeable(Exception):  # noqa: N818 - the way out of a patch
    """The patch cannot be applied, for a cause that is no API status: 500."""


class BadPatch(Exception):  # noqa: N818 - a body that is no patch
    """The body is no patch: 400 BadRequest."""


def merge_patch(document: Json, patch: Json) -> Json:
    """RFC 7386: members of objects are replaced one by one, null removes, everything else is replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


# --- JSON patch


def json_patch(document: Json, patch: Json) -> Json:
    """RFC 6902: operations in order. Raises PatchError where one cannot be applied, BadPatch where it is none."""
    if not isinstance(patch, list):
        raise BadPatch("a JSON patch is a list of operations")
    root: Json = {"": copy.deepcopy(document)}
    for operation in patch:
        if not isinstance(operation, dict) or not isinstance(operation.get("op", ""), str):
            raise BadPatch("an operation is an object, and its op a text")
        _operate(root, operation)
    return root[""]


def _operate(root: Json, operation: dict[str, Any]) -> None:
    op, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str) or (path and not path.startswith("/")):
        raise PatchError("a path begins with /")
    parent, name = _parent(root, path)
    if op == "test":
        if _read(parent, name, missing=None) != operation.get("value"):
            raise PatchError(f"testing {path} failed")
    elif op == "remove":
        _remove(parent, name)
    elif op == "replace":
        if isinstance(parent, list):
            parent[_index(parent, name)] = copy.deepcopy(operation.get("value"))
        else:
            parent[name] = copy.deepcopy(operation.get("value"))
    elif op == "add":
        _add(parent, name, copy.deepcopy(operation.get("value")))
    elif op in ("move", "copy"):
        source, source_name = _parent(root, str(operation.get("from")))
        value = copy.deepcopy(_read(source, source_name))
        if op == "move":
            _remove(source, source_name)
        parent, name = _parent(root, path)
        _add(parent, name, value)
    else:
        raise PatchError(f"no such operation: {op}")


def _parent(root: Json, pointer: str) -> tuple[Json, str]:
    names = [n.replace("~1", "/").replace("~0", "~") for n in pointer.split("/")]
    found = root
    for name in names[:-1]:
        found = _read(found, name)
        if not isinstance(found, dict | list):
            raise PatchError(f"{pointer}: no such path")
    return found, names[-1]


_RAISE: Final = object()


def _read(parent: Json, name: str, missing: Any = _RAISE) -> Json:
    if isinstance(parent, dict) and name in parent:
        return parent[name]
    if isinstance(parent, list):
        return parent[_index(parent, name)]
    if missing is _RAISE:
        raise PatchError(f"{name}: no such member")
    return missing


def _has(parent: list[Json], name: str) -> bool:
    return name.removeprefix("-").isdigit() and -len(parent) <= int(name) < len(parent)


def _index(parent: list[Json], name: str) -> int:
    """Where in a list; a negative index counts from the end, which RFC 6901 does not know."""
    if not _has(parent, name):
        raise PatchError(f"{name}: no such index")
    return int(name) % len(parent)


def _remove(parent: Json, name: str) -> None:
    _read(parent, name)
    if isinstance(parent, list):
        del parent[_index(parent, name)]
    else:
        del parent[name]


def _add(parent: Json, name: str, value: Json) -> None:
    if not isinstance(parent, list):
        parent[name] = value
    elif name == "-":
        parent.append(value)
    elif name.removeprefix("-").isdigit() and -len(parent) - 1 <= int(name) <= len(parent):
        parent.insert(int(name) % (len(parent) + 1), value)
    else:
        raise PatchError(f"{name}: no such index")


# --- strategic merge patch

_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DROP: Final = "$deleteFromPrimitiveList/"


def strategic_merge_patch(document: Json, patch: Json, kind: Type) -> Json:
    """Objects are merged as by a merge patch; lists with a merge key by their elements' keys, with directives.

    Raises BadPatch where the patch is malformed, Unmergeable where upstream's error is no API status.
    """
    if not isinstance(patch, dict):
        raise BadPatch("a strategic merge patch is an object")
    return _merge_objects(document if isinstance(document, dict) else {}, patch, kind)


def _merge_objects(document: dict[str, Json], patch: dict[str, Json], kind: Type) -> dict[str, Json]:
    """mergeMap."""
    if "$patch" in patch:
        if patch["$patch"] == "replace":
            return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
        if patch["$patch"] == "delete":
            return {}
        raise Unmergeable(f"no such directive: {patch['$patch']}")
    result = _retained(document, patch)
    ordered = {name[len(_ORDER) :]: order for name, order in patch.items() if name.startswith(_ORDER)}
    for name, order in ordered.items():
        _order(result, patch, name, order, kind)
    for name, value in patch.items():
        if name.startswith(_DROP):
            field, old = name[len(_DROP) :], result.get(name[len(_DROP) :])
            if not isinstance(value, list):
                raise BadPatch("a directive of a list is a list")
            if isinstance(old, list):
                result[field] = [v for v in old if v not in value]
        elif name.startswith((_ORDER, _RETAIN)) or name in ordered:
            continue
        elif value is None:
            result.pop(name, None)
        else:
            _merge_member(result, name, value, kind)
    return result


def _merge_member(result: dict[str, Json], name: str, value: Json, kind: Type) -> None:
    old = result.get(name)
    member = kind.member(name) or Member(ANY)
    if isinstance(value, dict) and isinstance(old, dict):
        result[name] = _merge_objects(old, value, member.type)
    elif isinstance(value, list) and isinstance(old, list):
        merges = member.merge_key is not None
        result[name] = _merge_lists(old, value, member) if merges else copy.deepcopy(value)
    else:  # what was not there, or was of another type, is taken as it is
        kept = _without_directives(value)
        if kept is _GONE:
            result.pop(name, None)
        else:
            result[name] = kept


def _retained(document: dict[str, Json], patch: dict[str, Json]) -> dict[str, Json]:
    """applyRetainKeysDirective: of the document only what the directive names; the patch may name nothing else."""
    if _RETAIN not in patch:
        return dict(document)
    names = patch[_RETAIN]
    if not isinstance(names, list):
        raise BadPatch("a directive of a list is a list")
    for name, value in patch.items():
        if value is not None and name not in names and not name.startswith((_RETAIN, _DROP, _ORDER)):
            raise BadPatch(f"{name} is not among the keys to be retained")
    return {k: v for k, v in document.items() if k in names}


def _order(result: dict[str, Json], patch: dict[str, Json], name: str, order: Json, kind: Type) -> None:
    """mergePatchIntoOriginal: a list in the order of its directive, which names everything that the patch has of it."""
    member = kind.member(name)
    old, new = result.get(name), patch.get(name)
    if not isinstance(order, list) or member is None or not member.type.is_list:
        raise Unmergeable(f"{_ORDER}{name} is no order of a list")
    if (old is not None and not isinstance(old, list)) or (new is not None and not isinstance(new, list)):
        raise Unmergeable(f"{name} is no list")
    named = [_identity(o, member.merge_key) for o in order]
    listed = [_identity(e, member.merge_key) for e in new or [] if not (isinstance(e, dict) and "$patch" in e)]
    if named and [i for i in named if i in listed] != listed:
        raise Unmergeable(f"the order of {name} is another")
    if old is None and new is None:
        return
    if old is None:
        merged = _without_directives(new)
    elif new is None:
        merged = old
    else:
        merged = _merge_lists(old, new, member) if member.merge_key is not None else copy.deepcopy(new)
    result[name] = _in_order(merged, order, old or [], member.merge_key)


def _merge_lists(document: list[Json], patch: list[Json], member: Member) -> list[Json]:
    """mergeSlice."""
    key = member.merge_key
    if not document and not patch:
        return document
    if any(isinstance(e, list) for e in [*document, *patch]):
        raise PatchError("lists of lists are not supported")
    if len({isinstance(e, dict) for e in [*document, *patch]}) > 1:
        raise Unmergeable("elements of several types")
    if not key:
        merged = document + [v for v in patch if v not in document]
        return _in_order(list(dict.fromkeys(merged)), patch, document, None)
    result, rest = list(document), []
    for element in patch:
        if key not in element:
            raise Unmergeable(f"an element has no {key}")
        if element.get("$patch") == "delete":
            result = [e for e in result if e.get(key) != element[key]]
        elif "$patch" in element and element["$patch"] != "replace":
            raise Unmergeable(f"no such directive: {element['$patch']}")
        elif "$patch" not in element:
            rest.append(element)
    if any(element.get("$patch") == "replace" for element in patch):
        return copy.deepcopy(rest)
    of = member.type.element or ANY
    for element in rest:
        at = next((i for i, e in enumerate(result) if e.get(key) == element[key]), None)
        if at is None:
            result.append(copy.deepcopy(element))
        else:
            result[at] = _merge_objects(result[at], element, of)
    return _in_order(result, rest, document, key)


_GONE: Final = object()


def _without_directives(value: Json) -> Json:
    """What a patch says of something that was not there: its directives mean nothing, and neither do its nulls."""
    if isinstance(value, dict):
        if "$patch" in value:
            return _GONE
        kept = {k: _without_directives(v) for k, v in value.items() if v is not None and not k.startswith(_DIRECTIVES)}
        return {k: v for k, v in kept.items() if v is not _GONE}
    if isinstance(value, list):
        return [v for v in map(_without_directives, value) if v is not _GONE]
    return value


_DIRECTIVES: Final = (_RETAIN, _ORDER, _DROP)


def _identity(element: Json, key: str | None) -> Json:
    return element.get(key) if key and isinstance(element, dict) else element


def _in_order(merged: list[Json], order: list[Json], document: list[Json], key: str | None) -> list[Json]:
    """normalizeElementOrder: what the patch names in its order, among the others, which keep theirs; a new element comes first."""
    named, before = [_identity(o, key) for o in order], [_identity(e, key) for e in document]
    patched = sorted((e for e in merged if _identity(e, key) in named), key=lambda e: named.index(_identity(e, key)))
    others = [e for e in merged if _identity(e, key) not in named]
    result: list[Json] = []
    while others and patched:
        left, right = _identity(others[0], key), _identity(patched[0], key)
        goes_first = left in before and right in before and before.index(left) < before.index(right)
        result.append((others if goes_first else patched).pop(0))
    return result + others + patched
