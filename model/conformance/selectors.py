"""Label and field selectors of lists and watches, as text in a query, and what they select.

After staging/src/k8s.io/apimachinery/pkg/labels/selector.go (the lexer, the parser and Requirement.Matches) and
pkg/fields/selector.go. Which fields a kind can be selected by is in pkg/apis/*/v1/conversion.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubecheck.model.registry.objects import Slot, Stored

Json = Any

_TOKEN: Final = re.compile(r"\s*(!=|==|=|!|,|\(|\)|<|>|[^\s!=,()<>]+)")
_OPERATORS: Final = {"=", "==", "!=", "in", "notin", "<", ">"}
_NAME: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)")
_PREFIX: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# Kinds with fields of their own; every other one can be selected by these two, whether it has namespaces or not.
_OF_ALL: Final = {"metadata.name": "", "metadata.namespace": ""}
_OF_CLUSTER: Final = {"metadata.name": ""}
# With what stands for a field that is not there (pkg/registry/*/*/strategy.go, ToSelectableFields).
_OF_KIND: Final[Mapping[str, Mapping[str, str]]] = {
    "Pod": {
        **_OF_ALL, "spec.nodeName": "", "spec.restartPolicy": "", "spec.schedulerName": "", "spec.serviceAccountName": "",
        "spec.hostNetwork": "false", "status.phase": "", "status.podIP": "", "status.podIPs": "", "status.nominatedNodeName": "",
    },
    "Node": {**_OF_CLUSTER, "spec.unschedulable": "false"},
    "Namespace": {**_OF_CLUSTER, "status.phase": ""},
    "Secret": {**_OF_ALL, "type": ""},
    "Service": {**_OF_ALL, "spec.clusterIP": "", "spec.type": ""},
    "Job": {**_OF_ALL, "status.successful": "0"},
}  # fmt: skip
# Where the value of a field is, if it is not where its name says; "" is nowhere.
_ELSEWHERE: Final = {"status.successful": "status.succeeded", "status.podIPs": ""}
_OLD_NAMES: Final = {("Pod", "spec.host"): "spec.nodeName"}
_ESCAPED: Final = re.compile(r"\\([\\,=])|[^\\,=]")


class SelectorError(ValueError):
    """A selector that cannot be parsed or names what cannot be selected by; the server answers 400."""


def integer(text: str | None) -> int | None:
    """An integer of the query, 0 for nothing, None for what is none (strconv.ParseInt of 64 bits)."""
    if text is None:
        return 0
    digits = text.lstrip("+-")
    if len(text) - len(digits) > 1 or not digits.isascii() or not digits.isdigit() or len(digits.lstrip("0")) > 19:
        return None
    found = int(text)
    return found if -(2**63) <= found < 2**63 else None


@dataclass(frozen=True)
class Requirement:
    """One requirement: the operator is one of =, !=, in, notin, exists, absent, <, >."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, found: Mapping[str, str]) -> bool:
        """Whether labels, or fields, meet it."""
        value = found.get(self.key)
        if self.operator in ("=", "in"):
            return value in self.values
        if self.operator in ("!=", "notin"):
            return value not in self.values
        if self.operator in ("<", ">"):
            limit, number = integer(next(iter(self.values))), integer(value)
            if value is None or number is None or limit is None:
                return False
            return number < limit if self.operator == "<" else number > limit
        return (value is not None) is (self.operator == "exists")


def label_requirements(text: str) -> tuple[Requirement, ...]:
    """Parses a label selector. Raises SelectorError."""
    tokens = _tokens(text)
    found = []
    while tokens:
        found.append(_requirement(tokens))
        if tokens and (tokens.pop(0) != "," or not tokens):
            raise SelectorError(f"found end or another word in {text!r} where a comma or a key is expected")
    return tuple(found)


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        assert match is not None, "every character is a token's"
        tokens.append(match.group(1))
        at = match.end()
    return tokens


