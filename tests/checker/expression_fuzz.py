"""Expressions made at random, of the language and of what it must refuse: each is answered or refused, and soon.

    python -m tests.checker.expression_fuzz NUMBER [SEED]
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression, ExpressionError
from tests.spec.toys import empty

_NAMES: Final = """
    work grid inner many main count owner last ready nodes queue level hidden other flag quiescent Pod Node Phase Spot Work pods x p n
    len any all sum first min max abs range implies present True False None __import__ open eval getattr type self _hidden __builtins__
""".split()
_ATTRIBUTES: Final = """
    phase spot seen tries node level hidden index tried next PENDING RUNNING value name inner count _hidden __class__ __mro__ __globals__
    gi_frame f_globals f_locals format to_bytes ljust mro _read _cell _data _type member size hide __dict__ __subclasses__ real items
""".split()
_OPERATORS: Final = [*"+ - * // % ** << >> | & ^ @ / == != < <= > >= is in and or".split(), "is not", "not in"]
_TOKENS: Final = [
    *_NAMES, *_ATTRIBUTES, *_OPERATORS, *"( ) [ ] { } , : . for if else lambda yield await * := ' 0 1e9 1j ...".split(), '"', "f'{", "\\",
    "\n", "\t", "\0", "\x1b[2J", "\u202e", "\ud800", "9" * 30,
]  # fmt: skip
_WRAPPED: Final = ["({})", "-{}", "not {}", "{}[{}]", "{}.x", "any({} for x in range(9999))", "implies({}, {})", "{} + {}", "({},)"]
_DOMAINS: Final = ["Pod", "Node", "Phase", "range(9999)", "range(1000000)", "queue", "nodes", "many", "(1, 2, 3)", "{1, 2}"]

# What is of each kind, with the kinds that it is made of: most of what these give is answered.
_TYPED: Final = {
    "B": [
        "flag", "quiescent", "main.inner.hidden", "inner.hidden", "work[P].tried()", "grid[N][N]", "(B and B)", "(B or B)", "not B",
        "(I == I)",
        "(I < I)", "(I <= I <= I)", "(F is F)", "(F != F)", "(N == N)", "(N < N)", "N in nodes", "F in queue", "(P == P)",
        "owner is None",
        "any(B for n in Node)", "all(B for p in Pod if B)", "any(B for x in range(I))", "implies(B, B)", "(B if B else B)",
        "work[P].seen[N]",
        "last is not None and last.tried()", "W == W", "nodes <= {N}", "I in (I, I)", "F in (F, F)", "work[P].spot == Spot(tries=I)",
        "True",
    ],
    "I": [
        "level", "main.count", "work[P].spot.tries", "many[N].level", "len(queue)", "len(nodes)", "len(ready)", "N.index", "0", "1",
        "2", "7",
        "(I + I)", "(I - I)", "(I * I)", "(I // I)", "(I % I)", "-I", "abs(I)", "min(I, I)", "max(I, I, I)", "sum(I for n in Node)",
        "pods",
        "count(B for p in Pod)", "sum(I for x in range(9) if B)", "(I if B else I)", "len(queue + (F,))", "len(Phase)",
        "Phase.RUNNING.value",
    ],
    "F": ["work[P].phase", "Phase.RUNNING", "Phase.ABSENT", "queue[I]", "(F if B else F)", "W.phase",
    "last.phase if last is not None else F"],
    "N": ["Node(0)", "Node(1)", "n", "Node(I)", "(N if B else N)", "present(work[P].spot.node)"],
    "P": ["Pod(0)", "Pod(1)", "p", "Pod(I)", "present(owner)", "(P if B else P)"],
    "W": ["work[P]", "work[P].next(phase=F)", "Work(phase=F)", "work[P].next(spot=Spot(node=N))"],
}  # fmt: skip
_SIMPLEST: Final = {"B": "flag", "I": "level", "F": "Phase.RUNNING", "N": "Node(1)", "P": "Pod(0)", "W": "work[Pod(0)]"}


@dataclass
class Tally:
    """What became of the expressions; times are of the processor, whatever else the machine does. `reasons` counts refusals by code."""

    answered: int = 0
    refused: int = 0
    slowest: float = 0.0
    slowest_text: str = ""
    reasons: Counter[str] = field(default_factory=Counter)


class Writer:
    """Writes expressions: mostly of the language's grammar, with names and attributes at random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> str:
        """One expression, or something that looks like one."""
        kind = self.random.random()
        if kind < 0.1:
            return " ".join(self.random.choices(_TOKENS, k=self.random.randint(1, 40)))
        if kind < 0.2:
            part = self.random.choice(_WRAPPED)
            text = self.expression(1)
            for _ in range(self.random.randint(1, 60)):
                text = part.replace("{}", text, 1).replace("{}", self.expression(0))[:4_000]
            return text
        depth = self.random.randint(0, 5)
        text = self.expression(depth) if kind < 0.4 else self.typed(self.random.choice("BIFNW"), depth)
        if kind < 0.5:  # broken at one place
            at = self.random.randrange(len(text))
            return text[:at] + self.random.choice(_TOKENS) + text[at + self.random.randint(0, 3) :]
        return text

    def typed(self, kind: str, depth: int) -> str:
        """An expression of this kind, most likely one that the language has: variables may have no value."""
        if depth <= 0:
            return _SIMPLEST[kind]
        chosen = self.random.choice(_TYPED[kind])
        return re.sub(r"\b[BIFNPW]\b", lambda found: self.typed(found[0], depth - 1), chosen)

    def expression(self, depth: int) -> str:
        """An expression of so many levels."""
        pick = self.random
        if depth <= 0:
            numbers = [str(pick.randint(-3, 9)), str(10 ** pick.randint(1, 40))]
            return pick.choice([*_NAMES, *numbers, "Node(0)", "Pod(1)", "Phase.RUNNING", "'text'"])
        a, b, c = (self.expression(depth - 1) for _ in range(3))
        kind = pick.randrange(12)
        if kind < 3:
            return f"({a} {pick.choice(_OPERATORS)} {b})"
        if kind == 3:
            return f"{pick.choice(['any', 'all', 'sum', 'count', 'first'])}({a} for {pick.choice('xpn')} in {b} if {c})"
        if kind == 4:
            domain = pick.choice(_DOMAINS)
            return f"{pick.choice(['any', 'all', 'sum', 'count', 'first'])}({a} for {pick.choice('xpn')} in {domain})"
        if kind == 5:
            return f"({a} if {b} else {c})"
        if kind == 6:
            return f"{a}[{b}]"
        if kind == 7:
            return f"{a}.{pick.choice(_ATTRIBUTES)}{pick.choice(['', '', f'({b})', '()'])}"
        if kind == 8:
            return f"{pick.choice(_NAMES)}({pick.choice(['', a, f'{a}, {b}', f'phase={a}'])})"
        if kind == 9:
            written = [f"({a}, {b})", f"{{{a}, {b}}}", f"[{a} for x in {b}]", f"(lambda x: {a})({b})", f"f'{{{a}}}'", f"(x := {a})"]
            return pick.choice(written)
        return f"{pick.choice(['not ', '-', '~', ''])}{a}"


def fuzz(number: int, *, seed: int) -> Tally:
    """Asks so many expressions. Whatever is raised but ExpressionError comes out of here."""
    writer, expander, tally = Writer(seed), Expander(empty()), Tally()
    for _ in range(number):
        text = writer.text()
        begin = time.process_time()
        try:
            Expression(expander, text, condition=writer.random.random() < 0.3).values(expander.initial)
            tally.answered += 1
        except ExpressionError as error:
            tally.refused += 1
            tally.reasons[error.code] += 1
        took = time.process_time() - begin
        if took > tally.slowest:
            tally.slowest, tally.slowest_text = took, text
    return tally


if __name__ == "__main__":
    done = fuzz(int(sys.argv[1]), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"{done.answered:,} answered, {done.refused:,} refused; the slowest took {done.slowest:.3f} s: {done.slowest_text[:200]!r}")
    print(", ".join(f"{code} {count:,}" for code, count in done.reasons.most_common()))
