"""What a spec's functions hold in their hands when CPython runs them: the reference execution's values and places.

Data is nested and immutable (see types.py). A `Cell` is a place in the current state: it can be read and replaced. States and
arrays of a state are live views of a cell; records, sets and sequences are snapshots of its data. A record read from a place
remembers the cell, so that `s.pods[p].phase = X` writes through; a record that was made by a constructor has none.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, dataclass_transform, overload

from kubecheck.spec.errors import SpecError, ValueEscape
from kubecheck.spec.source import caller, field_position
from kubecheck.spec.types import (
    ArrayType,
    Data,
    IntType,
    OptionalType,
    RecordType,
    SeqType,
    SetType,
    Type,
    is_scalar,
    lacks_default,
    scalar_index,
)
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from kubecheck.spec.resolve import Types

K = TypeVar("K")
T = TypeVar("T")

# Which scope's sizes hold while a spec's function runs: set by the reference execution around each call, per thread.
_active: ContextVar[Types | None] = ContextVar("kubecheck_types", default=None)


@contextmanager
def active(types: Types) -> Iterator[None]:
    """Runs the body with this scope's types, so that `for p in Pod` and constructors know the sizes."""
    token = _active.set(types)
    try:
        yield
    finally:
        _active.reset(token)


def active_types() -> Types:
    """The types of the spec that is being executed; raises SpecError outside of any."""
    types = _active.get()
    if types is None:
        raise SpecError(
            "KC401",
            "a sort or a record was used outside of a spec's execution",
            position=caller(),
            remedy="make values inside actions and properties; a sort has its size only in a spec's scope",
        )
    return types


# --- sorts ---------------------------------------------------------------------------------------------------------------


class SortMeta(type):
    """Makes the class itself the collection of its members: `for p in Pod`, `len(Pod)`."""

    size: int | str
    symmetric: bool
    label: str
    _members: dict[int, Any]

    def __iter__(cls: type[T]) -> Iterator[T]:
        meta: Any = cls
        return iter([meta.member(i) for i in range(active_types().size_of(meta))])

    def __len__(cls) -> int:
        return active_types().size_of(cls)

    def member(cls, number: int) -> Any:
        """The member with that number, always the same object."""
        found = cls._members.get(number)
        if found is None:
            sort: Any = cls
            found = object.__new__(sort)
            object.__setattr__(found, "number", number)
            cls._members[number] = found
        return found


class Sort(metaclass=SortMeta):
    """A finite set of things of one kind: `class Pod(Sort, size="pods", symmetric=True)`.

    `size` is an int or the name of a value of the scope. Members of a symmetric sort can only be compared for equality, stored and
    used as an index (the scalarset rule of Ip and Dill, 1996). `label` names members in output: pod-0, pod-1, …
    """

    number: int
    size: ClassVar[int | str]
    symmetric: ClassVar[bool]
    label: ClassVar[str]

    def __init_subclass__(cls, *, size: int | str = 0, symmetric: bool = False, label: str = "") -> None:
        cls.size, cls.symmetric, cls._members = size, symmetric, {}
        cls.label = visible(label) or _kebab(cls.__name__)  # it is part of texts of several lines

    def __new__(cls, number: int) -> Self:
        """The member with that number; ValueEscape if the sort is smaller."""
        size = active_types().size_of(cls)
        if not 0 <= number < size:
            raise ValueEscape(
                "KC501",
                f"{cls.__name__}({number}): the sort has {size} members, 0 to {size - 1}",
                remedy=f"require that the number is less than len({cls.__name__}) first",
            )
        member: Self = cls.member(number)
        return member

    def __init__(self, number: int) -> None:
        """Members are made by `__new__`; nothing is left to do."""

    @property
    def index(self) -> int:
        """The member's number, for sorts that are not symmetric."""
        if type(self).symmetric:
            raise SpecError(
                "KC301", f"{type(self).__name__} is symmetric: its members have no numbers", remedy="compare with =="
            )
        return self.number

    def _ordered(self, other: object) -> int:
        if type(other) is not type(self):
            raise TypeError(f"{self} cannot be compared with {other!r}")
        if type(self).symmetric:
            raise SpecError(
                "KC301", f"{type(self).__name__} is symmetric: its members have no order", remedy="compare with =="
            )
        return self.number - int(getattr(other, "number"))  # noqa: B009 - other has this very class

    def __lt__(self, other: Self) -> bool:
        return self._ordered(other) < 0

    def __le__(self, other: Self) -> bool:
        return self._ordered(other) <= 0

    def __gt__(self, other: Self) -> bool:
        return self._ordered(other) > 0

    def __ge__(self, other: Self) -> bool:
        return self._ordered(other) >= 0

    def __repr__(self) -> str:
        return f"{type(self).label}-{self.number}"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} members are constants")

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self).member, (self.number,))


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


