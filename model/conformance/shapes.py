"""What a body must look like to be decoded at all, and what Go makes of it: types of fields, unknown ones, zero values.

A real API server decodes into Go structs. A member of the wrong type makes the request 400 (create, PUT) or 422 (the result of a PATCH)
before anything else is asked; one that the struct does not have is dropped; one that is absent has its zero value, which JSON leaves out
or not. The structs are in schema.py; what texts mean is in words of sigs.k8s.io/json, apimachinery/pkg/apis/meta/v1/{time,micro_time}.go
and apimachinery/pkg/api/resource/quantity.go.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import Any, Final

from kubecheck.model.conformance import schema
from kubecheck.model.conformance.quantities import canonical, quantity
from kubecheck.model.conformance.schema import Member, Type

Json = Any

_WIDTHS: Final = {"int32": 31, "int64": 63}
_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE: Final = r"(Z|[+-][0-9]{2}:[0-9]{2})"
_TIME: Final = re.compile(_DATE + r"(\.[0-9]+)?" + _ZONE)
_MICRO_TIME: Final = re.compile(_DATE + r"\.[0-9]{6}" + _ZONE)
_TIMES: Final = {"time": _TIME, "microtime": _MICRO_TIME}
_ZERO: Final[dict[str, Json]] = {
    "string": "", "bool": False, "int32": 0, "int64": 0, "double": 0, "bytes": "", "quantity": "0", "intstr": 0,
}  # fmt: skip


def fits(kind: str, document: Json) -> bool:
    """Whether a document can be decoded as an object of the kind."""
    return isinstance(document, dict) and _fits(schema.of_kind(kind), document)


def _fits(kind: Type, value: Json) -> bool:
    if value is None or kind == schema.ANY:
        return True
    if kind.members is not None:
        return isinstance(value, dict) and all(
            name not in value or _fits(member.type, value[name]) for name, member in kind.members.items()
        )
    if kind.element is not None:
        children = value.values() if kind.is_map and isinstance(value, dict) else value
        return isinstance(value, dict if kind.is_map else list) and all(_fits(kind.element, v) for v in children)
    return is_plain(kind.name, value)


def is_plain(name: str, value: Json) -> bool:
    """Whether a value can be decoded as one of the plain types."""
    number = isinstance(value, int) and not isinstance(value, bool)
    if name in _WIDTHS:
        return number and -(2 ** _WIDTHS[name]) <= value < 2 ** _WIDTHS[name]
    if name == "bool":
        return isinstance(value, bool)
    if name == "double":
        return number or isinstance(value, float)
    if name == "intstr":
        return isinstance(value, str) or (number and -(2**31) <= value < 2**31)
    if name == "quantity":
        return isinstance(value, str | int | float) and not isinstance(value, bool) and quantity(value) is not None
    if not isinstance(value, str):
        return False
    if name == "bytes":
        return is_base64(value)
    return name not in _TIMES or (_TIMES[name].fullmatch(value) is not None and _is_date(value))


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_base64(text: str) -> bool:
    """Whether a text is base64, as Go's StdEncoding reads it: line ends do not count."""
    try:
        base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def unknown(kind: str, document: Json) -> list[str]:
    """The paths of members that the kind does not have."""
    return _unknown(schema.of_kind(kind), document, "")


def _unknown(kind: Type, value: Json, path: str) -> list[str]:
    if kind.members is not None and isinstance(value, dict):
        found = [f"{path}{name}" for name in value if name not in kind.members]
        for name, member in kind.members.items():
            found += _unknown(member.type, value.get(name), f"{path}{name}.")
        return found
    if kind.element is None or not isinstance(value, list | dict):
        return []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [name for i, v in items for name in _unknown(kind.element, v, f"{path}{i}.")]


def decoded(kind: str, document: Json) -> Json:
    """The document as Go writes it again: without unknown members and nulls, with and without zero values."""
    of = schema.of_kind(kind)
    return _normal(of, document, top=True) if of.members is not None else document


def _normal(kind: Type, value: Json, *, top: bool = False) -> Json:
    if kind.members is not None:
        return _struct(kind.members, value or {}, top=top)
    if kind.is_list and kind.element is not None:
        return [_normal(kind.element, v) for v in value or []]
    if kind.is_map and kind.element is not None:
        return {name: _normal(kind.element, v) for name, v in (value or {}).items()}
    if value is None:
        return _ZERO.get(kind.name)
    if kind.name == "quantity":
        return canonical(value)
    if kind.name == "bytes":
        return value.replace("\r", "").replace("\n", "")
    return value


def _struct(members: dict[str, Member], value: Json, *, top: bool) -> Json:
    result: dict[str, Json] = {}
    for name, member in members.items():
        if top and name not in value:
            continue  # an object's own metadata, spec and status are the business of who asked
        if value.get(name) is None and member.pointer:
            continue
        found = _normal(member.type, value.get(name))
        scalar = member.type.element is None
        written = bool(found) or (scalar and (member.pointer or not member.omitted)) or member.type.members is not None
        if written and found is not None:
            result[name] = found
    return result


def members(kind: str) -> frozenset[str] | None:
    """The outermost members of a kind, if all of them are known here."""
    found = schema.of_kind(kind).members
    return None if found is None else frozenset(found)