def _requirement(tokens: list[str]) -> Requirement:
    absent = tokens[0] == "!"
    if absent:
        tokens.pop(0)
    key = tokens.pop(0) if tokens else ""
    if not _is_key(key):
        raise SelectorError(f"{key!r} is no label key")
    if absent or not tokens or tokens[0] == ",":
        return Requirement(key, "absent" if absent else "exists")
    operator = tokens.pop(0)
    if operator not in _OPERATORS:
        raise SelectorError(f"{operator!r} is no operator")
    if operator in ("in", "notin"):
        return Requirement(key, operator, _values(tokens))
    value = tokens.pop(0) if tokens and tokens[0] != "," else ""
    if not _is_value(value):
        raise SelectorError(f"{value!r} is no label value")
    if operator in ("<", ">") and (not value or integer(value) is None):
        raise SelectorError(f"{value!r} is no integer")
    return Requirement(key, "=" if operator == "==" else operator, frozenset({value}))


def _values(tokens: list[str]) -> frozenset[str]:
    """The values of `in` and `notin`: at least one, which may be empty, in parentheses."""
    if not tokens or tokens.pop(0) != "(":
        raise SelectorError("values stand in parentheses")
    values, last = set(), ","
    while tokens and tokens[0] != ")":
        word = tokens.pop(0)
        if word == "," and last == ",":
            values.add("")
        elif word != ",":
            if last != "," or not _is_value(word):
                raise SelectorError(f"{word!r} is no label value")
            values.add(word)
        last = word
    if not tokens:
        raise SelectorError("the parenthesis is not closed")
    tokens.pop(0)
    if last == ",":
        values.add("")
    return frozenset(values)


def _is_key(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    if slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix)):
        return False
    return _NAME.fullmatch(name) is not None


def _is_value(text: str) -> bool:
    return text == "" or _NAME.fullmatch(text) is not None


def field_terms(text: str) -> tuple[Requirement, ...]:
    """Parses a field selector, of whatever kind (fields.ParseSelector). Raises SelectorError."""
    found = []
    for term in re.findall(r"(?:\\.|[^\\,]|\\$)+", text, re.DOTALL):
        match = re.fullmatch(r"(.*?)(!=|==|=)(.*)", term, re.DOTALL)
        if match is None:
            raise SelectorError(f"{term!r} is no field requirement")
        field, operator, value = match.groups()
        found.append(Requirement(field, "!=" if operator == "!=" else "=", frozenset({_unescaped(value)})))
    return tuple(found)


def _unescaped(value: str) -> str:
    """A value without its backslashes, before which alone a comma, an equals sign and a backslash can stand (fields.UnescapeValue)."""
    parts = list(_ESCAPED.finditer(value))
    if sum(len(part[0]) for part in parts) != len(value):
        raise SelectorError(f"{value!r} is not escaped as a value")
    return "".join(part[1] or part[0] for part in parts)


def field_requirements(text: str, *, kind: str) -> tuple[Requirement, ...]:
    """Parses a field selector of a kind. Raises SelectorError."""
    known = _OF_KIND.get(kind, _OF_ALL)
    found = []
    for requirement in field_terms(text):
        key = _OLD_NAMES.get((kind, requirement.key), requirement.key)
        if key not in known:
            raise SelectorError(f"{key!r} is no field that {kind} is selected by")
        found.append(Requirement(key, requirement.operator, requirement.values))
    return tuple(found)


def fields_of(document: Json) -> dict[str, str]:
    """The fields that an object can be selected by."""
    found = {}
    for field, absent in _OF_KIND.get(document["kind"], _OF_ALL).items():
        value = document
        for name in _ELSEWHERE.get(field, field).split("."):
            value = value.get(name) if isinstance(value, dict) else None
        found[field] = absent if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return found


@dataclass(frozen=True)
class JsonSelector:
    """The selector of a request, for the model: it looks at the JSON that a client would see."""

    labels: tuple[Requirement, ...]
    fields: tuple[Requirement, ...]
    single: bool
    document: Callable[[Slot, Stored], Json]

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.labels and not self.fields

    def selects(self, slot: Slot, stored: Stored) -> bool:
        """Whether the object meets all requirements."""
        document = self.document(slot, stored)
        own = document["metadata"].get("labels") or {}
        return all(r.matches(own) for r in self.labels) and all(r.matches(fields_of(document)) for r in self.fields)
