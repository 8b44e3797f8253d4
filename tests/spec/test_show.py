"""Showing a spec as text: layout, effects, IR."""

from __future__ import annotations

import pytest

from kubecheck.spec import Spec, count, implies, present, require
from kubecheck.spec.show import describe, ir
from tests.spec.toys import Main, Node, Phase, Pod, Spot, Work

SPEC = Spec("shown", Main, scope={"pods": 2, "nodes": 2})


def _helper(s: Main, node: Node, limit: int) -> bool:
    if s.grid[node][node]:
        return s.count < limit
    else:
        return False


@SPEC.action(actor="worker")
def work(s: Main, pod: Pod, node: Node) -> None:
    """Somebody works."""
    require(_helper(s, node, 5))
    seen = s.work[pod]
    row = s.grid[node]
    for other in Node:
        if other == node:
            continue
        row[other] = seen.phase in (Phase.ABSENT, Phase.RUNNING)
    s.work[pod] = seen.next(spot=Spot(node=node, tries=s.count % 2), phase=Phase.RUNNING)
    s.queue += (present(s.last).phase,)
    s.grid[node] = s.grid[Node(0)]


@SPEC.action(actor="idler", kind="environment")
def rest(s: Main) -> None:
    """Somebody rests."""
    s.inner.hide()
    s.last = Work() if s.owner is None else None
    s.count += 1


@SPEC.invariant
def fine(s: Main) -> bool:
    """All is well."""
    return implies(count(w.phase is Phase.ABSENT for w in s.work if w.seen[Node(0)]) > 1, s.inner.level >= 0)


DESCRIPTION = """\
shown: 57 bits, 1 words of 64

state
    0:0      2 bits  work[pod-0].phase: Phase
    0:2      2 bits  work[pod-0].spot.node: Node | None
    0:4      2 bits  work[pod-0].spot.tries: Range(0, 3)
    0:6      1 bits  work[pod-0].seen[node-0]: bool
    0:7      1 bits  work[pod-0].seen[node-1]: bool
    0:8      2 bits  work[pod-1].phase: Phase
    0:10     2 bits  work[pod-1].spot.node: Node | None
    0:12     2 bits  work[pod-1].spot.tries: Range(0, 3)
    0:14     1 bits  work[pod-1].seen[node-0]: bool
    0:15     1 bits  work[pod-1].seen[node-1]: bool
    0:16     1 bits  grid[node-0][node-0]: bool
    0:17     1 bits  grid[node-0][node-1]: bool
    0:18     1 bits  grid[node-1][node-0]: bool
    0:19     1 bits  grid[node-1][node-1]: bool
    0:20     3 bits  inner.level: Range(-2, 5)
    0:23     1 bits  inner._hidden: bool
    0:24     3 bits  many[node-0].level: Range(-2, 5)
    0:27     1 bits  many[node-0]._hidden: bool
    0:28     3 bits  many[node-1].level: Range(-2, 5)
    0:31     1 bits  many[node-1]._hidden: bool
    0:32     4 bits  count: Range(0, 9)
    0:36     2 bits  owner: Pod | None
    0:38     9 bits  last: Work | None
    0:47     2 bits  ready: Set[Pod]
    0:49     2 bits  nodes: Set[Node]
    0:51     6 bits  queue: Seq[Phase, 2]

actions
  work(pod: Pod, node: Node)  [worker]  Somebody works.
    reads  count, grid[*], grid[*][*], last, queue, work[*]
    writes grid[*], grid[*][*], queue, work[*]
  rest()  [idler]  Somebody rests.
    reads  count, owner
    writes count, inner._hidden, last

properties
  fine  [invariant]  All is well.
    reads  inner.level, work[*]"""


def test_description() -> None:
    assert describe(SPEC) == DESCRIPTION


def test_what_takes_no_bits_is_listed_apart() -> None:
    small = Spec("small", Main, scope={"pods": 0, "nodes": 1})
    text = describe(small)
    assert "\n  no bits       owner, ready\n" in text
    assert "work[" not in text


WORK_IR = """\
_helper(place s: Main, node: Node) -> bool    # line 14
  if s.grid[node][node]
    return (s.count < 5)
  else
    return False

work(place s: Main, pod: Pod, node: Node) -> None    # line 22
  require _helper(main, node)
  seen: Work = main.work[pod]
  name row = main.grid[node]
  for other in Node
    if (other == node)
      continue
    store row[other] = (let part = seen.phase in ((part == absent) or (part == running)))
  store main.work[pod] = seen.next(phase=running, spot=Spot(node=wrap(node), tries=(main.count % 2)))
  store main.queue = seqappend(main.queue, present(main.last).phase)
  copy main.grid[node] = main.grid[node-0]"""


def test_ir_of_an_action_and_what_it_calls() -> None:
    assert ir(SPEC, "work") == WORK_IR


def test_ir_of_everything_has_each_function_once() -> None:
    text = ir(SPEC)
    for name in ("_helper", "work", "rest", "hide", "fine"):
        assert sum(line.startswith(f"{name}(") for line in text.split("\n")) == 1


def test_unknown_actions() -> None:
    with pytest.raises(KeyError, match="sleep"):
        ir(SPEC, "sleep")
