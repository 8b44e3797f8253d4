"""Typed access to the fields of a Kubernetes object, each with its path, so that an error says which field and where.

Follows what the API server does with a field: a name that the type does not have is refused (strict decoding,
`unknown field`), `null` is the same as absent, and a value of another type is never converted. Read in Kubernetes
1.36: sigs.k8s.io/json (internal/golang/encoding/json/decode.go) and k8s.io/apimachinery/pkg/util/validation
(IsDNS1123Label, IsLabelKey, …).
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from kubecheck.model.manifest_source import Map, Node, Scalar, Sequence, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubecheck.spec.errors import Position

INT32_MAX: Final = (1 << 31) - 1
NOT_NEGATIVE: Final = "must be greater than or equal to 0"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object.

    `node` is None if it is absent or null; `position` is then that of what it is missing from.
    """

    source: Source
    path: str
    node: Node | None
    position: Position

    @classmethod
    def root(cls, source: Source, node: Node) -> Field:
        """The whole document."""
        return cls(source, "", node, node.position)

    @property
    def present(self) -> bool:
        """Whether the field has a value."""
        return self.node is not None

    def fail(self, message: str, *, remedy: str, at: Position | None = None) -> NoReturn:
        """Raise ManifestError `<path> <message>` at the value."""
        self.source.fail(f"{self.path or 'the document'} {message}", at or self.position, remedy=remedy)

    def required(self, *, remedy: str) -> Field:
        """This field; raises ManifestError if it has no value."""
        if self.node is None:
            self.fail("is required", remedy=remedy)
        return self

    def child(self, name: str) -> Field:
        """A field of this one; raises ManifestError if this is no mapping."""
        path = f"{self.path}.{name}" if self.path else name
        node = self._map()
        if node is None:
            return Field(self.source, path, None, self.position)
        entry = node.entries.get(name)
        if entry is None or (isinstance(entry.node, Scalar) and entry.node.value is None):
            # what is missing is shown at the first line of what it is missing from
            where = entry.key if entry else next((e.key for e in node.entries.values()), self.position)
            return Field(self.source, path, None, where)
        return Field(self.source, path, entry.node, entry.node.position)

    def key_position(self, name: str) -> Position:
        """Where the key of a field given here stands."""
        node = self._map()
        return node.entries[name].key if node else self.position

    def keys(self) -> tuple[str, ...]:
        """The names of the fields given here."""
        node = self._map()
        return tuple(node.entries) if node else ()

    def only(self, known: Iterable[str], *, type_name: str) -> Field:
        """This field; raises ManifestError for a key that the Kubernetes type does not have."""
        node, names = self._map(), sorted(known)
        for name, entry in node.entries.items() if node else ():
            if name in names:
                continue
            close = closest(name, names)
            remedy = f"did you mean `{close}`?" if close else f"a {type_name} has {_listing(names)}"
            path = f"{self.path}.{name}" if self.path else name
            self.source.fail(f"{path} is not a field of {type_name}", entry.key, remedy=remedy)
        return self

    def integer(self, default: int, *, minimum: int | None = 0) -> int:
        """A 32-bit integer; raises ManifestError for anything else, or if it is below `minimum`."""
        if self.node is None:
            return default
        value = self._value()
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # 3.0 reaches the API server as the JSON number 3
        if isinstance(value, bool) or not isinstance(value, int):
            remedy = "write a whole number without quotes"
            self.fail(f"is {self.described()}, and must be a 32-bit integer", remedy=remedy)
        if not -INT32_MAX - 1 <= value <= INT32_MAX:
            self.fail(
                f"is {self.described()}, which does not fit a 32-bit integer", remedy=f"the largest is {INT32_MAX}"
            )
        if minimum is not None and value < minimum:
            reason = NOT_NEGATIVE if minimum == 0 else f"must be greater than or equal to {minimum}"
            self.fail(f"is {value}: {reason}", remedy=f"write {minimum} or more")
        return value

    def boolean(self, default: bool) -> bool:
        """True or false (YAML 1.1 knows yes, no, on and off as well)."""
        if self.node is None:
            return default
        value = self._value()
        if not isinstance(value, bool):
            self.fail(f"is {self.described()}, and must be true or false", remedy="write true or false without quotes")
        return value

    def string(self, default: str = "") -> str:
        """A string; a number or a boolean is refused, as by the API server."""
        if self.node is None:
            return default
        value = self._value()
        if not isinstance(value, str):
            remedy = "put it in quotes" if isinstance(self.node, Scalar) else "write one value"
            if isinstance(self.node, Scalar) and isinstance(value, bool) and self.node.text not in ("true", "false"):
                remedy = f'put it in quotes: "{self.node.text}" (YAML 1.1 reads it as a boolean without them)'
            elif isinstance(self.node, Scalar):
                remedy = f'put it in quotes: "{self.node.text}"'
            self.fail(f"is {self.described()}, and must be a string", remedy=remedy)
        return value

    def items(self) -> Iterator[Field]:
        """The elements of a list."""
        if self.node is None:
            return
        if not isinstance(self.node, Sequence):
            self.fail(f"is {self.described()}, and must be a list", remedy="begin each element with `- `")
        for index, item in enumerate(self.node.items):
            path = f"{self.path}[{index}]"
            absent = isinstance(item, Scalar) and item.value is None
            yield Field(self.source, path, None if absent else item, item.position)

    def strings(self) -> dict[str, str]:
        """A mapping of strings to strings."""
        return {name: self.child(name).string() for name in self.keys()}

    def described(self) -> str:
        """The value, for a message."""
        match self.node:
            case None:
                return "absent"
            case Map():
                return "a mapping"
            case Sequence():
                return "a list"
            case Scalar(value=str() as text):
                return f'the string "{_shortened(text)}"'
            case Scalar(value=bool(), text=text):
                return f"the boolean {text}"
            case Scalar(text=text):
                return f"the number {_shortened(text)}"

    def _map(self) -> Map | None:
        if self.node is None:
            return None
        if not isinstance(self.node, Map):
            self.fail(
                f"is {self.described()}, and must be a mapping", remedy="give it fields, one `name: value` a line"
            )
        return self.node

    def _value(self) -> str | int | float | bool | None:
        return self.node.value if isinstance(self.node, Scalar) else None


