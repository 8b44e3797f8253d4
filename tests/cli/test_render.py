"""How a Report is shown to people and written as JSON."""

from __future__ import annotations

import io
import json
import re

import msgspec
import pytest
from rich.console import Console

from kubecheck.checker.report import Report, States, Verdict
from kubecheck.cli.record import encode, record
from kubecheck.cli.render import console, path_table, render
from kubecheck.cli.subjects import Subject
from kubecheck.model.manifest import LeftOut, NotModelled
from kubecheck.spec import Position, Spec
from tests.cli.reports import WHOLE, report, step, violated


def build() -> Spec:
    raise AssertionError("showing a report builds nothing")


SUBJECT = Subject(name="web", title="Deployment default/web of web.yaml", build=build)


def text(shown: Report, subject: Subject = SUBJECT) -> str:
    out = io.StringIO()
    with console(out) as printed:
        render(shown, subject, out=printed, reproduce="kubecheck check web.yaml")
    return out.getvalue()


def test_holds() -> None:
    assert (
        text(report())
        == """\
checked       Deployment default/web of web.yaml
scope         pods=3, nodes=2
release       1.36

states        1,234 distinct, 56,789 generated, depth 12, 3 quiescent
speed         2,468 distinct/s, 113,578 generated/s; explored in 500 ms on 2 threads
memory        64.0 MiB, 93 bits per state

[ok]  no_lost_update  invariant  The sentence of no_lost_update.

[ok] every state was seen and everything holds, in 1.50 s
reproduce: kubecheck check web.yaml
"""
    )


def test_violated() -> None:
    shown = text(violated())
    assert (
        shown[shown.index("[violation]") :]
        == """\
[violation]   no_lost_update  invariant  The sentence of no_lost_update.
[incomplete]  converges       quiescent  The sentence of converges.
warning: never fired: delete

the shortest path to a violation of no_lost_update, 2 steps:

step  controller
   0  │   initial state               store[pod-1]: phase absent
   1  ●   create(pod-1)               store[pod-1]: phase absent -> pending, version 0 -> 1
      │                               queue {} -> {pod-1}
      │     The sentence of create.
   2  ●   overwrite(pod-1, server=1)  store[pod-1]: version 1 -> 0
      │     The sentence of overwrite.

no_lost_update is false after step 2, for pod = pod-1:
  all(s.store[p].version > 0 for p in Pod) is false  [spec.py:7]
    for p = pod-1: s.store[p].version > 0 is false: s.store[p].version is 0  [spec.py:9]

[violation] no_lost_update is violated after 2 steps, in 1.50 s
reproduce: kubecheck check web.yaml
"""
    )


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_line_fits(width: int) -> None:
    out = io.StringIO()
    render(violated(), SUBJECT, out=Console(file=out, width=width), reproduce="again", whole=WHOLE)
    assert max(len(line) for line in out.getvalue().splitlines()) <= width


def test_lanes_on_a_terminal_of_80_columns_have_what_changed_below_the_action() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(path_table(violated().path))
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "step  controller",
        "   0  │  initial state",
        "      │    store[pod-1]: phase absent",
        "   1  ●  create(pod-1)",
        "      │    store[pod-1]: phase absent -> pending, version 0 -> 1",
        "      │    queue {} -> {pod-1}",
        "      │    The sentence of create.",
        "   2  ●  overwrite(pod-1, server=1)",
        "      │    store[pod-1]: version 1 -> 0",
        "      │    The sentence of overwrite.",
    ]


def test_where_lanes_leave_no_room_the_component_is_named() -> None:
    out = io.StringIO()
    path = [step(0), *(step(n, action="go", actor=f"component-{n}") for n in range(1, 8))]
    Console(file=out, width=50).print(path_table(path))
    assert "   7  component-7: go()\n" in re.sub(r" +\n", "\n", out.getvalue())


