"""`kubecheck check --save` and `kubecheck replay`: the same path again, of a spec that may have changed, in a file that may be damaged."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.cli.versions import kubecheck_version

SPECS = Path(__file__).with_name("specs")
WEB = Path(__file__).parents[2] / "examples" / "web.yaml"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in an empty folder that has crossing.py and web.yaml."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(SPECS / "crossing.py", tmp_path)
    shutil.copy(WEB, tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return command


@pytest.fixture
def saved(run: Run) -> dict[str, Any]:
    """The record of a violation, also in run.json."""
    code, _, err = run("check", "crossing.py", "--set", "guard=false", "--save", "run.json")
    assert (code, err) == (ExitCode.VIOLATED, "")
    found: dict[str, Any] = json.loads(Path("run.json").read_text())
    return found


def edit(old: str, new: str) -> None:
    """Changes crossing.py, which must have the old text once."""
    text = Path("crossing.py").read_text()
    assert text.count(old) == 1
    Path("crossing.py").write_text(text.replace(old, new))


@pytest.mark.usefixtures("saved")
class TestTheSpecNow:
    def test_unchanged(self, run: Run) -> None:
        code, out, err = run("replay", "run.json")
        assert (code, err) == (ExitCode.VIOLATED, "")
        assert out == """\
replayed      run.json: crossing, a spec of crossing.py
verdict was   violated: at_most_one_is_green is violated after 2 steps
spec          as it was when the run was saved

step  controller
   0  │   initial state
   1  ●   go(light-0)    colour[light-0]: red -> green
      │                  turns 0 -> 1
      │     A light turns green.
   2  ●   go(light-1)    colour[light-1]: red -> green
      │                  turns 1 -> 2

at_most_one_is_green is false after step 2:
  count(colour is Colour.GREEN for colour in s.colour) <= 1 is false  [crossing.py:53]
    count(colour is Colour.GREEN for colour in s.colour) is 2 (colour = s.colour[light-0], s.colour[light-1])

[violation] at_most_one_is_green is violated after 2 steps, as it was
check again: kubecheck check crossing.py --set guard=false
"""

    @pytest.mark.parametrize("outputs", [["--save", "run.json"], ["--json=run.json"], ["--format", "json=run.json", "-q"]])
    def test_check_again_is_of_the_target_named_and_writes_nothing(self, run: Run, outputs: list[str]) -> None:
        Path("crossing.py").rename("with lights.py")
        run("check", "with lights.py", *outputs, "--set", "guard=false")
        Path("with lights.py").rename("other lights.py")
        _, out, _ = run("replay", "run.json", "other lights.py")
        assert out.endswith("\ncheck again: kubecheck check 'other lights.py' --set guard=false\n")

    @pytest.mark.parametrize(
        "forged",
        [
            "kubecheck check crossing.py; rm -rf ~", "rm -rf ~", "kubecheck check --save=/etc/passwd crossing.py", "'unclosed",
            "kubecheck check\n$(id)",
        ],
    )
    def test_what_the_file_says_is_no_command(self, run: Run, saved: dict[str, Any], forged: str) -> None:
        """It is made of what was replayed: nobody copies a command that somebody else has written."""
        Path("run.json").write_text(json.dumps(saved | {"reproduce": forged}))
        assert run("replay", "run.json")[1].endswith("\ncheck again: kubecheck check crossing.py --set guard=false\n")

    def test_a_target_that_looks_like_an_option_is_a_file(self, run: Run) -> None:
        run("check", "crossing.py", "--save", "run.json", "--set", "guard=false")
        Path("crossing.py").rename("--save=x.py")
        _, out, _ = run("replay", "run.json", "--", "--save=x.py")
        assert out.endswith("\ncheck again: kubecheck check ./--save=x.py --set guard=false\n")

    def test_another_kubecheck(self, run: Run, saved: dict[str, Any]) -> None:
        saved["versions"]["kubecheck"] = "0.0.1"
        Path("run.json").write_text(json.dumps(saved))
        assert f"saved by      kubecheck 0.0.1; this is {kubecheck_version()}\n" in run("replay", "run.json")[1]

    def test_a_comment_is_no_change(self, run: Run) -> None:
        edit('"""Lights that take turns."""', '"""Lights that take turns."""\n    # and more')
        _, out, _ = run("replay", "run.json")
        assert "spec          as it was when the run was saved\n" in out

    def test_an_action_that_now_refuses(self, run: Run) -> None:
        edit("        if guard:\n", "        if True:\n")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "spec          changed since: go\n" in out
        assert """
step 2 cannot be taken any more: go(light-1) is not enabled:
  all(colour is Colour.RED for colour in s.colour) is false  [crossing.py:40]
    for colour = s.colour[light-0]: colour is Colour.RED is false: colour is green

