"""The interval that an integer operation's result lies in, and whether 64 bits hold it.

A name has the width that its value needs. Where an interval says that 64 bits may be too few, the native execution asks at the operation
itself and stops with an error: it never goes on with another number than Python's.
"""

from __future__ import annotations

from kubecheck.spec.types import INT, WIDEST, IntType, Type


def exact(op: str, a: IntType, b: IntType) -> IntType:
    """The interval of `x op y` over the integers, however wide; `op` is one of + - * // % min max."""
    if op == "+":
        return IntType(a.lo + b.lo, a.hi + b.hi)
    if op == "-":
        return IntType(a.lo - b.hi, a.hi - b.lo)
    if op == "*":
        corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi]
        return IntType(min(corners), max(corners))
    if op == "//":
        bound = max(abs(a.lo), abs(a.hi))
        return IntType(0, a.hi) if a.lo >= 0 and b.lo > 0 else IntType(-bound, bound)
    if op == "%":
        bound = max(abs(b.lo), abs(b.hi))
        return IntType(0, max(0, b.hi - 1)) if b.lo >= 0 else IntType(-bound, bound)
    pick = min if op == "min" else max
    return IntType(pick(a.lo, b.lo), pick(a.hi, b.hi))


def held(t: IntType) -> IntType:
    """What of an interval a register holds."""
    return IntType(min(max(t.lo, INT.lo), INT.hi), max(min(t.hi, INT.hi), INT.lo))


def may_overflow(op: str, a: IntType, b: IntType) -> bool:
    """Whether `x op y` may need more than 64 bits."""
    if op == "//":  # only the most negative number has no opposite
        return a.lo == INT.lo and b.lo <= -1 <= b.hi
    found = exact(op, a, b)
    return op in ("+", "-", "*") and held(found) != found


def may_be_cut(t: Type) -> bool:
    """Whether the type of a sum reaches the ends of 64 bits, so that the sum itself may go past them."""
    return isinstance(t, IntType) and (t.lo == INT.lo or t.hi == INT.hi)


def as_wide_as(t: IntType) -> IntType:
    """The type of a parameter or result annotated `int` that holds these integers: of two widths, so that there are few specialisations."""
    return WIDEST if WIDEST.lo <= t.lo and t.hi <= WIDEST.hi else INT
