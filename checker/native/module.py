"""The functions that the engine calls: the initial states, all successors of a state, and what the properties say of one.

    i64 initial(src, out, span, room, info)
    i64 successors(src, out, fired, premise, open_mask, info)
    u64 judge(state, premise, open_mask, info)

`info` is four words: the mask of step and quiescent properties found violated, the number of quiescent states, 1 + the code of an
error, and the number of states outside of a constraint. `open_mask` has a bit for each property that is still looked for. See the
docstrings below for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir as ll

from kubecheck.checker.native.emit import I1, I32, I64, NOT_ENABLED, POINTER, Emitter
from kubecheck.checker.native.generate import Generator
from kubecheck.spec import ir
from kubecheck.spec.declare import Action, ActionKind, Property, PropertyKind
from kubecheck.spec.layout import words


def initial(generator: Generator, program: ir.Program) -> None:
    """Adds `initial`: takes the instances of all `initial` functions from number span[0] up to but without span[1], in the order of
    the reference execution, writes the states of those that are enabled to `out`, at most `room`, and returns how many.

    `src` is the state of defaults. span[0] becomes the first instance that was not taken: the failing one where info[2] is set and
    -1 returned. Without such functions the defaults are the only instance.
    """
    function = ll.Function(generator.module, ll.FunctionType(I64, [POINTER] * 3 + [I64, POINTER]), "initial")
    for i in (1, 2, 4):
        function.args[i].add_attribute("noalias")
    src, out, span, room, info = function.args
    e = Entry(generator, function, words(program.root), info=info)
    count = e.alloca(I64)
    e.b.store(I64(0), count)
    first = e.load(span, I64)
    end = e.load(e.b.gep(span, [I64(1)], source_etype=I64), I64)
    begin = 0
    entries: list[ir.Entry | None] = [*program.initials] or [None]
    for entry in entries:
        number = 1 if entry is None else instances(entry)
        start = e.b.select(e.b.icmp_signed(">", first, I64(begin)), first, I64(begin))
        stop = e.b.select(e.b.icmp_signed("<", end, I64(begin + number)), end, I64(begin + number))
        with e.loop(start, stop) as (i, _, _):
            n = e.load(count, I64)

            def full(i: Any = i, n: Any = n) -> None:
                e.b.store(i, span)
                e.b.ret(n)

            e.if_then(e.b.icmp_signed("==", n, room), full)
            slot = e.b.gep(out, [e.b.mul(n, I64(e.words))], source_etype=I64)
            e.copy(src, slot)
            status: Any = I32(0)
            if entry is not None:
                e.b.store(i, span)
                status = e.call(entry, slot, slot, e.instance(entry, e.b.sub(i, I64(begin))))
                e.fail_if_error(status, I64(-1))
            e.b.store(e.b.add(n, e.b.zext(e.b.icmp_unsigned("==", status, I32(0)), I64)), count)
        begin += number
    e.b.store(end, span)
    e.b.ret(e.load(count, I64))


def instances(entry: ir.Entry) -> int:
    """How many instances a declared function has: all combinations of its finite parameters."""
    return math.prod(p.type.cardinality or 0 for p in entry.parameters if p.part is None)


def successors(generator: Generator, program: ir.Program) -> None:
    """Adds `successors`: writes every enabled instance's successor to `out`, one after the other, and returns how many.

    fired[a] grows by the enabled instances of action a; premise[p] by 1 for each step (or quiescent state) in which the premise of p
    held. On an error info[2] is set and -1 returned.
    """
    function = ll.Function(generator.module, ll.FunctionType(I64, [POINTER] * 4 + [I64, POINTER]), "successors")
    for i in (1, 2, 3, 5):
        function.args[i].add_attribute("noalias")
    e = Entry(generator, function, words(program.root), info=function.args[5])
    src, out, fired, premise, open_mask, info = function.args
    count, moved = e.alloca(I64), e.alloca(I1)
    e.b.store(I64(0), count)
    e.b.store(I1(0), moved)
    steps = [(i, p) for i, p in enumerate(program.properties) if _kind(p) is PropertyKind.STEP_INVARIANT]
    e.leave_outside(program, src, I64(-1), premise)
    for number, entry in enumerate(program.actions):
        assert isinstance(entry.declared, Action)
        times = e.alloca(I64)
        e.b.store(I64(0), times)
        with e.instances(entry) as values:
            n = e.load(count, I64)
            slot = e.b.gep(out, [e.b.mul(n, I64(e.words))], source_etype=I64)
            e.copy(src, slot)
            status = e.call(entry, slot, slot, values)
            e.fail_if_error(status, I64(-1))

            def enabled(slot: Any = slot, n: Any = n, times: Any = times, action: Action = entry.declared) -> None:
                e.b.store(e.b.add(n, I64(1)), count)
                e.b.store(e.b.add(e.load(times, I64), I64(1)), times)
                if action.kind is ActionKind.COMPONENT:
                    e.b.store(e.b.or_(e.load(moved, I1), e.differs(src, slot)), moved)
                for index, prop in steps:
                    held, broken = e.outcome(prop, src, slot, I64(-1))
                    e.count_if(held, premise, index)
                    e.report(broken, index, open_mask)

            e.if_then(e.b.icmp_unsigned("==", status, I32(0)), enabled)
        e.increase(fired, number, e.load(times, I64))

    def quiescent() -> None:
        e.increase(info, 1, I64(1))
        for index, prop in enumerate(program.properties):
            if _kind(prop) in (PropertyKind.QUIESCENT, PropertyKind.LIMIT):
                held, broken = e.outcome(prop, src, src, I64(-1))
                e.count_if(held, premise, index)
                e.report(broken, index, open_mask)

    e.if_then(e.b.not_(e.load(moved, I1)), quiescent)
    e.b.ret(e.load(count, I64))


def judge(generator: Generator, program: ir.Program) -> None:
    """Adds `judge`: the mask, within open_mask, of invariants that this state violates and reachables that it shows."""
    function = ll.Function(generator.module, ll.FunctionType(I64, [POINTER, POINTER, I64, POINTER]), "judge")
    state, premise, open_mask, info = function.args
    e = Entry(generator, function, words(program.root), info=info)
    mask = e.alloca(I64)
    e.b.store(I64(0), mask)
    for index, prop in enumerate(program.properties):
        kind = _kind(prop)
        if kind not in (PropertyKind.INVARIANT, PropertyKind.REACHABLE):
            continue
        held, broken = e.outcome(prop, state, state, I64(0))
        e.count_if(held, premise, index)
        bit = e.b.shl(e.b.zext(broken, I64), I64(index))
        e.b.store(e.b.or_(e.load(mask, I64), bit), mask)
    e.b.ret(e.b.and_(e.load(mask, I64), open_mask))


class Entry(Emitter):
    """What both functions need: loops over instances, calls, and the counters of the engine."""

    def __init__(self, generator: Generator, function: Any, state_words: int, *, info: Any) -> None:
        super().__init__(function)
        self.generator = generator
        self.words = state_words
        self.info = info

    def copy(self, source: Any, target: Any) -> None:
        """Copies a state."""
        for i in range(self.words):
            word = self.load(self.b.gep(source, [I64(i)], source_etype=I64), I64)
            self.b.store(word, self.b.gep(target, [I64(i)], source_etype=I64))

    def differs(self, a: Any, b: Any) -> Any:
        """Whether two states differ."""
        result: Any = I64(0)
        for i in range(self.words):
            x = self.load(self.b.gep(a, [I64(i)], source_etype=I64), I64)
            y = self.load(self.b.gep(b, [I64(i)], source_etype=I64), I64)
            result = self.b.or_(result, self.b.xor(x, y))
        return self.b.icmp_unsigned("!=", result, I64(0))

    @contextmanager
    def instances(self, entry: ir.Entry) -> Iterator[list[Any]]:
        """A loop over all values of the finite parameters; gives the values in the order of the parameters."""
        values: list[Any] = []
        loops = []
        for p in entry.parameters:
            if p.part is None:
                loop = self.loop(I64(0), I64(p.type.cardinality or 0))
                i, _, _ = loop.__enter__()
                loops.append(loop)
                values.append(self.scalar_at(p.type, i))
        yield values
        for loop in reversed(loops):
            loop.__exit__(None, None, None)

    def instance(self, entry: ir.Entry, number: Any) -> list[Any]:
        """The values of the finite parameters in the instance with that number (i64), counted as `instances` loops over them."""
        values = []
        for p in reversed([p for p in entry.parameters if p.part is None]):
            size = I64(p.type.cardinality or 1)  # without any value there is no instance
            values.append(self.scalar_at(p.type, self.b.urem(number, size)))
            number = self.b.udiv(number, size)
        return values[::-1]

    def call(self, entry: ir.Entry, state: Any, after: Any, values: list[Any], result: Any = None) -> Any:
        """Calls a declared function; returns its status."""
        rest = iter(values)
        arguments = [next(rest) for p in entry.parameters if p.part is None]
        names = [p for p in entry.parameters if p.part is not None]
        # parts of the state are known places inside the function: their formals are not used
        given = [I64(self.generator.part_offset(p.part)) for p in names if p.part is not None]
        extra = [] if result is None else [result]
        return self.b.call(self.generator.function(entry.function), [state, after, *given, *arguments, *extra])

    def fail_if_error(self, status: Any, answer: Any) -> None:
        """Reports an error to the engine and leaves."""

        def fail() -> None:
            address = self.b.gep(self.info, [I64(2)], source_etype=I64)
            self.b.store(self.b.zext(status, I64), address)
            self.b.ret(answer)

        self.if_then(self.b.icmp_unsigned(">", status, I32(NOT_ENABLED)), fail)

    def outcome(self, entry: ir.Entry, state: Any, after: Any, on_error: Any) -> tuple[Any, Any]:
        """Whether some instance's premise held, and whether some instance is violated (for reachable: is a witness)."""
        held, found, result = self.alloca(I1), self.alloca(I1), self.alloca(I1)
        self.b.store(I1(0), held)
        self.b.store(I1(0), found)
        with self.instances(entry) as values:
            status = self.call(entry, state, after, values, result)
            self.fail_if_error(status, on_error)

            def speaks() -> None:
                self.b.store(I1(1), held)
                answer = self.load(result, I1)
                wanted = answer if _kind(entry) is PropertyKind.REACHABLE else self.b.not_(answer)
                self.b.store(self.b.or_(self.load(found, I1), wanted), found)

            self.if_then(self.b.icmp_unsigned("==", status, I32(0)), speaks)
        return self.load(held, I1), self.load(found, I1)

    def leave_outside(self, program: ir.Program, state: Any, on_error: Any, premise: Any = None) -> None:
        """Where a constraint is false, counts that in info[3] and answers that there are no steps."""
        for index, prop in enumerate(program.properties):
            if _kind(prop) is not PropertyKind.CONSTRAINT:
                continue
            held, outside = self.outcome(prop, state, state, on_error)
            if premise is not None:
                self.count_if(held, premise, index)

            def leave() -> None:
                self.increase(self.info, 3, I64(1))
                self.b.ret(I64(0))

            self.if_then(outside, leave)

    def increase(self, counters: Any, index: int, by: Any) -> None:
        """Adds to a counter."""
        address = self.b.gep(counters, [I64(index)], source_etype=I64)
        self.b.store(self.b.add(self.load(address, I64), by), address)

    def count_if(self, condition: Any, counters: Any, index: int) -> None:
        """Adds 1 to a counter where the condition holds."""
        self.increase(counters, index, self.b.zext(condition, I64))

    def report(self, broken: Any, index: int, open_mask: Any) -> None:
        """Sets a property's bit in info[0] if it is violated and still looked for."""
        address = self.b.gep(self.info, [I64(0)], source_etype=I64)
        bit = self.b.and_(self.b.shl(self.b.zext(broken, I64), I64(index)), open_mask)
        self.b.store(self.b.or_(self.load(address, I64), bit), address)


def _kind(entry: ir.Entry) -> PropertyKind:
    assert isinstance(entry.declared, Property)
    return entry.declared.kind
