"""The finite types of the language, resolved under a scope.

A `Type` says how many bits a value takes, what its default is, and which Python values belong to it. Data, the inside of every state,
is nested and immutable: scalars as Python has them, records, arrays and sequences as tuples, sets as frozensets. So states can be
compared and hashed, and a snapshot costs nothing.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Data = Any  # bool | int | Enum | Sort | None | tuple[Data, ...] | frozenset[Data]

MAX_SUBSETS_OF = 16  # members of a set whose subsets can be counted through

INT_MIN, INT_MAX = -(2**63), 2**63 - 1  # what a register holds: the `int` of names, parameters and results


@dataclass(frozen=True, slots=True)
class Type:
    """A finite type. Equality is structural; classes are compared by identity."""

    @property
    def bits(self) -> int:
        """How many bits a packed value takes; 0 for a type of one value."""
        raise NotImplementedError

    @property
    def cardinality(self) -> int | None:
        """The number of values of a finite type, in the order of `values()`: a scalar, a record of finite types, a small set. Else None."""
        return None

    @property
    def default(self) -> Data:
        """What a place of this type holds before anything wrote to it."""
        raise NotImplementedError

    def values(self) -> list[Data]:
        """All values of a finite type, in order; raises TypeError for other types."""
        raise TypeError(f"{self} has no list of values")


def _width(cardinality: int) -> int:
    return max(0, (cardinality - 1).bit_length()) if cardinality > 0 else 0


@dataclass(frozen=True, slots=True)
class BoolType(Type):
    """False and True."""

    @property
    def bits(self) -> int:
        return 1

    @property
    def cardinality(self) -> int | None:
        return 2

    @property
    def default(self) -> Data:
        return False

    def values(self) -> list[Data]:
        return [False, True]

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True, slots=True)
class IntType(Type):
    """Integers lo..hi, both included. As the type of an expression: the interval its value must lie in."""

    lo: int
    hi: int

    @property
    def bits(self) -> int:
        return _width(self.hi - self.lo + 1)

    @property
    def cardinality(self) -> int | None:
        return self.hi - self.lo + 1

    @property
    def default(self) -> Data:
        return self.lo

    def values(self) -> list[Data]:
        return list(range(self.lo, self.hi + 1))

    def __str__(self) -> str:
        return "int" if self in (INT, WIDEST) else f"Range({self.lo}, {self.hi})"


INT = IntType(INT_MIN, INT_MAX)
WIDEST = IntType(-(2**31), 2**31 - 1)  # the widest range that a place of the state may have
BOOL = BoolType()


@dataclass(frozen=True, slots=True)
class NoneType(Type):
    """The type of a bare `None`, before it meets an optional."""

    @property
    def bits(self) -> int:
        return 0

    @property
    def default(self) -> Data:
        return None

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True, slots=True)
class EnumType(Type):
    """The members of an `enum.Enum`, in the order of their definition."""

    cls: type[enum.Enum]

    @property
    def bits(self) -> int:
        return _width(len(self.values()))

    @property
    def cardinality(self) -> int | None:
        return len(self.values())

    @property
    def default(self) -> Data:
        return self.values()[0]

    def values(self) -> list[Data]:
        return list(self.cls)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True, slots=True)
class RefType(Type):
    """A member of a sort of `size` members."""

    cls: Any
    size: int
    symmetric: bool

    @property
    def bits(self) -> int:
        return _width(self.size)

    @property
    def cardinality(self) -> int | None:
        return self.size

    @property
    def default(self) -> Data:
        return self.cls.member(0)

    def values(self) -> list[Data]:
        return [self.cls.member(i) for i in range(self.size)]

    def __str__(self) -> str:
        return str(self.cls.__name__)


@dataclass(frozen=True, slots=True)
class OptionalType(Type):
    """`T | None`: None and the values of T; a scalar T costs one value more, another T one bit more."""

    inner: Type

    @property
    def bits(self) -> int:
        n = self.cardinality
        return self.inner.bits + 1 if n is None else _width(n)

    @property
    def cardinality(self) -> int | None:
        n = self.inner.cardinality if is_scalar(self.inner) else None
        return None if n is None else n + 1

    @property
    def default(self) -> Data:
        return None

    def values(self) -> list[Data]:
        return [None, *self.inner.values()]

    def __str__(self) -> str:
        return f"{self.inner} | None"


class NoDefault(enum.Enum):
    """The default of a record's field that must be given: a member of a sort, of which none is the first."""

    NO_DEFAULT = 0


NO_DEFAULT = NoDefault.NO_DEFAULT


def lacks_default(data: Data) -> bool:
    """Whether a default is none, or has such a part."""
    if not isinstance(data, tuple):
        return data is NO_DEFAULT
    return any(map(lacks_default, {id(part): part for part in data}.values()))  # an array's parts are one and the same


@dataclass(frozen=True, slots=True)
class Field:
    """A named part of a record or state; `default` may lack parts (`lacks_default`) where the record is no place of its own."""

    name: str
    type: Type
    default: Data


