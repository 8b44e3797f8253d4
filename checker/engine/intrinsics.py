"""Machine instructions that Numba has no name for: loads and stores at addresses, prefetch, atomic add, calls of compiled specs.

Everything is an int64, states and addresses too. Mixing int64 and uint64 would make Numba compute in floating point.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
_Generate = Callable[[Any, Any], Any]
_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """A function of int64 to int64 that kernels may call.

    With its signature given, it is compiled once, and not once more for each constant that is passed to it.
    """
    arguments = [types.int64] * len(inspect.signature(function).parameters)
    return cast(_Function, njit(types.int64(*arguments))(function))


def _instruction(arguments: int, generate: _Generate) -> Callable[..., int]:
    """An intrinsic that takes so many int64 and gives an int64, made by `generate(builder, arguments)`."""
    signature = types.int64(*[types.int64] * arguments)

    def code(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return generate(builder, values)

    # Numba reads the number of parameters off the function's own signature.
    by_arguments: dict[int, Callable[..., Any]] = {
        1: lambda _typing, a: (signature, code),  # noqa: ARG005 - the names are not used, their number is
        2: lambda _typing, a, b: (signature, code),  # noqa: ARG005
        5: lambda _typing, a, b, c, d, e: (signature, code),  # noqa: ARG005
        7: lambda _typing, a, b, c, d, e, f, g: (signature, code),  # noqa: ARG005
    }
    return cast(Callable[..., int], intrinsic(by_arguments[arguments]))


def _pointer(builder: Any, address: Any, to: Any = _I64) -> Any:
    return builder.inttoptr(address, to.as_pointer())


def _load(width: Any) -> _Generate:
    def generate(builder: Any, values: Any) -> Any:
        value = builder.load(_pointer(builder, values[0], width))
        return value if width is _I64 else builder.zext(value, _I64)

    return generate


def _store(width: Any) -> _Generate:
    def generate(builder: Any, values: Any) -> Any:
        value = values[1] if width is _I64 else builder.trunc(values[1], width)
        builder.store(value, _pointer(builder, values[0], width))
        return _I64(0)

    return generate


def _prefetch(builder: Any, values: Any) -> Any:
    pointer = _I8.as_pointer()
    function = builder.module.declare_intrinsic(
        "llvm.prefetch", [pointer], ir.FunctionType(ir.VoidType(), [pointer, _I32, _I32, _I32])
    )
    builder.call(function, [_pointer(builder, values[0], _I8), _I32(0), _I32(2), _I32(1)])  # to read, into the second level, data
    return _I64(0)


def _fetch_add(builder: Any, values: Any) -> Any:
    return builder.atomic_rmw("add", _pointer(builder, values[0]), values[1], "seq_cst")


def _call(pointers: tuple[bool, ...]) -> _Generate:
    """Call the function at the first argument; `pointers` says which of the others are addresses."""
    function = ir.FunctionType(_I64, [_I64.as_pointer() if pointer else _I64 for pointer in pointers])

    def generate(builder: Any, values: Any) -> Any:
        arguments = [
            _pointer(builder, value) if pointer else value for value, pointer in zip(values[1:], pointers, strict=True)
        ]
        return builder.call(builder.inttoptr(values[0], function.as_pointer()), arguments)

    return generate


#: load(address): the 64 bits there. load32 and load8 extend with zeros.
load = _instruction(1, _load(_I64))
load32 = _instruction(1, _load(_I32))
load8 = _instruction(1, _load(_I8))
#: store(address, value): store32 and store8 keep the low bits.
store = _instruction(2, _store(_I64))
store32 = _instruction(2, _store(_I32))
store8 = _instruction(2, _store(_I8))
#: prefetch(address): ask for the cache line, without waiting.
prefetch = _instruction(1, _prefetch)
#: fetch_add(address, n): add, give the old value, atomically.
fetch_add = _instruction(2, _fetch_add)
#: shift_right(value, n): a logical shift, zeros come in from the left.
shift_right = _instruction(2, lambda builder, values: builder.lshr(values[0], values[1]))
#: below(a, b): 1 if a < b, both read as unsigned.
below = _instruction(2, lambda builder, values: builder.zext(builder.icmp_unsigned("<", values[0], values[1]), _I64))
#: call_successors(function, source, out, fired, premise, open mask, info): how many.
call_successors = _instruction(7, _call((True, True, True, True, False, True)))
#: call_judge(function, state, premise, open mask, info): a mask of properties.
call_judge = _instruction(5, _call((True, True, False, True)))
