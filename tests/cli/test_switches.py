"""--without and --with: what they switch in scenarios and manifests, what is refused, and the warning where nothing changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck import checker
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.cli.subjects import ScopeOptions, Subject, subjects

WEB = str(Path(__file__).parents[2] / "examples" / "web.yaml")


def subject(target: str, **options: object) -> Subject:
    (found,) = subjects(target, ScopeOptions(**options))  # type: ignore[arg-type]
    return found


def idle(target: str, **options: object) -> list[str]:
    found = subject(target, **options)
    return list(found.idle_switches(found.build()))


def test_a_switch_is_added_to_what_the_scenario_says() -> None:
    fixed = subject("stuck-rollout-fixed", having=("uid-on-status-retry",))
    assert fixed.scope["fixes"] == "refresh-scale-annotation, uid-on-status-retry"
    assert fixed.title.endswith("(changed: with=uid-on-status-retry)")
    assert "fixes" not in subject("stuck-rollout-fixed", without=("refresh-scale-annotation",)).scope


def test_a_scenario_of_the_registry_is_switched() -> None:
    found = subject("seeded-requests", without=("retry-errors",))
    assert found.scope == {"writes": 4, "retry_errors": False, "retry_preconditions": True}
    assert found.title.endswith("(changed: without=retry-errors)")
    assert checker.check(found.build()).found == "finalizers_hold"


def test_a_scenario_of_the_registry_has_the_features_of_a_release() -> None:
    old = subject("garbage-collection", release="1.33")
    assert (old.scope["version_on_delete"], old.scope["virtual_nodes"]) == (False, True)
    assert old.title.endswith("(changed: version_on_delete=False)")
    assert "changed" not in subject("garbage-collection", release="1.36").title


def test_a_manifest_is_switched() -> None:
    found = subject(WEB, without=("expectations",), having=("refresh-scale-annotation",))
    assert (found.scope["without"], found.scope["fixes"]) == ("expectations", "refresh-scale-annotation")


def test_the_bug_of_a_scenario_goes_with_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "stuck-rollout", "-q", "--with", "refresh-scale-annotation"]) == ExitCode.HOLDS
    assert "warning" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "options", "warnings"),
    [
        (
            "apply",
            {"without": ("scheduler-forget",)},
            ["scheduler-forget makes no difference in this scope: the model is the same with and without it"],
        ),
        ("stuck-rollout", {"having": ("refresh-scale-annotation",)}, []),
        (
            "apply",
            {"release": "1.35", "without": ("stale-write-guard",), "having": ("expectations",)},
            [
                "stale-write-guard is off already in Kubernetes 1.35 (since 1.36)",
                "expectations is on already in Kubernetes 1.35 (since 1.2)",
            ],
        ),
        (
            "seeded-requests",
            {"having": ("retry-errors",)},
            ["retry-errors is on already in this scenario (since 1.15)"],
        ),
        (
            "stuck-rollout-fixed",
            {"having": ("refresh-scale-annotation",)},
            ["refresh-scale-annotation is on already in this scenario (no release yet)"],
        ),
    ],
)
def test_what_is_said_of_a_switch_that_changes_nothing(
    target: str, options: dict[str, object], warnings: list[str]
) -> None:
    assert idle(target, **options) == warnings


def test_each_of_two_switches_is_looked_at_beside_the_other() -> None:
    """With the stale-write guard off, expectations matter where pods lag; a pause matters nowhere."""
    found = idle("slow-informer", without=("expectations", "stale-write-guard", "pause"))
    assert found == ["pause makes no difference in this scope: the model is the same with and without it"]


def test_the_warning_is_part_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "apply", "-q", "--without", "pause"]) == ExitCode.HOLDS
    assert "warning: pause makes no difference in this scope" in capsys.readouterr().out
    assert main(["check", "apply", "-q", "--without", "pause", "--format", "json"]) == ExitCode.HOLDS
    assert '"pause makes no difference in this scope' in capsys.readouterr().out


def test_a_graph_warns_on_standard_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["graph", "apply", "--without", "pause", "-o", str(tmp_path / "a.dot")]) == ExitCode.HOLDS
    warning = "warning: pause makes no difference in this scope: the model is the same with and without it\n"
    assert capsys.readouterr().err == warning


HELP = "\n  help: change --without or --with; `kubecheck features` lists what there is\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["apply", "--with", "refresh-scale"],
            f"error: there is no feature 'refresh-scale'; did you mean 'refresh-scale-annotation'?{HELP}",
        ),
        (["apply", "--without", "retry-errors"], f"error: feature 'retry-errors' is not part of this model{HELP}"),
        (
            ["apply", "--with", "pause", "--without", "pause"],
            f"error: feature 'pause' is switched off and on at once{HELP}",
        ),
        (
            ["apply", "--without", "requeue-on-error"],
            "error: requeue-on-error can be off only with lag_replica_sets and lag_pods and lag_deployments of 1 or more:"
            " a key that was dropped wakes up with an event\n  help: change --without or --with\n",
        ),
        (
            ["seeded-requests", "--without", "pause"],
            f"error: feature 'pause' is not part of this model, which has retry-errors, retry-preconditions{HELP}",
        ),
        (["seeded-requests", "--release", "1.17"], "error: release 1.17 is not modelled: 1.18 to 1.36 are\n"),
        (
            ["examples/two_phase_commit.py", "--with", "pause"],
            "error: --with sizes a cluster, and examples/two_phase_commit.py is a spec of its own\n"
            "  help: give its parameters with --set NAME=VALUE\n",
        ),
    ],
)
def test_refused(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err == message
