"""The fields of a Kubernetes object, each with its path and place, so that an error says which field and where.

`decoded` does what the API server does with a field: a name that the type does not have is refused (strict decoding, `unknown field`),
`null` is the same as absent, and a value of another type is never converted. Read in Kubernetes 1.36: sigs.k8s.io/json
(internal/golang/encoding/json/decode.go). Which type has which fields is in conformance/schema.py, which texts a type takes in
conformance/shapes.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from kubecheck.model.conformance import shapes
from kubecheck.model.conformance.checks import closest
from kubecheck.model.manifest_source import Map, Node, Scalar, Sequence, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.model.conformance.schema import Type
    from kubecheck.spec.errors import Position

Json = Any

_WORDS: Final = {
    "int32": "a 32-bit integer", "int64": "a 64-bit integer", "bool": "true or false", "intstr": "a 32-bit integer or a string",
    "double": "a number", "quantity": "a quantity", "string": "a string", "bytes": "base64", "time": "a time", "microtime": "a time",
}  # fmt: skip
_REMEDIES: Final = {
    "int32": "write a whole number without quotes",
    "int64": "write a whole number without quotes",
    "intstr": 'for example 1, or "25%"',
    "double": "write a number without quotes",
    "bool": "write true or false without quotes",
    "quantity": 'for example 500m, 2, "1.5", 64Mi, 1Gi',
    "time": 'for example "2026-01-31T12:00:00Z"',
    "microtime": 'for example "2026-01-31T12:00:00.000000Z"',
}
_LARGEST: Final = {"int32": (1 << 31) - 1, "intstr": (1 << 31) - 1, "int64": (1 << 63) - 1}


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
            return Field(self.source, path, None, entry.key if entry else self._first_line())
        return Field(self.source, path, entry.node, entry.node.position)

    def _first_line(self) -> Position:
        """What is missing is shown at the first line of what it is missing from."""
        if not isinstance(self.node, Map):
            return self.position
        return next((e.key for e in self.node.entries.values()), self.position)

    def at(self, path: str, key: str | None = None) -> Position:
        """Where the field of a path like `spec.containers[0].resources.limits[cpu]` stands, or what of it is there; or a key of it."""
        found, rest = self, path
        while rest and (step := found._step(rest)) is not None:
            found, rest = step
        if key is not None and isinstance(found.node, Map) and key in found.node.entries:
            return found.node.entries[key].key
        return found._first_line() if rest else found.position

    def _step(self, path: str) -> tuple[Field, str] | None:
        """The child that a path begins with, and the rest of the path."""
        if isinstance(self.node, Sequence) and (index := re.match(r"\[([0-9]+)\]\.?", path)):
            items = self.node.items
            number = int(index[1])
            return (Field(self.source, "", items[number], items[number].position), path[index.end() :]) if number < len(items) else None
        if not isinstance(self.node, Map):
            return None
        for name in sorted(self.node.entries, key=len, reverse=True):
            entry = self.node.entries[name]
            for written in (name, f"[{name}]"):
                if path.startswith(written) and path[len(written) :][:1] in ("", ".", "["):
                    child = Field(self.source, "", entry.node, entry.node.position)
                    return child, path[len(written) :].removeprefix(".")
        return None

    def string(self, default: str = "") -> str:
        """A string; a number or a boolean is refused, as by the API server."""
        if self.node is None:
            return default
        value = self.node.value if isinstance(self.node, Scalar) else None
        if not isinstance(value, str):
            self.fail(f"is {self.described()}, and must be a string", remedy=self._quoted())
        return value

    def _quoted(self) -> str:
        """How to make a string of the value."""
        if not isinstance(self.node, Scalar):
            return "write one value"
        if isinstance(self.node.value, bool) and self.node.text not in ("true", "false"):
            return f'put it in quotes: "{self.node.text}" (YAML 1.1 reads it as a boolean without them)'
        return f'put it in quotes: "{self.node.text}"'

    def items(self) -> Iterator[Field]:
        """The elements of a list; an element that is null is absent."""
        if self.node is None:
            return
        if not isinstance(self.node, Sequence):
            self.fail(f"is {self.described()}, and must be a list", remedy="begin each element with `- `")
        for index, item in enumerate(self.node.items):
            path = f"{self.path}[{index}]"
            absent = isinstance(item, Scalar) and item.value is None
            yield Field(self.source, path, None if absent else item, item.position)

    def entries(self) -> Iterator[tuple[str, Field]]:
        """The keys of a mapping, each with its value."""
        node = self._map()
        for name in node.entries if node else ():
            yield name, self.child(name)

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

    def decoded(self, kind: Type) -> Json:
        """The value as JSON of a type; None if it is absent. Raises ManifestError where it is none, also for unknown fields."""
        if self.node is None:
            return None
        if kind.members is not None:
            self._only(kind)
            return {name: child.decoded(kind.members[name].type) for name, child in self.entries()}
        if kind.is_list and kind.element is not None:
            return [item.decoded(kind.element) for item in self.items()]
        if kind.is_map and kind.element is not None:
            return {name: child.decoded(kind.element) for name, child in self.entries()}
        return self._plain(kind.name)

    def _only(self, kind: Type) -> None:
        node, names = self._map(), sorted(kind.members or {})
        for name, entry in node.entries.items() if node else ():
            if name not in names:
                close, short = closest(name, names), kind.name.rpartition(".")[2]
                remedy = f"did you mean `{close}`?" if close else f"a {short} has {_listing(names)}"
                path = f"{self.path}.{name}" if self.path else name
                self.source.fail(f"{path} is not a field of {short}", entry.key, remedy=remedy)

    def _plain(self, kind: str) -> Json:
        if kind == "any":
            return _json(self.node)
        value = self.node.value if isinstance(self.node, Scalar) else None
        if isinstance(value, float) and kind in _LARGEST and value.is_integer():
            value = int(value)  # 3.0 reaches the API server as the JSON number 3
        if isinstance(self.node, Scalar) and shapes.is_plain(kind, value):
            return value
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind in _LARGEST and number and float(value or 0).is_integer():
            width = "64" if kind == "int64" else "32"
            self.fail(f"is {self.described()}, which does not fit a {width}-bit integer", remedy=f"the largest is {_LARGEST[kind]}")
        remedy = self._quoted() if kind == "string" else _REMEDIES.get(kind, "see `kubectl explain`")
        self.fail(f"is {self.described()}, and must be {_WORDS.get(kind, kind)}", remedy=remedy)

    def _map(self) -> Map | None:
        if self.node is None:
            return None
        if not isinstance(self.node, Map):
            self.fail(
                f"is {self.described()}, and must be a mapping", remedy="give it fields, one `name: value` a line"
            )
        return self.node


def _json(node: Node | None) -> Json:
    """A value of no particular type."""
    match node:
        case Map():
            return {name: _json(entry.node) for name, entry in node.entries.items()}
        case Sequence():
            return [_json(item) for item in node.items]
        case Scalar():
            return node.value
        case None:
            return None


def _listing(names: list[str]) -> str:
    shown = names[:12]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "…"