def closest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that `name` was probably meant to be, or nothing."""
    candidates = list(names)
    same = [n for n in candidates if n.lower() == name.lower()]
    return (same or difflib.get_close_matches(name, candidates, n=1, cutoff=0.7) or [""])[0]


def _listing(names: list[str]) -> str:
    shown = names[:12]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"


_ALPHANUMERIC: Final = "'a' to 'z', '0' to '9'"
_DNS_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")


def check_dns_label(field: Field, value: str) -> None:
    """Container and namespace names (IsDNS1123Label); raises ManifestError."""
    if len(value) > 63 or not _DNS_LABEL.fullmatch(value):
        field.fail(
            f'is "{_shortened(value)}", which is not an RFC 1123 label',
            remedy=f"at most 63 characters of {_ALPHANUMERIC} and '-', with neither end '-'",
        )


def check_dns_subdomain(field: Field, value: str) -> None:
    """Object names (IsDNS1123Subdomain); raises ManifestError."""
    if len(value) > 253 or not _DNS_SUBDOMAIN.fullmatch(value):
        field.fail(
            f'is "{_shortened(value)}", which is not an RFC 1123 subdomain',
            remedy=f"at most 253 characters of {_ALPHANUMERIC}, '-' and '.', with '-' and '.' inside only",
        )


def check_label_key(field: Field, key: str, *, at: Position | None = None) -> None:
    """A label's key, `name` or `prefix/name` (IsLabelKey); raises ManifestError."""
    prefix, slash, name = key.rpartition("/")
    if slash and (len(prefix) > 253 or not _DNS_SUBDOMAIN.fullmatch(prefix)):
        field.fail(
            f'has the label key "{_shortened(key)}", whose part before the / is not an RFC 1123 subdomain',
            remedy="a prefix looks like example.com/",
            at=at,
        )
    if len(name) > 63 or not _LABEL_NAME.fullmatch(name):
        field.fail(
            f'has the label key "{_shortened(key)}", which is not valid',
            remedy="at most 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit",
            at=at,
        )


def check_label_value(field: Field, value: str) -> None:
    """A label's value (IsLabelValue); raises ManifestError."""
    if len(value) > 63 or (value and not _LABEL_NAME.fullmatch(value)):
        field.fail(
            f'is "{_shortened(value)}", which is not a valid label value',
            remedy="empty, or at most 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit",
        )


def labels(field: Field) -> dict[str, str]:
    """A mapping of labels (ValidateLabels); raises ManifestError."""
    found = field.strings()
    for key, value in found.items():
        check_label_key(field, key, at=field.key_position(key))
        check_label_value(field.child(key), value)
    return found
