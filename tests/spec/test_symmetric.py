"""The scalarset rule: what is sound on symmetric sorts is accepted, and each refusal has its counterpart."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck.spec import SpecError
from kubecheck.spec.frontend import program
from tests.spec.comparing import compare, load
from tests.spec.test_errors import PREAMBLE

ACTION = '@spec.action(actor="a")\ndef act(s: Main, q: Pod, n: Node) -> None:\n'

# the code of the refusal, what is refused, and what may be written
PAIRS = [
    ("KC301", "require(q < q)", "require(q == q and q in s.ready and s.owner is not q)"),
    ("KC301", "s.count = q.index", "s.count = n.index"),
    ("KC301", "s.owner = Pod(0)", "s.owner = q"),
    ("KC301", "require(min(q, q) == q)", "require(min(n.index, 1) == 1)"),
    ("KC302", "for p in Pod:\n        break", "for m in Node:\n        break"),
    ("KC302", "for p in Pod:\n        return", "for p in Pod:\n        continue"),
    ("KC302", "for w in s.work:\n        return", "for b in s.by_node:\n        return"),
    ("KC302", "for p in s.ready:\n        return", "for phase in s.phases:\n        return"),
    ("KC303", "for p in Pod:\n        s.flag = s.owner == p", "for p in Pod:\n        s.flag |= s.owner == p"),
    ("KC303", "for p in Pod:\n        s.count *= 1", "for p in Pod:\n        s.count += 1"),
    ("KC303", "for p in Pod:\n        s.work[q].tries = 1", "for p in Pod:\n        s.work[p].tries = 1"),
    ("KC303", "for p in Pod:\n        s.queue += (s.work[p].phase,)", "for p in Pod:\n        s.ready |= {p}"),
    ("KC303", "for w in s.work:\n        s.flag = w.tries > 0", "for w in s.work:\n        s.flag |= w.tries > 0"),
    ("KC303", "found = q\n    for p in Pod:\n        found = p", "found = q\n    for p in Pod:\n        mine = p"),
    ("KC303", "for p in Pod:\n        s.inner.lift()", "for m in Node:\n        s.many[m].lift()"),
    ("KC303", "for p in s.ready:\n        s.work[q].tries = 1", "for p in s.ready:\n        s.work[p].tries = 1"),
    ("KC304", "s.owner = first(p for p in Pod)", "x = first(m for m in Node)"),
    ("KC304", "x = first(w for w in s.work)", "x = first(i for i in Node if s.many[i].level > 0)"),
    ("KC304", "s.owner = first(p for p in s.ready)", "x = first(f for f in s.queue)"),
    (
        "KC305",
        "for p in Pod:\n        s.count += 1\n        s.work[p].tries = min(s.count, 3)",
        "for p in Pod:\n        s.count += 1\n        s.work[p].tries = min(s.inner.level, 3)",
    ),
    (
        "KC305",
        "for p in Pod:\n        s.work[p].tries = s.work[q].tries",
        "tries = s.work[q].tries\n    for p in Pod:\n        s.work[p].tries = tries",
    ),
    (
        "KC305",
        "for p in Pod:\n        s.work[p].tries = 1\n        s.count += s.work[q].tries",
        "for p in Pod:\n        if s.work[p].tries > 0:\n            s.work[p].tries -= 1\n            s.count += 1",
    ),
    (
        "KC305",
        "for p in Pod:\n        s.count += 1\n        s.count -= 1\n        s.flag |= s.count > 0",
        "for p in Pod:\n        s.count += 1\n        s.count -= 1\n        s.flag |= p == q",
    ),
    (
        "KC305",
        "for p in Pod:\n        s.ready |= {p}\n        s.ready -= {q}",
        "for p in Pod:\n        s.ready -= {p}\n        s.ready &= {q}",
    ),
    (
        "KC305",
        "seen = 0\n    for p in Pod:\n        seen += 1\n        s.work[p].tries = min(seen, 3)",
        "seen = 0\n    for p in Pod:\n        seen += 1\n    s.count = seen",
    ),
    (
        "KC305",
        "ws = s.work\n    for p in Pod:\n        ws[p].tries = 1\n        s.flag |= s.work[q].tries > 0",
        "ws = s.work\n    for p in Pod:\n        ws[p].tries = 1\n        s.flag |= s.work[p].tries > 0",
    ),
    (
        "KC305",
        "for p in Pod:\n        s.work[p].tries = 1\n        s.flag |= tired(s, q)",
        "for p in Pod:\n        s.count += 1\n        s.flag |= tired(s, q)",
    ),
    (
        "KC306",
        "require(all(present(s.work[p].node) == n for p in Pod))",
        "require(all(s.work[p].node == n for p in Pod if s.work[p].node is not None))",
    ),
    (
        "KC306",
        "require(any(ready(s, p) for p in Pod))",
        "require(any(tired(s, p) for p in Pod) and count(ready(s, p) for p in Pod) > 0)",
    ),
]

HELPERS = """
def tired(s: Main, p: Pod) -> bool:
    return s.work[p].tries > 0


def ready(s: Main, p: Pod) -> bool:
    require(p in s.ready)
    return True


"""


@pytest.mark.parametrize(("code", "body"), [(code, refused) for code, refused, _ in PAIRS], ids=lambda x: str(x)[:60])
def test_refused(code: str, body: str, tmp_path: Path) -> None:
    module = load(f"{PREAMBLE}{HELPERS}{ACTION}    {body}\n", tmp_path)
    with pytest.raises(SpecError) as caught:
        program(module.spec)
    assert caught.value.code == code


@pytest.mark.parametrize("body", [accepted for _, _, accepted in PAIRS], ids=lambda x: x[:60])
def test_accepted(body: str, tmp_path: Path) -> None:
    """And members can indeed be exchanged, which `compare` tries on every state that it meets."""
    module = load(f"{PREAMBLE}{HELPERS}{ACTION}    {body}\n", tmp_path)
    assert compare(module.spec, limit=30).states > 0
