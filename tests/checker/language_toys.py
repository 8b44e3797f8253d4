"""One action for each of the constructs that protocols are written with: records as keys, subsets, collections, slices, exchanges."""

from __future__ import annotations

import enum
from typing import Annotated

from kubecheck.spec import Array, MaxLen, Range, Record, Seq, Set, Sort, Spec, State, implies, require


class N(Sort, size="n"):
    """Members that have an order."""


class P(Sort, size="p", symmetric=True):
    """Members that have none."""


class E(enum.Enum):
    A = 0
    B = 1
    C = 2


class M(Record):
    n: N
    e: E


class S(State):
    x: Annotated[int, Range(0, 5)]
    y: Annotated[int, Range(0, 7)]
    q: Annotated[Seq[N], MaxLen(3)]
    r: Annotated[Seq[N], MaxLen(2)]
    ns: Set[N]
    ps: Set[P]
    ms: Set[M]
    w: Array[N, Annotated[int, Range(0, 3)]]
    am: Array[M, bool]


def build(*, n: int = 2, p: int = 2) -> Spec:
    spec = Spec("f", S, scope={"n": n, "p": p})

    @spec.action(actor="a")
    def swap(s: S) -> None:
        s.x, s.y = s.y, s.x

    @spec.action(actor="a")
    def swapq(s: S) -> None:
        s.q, s.r = s.r, s.q[:2]

    @spec.action(actor="a")
    def addq(s: S, n: N) -> None:
        require(len(s.q) < 3)
        s.q += (n,)
        s.w[n] = min(3, s.w[n] + 1)

    @spec.action(actor="a")
    def join(s: S, a: Annotated[int, Range(0, 3)], b: Annotated[int, Range(0, 3)]) -> None:
        s.q = s.q[a:b] + s.r

    @spec.action(actor="a")
    def pick(s: S, some: Set[P]) -> None:
        s.ps = some
        s.x = max((s.w[n] for n in s.ns), default=0)

    @spec.action(actor="a")
    def pick2(s: S, some: Set[N], m: M) -> None:
        s.ns = some
        s.y = min(s.w[n] + m.n.index for n in some)

    @spec.action(actor="a")
    def comp(s: S, m: M) -> None:
        s.ms |= {M(n=n, e=m.e) for n in s.ns if s.w[n] > 0}
        s.am[m] = m in s.ms
        s.r = tuple(n for n in s.ns if s.w[n] > 1)

    @spec.action(actor="a")
    def comp2(s: S) -> None:
        kept = Set(m.n for m in s.ms if s.am[m])
        s.ns = kept
        for m in s.ms:
            if m.n in kept:
                s.am[m] = False
        s.ps = {p for p in P if p not in s.ps}

    @spec.action(actor="a")
    def nested(s: S) -> None:
        s.y = max(max(s.w[n] + s.w[m] for n in N if n != m) for m in s.ns)

    @spec.action(actor="a")
    def nested2(s: S) -> None:
        s.y = max((s.w[n] + s.w[m] for m in s.ns for n in s.ns if n != m), default=7)
        s.ms = Set(M(n=n, e=e) for n in s.ns for e in E if e is not E.A)
        s.x = max(s.w[n] for n in N) if n > 0 else 0
        z = max(k + s.x for k in (1, 2, 3))
        require(z < 20)

    @spec.invariant
    def inv(s: S, m: M) -> bool:
        return implies(s.am[m], m in s.ms)

    return spec


# --- tables of constants, methods of members, actions of constants


class Node(Sort, size="n"):
    @property
    def even(self) -> bool:
        return self.index % 2 == 0

    def after(self, k: int) -> bool:
        return self.index > k


class Phase(enum.Enum):
    A = 0
    B = 5
    C = -2

    def is_last(self) -> bool:
        return self is Phase.C

    @property
    def early(self) -> bool:
        return self in (Phase.A, Phase.B)


NEXT = {Phase.A: Phase.B, Phase.B: Phase.C}
ALLOWED = {Phase.A: {Phase.B, Phase.C}, Phase.B: {Phase.C}, Phase.C: frozenset()}
COST = (3, 1, 2)
SPARSE = {1: None, 4: Phase.B, 9: Phase.A}
FLAGS = [True, False, True, True]


class Table(State):
    x: Annotated[int, Range(-3, 9)]
    e: Phase
    f: Phase | None
    b: bool
    w: Array[Node, Annotated[int, Range(0, 3)]]
    on: Node | None


def tables(*, n: int = 2) -> Spec:
    spec = Spec("tables", Table, scope={"n": n})

    @spec.action(actor="a")
    def nxt(s: Table) -> None:
        s.e = NEXT[s.e]

    @spec.action(actor="a")
    def allowed(s: Table, e: Phase) -> None:
        require(e in ALLOWED[s.e])
        s.e = e

    @spec.action(actor="a")
    def cost(s: Table) -> None:
        s.x = COST[s.x]

    @spec.action(actor="a")
    def cost2(s: Table, n: Node) -> None:
        s.x = COST[n.index] if n.even else COST[s.w[n] % 3]

    @spec.action(actor="a")
    def sparse(s: Table) -> None:
        s.f = SPARSE[s.x]

    @spec.action(actor="a")
    def value(s: Table) -> None:
        s.x = s.e.value + 1 if s.e.early else s.e.value
        s.b = FLAGS[s.b]

    @spec.action(actor="a")
    def methods(s: Table, n: Node) -> None:
        require(n.after(s.x) or s.e.is_last())
        s.on = n

    def made(k: int) -> None:
        @spec.action(actor="a", name=f"add{k}")
        def add(s: Table) -> None:
            """Adds."""
            s.x += k

    for k in (1, 2):
        made(k)

    @spec.invariant
    def inv(s: Table) -> bool:
        return s.x < 9 or s.e.early or COST[s.x % 3] == 2

    return spec
