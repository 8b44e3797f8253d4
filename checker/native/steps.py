"""A third function of compiled specs, for those who look at single steps: which action instance leads to which successor.

    i64 steps(src, out, which, info)

The engine does without: it only needs successors. Here speed matters less than knowing the action's parameters.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir as ll

from kubecheck.checker.native.emit import I32, I64, POINTER
from kubecheck.checker.native.generate import Generator
from kubecheck.checker.native.module import Entry
from kubecheck.spec import ir
from kubecheck.spec.layout import words


def steps(generator: Generator, program: ir.Program) -> None:
    """Adds `steps`: writes every enabled instance's successor to `out` and its number to `which`; returns how many.

    Instances are numbered from 0 through all actions in the order of declaration, each action's in the order of
    `itertools.product` over its parameters. On an error info[2] is set, as for `successors`; what came before it is returned.
    """
    function = ll.Function(generator.module, ll.FunctionType(I64, [POINTER] * 4), "steps")
    src, out, which, info = function.args
    e = Entry(generator, function, words(program.root), info=info)
    count, number = e.alloca(I64), e.alloca(I64)
    e.b.store(I64(0), count)
    e.b.store(I64(-1), number)
    e.leave_outside(program, src, I64(0))
    for entry in program.actions:
        with e.instances(entry) as values:
            e.b.store(e.b.add(e.load(number, I64), I64(1)), number)
            n = e.load(count, I64)
            slot = e.b.gep(out, [e.b.mul(n, I64(e.words))], source_etype=I64)
            e.copy(src, slot)
            status = e.call(entry, slot, slot, values)
            e.fail_if_error(status, n)

            def enabled(n: Any = n) -> None:
                e.b.store(e.load(number, I64), e.b.gep(which, [n], source_etype=I64))
                e.b.store(e.b.add(n, I64(1)), count)

            e.if_then(e.b.icmp_unsigned("==", status, I32(0)), enabled)
    e.b.ret(e.load(count, I64))
