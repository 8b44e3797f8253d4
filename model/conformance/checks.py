"""The small checks that larger ones are made of, and what they give: problems, each with the path of a field, the cause and the remedy.

Texts and rules from staging/src/k8s.io/apimachinery/pkg/util/validation/{validation,field/errors}.go and
pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any, Final

from kubecheck.model.conformance import names

Json = Any
Problems = list[str]

_SHOWN: Final = 40  # characters of a value in a message
_LISTED: Final = 12  # values that a message lists

LABEL_REMEDY: Final = "at most 63 characters of 'a' to 'z', '0' to '9' and '-', with neither end '-'"
SUBDOMAIN_REMEDY: Final = "at most 253 characters of 'a' to 'z', '0' to '9', '-' and '.', with '-' and '.' inside only"
_KEY_REMEDY: Final = (
    "at most 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit; example.com/ may stand before it"
)
_VALUE_REMEDY: Final = "empty, or at most 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit"


class Problem(str):
    """What is wrong with a field, as text: `path: cause`. `remedy` may be empty; `key`: it is this key of the map at the path."""

    path: str
    cause: str
    remedy: str
    key: str | None

    def __new__(cls, path: str, cause: str, remedy: str = "", key: str | None = None) -> Problem:
        """Puts the text together."""
        found = super().__new__(cls, f"{path}: {cause}")
        found.path, found.cause, found.remedy, found.key = path, cause, remedy, key
        return found


def problem(path: str, cause: str, remedy: str = "") -> Problems:
    """One problem."""
    return [Problem(path, cause, remedy)]


def bad_key(path: str, key: str, *, what: str) -> Problems:
    """That a key of a map is not valid."""
    return [Problem(path, f"has the {what} {shown(key)}, which is not valid", _KEY_REMEDY, key)]


def required(path: str, value: Json, cause: str = "is required") -> Problems:
    """That a string, a list or a map is not empty."""
    return [] if value else problem(path, cause)


def forbidden(path: str, value: Json, cause: str) -> Problems:
    """That a member is absent."""
    return [] if value is None else problem(path, cause, "leave it out")


def supported(path: str, value: Json, allowed: Collection[str], *, empty: bool = False) -> Problems:
    """That a string is one of some; `empty`: or is not given, or empty."""
    if value in allowed or (empty and not value):
        return []
    listed = ", ".join(sorted(allowed))
    if not value:
        return problem(path, "is required", f"one of {listed}")
    close = closest(str(value), allowed)
    return problem(path, f"is {shown(value)}, which is not supported", f"did you mean `{close}`?" if close else f"one of {listed}")


def closest(name: str, known: Iterable[str]) -> str:
    """The one of some names that was probably meant, or nothing."""
    candidates = list(known)
    same = [n for n in candidates if n.lower() == name.lower()]
    return (same or difflib.get_close_matches(name, candidates, n=1, cutoff=0.7) or [""])[0]


def shown(value: Json) -> str:
    """A value for a message: short, strings in quotes."""
    text = str(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def label(path: str, value: Json) -> Problems:
    """A DNS label that must be there."""
    if not value:
        return problem(path, "is required")
    return [] if names.is_label(value) else problem(path, f"is {shown(value)}, which is not an RFC 1123 label", LABEL_REMEDY)


def subdomain(path: str, value: Json) -> Problems:
    """A DNS subdomain that must be there."""
    if not value:
        return problem(path, "is required")
    if names.is_subdomain(value):
        return []
    return problem(path, f"is {shown(value)}, which is not an RFC 1123 subdomain", SUBDOMAIN_REMEDY)


def qualified(path: str, value: Json) -> Problems:
    """A name with or without a domain in front, as the keys of labels are."""
    return [] if names.is_qualified(value or "") else problem(path, f"is {shown(value or '')}, which is not valid", _KEY_REMEDY)


def label_value(path: str, value: Json) -> Problems:
    """The value of a label."""
    if names.is_label_value(value):
        return []
    return problem(path, f"is {shown(value)}, which is not a valid label value", _VALUE_REMEDY)


def config_key(path: str, value: Json) -> Problems:
    """The key of a ConfigMap or a Secret, which must be there."""
    if not value:
        return problem(path, "is required")
    if names.is_config_key(value):
        return []
    remedy = "at most 253 letters, digits, '-', '_', '.', not . and not beginning with .."
    return problem(path, f"is {shown(value)}, which is not a key", remedy)


def between(path: str, value: Json, low: int, high: int, kind: str = "") -> Problems:
    """An integer within bounds, if it is given."""
    if value is None or low <= value <= high:
        return []
    return problem(path, f"is {value}: must be between {kind or low} and {high}")


def not_negative(path: str, value: Json) -> Problems:
    """An integer that is not below zero, if it is given."""
    return [] if (value or 0) >= 0 else problem(path, f"is {value}: must be greater than or equal to 0", "write 0 or more")


def positive(path: str, value: Json) -> Problems:
    """An integer above zero; absent is zero."""
    return [] if (value or 0) > 0 else problem(path, f"is {value or 0}: must be greater than 0", "write 1 or more")


def mode(path: str, value: Json) -> Problems:
    """The permissions of a file, if they are given."""
    if value is None or 0 <= value <= 0o777:
        return []
    return problem(path, f"is {value}: must be between 0 and 0777 (octal), 511 (decimal)")


def no_backsteps(path: str, value: str) -> Problems:
    """validatePathNoBacksteps."""
    return problem(path, f"is {shown(value)}: must not contain '..'") if ".." in value.split("/") else []


def descending(path: str, value: str) -> Problems:
    """validateLocalDescendingPath."""
    found = problem(path, f"is {shown(value)}: must be a relative path") if value.startswith("/") else []
    return found + no_backsteps(path, value)


def not_reserved(path: str, value: str) -> Problems:
    """ValidateLocalNonReservedPath."""
    found = descending(path, value)
    if value.startswith("..") and not value.startswith("../"):
        found += problem(path, f"is {shown(value)}: must not start with '..'") if not found else []
    return found


def port(path: str, value: Json) -> Problems:
    """ValidatePortNumOrName: a port, or the name of one."""
    if isinstance(value, str):
        if names.is_port_name(value):
            return []
        return problem(
            path,
            f"is {shown(value)}, which is not the name of a port",
            "at most 15 of 'a' to 'z', '0' to '9' and '-', with a letter, and '-' inside and alone only; a number stands without quotes",
        )
    return [] if names.is_port(value) else problem(path, f"is {value or 0}: must be between 1 and 65535")


def address(path: str, value: Json) -> Problems:
    """IsValidIPForLegacyField."""
    if names.address(value or "") is not None:
        return []
    return problem(path, f"is {shown(value or '')}, which is not an IP address", "for example 10.9.8.7 or 2001:db8::ffff")
