"""The fields of the kinds, from Kubernetes' OpenAPI documents and Go types: what has which type, and how patches and applies merge it.

schema.json has them in words, one type a line; tests/conformance/schema.py writes it from a source tree of v1.36.2.
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

Json = Any


@dataclass(frozen=True)
class Type:
    """A type: one of the plain ones by its name, a list or a map of another, or a struct, named as in schema.json."""

    name: str

    @property
    def element(self) -> Type | None:
        """The type of a list's or a map's elements; None of anything else."""
        return Type(self.name[2:]) if self.is_list or self.is_map else None

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return self.name.startswith("[]")

    @property
    def is_map(self) -> bool:
        """Whether it is a map with keys of the client's choice."""
        return self.name.startswith("{}")

    @property
    def members(self) -> dict[str, Member] | None:
        """The members of a struct; None of anything else."""
        return _structs().get(self.name)

    def member(self, name: str) -> Member | None:
        """A member of a struct, or the element of a map as if it were one."""
        if self.is_map:
            return Member(Type(self.name[2:]))
        return (self.members or {}).get(name)


@dataclass(frozen=True)
class Member:
    """A member of a struct.

    `pointer`: absent differs from zero; else Go leaves it out when it is zero (`omitted`), or always has it. `merge_key`: a strategic merge
    patch merges the list by this key, "" as a set, None replaces it. `retains`: such a patch may say which members stay.
    `list_type` and `keys`: how an apply merges the list. `atomic`: an apply replaces it as one.
    """

    type: Type
    pointer: bool = True
    omitted: bool = True
    merge_key: str | None = None
    retains: bool = False
    list_type: str = "atomic"
    keys: tuple[str, ...] = ()
    atomic: bool = False


ANY: Final = Type("any")
META: Final = Type("meta.v1.ObjectMeta")


@cache
def _written() -> Json:
    return json.loads(
        importlib.resources.files("kubecheck.model.conformance").joinpath("schema.json").read_text("utf-8")
    )


@cache
def _structs() -> dict[str, dict[str, Member]]:
    atomic = {name for name, members in _written()["types"].items() if members.get("") == "atomic"}
    return {
        name: {member: _member(words, atomic) for member, words in members.items() if member}
        for name, members in _written()["types"].items()
    }


def _member(words: str, atomic: set[str]) -> Member:
    name, *rest = words.split()
    given = dict(word.partition("=")[::2] for word in rest)
    return Member(
        type=Type(name),
        pointer="zero" not in given and "value" not in given,
        omitted="value" not in given,
        merge_key=given.get("merge"),
        retains="retain" in given,
        list_type=given.get("list", "atomic"),
        keys=tuple(given["keys"].split(",")) if "keys" in given else (),
        atomic="atomic" in given or name in atomic,
    )


def of_kind(kind: str) -> Type:
    """The type of a kind's objects."""
    return Type(_written()["kinds"].get(kind, "any"))
