"""`kubecheck bugs`: the list, runs of single ones, exit codes, limits."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from msgspec import structs

from kubecheck.checker import Report, Verdict
from kubecheck.cli import bugs as verb
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.model import bugs


def run(*arguments: str) -> int:
    return main(["bugs", *arguments])


def test_the_list_names_releases_issues_and_properties(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["bug", "releases", "issues"]
    row = next(line for line in lines if line.startswith("stale-restart"))
    column = lines[0].index("releases"), lines[0].index("issues")
    assert row[column[0] : column[1]].strip() == "up to 1.31, and 1.33"
    assert row[column[1] :] == "kubernetes#59848"
    assert "    Violates no_pod_too_many_after_a_restart without consistent-list. Consistent first lists by WatchList" in "".join(
        lines
    )


def test_a_long_text_stays_in_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever begins a line is a bug's name, or indented."""
    run()
    starts = {line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}
    assert starts == {"bug", *bugs.all_bugs()}


@pytest.mark.parametrize("name", ["phase-goes-back", "54499", "kubernetes#58711"])
def test_a_bug_is_run_by_name_and_by_issue(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", name) == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["bug", "violates", "without", "fix", "with", "fix", "time"]
    line = lines[2]
    assert line.split()[:2] == ["[ok]", "phase-goes-back"]
    assert all(told in line for told in ("terminal_phases_are_final", "after 7 steps", "holds, 42 states"))


def test_the_path_is_printed_with_its_reason_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "--path", "phase-goes-back") == ExitCode.HOLDS
    out = capsys.readouterr().out
    assert "the shortest path to a violation of terminal_phases_are_final, 7 steps:" in out
    assert "terminal_phases_are_final is false of step 7, for pod = pod-0:\n  after.pod(pod).phase ==" in out
    assert out.index("is false of step 7") < out.index("without fix")


def test_a_path_that_ends_in_quiescence_says_what_keeps_the_components(capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "--path", "restored-etcd")
    assert "no component can change anything" in capsys.readouterr().out


def test_what_a_fix_takes_for_granted_is_a_footnote(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "phase-goes-back", "outlived-namespace") == ExitCode.HOLDS
    lines = capsys.readouterr().out.splitlines()
    assert lines[3].split()[:3] == ["[ok]", "outlived-namespace", "[1]"]
    assert lines[4] == (
        "[1] holds if every API server's informer is less than five seconds late; where one is not, the bug is open"
    )
    run("run", "phase-goes-back")
    assert "[1]" not in capsys.readouterr().out


def test_a_row_is_printed_before_the_next_bug_is_checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed: list[str] = []
    real = verb._check

    def watched(*arguments: Any, **options: Any) -> Report:
        printed.append(capsys.readouterr().out)
        return real(*arguments, **options)

    monkeypatch.setattr(verb, "_check", watched)
    assert run("run", "phase-goes-back", "ignored-finalizer") == ExitCode.HOLDS
    assert ["phase-goes-back" in text for text in printed] == [False, False, True, False]
    rows = [line for line in (printed[2] + capsys.readouterr().out).splitlines() if line.startswith("[")]
    assert len({line.index("after") for line in rows}) == 1  # the rows stand below each other


def test_ctrl_c_ends_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    real, asked = verb._check, []

    def interrupted(spec: Any, what: str, *arguments: Any, **options: Any) -> Report:
        asked.append(what)
        report = real(spec, what, *arguments, **options)
        if "ignored-finalizer" in what:
            return structs.replace(report, verdict=Verdict.INCOMPLETE, reason="interrupted")
        return report

    monkeypatch.setattr(verb, "_check", interrupted)
    assert run("run", "phase-goes-back", "ignored-finalizer", "spurious-conflict") == ExitCode.INCOMPLETE
    assert asked == [
        "1 of 3, phase-goes-back without its fix",
        "1 of 3, phase-goes-back with its fix",
        "2 of 3, ignored-finalizer without its fix",
    ]
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[2:]] == ["phase-goes-back"]


def test_other_features_are_switched_in_both_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "too-large-version", "--with", "progress-notifications") == ExitCode.VIOLATED
    assert capsys.readouterr().out.splitlines()[2].split()[:5] == [
        "[violation]",
        "too-large-version",
        "lists_terminate",
        "holds,",
        "6,537",
    ]
    assert run("run", "ignored-finalizer", "--without", "retry-preconditions") == ExitCode.VIOLATED
    assert "violated, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["ignored-finalizer", "--with", "pause"],
            "error: ignored-finalizer: feature 'pause' is not part of this model, which has retry-errors,"
            " retry-preconditions\n  help: change --without or --with; `kubecheck features` lists what there is\n",
        ),
        (
            ["ignored-finalizer", "--without", "retry-errors"],
            "error: feature 'retry-errors' is the fix of ignored-finalizer, which is run without it and with it\n"
            "  help: change --without or --with; `kubecheck features` lists what there is\n",
        ),
        (
            ["ghost-pod", "--without", "requeue-on-error"],
            "error: ghost-pod: requeue-on-error can be off only with lag_replica_sets and lag_pods of 1 or more: a key that"
            " was dropped wakes up with an event\n  help: change --without or --with\n",
        ),
    ],
)
def test_switches_that_are_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", *arguments) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == message


def test_a_bug_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "stale-restarts") == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no bug stale-restarts\n  help: did you mean `stale-restart`?\n"
    assert run("run", "0") == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == "error: there is no bug 0\n  help: `kubecheck bugs` lists them\n"


def test_a_bug_that_is_not_as_claimed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    bug = bugs.all_bugs()["phase-goes-back"]
    for changed, told in (
        (dataclasses.replace(bug, feature="no-op-writes"), "holds, 42 states"),
        (dataclasses.replace(bug, feature="no-op-writes", scope=bug.scope.switched(without=[bug.feature])), "violated, "),
        (dataclasses.replace(bug, violates="nothing"), "violates "),
    ):
        monkeypatch.setattr(bugs, "all_bugs", lambda changed=changed: {changed.name: changed})
        assert run("run", "phase-goes-back") == ExitCode.VIOLATED
        line = capsys.readouterr().out.splitlines()[2]
        assert line.startswith("[violation]")
        assert told in line


def test_a_limit_is_not_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "stuck-rollout", "--time", "1ms") == ExitCode.INCOMPLETE
    assert capsys.readouterr().out.splitlines()[2].startswith("[incomplete]")


def test_several_results_are_judged_together() -> None:
    assert [b.name for b in verb._chosen(["59848", "stale-restart"])] == ["stale-kubelet", "stale-restart"]
    assert len(verb._chosen([])) == len(bugs.all_bugs())
