"""One LLVM function for each function of the program: expressions and statements.

A compiled function is `i32 f(state, after, formals…, result)`: it answers a status (done, not enabled, or an error), takes places as bit
offsets and values in registers, and stores its result through the last pointer. LLVM inlines most of it away.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll

from kubecheck.checker.native.emit import (
    BAD_INDEX,
    DIVISION,
    DONE,
    ESCAPE,
    I1,
    I32,
    I64,
    NONE_USED,
    NOT_ENABLED,
    OVERFULL,
    POINTER,
    TOO_WIDE,
    Emitter,
    Offset,
    register,
    width,
)
from kubecheck.spec import ir
from kubecheck.spec.errors import Position
from kubecheck.spec.evaluation import harmless
from kubecheck.spec.intervals import may_be_cut, may_overflow
from kubecheck.spec.layout import array_stride, encode, field_offsets
from kubecheck.spec.types import (
    ArrayType,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
    is_place,
)


class Generator:
    """The functions of one program in one LLVM module."""

    def __init__(self, program: ir.Program) -> None:
        self.program = program
        self.module = ll.Module("spec")
        self._made: dict[int, Any] = {}
        self._offsets = field_offsets(program.root)
        self.wide: list[Position] = []  # where a number may need more than 64 bits

    def function(self, f: ir.Function) -> Any:
        """The LLVM function of an IR function; made when it is first asked for."""
        if id(f) not in self._made:
            formals = [I64 if p.is_place else register(p.type) for p in f.formals]
            result = [] if isinstance(f.result, NoneType) else [POINTER]
            made = ll.Function(
                self.module, ll.FunctionType(I32, [POINTER, POINTER, *formals, *result]), f"{f.name}.{len(self._made)}"
            )
            made.linkage = "internal"
            for argument in (made.args[0], *([made.args[-1]] if result else [])):
                argument.add_attribute("noalias")
            self._made[id(f)] = made
            FunctionBody(self, f, made).emit()
        return self._made[id(f)]

    def too_wide(self, at: Position) -> int:
        """The status of a function that ends at this operation, for want of bits."""
        self.wide.append(at)
        return TOO_WIDE + len(self.wide) - 1

    def part_offset(self, index: int) -> int:
        """Where a part of the state begins, in bits."""
        return self._offsets[index]


class FunctionBody(Emitter):
    """The code of one function."""

    def __init__(self, generator: Generator, f: ir.Function, made: Any) -> None:
        super().__init__(made)
        self.generator = generator
        self.f = f
        self.states = made.args[:2]
        self.result = made.args[-1]
        self.slots: dict[str, Any] = {}
        self.places: dict[str, Offset] = {}
        self.place_slots: dict[str, Any] = {}
        self.lets: dict[str, Any] = {}
        self.exits: list[tuple[Any, Any]] = []  # (continue to, break to) of the loops around

    def emit(self) -> None:
        """Emits the whole function."""
        for formal, argument in zip(self.f.formals, self.function.args[2:], strict=False):
            if formal.is_place:
                self.places[formal.name] = Offset(0, argument)
            else:
                slot = self.slot(formal.name, register(formal.type))
                self.b.store(argument, slot)
        self.statements(self.f.body)
        if not self.b.block.is_terminated:
            self.leave(DONE)

    def slot(self, name: str, t: Any) -> Any:
        """The stack slot of a local."""
        if name not in self.slots:
            self.slots[name] = self.alloca(t, name)
        return self.slots[name]

    # --- places ----------------------------------------------------------------------------------------------------------

    def offset(self, place: ir.Place) -> Offset:
        """The bit offset of a place."""
        if isinstance(place, ir.PartPlace):
            return Offset(self.generator.part_offset(place.index))
        if isinstance(place, ir.NamedPlace):
            if place.name in self.place_slots:
                return Offset(0, self.load(self.place_slots[place.name], I64))
            return self.places[place.name]
        if isinstance(place, ir.FieldPlace):
            record = place.base.type
            assert isinstance(record, RecordType)
            return self.offset(place.base) + field_offsets(record)[place.index]
        assert isinstance(place, ir.ItemPlace)
        array = place.base.type
        assert isinstance(array, ArrayType)
        base = self.offset(place.base)  # from left to right, as CPython does
        key = self.index_of(array.key, self.expr(place.key))
        return self.item(base, array, key)

    def item(self, base: Offset, array: ArrayType, index: Any) -> Offset:
        """The bit offset of an array's element."""
        stride = array_stride(array.element, array.length)
        if isinstance(index, ll.Constant):
            return base + stride * int(index.constant)
        step = self.b.mul(index, I64(stride))
        return Offset(base.known, step if base.dynamic is None else self.b.add(base.dynamic, step))

    def address(self, offset: Offset) -> Any:
        """An offset as an i64."""
        if offset.dynamic is None:
            return I64(offset.known)
        return self.b.add(offset.dynamic, I64(offset.known)) if offset.known else offset.dynamic

    # --- expressions -----------------------------------------------------------------------------------------------------

    def expr(self, e: ir.Expr) -> Any:
        """The value of an expression, unpacked."""
        return getattr(self, f"_{type(e).__name__.lower()}")(e)

    def bits(self, e: ir.Expr, t: Type) -> Any:
        """The value of an expression packed as a `t` (integers may have a wider type of their own)."""
        return self.to_bits(t, self.expr(e))

    def _const(self, e: ir.Const) -> Any:
        if isinstance(e.type, IntType):
            return I64(e.value)
        if isinstance(e.type, NoneType):
            return register(e.type)(0)
        return register(e.type)(encode(e.type, e.value))

    def _local(self, e: ir.Local) -> Any:
        if e.name in self.lets:
            return self.lets[e.name]
        return self.load(self.slots[e.name], register(e.type))

    def _read(self, e: ir.Read) -> Any:
        at = self.offset(e.place)
        return self.fetch(e.type, self.states[e.place.root], at)

    def _not(self, e: ir.Not) -> Any:
        return self.b.not_(self.expr(e.value))

    def _arith(self, e: ir.Arith) -> Any:
        a, b = self.expr(e.left), self.expr(e.right)
        if e.op in ("min", "max"):
            test = self.b.icmp_signed("<" if e.op == "min" else ">", a, b)
            return self.b.select(test, a, b)
        if e.op in ("//", "%"):
            return self._division(e, a, b)
        assert isinstance(e.left.type, IntType)
        assert isinstance(e.right.type, IntType)
        return self.combined(e.op, a, b, e if may_overflow(e.op, e.left.type, e.right.type) else None)

    def combined(self, op: str, a: Any, b: Any, checked: ir.Expr | None) -> Any:
        """a + b, a - b or a * b; where 64 bits may be too few, the function ends with an error rather than with another number."""
        if checked is None:
            return {"+": self.b.add, "-": self.b.sub, "*": self.b.mul}[op](a, b)
        name = {"+": "sadd_with_overflow", "-": "ssub_with_overflow", "*": "smul_with_overflow"}[op]
        both = getattr(self.b, name)(a, b)
        self.leave_unless(self.b.not_(self.b.extract_value(both, 1)), self.generator.too_wide(checked.at))
        return self.b.extract_value(both, 0)

    def _division(self, e: ir.Arith, a: Any, b: Any) -> Any:
        assert isinstance(e.left.type, IntType)
        assert isinstance(e.right.type, IntType)
        if e.right.type.lo <= 0 <= e.right.type.hi:
            self.leave_unless(self.b.icmp_signed("!=", b, I64(0)), DIVISION)
        if may_overflow("//", e.left.type, e.right.type):  # the one pair for which the machine has no answer
            opposite = self.b.icmp_signed("==", b, I64(-1))
            if e.op == "//":
                lowest = self.b.icmp_signed("==", a, I64(e.left.type.lo))
                self.leave_unless(self.b.not_(self.b.and_(lowest, opposite)), self.generator.too_wide(e.at))
            else:
                b = self.b.select(opposite, I64(1), b)
        quotient, rest = self.b.sdiv(a, b), self.b.srem(a, b)
        if e.left.type.lo >= 0 and e.right.type.lo >= 0:
            return quotient if e.op == "//" else rest
        # Python rounds towards minus infinity, the machine towards zero
        signs = self.b.icmp_signed("<", self.b.xor(rest, b), I64(0))
        wrong = self.b.and_(signs, self.b.icmp_signed("!=", rest, I64(0)))
        if e.op == "//":
            return self.b.sub(quotient, self.b.zext(wrong, I64))
        return self.b.select(wrong, self.b.add(rest, b), rest)

    def _compare(self, e: ir.Compare) -> Any:
        a, b = self.expr(e.left), self.expr(e.right)
        if isinstance(e.left.type, IntType):
            return self.b.icmp_signed(e.op, a, b)
        return self.b.icmp_unsigned(e.op, a, b)

    def _logic(self, e: ir.Logic) -> Any:
        left = self.expr(e.left)
        if harmless(e.right):
            return (self.b.and_ if e.op == "and" else self.b.or_)(left, self.expr(e.right))
        if e.op == "and":
            return self.choose(left, I1, lambda: self.expr(e.right), lambda: I1(0))
        return self.choose(left, I1, lambda: I1(1), lambda: self.expr(e.right))

    def _choose(self, e: ir.Choose) -> Any:
        condition = self.expr(e.condition)
        if harmless(e.then) and harmless(e.other):
            return self.b.select(condition, self.expr(e.then), self.expr(e.other))
        return self.choose(condition, register(e.type), lambda: self.expr(e.then), lambda: self.expr(e.other))

    def _let(self, e: ir.Let) -> Any:
        self.lets[e.name] = self.expr(e.value)
        return self.expr(e.body)

    def _fit(self, e: ir.Fit) -> Any:
        value = self.expr(e.value)
        self.within(e.type, value)
        return value

    def within(self, t: Type, value: Any) -> None:
        """Ends the function with an error where an integer is outside its range."""
        assert isinstance(t, IntType)
        inside = self.b.and_(self.b.icmp_signed(">=", value, I64(t.lo)), self.b.icmp_signed("<=", value, I64(t.hi)))
        self.leave_unless(inside, ESCAPE)

    def _wrap(self, e: ir.Wrap) -> Any:
        assert isinstance(e.type, OptionalType)
        return self.wrap(e.type, self.expr(e.value))

    def _unwrap(self, e: ir.Unwrap) -> Any:
        t = e.value.type
        assert isinstance(t, OptionalType)
        value = self.expr(e.value)
        self.leave_unless(self.b.not_(self.is_none(t, value)), NOT_ENABLED if e.required else NONE_USED)
        return self.unwrap(t, value)

    def _isnone(self, e: ir.IsNone) -> Any:
        assert isinstance(e.value.type, OptionalType)
        return self.is_none(e.value.type, self.expr(e.value))

    def _getfield(self, e: ir.GetField) -> Any:
        t = e.value.type
        assert isinstance(t, RecordType)
        return self.extract(e.type, self.expr(e.value), field_offsets(t)[e.index])

    def _getitem(self, e: ir.GetItem) -> Any:
        t = e.value.type
        assert isinstance(t, ArrayType)
        whole = self.expr(e.value)
        index = self.index_of(t.key, self.expr(e.key))
        return self.extract(e.type, whole, self.b.mul(index, I64(array_stride(t.element, t.length))))

    def _makerecord(self, e: ir.MakeRecord) -> Any:
        assert isinstance(e.type, RecordType)
        r = register(e.type)
        whole = r(0)
        for f, at, value in zip(e.type.fields, field_offsets(e.type), e.fields, strict=True):
            part = self.bits(value, f.type)
            if f.type.bits:
                part = self.resize(part, r)
                whole = self.b.or_(whole, self.b.shl(part, r(at)) if at else part)
        return whole

    def _withfields(self, e: ir.WithFields) -> Any:
        assert isinstance(e.type, RecordType)
        whole = self.expr(e.value)
        for i, value in e.changes:
            whole = self.insert(e.type.fields[i].type, whole, field_offsets(e.type)[i], self.expr(value))
        return whole

    def _makeset(self, e: ir.MakeSet) -> Any:
        assert isinstance(e.type, SetType)
        r = register(e.type)
        whole = r(0)
        for item in e.items:
            whole = self.b.or_(whole, self.member_bit(e.type, self.expr(item)))
        return whole

    def member_bit(self, t: SetType, member: Any) -> Any:
        """The bit of a set that stands for a member."""
        r = register(t)
        return self.b.shl(r(1), self.resize(self.index_of(t.key, member), r))

    def _setop(self, e: ir.SetOp) -> Any:
        a, b = self.expr(e.left), self.expr(e.right)
        if e.op == "|":
            return self.b.or_(a, b)
        if e.op == "&":
            return self.b.and_(a, b)
        outside = self.b.and_(a, self.b.not_(b))
        return outside if e.op == "-" else self.b.icmp_unsigned("==", outside, outside.type(0))

    def _contains(self, e: ir.Contains) -> Any:
        t = e.collection.type
        assert isinstance(t, SetType)
        item, whole = self.expr(e.item), self.expr(e.collection)
        inside: Any = I1(1)
        have = e.item.type
        if isinstance(t.key, IntType) and isinstance(have, IntType) and not t.key.lo <= have.lo <= have.hi <= t.key.hi:
            # a shift by too much has no value at all in LLVM: what is no member is replaced by one, and the answer corrected
            inside = self.b.icmp_unsigned("<", self.index_of(t.key, item), I64(t.key.cardinality or 0))
            item = self.b.select(inside, item, I64(t.key.lo))
        found = self.b.icmp_unsigned("!=", self.b.and_(whole, self.member_bit(t, item)), whole.type(0))
        return self.b.and_(inside, found)

    def _length(self, e: ir.Length) -> Any:
        t = e.value.type
        value = self.expr(e.value)
        if isinstance(t, SeqType):
            return self.seq_length(t, value)
        return self.resize(self.b.ctpop(value), I64) if t.bits else I64(0)

    def _seqat(self, e: ir.SeqAt) -> Any:
        t = e.value.type
        assert isinstance(t, SeqType)
        whole, index = self.expr(e.value), self.expr(e.index)
        inside = self.b.and_(
            self.b.icmp_signed(">=", index, I64(0)), self.b.icmp_signed("<", index, self.seq_length(t, whole))
        )
        self.leave_unless(inside, BAD_INDEX)
        return self.seq_item(t, whole, index)

    def seq_item(self, t: SeqType, whole: Any, index: Any) -> Any:
        """An element of a packed sequence."""
        at = self.b.add(self.b.mul(index, I64(t.element.bits)), I64(t.length_bits))
        return self.extract(t.element, whole, at)

    def _seqappend(self, e: ir.SeqAppend) -> Any:
        t = e.type
        assert isinstance(t, SeqType)
        return self.appended(t, self.expr(e.value), self.bits(e.item, t.element))

    def appended(self, t: SeqType, whole: Any, item: Any) -> Any:
        """A packed sequence with one more element, which is packed too."""
        length = self.seq_length(t, whole)
        self.leave_unless(self.b.icmp_signed("<", length, I64(t.limit)), OVERFULL)
        r = whole.type
        if t.element.bits:
            at = self.resize(self.b.add(self.b.mul(length, I64(t.element.bits)), I64(t.length_bits)), r)
            whole = self.b.or_(whole, self.b.shl(self.resize(item, r), at))
        return self.b.add(whole, r(1))  # the length lies in the low bits

    def _seqdrop(self, e: ir.SeqDrop) -> Any:
        t = e.type
        assert isinstance(t, SeqType)
        whole, number = self.expr(e.value), self.expr(e.number)
        r = whole.type
        length = self.seq_length(t, whole)
        self.leave_unless(self.b.icmp_signed(">=", number, I64(0)), BAD_INDEX)
        fewer = self.b.select(self.b.icmp_signed("<", number, length), number, length)
        rest = self.b.lshr(whole, r(t.length_bits)) if t.length_bits < r.width else r(0)
        # two shifts: all elements dropped may be a shift by the whole width, which LLVM leaves undefined
        drop = self.resize(self.b.mul(fewer, I64(t.element.bits)), r)
        everything = self.b.icmp_signed("==", fewer, length)
        kept = self.b.select(everything, r(0), self.b.lshr(rest, self.b.select(everything, r(0), drop)))
        kept = self.b.shl(kept, r(t.length_bits)) if t.length_bits < r.width else r(0)
        return self.b.or_(kept, self.resize(self.b.sub(length, fewer), r))

    def _seqtake(self, e: ir.SeqTake) -> Any:
        t = e.type
        assert isinstance(t, SeqType)
        whole, number = self.expr(e.value), self.expr(e.number)
        r = whole.type
        length = self.seq_length(t, whole)
        self.leave_unless(self.b.icmp_signed(">=", number, I64(0)), BAD_INDEX)
        everything = self.b.icmp_signed(">=", number, length)
        kept = self.b.select(everything, I64(0), number)
        if t.element.bits == 0:
            return self.b.select(everything, whole, self.resize(kept, r))
        # of all elements nothing is cut off: a mask of the whole width would be a shift that LLVM leaves undefined
        used = self.resize(self.b.add(self.b.mul(kept, I64(t.element.bits)), I64(t.length_bits)), r)
        mask = self.b.sub(self.b.shl(r(1), used), r(1))
        elements = self.b.and_(self.b.and_(whole, mask), r(~((1 << t.length_bits) - 1) & ((1 << r.width) - 1)))
        return self.b.select(everything, whole, self.b.or_(elements, self.resize(kept, r)))

    def _seqjoin(self, e: ir.SeqJoin) -> Any:
        t, u = e.type, e.other.type
        assert isinstance(t, SeqType)
        assert isinstance(u, SeqType)
        return self.joined(t, self.expr(e.value), u, self.expr(e.other))

    def joined(self, t: SeqType, whole: Any, u: SeqType, other: Any) -> Any:
        """A packed sequence with the elements of another one at its end."""
        length, more = self.seq_length(t, whole), self.seq_length(u, other)
        self.leave_unless(self.b.icmp_signed("<=", self.b.add(length, more), I64(t.limit)), OVERFULL)
        r = whole.type
        if t.element.bits and u.limit and t.limit:
            items = self.resize(self.b.lshr(other, other.type(u.length_bits)), r)
            # where nothing is added the shift may be by the whole width, which LLVM leaves undefined
            at = self.b.select(
                self.b.icmp_signed("==", more, I64(0)),
                I64(0),
                self.b.add(self.b.mul(length, I64(t.element.bits)), I64(t.length_bits)),
            )
            whole = self.b.or_(whole, self.b.shl(items, self.resize(at, r)))
        return self.b.add(whole, self.resize(more, r))

    def _makeref(self, e: ir.MakeRef) -> Any:
        assert isinstance(e.type, RefType)
        number = self.expr(e.number)
        inside = self.b.and_(
            self.b.icmp_signed(">=", number, I64(0)), self.b.icmp_signed("<", number, I64(e.type.size))
        )
        self.leave_unless(inside, ESCAPE)
        return self.resize(number, register(e.type))

    def _numberof(self, e: ir.NumberOf) -> Any:
        return self.index_of(e.value.type, self.expr(e.value))

    def _lookup(self, e: ir.Lookup) -> Any:
        r = register(e.type)
        number, result = self.expr(e.number), self.alloca(r)
        after, missing = self.block("found"), self.block("missing")
        table = self.b.switch(number, missing)  # LLVM makes a table of it
        self.b.position_at_end(missing)
        self.leave(BAD_INDEX)
        for i, entry in enumerate(e.entries, start=e.first):
            if entry is not None:
                case = self.block("entry")
                table.add_case(I64(i), case)
                self.b.position_at_end(case)
                self.b.store(self.expr(entry), result)
                self.b.branch(after)
        self.b.position_at_end(after)
        return self.load(result, r)

    def _call(self, e: ir.Call) -> Any:
        callee = self.generator.function(e.function)
        arguments = []
        for formal, argument in zip(e.function.formals, e.arguments, strict=True):
            if isinstance(argument, ir.Place):
                arguments.append(self.address(self.offset(argument)))
            else:
                assert not formal.is_place
                arguments.append(self.expr(argument))
        result = None
        if not isinstance(e.type, NoneType):
            result = self.alloca(register(e.type))
            arguments.append(result)
        status = self.b.call(callee, [*self.states, *arguments])
        bad, fine = self.block("passed_on"), self.block("returned")
        self.b.cbranch(self.b.icmp_unsigned("==", status, I32(DONE)), fine, bad)
        self.b.position_at_end(bad)
        self.b.ret(status)
        self.b.position_at_end(fine)
        return None if result is None else self.load(result, register(e.type))

    # --- loops and quantifiers -------------------------------------------------------------------------------------------

    def rounds(self, domain: ir.Domain, variable: str, body: Any) -> None:
        """Runs `body(next, out)` for each member of a domain, with the variable set."""
        if isinstance(domain, ir.Between):
            start, stop = self.expr(domain.start), self.expr(domain.stop)
            with self.loop(start, stop) as (i, again, out):
                self._set(variable, domain.element, i)
                body(again, out)
            return
        if isinstance(domain, ir.AllValues):
            with self.loop(I64(0), I64(domain.element.cardinality or 0)) as (i, again, out):
                self._set(variable, domain.element, self.scalar_at(domain.element, i))
                body(again, out)
            return
        assert isinstance(domain, ir.Elements)
        t = domain.source.type
        if isinstance(domain.source, ir.Place) and isinstance(t, ArrayType):
            base = self.offset(domain.source)
            with self.loop(I64(0), I64(t.length)) as (i, again, out):
                at = self.item(base, t, i)
                if is_place(t.element):
                    self._name(variable, at)
                else:
                    self._set(variable, t.element, self.fetch(t.element, self.states[domain.source.root], at))
                body(again, out)
            return
        assert isinstance(domain.source, ir.Expr)
        self._value_rounds(t, self.expr(domain.source), variable, body)

    def _value_rounds(self, t: Type, whole: Any, variable: str, body: Any) -> None:
        if isinstance(t, SetType):
            with self.loop(I64(0), I64(t.key.cardinality or 0)) as (i, again, out):
                chosen = self.block("chosen")
                bit = self.b.and_(self.b.lshr(whole, self.resize(i, whole.type)), whole.type(1))
                self.b.cbranch(self.b.icmp_unsigned("!=", bit, whole.type(0)), chosen, again)
                self.b.position_at_end(chosen)
                self._set(variable, t.key, self.scalar_at(t.key, i))
                body(again, out)
        elif isinstance(t, SeqType):
            with self.loop(I64(0), self.seq_length(t, whole)) as (i, again, out):
                self._set(variable, t.element, self.seq_item(t, whole, i))
                body(again, out)
        else:
            assert isinstance(t, ArrayType)
            with self.loop(I64(0), I64(t.length)) as (i, again, out):
                at = self.b.mul(i, I64(array_stride(t.element, t.length)))
                self._set(variable, t.element, self.extract(t.element, whole, at))
                body(again, out)

    def _set(self, name: str, t: Type, value: Any) -> None:
        self.b.store(value, self.slot(name, register(t)))

    def _name(self, name: str, at: Offset) -> None:
        if name not in self.place_slots:
            self.place_slots[name] = self.alloca(I64, name)
        self.b.store(self.address(at), self.place_slots[name])

    def _quantify(self, e: ir.Quantify) -> Any:
        r = register(e.type)
        result = self.alloca(r)
        self.b.store(r(1 if e.kind == "all" else 0), result)
        t, nested = e.type, e.body.type == e.type

        def body(again: Any, out: Any) -> None:
            if e.condition is not None:
                kept = self.block("kept")
                self.b.cbranch(self.expr(e.condition), kept, again)
                self.b.position_at_end(kept)
            value = self.expr(e.body)
            if e.kind in ("any", "all"):
                if harmless(e.body) and (e.condition is None or harmless(e.condition)):
                    combine = self.b.or_ if e.kind == "any" else self.b.and_
                    self.b.store(combine(self.load(result, I1), value), result)
                else:
                    self.b.store(value, result)
                    self.b.cbranch(value, *((out, again) if e.kind == "any" else (again, out)))
            elif e.kind == "first":
                assert isinstance(e.type, OptionalType)
                self.b.store(self.wrap(e.type, value), result)
                self.b.branch(out)
            elif e.kind in ("min", "max"):
                assert isinstance(t, OptionalType)
                if nested:
                    some = self.block("some")
                    self.b.cbranch(self.is_none(t, value), again, some)
                    self.b.position_at_end(some)
                    value = self.unwrap(t, value)
                old = self.load(result, r)
                better = self.b.icmp_signed("<" if e.kind == "min" else ">", value, self.unwrap(t, old))
                taken = self.b.or_(self.is_none(t, old), better)
                self.b.store(self.b.select(taken, self.wrap(t, value), old), result)
            elif e.kind in ("set", "plain"):
                assert isinstance(t, SetType)
                self.b.store(self.b.or_(self.load(result, r), value if nested else self.member_bit(t, value)), result)
            elif e.kind == "seq":
                assert isinstance(t, SeqType)
                self.b.store(self.appended(t, self.load(result, r), self.to_bits(t.element, value)), result)
            else:
                more = self.b.zext(value, I64) if e.kind == "count" else value
                self.b.store(self.combined("+", self.load(result, I64), more, e if may_be_cut(e.type) else None), result)

        self.rounds(e.domain, e.variable, body)
        return self.load(result, r)

    # --- statements ------------------------------------------------------------------------------------------------------

    def statements(self, body: tuple[ir.Stmt, ...]) -> None:
        """Emits a block; what follows a return or break is left out."""
        for s in body:
            if self.b.block.is_terminated:
                return
            getattr(self, f"_do_{type(s).__name__.lower()}")(s)

    def _do_store(self, s: ir.Store) -> None:
        checked = isinstance(s.value, ir.Fit)  # as in CPython, the place is looked up before the range is checked
        value = self.expr(s.value.value if isinstance(s.value, ir.Fit) else s.value)
        at = self.offset(s.place)
        if checked:
            self.within(s.value.type, value)
        self.put(s.place.type, self.states[s.place.root], at, value)

    def _do_copyplace(self, s: ir.CopyPlace) -> None:
        value = self.fetch(s.source.type, self.states[s.source.root], self.offset(s.source))
        self.put(s.target.type, self.states[s.target.root], self.offset(s.target), value)

    def _do_setlocal(self, s: ir.SetLocal) -> None:
        self._set(s.name, s.type, self.expr(s.value))

    def _do_name(self, s: ir.Name) -> None:
        self._name(s.name, self.offset(s.place))

    def _do_require(self, s: ir.Require) -> None:
        self.leave_unless(self.expr(s.condition), NOT_ENABLED)

    def _do_evaluate(self, s: ir.Evaluate) -> None:
        self.expr(s.value)

    def _do_if(self, s: ir.If) -> None:
        condition = self.expr(s.condition)
        yes, no, after = self.block("if"), self.block("else"), self.block("endif")
        self.b.cbranch(condition, yes, no)
        reached = False
        for block, body in ((yes, s.then), (no, s.other)):
            self.b.position_at_end(block)
            self.statements(body)
            if not self.b.block.is_terminated:
                reached = True
                self.b.branch(after)
        self.b.position_at_end(after)
        if not reached:
            self.b.unreachable()

    def _do_for(self, s: ir.For) -> None:
        def body(again: Any, out: Any) -> None:
            self.exits.append((again, out))
            self.statements(s.body)
            self.exits.pop()

        self.rounds(s.domain, s.variable, body)

    def _do_break(self, _: ir.Break) -> None:
        self.b.branch(self.exits[-1][1])

    def _do_continue(self, _: ir.Continue) -> None:
        self.b.branch(self.exits[-1][0])

    def _do_return(self, s: ir.Return) -> None:
        if s.value is not None:
            self.b.store(self.expr(s.value), self.result)
        self.leave(DONE)


__all__ = ["FunctionBody", "Generator", "width"]
