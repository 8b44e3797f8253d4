"""What a PATCH makes of an object's JSON: merge patch, JSON patch and strategic merge patch.

The three are functions from JSON to JSON, after RFC 7386, RFC 6902 with the liberties of gopkg.in/evanphx/json-patch.v4 (as the API server
configures it, a `replace` of a member that is not there adds it), and
staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go. Libraries for the first two exist in Python; they follow the RFCs
where the API server does not, and a PATCH that both refuse must be refused for the same cause.
"""

from __future__ import annotations

import copy
from typing import Any, Final

Json = Any


class PatchError(Exception):
    """The patch cannot be applied to this object: 422 Invalid."""


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
        if not isinstance(operation, dict) or not isinstance(operation.get("op"), str):
            raise BadPatch("an operation is an object with an op")
        _operate(root, operation)
    return root[""]


def _operate(root: Json, operation: dict[str, Any]) -> None:
    op, path = operation["op"], operation.get("path")
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
            _read(parent, name)
            parent[int(name)] = copy.deepcopy(operation.get("value"))
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
    if isinstance(parent, list) and name.isdigit() and int(name) < len(parent):
        return parent[int(name)]
    if missing is _RAISE:
        raise PatchError(f"{name}: no such member")
    return missing


def _remove(parent: Json, name: str) -> None:
    _read(parent, name)
    if isinstance(parent, list):
        del parent[int(name)]
    else:
        del parent[name]


def _add(parent: Json, name: str, value: Json) -> None:
    if not isinstance(parent, list):
        parent[name] = value
    elif name == "-":
        parent.append(value)
    elif name.isdigit() and int(name) <= len(parent):
        parent.insert(int(name), value)
    else:
        raise PatchError(f"{name}: no such index")


# --- strategic merge patch

# Lists that are merged by a key, and lists of plain values that are merged as sets, by the name of the field: the patchStrategy and
# patchMergeKey tags of staging/src/k8s.io/api/{core,apps}/v1/types.go and apimachinery/pkg/apis/meta/v1/types.go. All others are replaced.
MERGE_KEYS: Final = {
    "addresses": "type",
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "ephemeralContainers": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "podIPs": "ip",
    "ports": "containerPort",
    "resourceClaims": "name",
    "schedulingGates": "name",
    "secrets": "name",
    "topologySpreadConstraints": "topologyKey",
    "volumeDevices": "devicePath",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
MERGED_SETS: Final = {"finalizers"}
_RETAIN: Final = "$retainKeys"
_ORDER: Final = "$setElementOrder/"
_DROP: Final = "$deleteFromPrimitiveList/"


def strategic_merge_patch(document: Json, patch: Json) -> Json:
    """Objects are merged as by a merge patch; lists with a merge key by their elements' keys, with directives. Raises BadPatch."""
    if not isinstance(patch, dict):
        raise BadPatch("a strategic merge patch is an object")
    return _merge_objects(document if isinstance(document, dict) else {}, patch)


def _merge_objects(document: dict[str, Json], patch: dict[str, Json]) -> dict[str, Json]:
    directive = patch.get("$patch")
    if directive == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise BadPatch(f"no such directive: {directive}")
    if any(name.startswith((_DROP, _ORDER, _RETAIN)) and not isinstance(v, list) for name, v in patch.items()):
        raise BadPatch("a directive of a list is a list")
    result = dict(document)
    if _RETAIN in patch:
        result = {k: v for k, v in result.items() if k in patch[_RETAIN]}
    for name, value in patch.items():
        if name.startswith(_DROP):
            field = name[len(_DROP) :]
            old = result.get(field)
            result[field] = [v for v in old if v not in value] if isinstance(old, list) else []
        elif name.startswith(_ORDER):
            field = name[len(_ORDER) :]
            if field not in patch and isinstance(result.get(field), list):
                result[field] = _in_order(field, result[field], value, document.get(field) or [])
        elif name.startswith("$"):
            continue
        elif value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            old = result.get(name)
            result[name] = _merge_objects(old if isinstance(old, dict) else {}, value)
        elif isinstance(value, list):
            old = result.get(name)
            result[name] = _merge_lists(name, old if isinstance(old, list) else [], value, patch.get(_ORDER + name))
        else:
            result[name] = value
    return result


def _merge_lists(name: str, document: list[Json], patch: list[Json], order: list[Json] | None) -> list[Json]:
    key = MERGE_KEYS.get(name)
    if name in MERGED_SETS:
        merged = document + [v for v in patch if v not in document]
        return _in_order(name, merged, patch if order is None else order, document)
    if key is None or not all(isinstance(element, dict) for element in patch):
        return copy.deepcopy(patch)
    if any(element.get("$patch") == "replace" for element in patch):
        return [copy.deepcopy(e) for e in patch if "$patch" not in e]
    result = list(document)
    for element in patch:
        if key not in element:
            raise BadPatch(f"an element of {name} has no {key}")
        at = next((i for i, e in enumerate(result) if e.get(key) == element[key]), None)
        if element.get("$patch") == "delete":
            if at is not None:
                del result[at]
        elif at is None:
            result.append(_merge_objects({}, element))
        else:
            result[at] = _merge_objects(result[at], element)
    return _in_order(name, result, patch if order is None else order, document)


def _in_order(name: str, merged: list[Json], order: list[Json], document: list[Json]) -> list[Json]:
    """normalizeElementOrder: what the patch names in its order, among the others, which keep theirs; a new element comes first."""
    key = MERGE_KEYS.get(name)

    def identity(element: Json) -> Json:
        return element.get(key) if key is not None and isinstance(element, dict) else element

    named, before = [identity(o) for o in order], [identity(e) for e in document]
    patched = sorted((e for e in merged if identity(e) in named), key=lambda e: named.index(identity(e)))
    others = [e for e in merged if identity(e) not in named]
    result: list[Json] = []
    while others and patched:
        left, right = identity(others[0]), identity(patched[0])
        goes_first = left in before and right in before and before.index(left) < before.index(right)
        result.append((others if goes_first else patched).pop(0))
    return result + others + patched