[incomplete] the path no longer exists from step 2 on; what else can happen is unknown
""" in out

    def test_a_property_that_now_holds(self, run: Run) -> None:
        edit("for colour in s.colour) <= 1", "for colour in s.colour) <= 2")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.HOLDS
        assert "spec          changed since: at_most_one_is_green\n" in out
        assert (
            "[ok] the path of 2 steps exists, and at_most_one_is_green is not violated at its end; "
            "this says nothing of other paths\ncheck again: kubecheck check crossing.py --set guard=false\n"
        ) in out

    def test_a_property_that_is_gone(self, run: Run) -> None:
        edit("    @spec.invariant\n    def at_most_one_is_green", "    def at_most_one_is_green")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "spec          gone since: at_most_one_is_green\n" in out
        assert "[incomplete] the spec has no property at_most_one_is_green any more\n" in out

    def test_another_scope_and_other_types(self, run: Run) -> None:
        edit("turns: int = 4", "turns: int = 7")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.VIOLATED
        assert "spec          the scope has changed since: turns was 4, is 7; the types of the state have changed since:" in out
        assert "Crossing.turns was Range(0, 4), is Range(0, 7)" in " ".join(out.split())

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (
                '@spec.action(actor="controller")\n    def go(',
                '@spec.action(actor="controller", kind="environment")\n    def go(',
                "go is environment now, was component",
            ),
            (
                '@spec.action(actor="controller")\n    def go(',
                '@spec.action(actor="user")\n    def go(',
                "go is taken by user now, was by controller",
            ),
            (
                "@spec.invariant\n",
                "@spec.quiescent\n",
                "at_most_one_is_green is quiescent now, was invariant",
            ),
            (
                "symmetric=True",
                "symmetric=False",
                "the types of the state have changed since: Light.symmetric was yes, is no",
            ),
            (
                'turns: Annotated[int, Range(0, "turns")]',
                'turns: Annotated[int, Range(0, "turns")] = 1',
                "the types of the state have changed since: Crossing.turns was Range(0, 4), is Range(0, 4) = 1",
            ),
            (
                'RED = "red"\n    GREEN = "green"',
                'GREEN = "green"\n    RED = "red"',
                "the types of the state have changed since: Colour.members was red, green, is green, red",
            ),
        ],
    )
    def test_a_declaration_that_is_another_one(self, run: Run, old: str, new: str, told: str) -> None:
        """None of these changes the body of a function."""
        edit(old, new)
        _, out, _ = run("replay", "run.json")
        assert f"spec          {told}\n" in out

    def test_an_initial_condition_that_is_new(self, run: Run) -> None:
        edit(
            "    @spec.invariant\n",
            "    @spec.initial\n    def go(s: Crossing) -> None:\n        s.turns = 0\n\n    @spec.invariant\n",
        )
        assert "spec          new since: go (initial 1)\n" in run("replay", "run.json")[1]

    def test_a_part_that_is_new(self, run: Run) -> None:
        edit('def crossing(', 'class Street(State):\n    """Another part."""\n\n    busy: bool\n\n\ndef crossing(')
        edit('Spec("crossing", Crossing,', 'Spec("crossing", Crossing, Street,')
        _, out, _ = run("replay", "run.json")
        assert (
            "the types of the state have changed since: state.street was not there, is Street, Street is new"
            in " ".join(out.split())
        )

    def test_many_changes_of_types_are_counted(self, run: Run) -> None:
        fields = "".join(f"    another_place_of_the_state_{n}: bool\n" for n in range(20))
        edit('    turns: Annotated[int, Range(0, "turns")]\n', f'    turns: Annotated[int, Range(0, "turns")]\n{fields}')
        _, out, _ = run("replay", "run.json")
        assert "spec          the types of the state have changed since, in 20 places: `kubecheck replay --full` names them\n" in out
        _, out, _ = run("replay", "run.json", "--full")
        told = " ".join(out.split())
        assert "the types of the state have changed since: Crossing.another_place_of_the_state_0 was not there, is bool," in told
        assert "Crossing.another_place_of_the_state_19 was not there, is bool step controller" in told

    def test_a_step_that_leads_elsewhere(self, run: Run) -> None:
        edit("        s.turns += 1", "        s.turns = min(s.turns + 2, turns)")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.VIOLATED
        assert "\nstep 1 leads to another state than it did when the run was saved\n" in out

    def test_full(self, run: Run) -> None:
        _, out, _ = run("replay", "run.json", "--full")
        assert "      │   turns 2\n      │   colour" not in out
        assert "turns 2, colour" not in out
        assert re.search(r"│   colour \[light-0: green, light-1: green, light-2: red\], turns 2\n", out)


class TestVerdicts:
    def test_an_error(self, run: Run) -> None:
        run("check", "crossing.py", "--set", "overflow=true", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.BAD_INPUT
        assert "[error] a value leaves its type, as it did\n" in out
        edit("        if not overflow:\n", "        if True:\n")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.HOLDS
        assert "[ok] the path of 8 steps exists, and no value leaves its type at its end; this says nothing of other paths\n" in out

    def test_a_limit_of_the_scope(self, run: Run) -> None:
        run("check", "web.yaml", "--pods", "3", "--set", "max_surge=1", "--set", "crashes=0", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "no_creation_waits_for_a_slot is false after step" in out
        assert re.search(r"\[incomplete\] a bound of the scope stops the system after \d+ steps, as it did\n", out)

    def test_a_run_without_a_path(self, run: Run) -> None:
        run("check", "crossing.py", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert (code, out.splitlines()[-2]) == (ExitCode.HOLDS, "[ok] run.json has no path, for its verdict was: holds")
        edit("        if guard:\n", "        if False:\n")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "[incomplete] run.json has no path, for its verdict was: holds; the spec has changed since\n" in out

    def test_a_run_that_held_and_whose_declarations_are_other_ones_is_unknown(self, run: Run) -> None:
        """Its functions are the same word for word, and a check would find a violation now."""
        run("check", "crossing.py", "--save", "run.json")
        edit("@spec.reachable\n", "@spec.invariant\n")
        assert run("check", "crossing.py")[0] == ExitCode.VIOLATED
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "spec          one_is_green is invariant now, was reachable\n" in out

    def test_a_scenario(self, run: Run) -> None:
        run("check", "stale-restart-1.33", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.VIOLATED
        assert "spec          as it was when the run was saved\n" in out
        assert "✗   crash_controller_manager(server=1)" in out

    def test_a_step_invariant_of_a_manifest(self, run: Run) -> None:
        code, _, _ = run(
            "check", "web.yaml", "--without", "expectations", "--without", "stale-write-guard", "--save", "run.json"
        )
        assert code == ExitCode.VIOLATED
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.VIOLATED
        assert "no_pod_too_many is false of step 6, for replica_set = replica-set-0:\n" in out


class TestWhatIsReplayed:
    def test_each_workload_of_a_manifest(self, run: Run) -> None:
        replica_set = """apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: NAME}