@dataclass(frozen=True, slots=True)
class RecordType(Type):
    """Named fields: a value (`is_state` False) or a place (True). Fields are compared, so scopes do not mix."""

    cls: type
    fields: tuple[Field, ...]
    is_state: bool

    @property
    def bits(self) -> int:
        from kubecheck.spec.layout import fields_size

        return fields_size(tuple(f.type for f in self.fields))

    @property
    def cardinality(self) -> int | None:
        sizes = [f.type.cardinality for f in self.fields]
        return None if self.is_state or None in sizes else math.prod(n or 0 for n in sizes)

    @property
    def default(self) -> Data:
        return tuple(f.default for f in self.fields)

    def values(self) -> list[Data]:
        if self.cardinality is None:
            raise TypeError(f"{self} has no list of values")
        return list(itertools.product(*(f.type.values() for f in self.fields)))

    def index(self, name: str) -> int:
        """The position of a field; raises KeyError if there is none."""
        for i, f in enumerate(self.fields):
            if f.name == name:
                return i
        raise KeyError(name)

    def __str__(self) -> str:
        return self.cls.__name__


@dataclass(frozen=True, slots=True)
class ArrayType(Type):
    """An element for each value of a finite key."""

    key: Type
    element: Type

    @property
    def length(self) -> int:
        return self.key.cardinality or 0

    @property
    def bits(self) -> int:
        from kubecheck.spec.layout import array_stride

        return self.length * array_stride(self.element, self.length)

    @property
    def default(self) -> Data:
        return (self.element.default,) * self.length

    def __str__(self) -> str:
        return f"Array[{self.key}, {self.element}]"


@dataclass(frozen=True, slots=True)
class SetType(Type):
    """The subsets of a finite type's values; one bit each."""

    key: Type

    @property
    def bits(self) -> int:
        return self.key.cardinality or 0

    @property
    def cardinality(self) -> int | None:
        return 1 << self.bits if self.bits <= MAX_SUBSETS_OF else None

    def values(self) -> list[Data]:
        if self.cardinality is None:
            raise TypeError(f"{self} has no list of values")
        keys = self.key.values()
        return [frozenset(k for i, k in enumerate(keys) if number >> i & 1) for number in range(self.cardinality)]

    @property
    def default(self) -> Data:
        return frozenset()

    def __str__(self) -> str:
        return f"Set[{self.key}]"


@dataclass(frozen=True, slots=True)
class SeqType(Type):
    """Up to `limit` elements; packed as the length in the low bits, then the elements without gaps, the rest zero."""

    element: Type
    limit: int

    @property
    def length_bits(self) -> int:
        return _width(self.limit + 1)

    @property
    def bits(self) -> int:
        return self.length_bits + self.limit * self.element.bits

    @property
    def default(self) -> Data:
        return ()

    def __str__(self) -> str:
        return f"Seq[{self.element}, {self.limit}]"


def is_scalar(t: Type) -> bool:
    """Whether a value of the type is a plain Python scalar (or None)."""
    return isinstance(t, BoolType | IntType | EnumType | RefType) or (
        isinstance(t, OptionalType) and is_scalar(t.inner)
    )


def is_place(t: Type) -> bool:
    """Whether reading it from the state gives a place (a State, or an array) rather than a value."""
    return isinstance(t, ArrayType) or (isinstance(t, RecordType) and t.is_state)


def holds_state(t: Type) -> bool:
    """Whether a State class occurs in it: such a thing has an identity and cannot be a value."""
    if isinstance(t, RecordType):
        return t.is_state
    if isinstance(t, ArrayType):
        return holds_state(t.element)
    return False


def holds_symmetric(t: Type) -> str | None:
    """The name of a symmetric sort whose members are in the values of a finite type; None if there is none."""
    if isinstance(t, RecordType):
        return next((found for f in t.fields if (found := holds_symmetric(f.type)) is not None), None)
    if isinstance(t, OptionalType | SetType):
        return holds_symmetric(t.inner if isinstance(t, OptionalType) else t.key)
    return str(t) if isinstance(t, RefType) and t.symmetric else None


def scalar_index(t: Type, value: Data) -> int:
    """The place of a value of a finite type among `t.values()`; raises ValueError if it is not one."""
    if isinstance(t, OptionalType):
        return 0 if value is None else 1 + scalar_index(t.inner, value)
    if isinstance(t, BoolType) and isinstance(value, bool):
        return int(value)
    if isinstance(t, IntType) and isinstance(value, int) and not isinstance(value, bool):
        if t.lo <= value <= t.hi:
            return value - t.lo
        raise ValueError(value)
    if isinstance(t, RefType) and type(value) is t.cls:
        return int(value.number)
    if isinstance(t, EnumType) and isinstance(value, t.cls):
        return t.values().index(value)
    if isinstance(t, RecordType):
        number = 0
        for f, part in zip(t.fields, value, strict=True):
            number = number * (f.type.cardinality or 0) + scalar_index(f.type, part)
        return number
    if isinstance(t, SetType):
        return sum(1 << scalar_index(t.key, member) for member in value)
    raise ValueError(value)


Resolver = Callable[[Any], Type]
