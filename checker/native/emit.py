"""Building blocks of generated code: types, bits in words, loops and status codes.

Every value is an unsigned integer of its type's width, with two exceptions: integers are 64-bit and signed, bools are i1. A state is an
array of 64-bit words; a place is a pointer to it and a bit offset, of which the part known at compile time is kept apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llvmlite import ir as ll

from kubecheck.spec.layout import field_offsets
from kubecheck.spec.types import BoolType, IntType, OptionalType, RecordType, SeqType, Type, is_scalar

I1, I32, I64 = ll.IntType(1), ll.IntType(32), ll.IntType(64)
POINTER = ll.PointerType()

# what a compiled function answers; errors are 2 and more
DONE, NOT_ENABLED = 0, 1
ESCAPE, NONE_USED, BAD_INDEX, OVERFULL, DIVISION = 2, 3, 4, 5, 6
TOO_WIDE = 64  # and more: a number that 64 bits do not hold, at the place with this number among `Generator.wide`


def width(t: Type) -> int:
    """The width of a packed value in a register; LLVM has no integers of 0 bits."""
    return max(1, t.bits)


def register(t: Type) -> ll.IntType:
    """The LLVM type of an unpacked value."""
    if isinstance(t, IntType):
        return I64
    return I1 if isinstance(t, BoolType) else ll.IntType(width(t))


@dataclass(frozen=True)
class Offset:
    """A bit offset: `known` plus, at run time, `dynamic` (None: nothing)."""

    known: int
    dynamic: Any = None

    def __add__(self, bits: int) -> Offset:
        return Offset(self.known + bits, self.dynamic)


class Emitter:
    """An LLVM builder with the language's notions on top."""

    def __init__(self, function: ll.Function) -> None:
        self.function = function
        self.entry = function.append_basic_block("entry")
        self.b: Any = ll.IRBuilder(self.entry)

    # --- plumbing --------------------------------------------------------------------------------------------------------

    def block(self, name: str) -> Any:
        """A new basic block."""
        return self.function.append_basic_block(name)

    def alloca(self, t: Any, name: str = "") -> Any:
        """A stack slot, made once at the function's entry."""
        with self.b.goto_entry_block():
            return self.b.alloca(t, name=name)

    def load(self, slot: Any, t: Any) -> Any:
        """The value in a stack slot or at an address."""
        return self.b.load(slot, typ=t)

    def resize(self, value: Any, t: ll.IntType) -> Any:
        """A value cut or filled up with zeros to another width."""
        if value.type.width == t.width:
            return value
        return self.b.zext(value, t) if value.type.width < t.width else self.b.trunc(value, t)

    def leave(self, status: int) -> None:
        """Ends the function with a status; code that follows is unreachable."""
        self.b.ret(I32(status))

    def leave_unless(self, condition: Any, status: int) -> None:
        """Ends the function with a status where the condition is false."""
        fine, bad = self.block("fine"), self.block("leave")
        self.b.cbranch(condition, fine, bad)
        self.b.position_at_end(bad)
        self.b.ret(I32(status))
        self.b.position_at_end(fine)

    @contextmanager
    def loop(self, start: Any, stop: Any) -> Iterator[tuple[Any, Any, Any]]:
        """A loop over i64 indices start <= i < stop; gives (index, next-round block, exit block)."""
        slot = self.alloca(I64)
        self.b.store(start, slot)
        head, body, again, out = self.block("head"), self.block("body"), self.block("again"), self.block("out")
        self.b.branch(head)
        self.b.position_at_end(head)
        i = self.load(slot, I64)
        self.b.cbranch(self.b.icmp_signed("<", i, stop), body, out)
        self.b.position_at_end(body)
        yield i, again, out
        if not self.b.block.is_terminated:
            self.b.branch(again)
        self.b.position_at_end(again)
        self.b.store(self.b.add(i, I64(1)), slot)
        self.b.branch(head)
        self.b.position_at_end(out)

    def if_then(self, condition: Any, then: Callable[[], None]) -> None:
        """Emits code that runs where the condition holds."""
        yes, after = self.block("then"), self.block("after")
        self.b.cbranch(condition, yes, after)
        self.b.position_at_end(yes)
        then()
        if not self.b.block.is_terminated:
            self.b.branch(after)
        self.b.position_at_end(after)

    def choose(self, condition: Any, t: Any, then: Callable[[], Any], other: Callable[[], Any]) -> Any:
        """The value of one of two pieces of code, of which only one runs."""
        slot = self.alloca(t)
        yes, no, after = self.block("yes"), self.block("no"), self.block("chosen")
        self.b.cbranch(condition, yes, no)
        for block, make in ((yes, then), (no, other)):
            self.b.position_at_end(block)
            value = make()
            self.b.store(value, slot)
            self.b.branch(after)
        self.b.position_at_end(after)
        return self.load(slot, t)

    # --- packed values ---------------------------------------------------------------------------------------------------

    def to_bits(self, t: Type, value: Any) -> Any:
        """An unpacked value in its packed form."""
        if isinstance(t, IntType):
            return self.b.trunc(self.b.sub(value, I64(t.lo)), ll.IntType(width(t)))
        return value

    def from_bits(self, t: Type, bits: Any) -> Any:
        """A packed value in its unpacked form."""
        if isinstance(t, IntType):
            if t.bits == 0:
                return I64(t.lo)
            return self.b.add(self.b.zext(bits, I64) if bits.type.width < 64 else bits, I64(t.lo))
        return bits

    def extract(self, t: Type, whole: Any, at: int | Any) -> Any:
        """The value of type t that lies at a bit offset of a packed one."""
        if t.bits == 0:
            return self.from_bits(t, ll.IntType(1)(0))
        shift = whole.type(at) if isinstance(at, int) else self.resize(at, whole.type)
        return self.from_bits(t, self.resize(self.b.lshr(whole, shift), ll.IntType(width(t))))

    def insert(self, t: Type, whole: Any, at: int | Any, value: Any) -> Any:
        """A packed value with the part of type t at a bit offset replaced."""
        if t.bits == 0:
            return whole
        w = whole.type
        shift = w(at) if isinstance(at, int) else self.resize(at, w)
        mask = self.b.shl(w((1 << t.bits) - 1), shift)
        part = self.b.shl(self.resize(self.to_bits(t, value), w), shift)
        return self.b.or_(self.b.and_(whole, self.b.not_(mask)), part)

    # --- words of a state ------------------------------------------------------------------------------------------------

    def _word(self, base: Any, at: Offset) -> tuple[Any, Any]:
        """The address of the word that holds a bit offset, and the shift in it."""
        if at.dynamic is None:
            return self.b.gep(base, [I64(at.known // 64)], source_etype=I64), I64(at.known % 64)
        total = self.b.add(at.dynamic, I64(at.known)) if at.known else at.dynamic
        return self.b.gep(base, [self.b.lshr(total, I64(6))], source_etype=I64), self.b.and_(total, I64(63))

    def fetch(self, t: Type, base: Any, at: Offset) -> Any:
        """The value of type t in a state."""
        bits = t.bits
        if bits == 0:
            return self.from_bits(t, ll.IntType(1)(0)) if isinstance(t, IntType) else register(t)(0)
        if bits <= 64:
            address, shift = self._word(base, at)
            word = self.b.lshr(self.load(address, I64), shift)
            return self.from_bits(t, self.resize(word, ll.IntType(bits)))
        wide = ll.IntType(-(-bits // 64) * 64)
        value = wide(0)
        for i in range(wide.width // 64):
            address, _ = self._word(base, at + 64 * i)
            word = self.b.zext(self.load(address, I64), wide)
            value = self.b.or_(value, self.b.shl(word, wide(64 * i))) if i else word
        return self.resize(value, ll.IntType(bits))

    def put(self, t: Type, base: Any, at: Offset, value: Any) -> None:
        """Stores a value of type t in a state."""
        bits = t.bits
        packed = self.to_bits(t, value)
        for i in range(-(-bits // 64)):
            here = min(64, bits - 64 * i)
            address, shift = self._word(base, at + 64 * i)
            part = packed if bits <= 64 else self.b.lshr(packed, packed.type(64 * i))
            part = self.resize(self.resize(part, ll.IntType(here)), I64)
            if here < 64:
                mask = self.b.shl(I64((1 << here) - 1), shift)
                kept = self.b.and_(self.load(address, I64), self.b.not_(mask))
                part = self.b.or_(kept, self.b.shl(part, shift))
            self.b.store(part, address)

    # --- optionals, scalars ----------------------------------------------------------------------------------------------

    def wrap(self, t: OptionalType, value: Any) -> Any:
        """A value as an optional one."""
        packed = self.to_bits(t.inner, value)
        r = register(t)
        if is_scalar(t.inner):
            if t.inner.bits == 0:
                return r(1)
            return self.b.add(self.resize(packed, r), r(1))
        if t.inner.bits == 0:
            return r(1)
        return self.b.or_(self.b.shl(self.resize(packed, r), r(1)), r(1))

    def unwrap(self, t: OptionalType, value: Any) -> Any:
        """The value of an optional that is not None."""
        r = register(t)
        if t.inner.bits == 0:
            return self.from_bits(t.inner, ll.IntType(1)(0)) if isinstance(t.inner, IntType) else register(t.inner)(0)
        raw = self.b.sub(value, r(1)) if is_scalar(t.inner) else self.b.lshr(value, r(1))
        return self.from_bits(t.inner, self.resize(raw, ll.IntType(width(t.inner))))

    def is_none(self, t: OptionalType, value: Any) -> Any:
        """Whether an optional is None."""
        r = register(t)
        if is_scalar(t.inner):
            return I1(1) if t.inner.cardinality == 0 else self.b.icmp_unsigned("==", value, r(0))
        return self.b.icmp_unsigned("==", self.b.and_(value, r(1)), r(0))

    def index_of(self, t: Type, value: Any) -> Any:
        """The number of a value among those of its finite type, as i64."""
        if isinstance(t, RecordType):
            number: Any = I64(0)
            for f, at in zip(t.fields, field_offsets(t), strict=True):
                digit = self.index_of(f.type, self.extract(f.type, value, at))
                number = self.b.add(self.b.mul(number, I64(f.type.cardinality or 0)), digit)
            return number
        if isinstance(t, IntType):
            return self.b.sub(value, I64(t.lo))
        return self.resize(value, I64)

    def scalar_at(self, t: Type, index: Any) -> Any:
        """The value of a finite type with that number (i64)."""
        if isinstance(t, RecordType):
            whole: Any = register(t)(0)
            for f, at in reversed(list(zip(t.fields, field_offsets(t), strict=True))):
                size = I64(f.type.cardinality or 1)  # without any value there is no number
                part = self.scalar_at(f.type, self.b.urem(index, size))
                whole = self.insert(f.type, whole, at, part)
                index = self.b.udiv(index, size)
            return whole
        if isinstance(t, IntType):
            return self.b.add(index, I64(t.lo))
        return self.resize(index, register(t))

    def seq_length(self, t: SeqType, value: Any) -> Any:
        """The length of a packed sequence, as i64."""
        if t.limit == 0:
            return I64(0)
        return self.resize(self.resize(value, ll.IntType(max(1, t.length_bits))), I64)
