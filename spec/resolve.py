"""From Python annotations to finite types, under one scope."""

from __future__ import annotations

import difflib
import enum
import sys
import types as pytypes
import typing
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any

from kubecheck.spec.classes import check_class
from kubecheck.spec.errors import SpecError
from kubecheck.spec.source import class_position, field_position
from kubecheck.spec.types import (
    BOOL,
    NO_DEFAULT,
    WIDEST,
    ArrayType,
    Data,
    EnumType,
    Field,
    IntType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    holds_state,
    is_scalar,
    lacks_default,
)
from kubecheck.spec.values import Array, Record, Seq, Set, Sort, SortMeta, State, active, lower

MAX_BITS = 1 << 16
MAX_ELEMENTS = 1 << 22


@dataclass(frozen=True)
class Range:
    """The bounds of an integer, both included: `Annotated[int, Range(0, "pods")]`. A string names a value of the scope."""

    lo: int | str
    hi: int | str


@dataclass(frozen=True)
class MaxLen:
    """The most elements a sequence may have: `Annotated[Seq[Event], MaxLen(4)]`. A string names a value of the scope."""

    length: int | str


class Types:
    """The types of one spec: every annotation resolved under its scope. Same annotation, same type."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._scope = scope
        self._classes: dict[type, Type] = {}
        self._open: list[type] = []  # classes that are being resolved

    def active(self) -> AbstractContextManager[None]:
        """A context in which sorts and constructors use this scope."""
        return active(self)

    def number(self, bound: int | str) -> int:
        """A bound: itself, or the value of the scope that it names."""
        if isinstance(bound, int) and not isinstance(bound, bool):
            return _held(bound, "a bound")
        if isinstance(bound, str):
            value = self._scope.get(bound)
            if isinstance(value, int) and not isinstance(value, bool):
                return _held(value, f"{bound} of the scope")
            numbers = sorted(n for n, v in self._scope.items() if isinstance(v, int) and not isinstance(v, bool))
            near = difflib.get_close_matches(bound, numbers)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            known = f"the scope names {', '.join(numbers) or 'nothing'}"
            raise SpecError("KC104", f"the scope has no number {bound!r}{hint}", remedy=known)
        raise SpecError("KC104", f"{bound!r} is no bound", remedy="write an int, or the name of a value of the scope")

    def size_of(self, sort: Any) -> int:
        """The number of members of a sort."""
        t = self.resolve(sort)
        assert isinstance(t, RefType)
        return t.size

    def resolve(self, annotation: Any, namespace: Mapping[str, Any] | None = None) -> Type:
        """The type that an annotation stands for; SpecError KC101 if it is none."""
        if isinstance(annotation, str):
            try:
                annotation = eval(
                    annotation, dict(namespace or {})
                )  # the spec's own source, as typing.get_type_hints does
            except Exception as e:
                raise SpecError(
                    "KC101",
                    f"the annotation {annotation!r} cannot be evaluated: {e}",
                    remedy="define the class before it is used, or leave out `from __future__ import annotations`",
                ) from None
        if isinstance(annotation, str | typing.ForwardRef):  # a string within an annotation
            return self.resolve(getattr(annotation, "__forward_arg__", annotation), namespace)
        if not isinstance(annotation, type):
            return self._resolve(annotation, namespace)
        if annotation not in self._classes:
            if annotation in self._open:
                raise SpecError("KC101", f"{annotation.__name__} contains itself", remedy="refer to a Sort instead")
            self._open.append(annotation)
            try:
                self._classes[annotation] = self._resolve(annotation, namespace)
            finally:
                self._open.pop()
        return self._classes[annotation]

    def _resolve(self, annotation: Any, namespace: Mapping[str, Any] | None) -> Type:
        origin, args = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is Annotated:
            return self._annotated(args[0], args[1:], namespace)
        if origin in (typing.Union, pytypes.UnionType):
            return self._optional(annotation, args, namespace)
        if origin is Array:
            return self._array(*(self.resolve(a, namespace) for a in args))
        if origin is Set:
            return SetType(self._finite(self.resolve(args[0], namespace), "a Set's element"))
        if isinstance(annotation, SortMeta) and annotation is not Sort:
            check_class(annotation)
            return RefType(annotation, self._size(annotation), annotation.symmetric)
        if isinstance(annotation, type):
            if annotation is bool:
                return BOOL
            if issubclass(annotation, enum.Enum):
                check_class(annotation)
                if not list(annotation):
                    raise SpecError("KC101", f"{annotation.__name__} has no members", remedy="an Enum needs at least one")
                return EnumType(annotation)
            if issubclass(annotation, Record | State) and annotation not in (Record, State):
                return self._record(annotation)
            if annotation is int:
                raise SpecError("KC105", "int alone has no width", remedy="write Annotated[int, Range(0, 7)]")
        if origin is Seq:
            remedy = f"write Annotated[{_name(annotation)}, MaxLen(4)]"
        else:
            remedy = "bool, Annotated[int, Range(lo, hi)], an Enum, a Sort, a Record, Array, Set, Seq, T | None"
        raise SpecError("KC101", f"{_name(annotation)} is not a type of the language", remedy=remedy)

    def _annotated(self, base: Any, extra: tuple[Any, ...], namespace: Mapping[str, Any] | None) -> Type:
        for e in extra:
            if isinstance(e, Range) and base is int:
                lo, hi = self.number(e.lo), self.number(e.hi)
                if lo > hi:
                    raise SpecError("KC106", f"Range({lo}, {hi}) has no values", remedy="the lower bound comes first")
                if not WIDEST.lo <= lo <= hi <= WIDEST.hi:
                    raise SpecError("KC106", f"Range({lo}, {hi}) does not fit in 32 bits", remedy="use smaller bounds")
                return IntType(lo, hi)
            if isinstance(e, MaxLen) and typing.get_origin(base) is Seq:
                element = self.resolve(typing.get_args(base)[0], namespace)
                if holds_state(element):
                    raise SpecError(
                        "KC107",
                        f"a Seq of {element}: a State is a place and cannot be an element",
                        remedy=f"make it a Record, or use an Array[…, {element}]",
                    )
                limit = self.number(e.length)
                if limit < 0:
                    raise SpecError("KC106", f"MaxLen({limit}) is negative", remedy="a length is 0 or more")
                return SeqType(element, limit)
        raise SpecError(
            "KC101",
            f"Annotated[{_name(base)}, …] has neither a Range (for int) nor a MaxLen (for Seq)",
            remedy="write Annotated[int, Range(0, 7)] or Annotated[Seq[T], MaxLen(4)]",
        )

    def _optional(self, annotation: Any, args: tuple[Any, ...], namespace: Mapping[str, Any] | None) -> Type:
        rest = [a for a in args if a is not type(None)]
        if len(rest) != 1 or len(args) != 2:
            raise SpecError(
                "KC101",
                f"{_name(annotation)}: a union is only `T | None`",
                remedy="use an Enum, or a Record with a tag",
            )
        inner = self.resolve(rest[0], namespace)
        if holds_state(inner):
            raise SpecError(
                "KC107",
                f"{inner} | None: a State is a place and cannot be absent",
                remedy="give it a field that says whether it is in use",
            )
        return OptionalType(inner)

    def _array(self, key: Type, element: Type) -> Type:
        found = ArrayType(self._finite(key, "an Array's key"), element)
        places, inner = found.length, element
        while isinstance(inner, ArrayType):
            places, inner = places * inner.length, inner.element
        if places > MAX_ELEMENTS:  # before anything is done for each of them
            remedy = f"at most {MAX_ELEMENTS:,}: a smaller scope, or fewer arrays in arrays"
            raise SpecError("KC133", f"arrays in arrays have {places:,} elements", remedy=remedy)
        return found

    def _finite(self, t: Type, what: str) -> Type:
        n = t.cardinality
        if n is None or not (isinstance(t, RecordType) or is_scalar(t)) or isinstance(t, OptionalType):
            raise SpecError(
                "KC108",
                f"{what} cannot be {t}",
                remedy="use a Sort, an Enum, bool, Annotated[int, Range(…)], or a Record of these",
            )
        if n > MAX_BITS:
            raise SpecError("KC108", f"{what}: {t} has {n:,} values", remedy=f"at most {MAX_BITS:,}")
        return t

    def _size(self, sort: Any) -> int:
        size = self.number(sort.size)
        if not 0 <= size <= MAX_BITS:
            remedy = f"a sort has 0 to {MAX_BITS:,} members" + (f": give another {sort.size!r}" if isinstance(sort.size, str) else "")
            raise SpecError("KC106", f"{sort.__name__} has {size:,} members", position=class_position(sort, None), remedy=remedy)
        return size

    def check_classes(self) -> None:
        """SpecError KC139 if a class has something by now that the native execution does not know of."""
        for cls in list(self._classes):
            check_class(cls)

    def _record(self, cls: Any) -> RecordType:
        check_class(cls)
        fields = tuple(self._fields(cls))
        is_state = issubclass(cls, State)
        for f in fields:
            if not is_state and holds_state(f.type):
                raise SpecError(
                    "KC107",
                    f"{cls.__name__}.{f.name}: a Record cannot hold the State {f.type}",
                    position=field_position(cls, f.name),
                    remedy="make it a State",
                )
        return RecordType(cls, fields, is_state)

    def _fields(self, cls: Any) -> Iterator[Field]:
        # classes that the module defines after this one are known by now
        names = {**vars(sys.modules[cls.__module__]), **cls._namespace} if cls.__module__ in sys.modules else cls._namespace
        for name, annotation in cls._annotations.items():
            try:
                t = self.resolve(annotation, names)
            except SpecError as e:
                raise _in_field(e, cls, name) from None
            element = t
            while isinstance(element, ArrayType):
                element = element.element
            if isinstance(t, RefType) and name not in cls._defaults and issubclass(cls, Record):
                yield Field(name, t, NO_DEFAULT)
                continue
            if isinstance(element, RefType) and name not in cls._defaults:
                raise SpecError(
                    "KC109",
                    f"{cls.__name__}.{name}: a {element} has no default, for no member of a sort is the first",
                    position=field_position(cls, name),
                    remedy=f"make it optional: {element} | None",
                )
            if name not in cls._defaults:
                if lacks_default(t.default) and issubclass(cls, State):
                    raise SpecError(
                        "KC109",
                        f"{cls.__name__}.{name}: a {element} has no default, for no member of a sort is the first",
                        position=field_position(cls, name),
                        remedy=f"make it optional ({element} | None), hold it in a Set or Seq, or give its fields defaults",
                    )
                yield Field(name, t, t.default)
                continue
            with self.active():
                try:
                    default = lower(t, cls._defaults[name])
                except SpecError as e:
                    raise _in_field(e, cls, name) from None
            member = _symmetric_member(default)
            if member is not None:
                raise SpecError(
                    "KC301",
                    f"{cls.__name__}.{name}: {type(member).__name__} is symmetric: no member can be a default",
                    position=field_position(cls, name),
                    remedy="start from None or an empty set",
                )
            yield Field(name, t, default)


def _held(number: int, what: str) -> int:
    if number.bit_length() > 63:
        raise SpecError("KC106", f"{what} is a number of {number.bit_length():,} bits", remedy="give a smaller one")
    return int(number)


def _in_field(e: SpecError, cls: type, name: str) -> SpecError:
    """An error of a field's type or default, at the field; of a field within a field, at the inner one."""
    if e.position is not None:
        return e
    return SpecError(e.code, f"{cls.__name__}.{name}: {e.message}", position=field_position(cls, name), remedy=e.remedy)


def _symmetric_member(data: Data) -> Sort | None:
    """A member of a symmetric sort inside data, if there is one."""
    if isinstance(data, tuple | frozenset):
        return next((m for d in data if (m := _symmetric_member(d)) is not None), None)
    return data if isinstance(data, Sort) and type(data).symmetric else None


def _name(annotation: Any) -> str:
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__name__
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(origin, type) and args and origin is not pytypes.UnionType:
        return f"{origin.__name__}[{', '.join(map(_name, args))}]"
    if origin in (typing.Union, pytypes.UnionType):
        return " | ".join(map(_name, args))
    return "None" if annotation is type(None) else str(annotation)
