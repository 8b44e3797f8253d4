"""What a spec's classes may define: only what both executions know of.

The native execution knows a Record, a State, a Sort and an Enum by its fields, its members and its methods. What Python would do on its own
account, a `__eq__` or an overridden `next`, it never hears of: such a class is refused, however it came by it.
"""

from __future__ import annotations

import enum
import inspect
import itertools
from typing import Any, Final, NoReturn

from kubecheck.spec.errors import SpecError
from kubecheck.spec.source import class_position
from kubecheck.spec.values import FieldView, Record, Sort, SortMeta, State


class _Plain(enum.Enum):
    """What every Enum has in its class, whoever writes it."""

    MEMBER = 0


# names with two underscores that change nothing of what values and places are: where a class comes from, and how it is shown
_SHOWN: Final = frozenset({"__repr__", "__str__", "__format__", "__doc__"})
_HARMLESS: Final = _SHOWN | {
    "__module__", "__qualname__", "__annotations__", "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__",
    "__annotate__", "__annotate_func__", "__annotations_cache__", "__orig_bases__", "__parameters__",
    "__type_params__", "__classdictcell__",
}  # fmt: skip
# an Enum's members are made once, whatever makes them
_OF_ENUMS: Final = (
    _HARMLESS
    | set(vars(_Plain))
    | {
        "__new__",
        "__init__",
        "__new_member__",
        "__set_name__",
        "__init_subclass__",
        "__reduce__",
        "__reduce_ex__",
        "__getnewargs__",
        "__getnewargs_ex__",
        "__deepcopy__",
        "__copy__",
    }
)
_MADE: Final = frozenset({"_annotations", "_defaults", "_namespace"})  # by Record and State for each class
_MADE_OF_SORTS: Final = frozenset({"size", "symmetric", "label", "_members"})
_PAIRS: Final = 300  # members, of which each is compared with each


def check_class(cls: Any) -> None:
    """SpecError KC139 for a Record, State, Sort or Enum class with something that the native execution would not know of."""
    if isinstance(cls, enum.EnumMeta):
        _check_enum(cls)
    elif isinstance(cls, SortMeta):
        _check_members(cls, SortMeta, Sort, _HARMLESS, _MADE_OF_SORTS)
    elif issubclass(cls, Record | State):
        _check_members(cls, type, Record if issubclass(cls, Record) else State, _HARMLESS, _MADE)
        for name in cls._annotations:
            if not isinstance(inspect.getattr_static(cls, name), FieldView):
                _refuse(
                    cls, name, "is a field, and something else stands in its place", "give one of them another name"
                )


def _check_members(cls: Any, metaclass: type, base: type, harmless: frozenset[str], made: frozenset[str]) -> None:
    _check_metaclass(cls, metaclass)
    api = {name for c in base.__mro__ if c is not object for name in (*vars(c), *inspect.get_annotations(c))} - made
    for owner in _written(cls, base):
        for name in vars(owner):
            if name in harmless or name in made:
                continue
            if _dunder(name) or name in api:
                kind = base.__name__
                remedy = (
                    f"a {kind} has its own: give yours another name, and call it"
                    if not _dunder(name)
                    else f"leave it out: what a {kind} does by itself is the language's"
                )
                _refuse(owner, name, f"is Python's alone: the native execution has the {kind}'s own instead", remedy)


def _check_enum(cls: Any) -> None:
    _check_metaclass(cls, enum.EnumMeta)
    if issubclass(cls, enum.Flag):
        _refuse(cls, None, "is a Flag: what its members combine to are no members", "use a Set of an Enum")
    for owner in _written(cls, enum.Enum):
        if owner.__module__ in ("enum", "builtins"):
            continue
        for name in vars(owner):
            if _dunder(name) and name not in _OF_ENUMS:
                _refuse(
                    owner,
                    name,
                    "is Python's alone: the native execution compares members by identity",
                    "leave it out, or write a method of another name",
                )
    members = list(cls)
    if (
        len({*members}) == len(members)
        and all(a != b for a, b in itertools.combinations(members[:_PAIRS], 2))
        and all(m == m for m in members)
    ):
        return
    _refuse(
        cls,
        None,
        "has members that Python takes for equal: the native execution compares them by identity",
        "give each a value of its own",
    )


def _check_metaclass(cls: Any, wanted: type) -> None:
    if type(cls) is not wanted:
        _refuse(
            cls,
            None,
            f"has a metaclass of its own, {type(cls).__name__}",
            "leave it out: the native execution knows nothing of it",
        )


def _written(cls: Any, base: type) -> list[Any]:
    """The classes that the author wrote or mixed in: all that a class inherits from, but what comes with its base."""
    return [c for c in cls.__mro__ if c not in base.__mro__ and c.__module__ != "typing"]


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _refuse(cls: Any, name: str | None, what: str, remedy: str) -> NoReturn:
    whole = cls.__name__ if name is None else f"{cls.__name__}.{name}"
    raise SpecError("KC139", f"{whole} {what}", position=class_position(cls, name), remedy=remedy)
