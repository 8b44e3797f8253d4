"""What evaluating an expression of the IR can do besides giving a value: fail, or end the function.

CPython evaluates from left to right and stops at the first failure. Where the order of the IR is another one, or where code that is not
needed would be evaluated all the same, only expressions without such effects may be moved.
"""

from __future__ import annotations

from typing import Any

from kubecheck.spec import ir
from kubecheck.spec.intervals import may_be_cut, may_overflow
from kubecheck.spec.types import IntType

_MAY_LEAVE = (ir.Fit, ir.Unwrap, ir.SeqAt, ir.SeqAppend, ir.SeqDrop, ir.SeqTake, ir.SeqJoin, ir.MakeRef, ir.Call)


def harmless(e: ir.Expr | ir.Place | ir.Domain) -> bool:
    """Whether evaluating it can neither fail nor leave the function, so that it may be evaluated where Python would not."""
    if isinstance(e, _MAY_LEAVE):
        return False
    if isinstance(e, ir.Arith):
        assert isinstance(e.left.type, IntType)
        assert isinstance(e.right.type, IntType)
        if may_overflow(e.op, e.left.type, e.right.type) or (e.op in ("//", "%") and e.right.type.lo <= 0 <= e.right.type.hi):
            return False
    if isinstance(e, ir.Lookup) and not e.total:
        return False
    if isinstance(e, ir.Quantify) and (e.kind == "seq" or (e.kind == "sum" and may_be_cut(e.type))):
        return False
    return all(harmless(child) for child in children(e))


def may_refuse(node: object) -> bool:
    """Whether evaluating it can end the function as not enabled: by `require` or `present`, here or in what it calls."""
    if isinstance(node, tuple):
        return any(may_refuse(part) for part in node)
    if isinstance(node, ir.Function):
        return may_refuse(node.body)
    if not isinstance(node, ir.Node):
        return False
    if isinstance(node, ir.Require) or (isinstance(node, ir.Unwrap) and node.required):
        return True
    return any(may_refuse(getattr(node, name)) for name in node.__dataclass_fields__)


def children(e: ir.Expr | ir.Place | ir.Domain) -> list[Any]:
    """The expressions, places and domains directly inside a node."""
    found: list[Any] = []
    for name in e.__dataclass_fields__:
        value = getattr(e, name)
        for v in value if isinstance(value, tuple) else (value,):
            parts = v if isinstance(v, tuple) else (v,)
            found += [p for p in parts if isinstance(p, ir.Expr | ir.Place | ir.Domain)]
    return found