# --- cells ---------------------------------------------------------------------------------------------------------------


class Root:
    """The whole state of one execution: the only thing that changes while an action runs."""

    __slots__ = ("data",)

    def __init__(self, data: Data) -> None:
        self.data = data

    def get(self) -> Data:
        return self.data

    def set(self, data: Data) -> None:
        self.data = data


class Part:
    """The i-th part of another cell's tuple. Reading and writing always go through the root, so views never grow stale."""

    __slots__ = ("index", "parent")

    def __init__(self, parent: Cell, index: int) -> None:
        self.parent = parent
        self.index = index

    def get(self) -> Data:
        return self.parent.get()[self.index]

    def set(self, data: Data) -> None:
        whole = self.parent.get()
        self.parent.set((*whole[: self.index], data, *whole[self.index + 1 :]))


Cell = Root | Part


# --- records and states --------------------------------------------------------------------------------------------------


class FieldView:
    """The descriptor that stands in a Record or State class for each annotated field."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return instance._read(self.name)

    def __set__(self, instance: Any, value: object) -> None:
        instance._write(self.name, value)


class _Fields:
    """What Record and State share: annotated fields, collected from the class and its bases."""

    _annotations: ClassVar[dict[str, Any]] = {}
    _defaults: ClassVar[dict[str, Any]] = {}
    _namespace: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        if "__slots__" in cls.__dict__:  # Record and State themselves: their annotations are not fields
            return
        own: dict[str, Any] = dict(inspect.get_annotations(cls))
        own = {n: a for n, a in own.items() if "ClassVar" not in str(a)}
        cls._annotations = {**cls._annotations, **own}
        cls._defaults = dict(cls._defaults)
        if any(isinstance(a, str) for a in own.values()):
            frame = sys._getframe(1)  # names of the function that the class statement stands in
            cls._namespace = {**cls._namespace, **vars(sys.modules[cls.__module__]), **frame.f_locals}
        for name in own:
            own_names = ("next", *(n for base in cls.__mro__ if base.__module__ == __name__ for n in vars(base)))
            if name in own_names or name.startswith("__"):
                raise SpecError(
                    "KC102",
                    f"{cls.__name__}.{name}: records and states use this name themselves",
                    position=field_position(cls, name),
                    remedy="choose another",
                )
            if name in cls.__dict__:
                cls._defaults[name] = cls.__dict__[name]
            setattr(cls, name, FieldView(name))

    def __setattr__(self, name: str, value: object) -> None:
        if name not in type(self)._annotations:
            raise _no_field(type(self), name)
        object.__setattr__(self, name, value)


def _no_field(cls: type[_Fields], name: str) -> SpecError:
    known = ", ".join(cls._annotations)
    remedy = f"its fields are {known}" if known else "it has no fields"
    return SpecError("KC103", f"{cls.__name__} has no field {name}", position=caller(), remedy=remedy)


@dataclass_transform(kw_only_default=True)
class Record(_Fields):
    """A value of named fields. Subclass it and annotate: `class PodObject(Record): phase: Phase = Phase.ABSENT`."""

    __slots__ = ("_cell", "_data", "_raw", "_type")
    _cell: Part | Root | None
    _data: tuple[Data, ...] | None
    _raw: dict[str, Any] | None  # a constructor's arguments; None in a snapshot
    _type: RecordType | None

    def __init__(self, **fields: Any) -> None:
        for name in fields:
            if name not in type(self)._annotations:
                raise _no_field(type(self), name)
        _set(self, "_cell", None)
        _set(self, "_raw", fields)
        _set(self, "_data", None)
        _set(self, "_type", None)
        types = _active.get()
        if types is not None:
            record = types.resolve(type(self))
            assert isinstance(record, RecordType)
            self.data_as(record)

    @classmethod
    def _snapshot(cls, record: RecordType, data: tuple[Data, ...], cell: Cell | None) -> Self:
        self = object.__new__(cls)
        _set(self, "_cell", cell)
        _set(self, "_raw", None)
        _set(self, "_data", data)
        _set(self, "_type", record)
        return self

    def data_as(self, record: RecordType) -> tuple[Data, ...]:
        """The data under a resolved type; a record made where no scope was known (a constant) is completed for each scope anew."""
        if self._raw is not None and (self._data is None or self._type != record):
            fields = record.fields
            missing = next((f.name for f in fields if f.name not in self._raw and lacks_default(f.default)), None)
            if missing is not None:
                raise SpecError(
                    "KC141",
                    f"{type(self).__name__} without {missing}, which has no default",
                    position=caller(),
                    remedy=f"write {type(self).__name__}({missing}=…)",
                )
            data = tuple(lower(f.type, self._raw[f.name]) if f.name in self._raw else f.default for f in fields)
            _set(self, "_data", data)
            _set(self, "_type", record)
        assert self._data is not None
        return self._data

    def _resolved(self) -> RecordType:
        if self._raw is not None and (self._type is None or _active.get() is not None):
            record = active_types().resolve(type(self))
            assert isinstance(record, RecordType)
            self.data_as(record)
        assert self._type is not None
        return self._type

    def _read(self, name: str) -> Any:
        record = self._resolved()
        i = record.index(name)
        assert self._data is not None
        t = record.fields[i].type
        # a record inside a record may be written through, an array inside a record is part of the snapshot
        cell = Part(self._cell, i) if self._cell is not None and isinstance(t, RecordType) else None
        return lift(t, self._data[i], cell)

    def _write(self, name: str, value: object) -> None:
        if self._cell is None:
            raise SpecError(
                "KC203", f"{type(self).__name__} is a value", remedy="store it with the field changed: r.next(field=…)"
            )
        record = self._resolved()
        i = record.index(name)
        Part(self._cell, i).set(lower(record.fields[i].type, value))

    def next(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        record = self._resolved()
        assert self._data is not None
        data = list(self._data)
        for name, value in changes.items():
            try:
                i = record.index(name)
            except KeyError:
                raise _no_field(type(self), name) from None
            data[i] = lower(record.fields[i].type, value)
        return self._snapshot(record, tuple(data), None)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.data_as(self._resolved()) == other.data_as(self._resolved())

    def __hash__(self) -> int:
        return hash(self.data_as(self._resolved()))

    def __repr__(self) -> str:
        if self._data is None or self._type is None:
            return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in (self._raw or {}).items())})"
        parts = zip(self._type.fields, self._data, strict=True)
        return f"{type(self).__name__}({', '.join(f'{f.name}={d!r}' for f, d in parts)})"


_set = object.__setattr__


class State(_Fields):
    """A place of named fields: the state of a spec, or of one of its components. The engine makes it; a spec never does."""

    __slots__ = ("_cell", "_type")
    _cell: Part | Root
    _type: RecordType

    @classmethod
    def _view(cls, record: RecordType, cell: Cell) -> Self:
        self = object.__new__(cls)
        _set(self, "_cell", cell)
        _set(self, "_type", record)
        return self

    def _read(self, name: str) -> Any:
        i = self._type.index(name)
        part = Part(self._cell, i)
        return lift(self._type.fields[i].type, part.get(), part)

    def _write(self, name: str, value: object) -> None:
        i = self._type.index(name)
        Part(self._cell, i).set(lower(self._type.fields[i].type, value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._type == other._type and self._cell.get() == other._cell.get()

    __hash__ = None  # type: ignore[assignment]  # a place is not a value

    def __repr__(self) -> str:
        parts = zip(self._type.fields, self._cell.get(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{f.name}={d!r}' for f, d in parts)})"


# --- arrays, sets, sequences ---------------------------------------------------------------------------------------------


class Array(Generic[K, T]):
    """A T for each K. In a State it is a place; inside a record it is a value."""

    __slots__ = ("_cell", "_data", "_type")

    def __init__(self, array: ArrayType, data: tuple[Data, ...], cell: Cell | None) -> None:
        self._type = array
        self._data = data
        self._cell = cell

    def data(self) -> tuple[Data, ...]:
        """What it holds now."""
        if self._cell is None:
            return self._data
        found: tuple[Data, ...] = self._cell.get()
        return found

    def _index(self, key: K) -> int:
        try:
            t = self._type.key
            return scalar_index(t, lower(t, key) if isinstance(t, RecordType) else key)
        except ValueError:
            raise ValueEscape(
                "KC502", f"{key!r} is not a key of {self._type}", remedy="require that it is one first"
            ) from None

    def __getitem__(self, key: K) -> T:
        i = self._index(key)
        value: T = lift(self._type.element, self.data()[i], None if self._cell is None else Part(self._cell, i))
        return value

    def __setitem__(self, key: K, value: T) -> None:
        if self._cell is None:
            raise SpecError(
                "KC203", "an array inside a record is a value", remedy="make a new record, or hold the array in a State"
            )
        Part(self._cell, self._index(key)).set(lower(self._type.element, value))

    def __iter__(self) -> Iterator[T]:
        for key in self._type.key.values():
            yield self[key]

    def __len__(self) -> int:
        return self._type.length

    def __contains__(self, value: object) -> bool:
        return any(v == value for v in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and self._type == other._type and self.data() == other.data()

    def __hash__(self) -> int:
        return hash(self.data())

    def __repr__(self) -> str:
        return "[" + ", ".join(f"{k}: {v!r}" for k, v in zip(self._type.key.values(), self, strict=True)) + "]"


class Set(Generic[T]):
    """A subset of a Sort, an Enum or the values of a Record; a value. `Set()` is empty; `a | {x}`, `a - {x}`, `a & b` make new ones."""

    __slots__ = ("_items", "_type")

    def __init__(self, items: Iterable[T] = (), _type: SetType | None = None) -> None:
        self._items = frozenset(items)
        self._type = _type  # of a set that was read from the state: what joins it must belong to it

    def items(self) -> frozenset[T]:
        """The members, as a plain frozenset."""
        return self._items

    def _with(self, other: Set[T] | set[T] | frozenset[T]) -> tuple[frozenset[Any], SetType | None]:
        """The members of the other side of an operation, and the type of its result."""
        items = _items(other)
        t = self._type or (other._type if isinstance(other, Set) else None)
        return items if t is None else frozenset(lift(t.key, d, None) for d in lower(t, items)), t

    def __contains__(self, value: object) -> bool:
        return value in self._items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(sorted(self._items, key=_member_order))

    def __or__(self, other: Set[T] | set[T]) -> Set[T]:
        items, t = self._with(other)
        return Set(self._items | items, t)

    def __and__(self, other: Set[T] | set[T]) -> Set[T]:
        items, t = self._with(other)
        return Set(self._items & items, t)

    def __sub__(self, other: Set[T] | set[T]) -> Set[T]:
        items, t = self._with(other)
        return Set(self._items - items, t)

    def __rsub__(self, other: set[T]) -> Set[T]:
        items, t = self._with(other)
        return Set(items - self._items, t)

    __ror__, __rand__ = __or__, __and__

    def __le__(self, other: Set[T] | set[T]) -> bool:
        return self._items <= self._with(other)[0]

    def __ge__(self, other: Set[T] | set[T]) -> bool:
        return self._items >= self._with(other)[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Set | set | frozenset) and self._items == _items(other)

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return "{" + ", ".join(repr(v) for v in self) + "}"


def _items(other: Any) -> frozenset[Any]:
    return other._items if isinstance(other, Set) else frozenset(other)


def _member_order(value: Any) -> int:
    if isinstance(value, Sort):
        return int(value.number)
    if isinstance(value, Record):
        record = value._resolved()
        return scalar_index(record, value.data_as(record))
    kind: Any = type(value)
    return value if kind in (bool, int) else list(kind).index(value)


class Seq(Generic[T]):
    """A bounded sequence; a value, used like a tuple: `q + (x,)`, `q[0]`, `q[1:]`, `len(q)`."""

    __slots__ = ("_items", "_type")

    def __init__(self, items: Iterable[T] = (), _type: SeqType | None = None) -> None:
        self._items = tuple(items)
        self._type = _type  # of a sequence that was read from the state: it knows how long it may grow

    def items(self) -> tuple[T, ...]:
        """The elements, as a plain tuple."""
        return self._items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Seq[T]: ...
    def __getitem__(self, at: int | slice) -> T | Seq[T]:
        if isinstance(at, slice):
            for bound in (at.start, at.stop):
                if bound is not None and bound < 0:
                    remedy = "q[n:] takes an n from 0 on" if bound is at.start else "q[:n] takes an n from 0 on"
                    raise ValueEscape("KC503", f"{-bound} elements before the first of a sequence", remedy=remedy)
            return Seq(self._items[at], self._type)
        if not 0 <= at < len(self._items):
            raise ValueEscape(
                "KC503",
                f"index {at} of a sequence of {len(self._items)}",
                remedy="require that it is shorter than len(q) first",
            )
        return self._items[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __contains__(self, value: object) -> bool:
        return value in self._items

    def __add__(self, other: Seq[T] | tuple[T, ...]) -> Seq[T]:
        items = other._items if isinstance(other, Seq) else other
        t = self._type
        if t is not None:
            whole = lower(t, (*self._items, *items))
            items = tuple(lift(t.element, d, None) for d in whole[len(self._items) :])
        return Seq(self._items + items, t)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Seq):
            return self._items == other._items
        return isinstance(other, tuple) and self._items == other

    def __hash__(self) -> int:
        return hash(self._items)

    def __repr__(self) -> str:
        return f"[{', '.join(repr(v) for v in self._items)}]"


# --- between data and what a function holds ------------------------------------------------------------------------------


def lift(t: Type, data: Data, cell: Cell | None) -> Any:
    """What a function gets when it reads data of this type from a place (`cell`) or from a value (None)."""
    if isinstance(t, RecordType):
        cls: Any = t.cls
        if t.is_state:
            assert cell is not None
            return cls._view(t, cell)
        return cls._snapshot(t, data, cell)
    if isinstance(t, ArrayType):
        return Array(t, data, cell)
    if isinstance(t, SetType):
        return Set((lift(t.key, d, None) for d in data), t)
    if isinstance(t, SeqType):
        return Seq((lift(t.element, d, None) for d in data), t)
    if isinstance(t, OptionalType):
        return None if data is None else lift(t.inner, data, None)
    return data


def lower(t: Type, value: Any) -> Data:
    """The data to store in a place of this type; ValueEscape if the value does not belong to it."""
    if isinstance(t, OptionalType):
        return None if value is None else lower(t.inner, value)
    if isinstance(t, IntType) and isinstance(value, int) and not isinstance(value, bool):
        if t.lo <= value <= t.hi:
            return int(value)  # a member of an IntEnum is a number here
        raise ValueEscape(
            "KC504",
            f"{int(value) if value.bit_length() < 200 else 'a number of many digits'} is outside {t}",
            remedy="a value must stay in its range; require the condition, or widen it",
        )
    if isinstance(t, RecordType) and isinstance(value, t.cls) and isinstance(value, Record):
        return value.data_as(t)
    if isinstance(t, ArrayType) and isinstance(value, Array):
        return value.data()
    if isinstance(t, SetType) and isinstance(value, Set | set | frozenset):
        return frozenset(lower(t.key, v) for v in value)
    if isinstance(t, SeqType) and isinstance(value, Seq | tuple):
        data = tuple(lower(t.element, v) for v in value)
        if len(data) > t.limit:
            raise ValueEscape(
                "KC505", f"a sequence of {len(data)} does not fit in {t}", remedy="require room first, or raise MaxLen"
            )
        return data
    if is_scalar(t) and value is not None:
        try:
            scalar_index(t, value)
        except ValueError:
            pass
        else:
            return value
    if value is None:
        raise ValueEscape("KC506", f"None where {t} is needed", remedy="require(x is not None) first")
    raise SpecError("KC201", f"{value!r} does not belong to {t}", remedy=f"a {t} is needed here")