def test_a_stream_without_line_characters_gets_plain_ones() -> None:
    out = Latin()
    with console(out) as printed:
        printed.print(path_table(violated().path))
    assert out.getvalue().isascii()
    assert "   1  o   create(pod-1)" in out.getvalue()


class Latin(io.StringIO):
    encoding = "latin-1"  # type: ignore[assignment]


def test_names_of_properties_are_not_broken_on_a_narrow_terminal() -> None:
    out = io.StringIO()
    render(violated(), SUBJECT, out=Console(file=out, width=80), reproduce="again")
    assert "[violation] no_lost_update  invariant\n    The sentence of no_lost_update." in re.sub(r" +\n", "\n", out.getvalue())


def test_only_numbers_and_sentences_are_dim() -> None:
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True, color_system="standard").print(path_table(violated().path))
    line = next(line for line in out.getvalue().splitlines() if "create(pod-1)" in line)
    assert line == "\x1b[2m   1  \x1b[0m\x1b[1;34m●\x1b[0m\x1b[34m  \x1b[0m\x1b[1mcreate(pod-1)\x1b[0m"


def test_full_shows_whole_states() -> None:
    out = io.StringIO()
    with console(out) as printed:
        render(violated(), SUBJECT, out=printed, reproduce="", whole=WHOLE)
    assert "   1  ●   create(pod-1)               store[pod-1]: phase absent -> pending" in out.getvalue()
    begins = "      │   "
    assert f"{begins}queue {{pod-1}}, leader none\n{begins}store[pod-0]: phase absent, version 0, node none\n" in out.getvalue()
    assert f"{begins}store[pod-1]: phase pending, version 1, node none\n" in out.getvalue()
    assert f"{begins}queue {{}}, leader none\n" in out.getvalue()
    assert "epoch" not in out.getvalue()  # it has only one value


def test_an_actor_has_the_same_colour_in_every_path() -> None:
    def colour(*actors: str) -> str:
        out = io.StringIO()
        path = [step(0), *(step(n, action="go", actor=actor) for n, actor in enumerate(actors, 1))]
        Console(file=out, width=120, force_terminal=True, color_system="standard").print(path_table(path))
        found = re.search(r"\x1b\[(\d+)mscheduler", out.getvalue())
        assert found is not None
        return found[1]

    assert len({colour("scheduler"), colour("user", "scheduler"), colour("kubelet", "deployment-controller", "scheduler")}) == 1


def test_an_action_is_broken_at_its_bracket_or_a_comma() -> None:
    actors = [f"component-{i}" for i in range(6)]
    path = [step(0), *(step(n, action="go", actor=actor) for n, actor in enumerate(actors, 1))]
    path.append(step(7, action="update_replica_set_status", actor="component-0", replica_set="replica-set-0", other="x" * 30))
    out = io.StringIO()
    Console(file=out, width=100).print(path_table(path))
    shown = [line[24:].rstrip() for line in out.getvalue().splitlines()]
    first = shown.index(next(line for line in shown if line.startswith("update")))
    assert [line.split("  nothing")[0].rstrip() for line in shown[first : first + 2]] == [
        "update_replica_set_status(", "    replica-set-0,",
    ]  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=66).print(path_table(path))
    shown = [line[24:].rstrip() for line in out.getvalue().splitlines()]
    first = shown.index("update_replica_set_status(replica-set-0,")
    assert shown[first + 1] == "    other=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)"


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (120, "api-server (the number is the resourceVersion it wrote)"),
        (60, "api-server (number: resourceVersion)"),
    ],
)
def test_the_head_of_the_api_server_has_room(width: int, head: str) -> None:
    state = {"api_server": {"etcd": {}, "watches": {}}}
    path = [msgspec.structs.replace(s, state=state) for s in (step(0), step(1, action="apply", actor="user"))]
    out = io.StringIO()
    Console(file=out, width=width).print(path_table(path))
    lines = out.getvalue().splitlines()
    assert lines[1].split("│")[1].strip() == head
    assert max(map(len, lines)) <= width