spec:
  replicas: 1
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: c, image: nginx}]}
"""
        Path("two.yaml").write_text("---\n".join(replica_set.replace("NAME", name) for name in ("one", "two")))
        run("check", "two.yaml", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.HOLDS
        assert re.findall(r"^replayed .*", out, re.MULTILINE) == [
            "replayed      run.json: ReplicaSet default/one of two.yaml",
            "replayed      run.json: ReplicaSet default/two of two.yaml",
        ]
        saved = json.loads(Path("run.json").read_text())
        saved["checks"][1]["run"]["functions"]["bind_pod"]["digest"] = "another"
        Path("run.json").write_text(json.dumps(saved))
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert out.count("changed since: bind_pod") == 1

    def test_workloads_of_one_name(self, run: Run) -> None:
        text = """apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web, namespace: NAME}
spec:
  replicas: COUNT
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
"""
        one, two = text.replace("COUNT", "1").replace("NAME", "one"), text.replace("COUNT", "2").replace("NAME", "two")
        Path("two.yaml").write_text(f"{one}---\n{two}")
        run("check", "two.yaml", "--save", "run.json")
        code, out, _ = run("replay", "run.json")
        assert (code, out.count("as it was when the run was saved")) == (ExitCode.HOLDS, 2)
        assert re.findall(r"^replayed .*", out, re.MULTILINE) == [
            "replayed      run.json: ReplicaSet one/web of two.yaml",
            "replayed      run.json: ReplicaSet two/web of two.yaml",
        ]

    def test_a_spec_elsewhere_is_code_and_must_be_named(self, run: Run, saved: dict[str, Any], tmp_path: Path) -> None:
        elsewhere = tmp_path / "crossing.py"
        saved["run"]["target"] = str(elsewhere)
        Path("run.json").write_text(json.dumps(saved))
        code, out, err = run("replay", "run.json")
        assert (code, out) == (ExitCode.BAD_INPUT, "")
        assert err == (
            f"error: run.json is about {elsewhere}, and a spec is code that would be run\n"
            f"  help: if you trust it, name it: kubecheck replay run.json {elsewhere}\n"
        )
        assert run("replay", "run.json", str(elsewhere))[0] == ExitCode.VIOLATED
        saved["run"]["target"] = "../crossing.py"
        Path("run.json").write_text(json.dumps(saved))
        assert "a spec is code that would be run" in run("replay", "run.json")[2]

    def test_a_manifest_from_standard_input_must_be_named(self, run: Run, saved: dict[str, Any]) -> None:
        saved["run"]["target"] = "-"
        Path("run.json").write_text(json.dumps(saved))
        assert run("replay", "run.json")[2] == (
            "error: run.json was saved from a manifest on standard input\n"
            "  help: name it: kubecheck replay run.json MANIFEST\n"
        )

    def test_what_is_gone(self, run: Run, saved: dict[str, Any]) -> None:
        Path("crossing.py").unlink()
        code, _, err = run("replay", "run.json")
        assert (code, err) == (
            ExitCode.BAD_INPUT,
            "error: run.json is about crossing.py, which is not there\n  help: name it: kubecheck replay run.json FILE\n",
        )
        saved["run"]["target"] = "no-such-scenario"
        Path("run.json").write_text(json.dumps(saved))
        assert "there is no scenario no-such-scenario" in run("replay", "run.json")[2]


HELP = "\n  help: give a file that `kubecheck check … --save FILE` wrote\n"


class TestDamagedFiles:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (b"", "run.json is no JSON: Input data was truncated"),
            (b"{", "run.json is no JSON: Input data was truncated"),
            (b"\xff\xfe", "run.json is no JSON: JSON is malformed: invalid character (byte 0)"),
            (b"[" * 100_000, "run.json is no JSON: it is nested too deeply"),
            (b"[]", "run.json is not the record of a check"),
            (b'{"format": "other"}', "run.json is not the record of a check"),
        ],
    )
    def test_no_record(self, run: Run, text: bytes, message: str) -> None:
        Path("run.json").write_bytes(text)
        assert run("replay", "run.json") == (ExitCode.BAD_INPUT, "", f"error: {message}{HELP}")

    def test_no_file(self, run: Run) -> None:
        assert run("replay", "gone.json")[2] == f"error: gone.json cannot be read: No such file or directory{HELP}"

    def test_another_version(self, run: Run, saved: dict[str, Any]) -> None:
        Path("run.json").write_text(json.dumps(saved | {"format_version": 9}))
        assert run("replay", "run.json")[2] == (
            "error: run.json has the record's version 9, and this kubecheck reads version 3\n"
            "  help: replay it with the kubecheck that wrote it, or check again\n"
        )

    @pytest.mark.parametrize(
        ("damage", "message"),
        [
            (lambda r: r["path"][1].update(action=3), "run.json is damaged: Expected `str`, got `int` - at `$.path[1].action`"),
            (lambda r: r["path"].pop(1), "run.json is damaged: the steps of its path are not numbered from 0"),
            (lambda r: r.pop("scope"), "run.json is damaged: Object missing required field `scope`"),
        ],
    )  # fmt: skip
    def test_damage(self, run: Run, saved: dict[str, Any], damage: Callable[[Any], Any], message: str) -> None:
        damage(saved)
        Path("run.json").write_text(json.dumps(saved))
        assert run("replay", "run.json") == (ExitCode.BAD_INPUT, "", f"error: {message}{HELP}")

    def test_a_record_that_does_not_say_what_was_checked(self, run: Run, saved: dict[str, Any]) -> None:
        Path("run.json").write_text(json.dumps(saved | {"run": None}))
        assert run("replay", "run.json")[2] == (
            "error: run.json does not say what was checked\n  help: save it with `kubecheck check … --save FILE`\n"
        )

    def test_nothing_of_it_reaches_the_terminal_as_it_is(self, run: Run, saved: dict[str, Any]) -> None:
        saved["reason"] = saved["reproduce"] = "\x1b[2Jwiped"
        saved["path"][1]["action"] = "\x1b]0;title\x07"
        Path("run.json").write_text(json.dumps(saved))
        code, out, _ = run("replay", "run.json")
        assert code == ExitCode.INCOMPLETE
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "the spec has no action \\x1b]0;title\\x07" in out


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=8), st.just([]), st.just({}),
    st.sampled_from(["light-7", "light-0", "go", "stop", "error", "holds", "incomplete", "#bigint", "apply", "..", "a.py", "a.yaml"]),
)  # fmt: skip


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_whatever_is_in_the_file_there_is_an_answer(run: Run, saved: dict[str, Any], data: st.DataObject) -> None:
    """Up to three places of the record hold something else: never a fault of kubecheck's own."""
    damaged = json.loads(json.dumps(saved))
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = damaged
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
                place[key] = data.draw(JUNK)
                break
            place = place[key]
    Path("run.json").write_text(json.dumps(damaged))
    code, _, err = run("replay", "run.json")
    assert code in (ExitCode.HOLDS, ExitCode.VIOLATED, ExitCode.BAD_INPUT, ExitCode.INCOMPLETE), err
    assert "Traceback" not in err
    assert bool(err) == (code == ExitCode.BAD_INPUT and err.startswith("error: "))