def test_incomplete_says_what_was_covered() -> None:
    stopped = report(
        Verdict.INCOMPLETE,
        reason="stopped after 30 s, as --time says",
        states=States(distinct=20_000_000, generated=123_456_789, expanded=15_000_000, frontier=5_000_000, quiescent=0),
    )
    shown = text(stopped)
    assert "states        20.0 M distinct, 123.5 M generated, depth 12, 5,000,000 not expanded\n" in shown
    assert shown.splitlines()[-2] == (
        "[incomplete] stopped after 30 s, as --time says; nothing that was seen is wrong, the rest is unknown, in 1.50 s"
    )
    assert "[ok] every state" not in shown


def test_scaling_and_what_is_not_modelled() -> None:
    other = NotModelled(api_version="v1", kind="Service", name="web", position=Position("web.yaml", 30, 7, 30, 14))
    subject = Subject(
        name="web",
        title="Deployment default/web of web.yaml",
        build=build,
        scaling="Deployment default/web: 10 replicas are scaled down to 2",
        not_modelled=(other,),
        left_out=(LeftOut("spec.minReadySeconds", "a pod is available as soon as it is ready"),),
        workload="Deployment default/web",
        position=Position("web.yaml", 2, 7, 2, 17),
    )
    assert text(report(), subject).startswith("""\
checked       Deployment default/web of web.yaml
scaled        Deployment default/web: 10 replicas are scaled down to 2
scope         pods=3, nodes=2
release       1.36
not modelled  Service web (line 30)
unvalidated   the objects that are not modelled, and what admission plugins, quotas and policies would refuse
left out      spec.minReadySeconds: here a pod is available as soon as it is ready
""")


def test_piped_output_is_plain() -> None:
    assert "\x1b" not in text(violated())


def test_a_long_path_is_not_cut() -> None:
    long = report(
        Verdict.VIOLATED,
        found="x",
        path=[step(0), step(1, ("a", "0", "1" * 500), action="grow")],
    )
    assert text(long).count("1") > 500


def test_a_step_that_changes_nothing_says_so() -> None:
    assert "nothing" in text(report(Verdict.VIOLATED, found="x", path=[step(0), step(1, action="idle")]))


class TestJson:
    def test_one(self) -> None:
        found = json.loads(encode([record(violated(), SUBJECT, reproduce="again")], worst=0))
        assert found["verdict"] == "violated"
        assert found["exit_code"] == 1
        assert found["states"]["distinct"] == 1234
        assert found["states"]["generated"] == 56789
        assert (found["depth"], found["seconds"], found["memory_bytes"]) == (12, 0.5, 64 << 20)
        assert found["properties"][0]["premise"] == 10
        assert {"name", "kind", "verdict", "premise"} <= found["properties"][0].keys()
        assert found["actions"] == [{"name": "create", "actor": "controller", "kind": "component", "fired": 17}]
        assert found["path"][1]["action"] == "create"
        assert found["path"][1]["parameters"] == {"pod": "pod-1"}
        assert found["path"][1]["changes"][0] == {"path": "store[pod-1].phase", "before": "absent", "after": "pending"}
        assert (found["scope"], found["release"]) == ({"pods": 3, "nodes": 2}, "1.36")
        assert found["versions"].keys() == {"kubecheck", "python"}
        assert (found["target"], found["reproduce"]) == (SUBJECT.title, "again")
        assert (found["scaling"], found["not_modelled"], found["left_out"]) == ("", [], [])

    def test_several(self) -> None:
        records = [record(shown, SUBJECT, reproduce="") for shown in (report(), violated())]
        found = json.loads(encode(records, worst=1))
        assert found["verdict"] == "violated"
        assert [check["verdict"] for check in found["checks"]] == ["holds", "violated"]
