"""`kubecheck check`, `scenarios` and `spec show` from the command line to the verdict, on real specs."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from kubecheck.model.scenarios import ALL, Holds

CROSSING = str(Path(__file__).with_name("specs") / "crossing.py")
WEB = str(Path(__file__).parents[2] / "examples" / "web.yaml")
COMMAND = [sys.executable, "-m", "kubecheck.cli"]


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(arguments)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


class Check:
    """Runs `kubecheck check` and keeps the JSON record beside the text."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._file = folder / "record.json"
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        code, out, err = run("check", *arguments, "--json", str(self._file), capsys=self._capsys)
        if err:
            pytest.fail(err)
        return code, out, json.loads(self._file.read_text())


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(tmp_path, capsys)


class TestVerdicts:
    def test_holds(self, check: Check) -> None:
        code, out, record = check(CROSSING)
        assert code == ExitCode.HOLDS
        # a light that is green, or none, at each of 0 to 4 turns: 4 + 1 + 4 * 3 states
        assert (record["verdict"], record["states"]["distinct"], record["exit_code"]) == ("holds", 17, 0)
        assert "[ok] every state was seen and everything holds, in " in out

    def test_violated(self, check: Check) -> None:
        code, out, record = check(CROSSING, "--set", "guard=false")
        assert code == ExitCode.VIOLATED
        assert (record["verdict"], record["found"]) == ("violated", "at_most_one_is_green")
        assert [step["action"] for step in record["path"]] == ["", "go", "go"]
        assert [step["step"] for step in record["path"]] == [0, 1, 2]
        assert "the shortest path to a violation of at_most_one_is_green, 2 steps:" in out
        assert out.splitlines()[-2].startswith("[violation] ")
        assert out.splitlines()[-1] == f"reproduce: {record['reproduce']}"

    def test_the_command_to_reproduce_does(self, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
        _, _, record = check(CROSSING, "--set", "guard=false")
        again = record["reproduce"].split()
        assert again[0] == "kubecheck"
        assert main(again[1:]) == ExitCode.VIOLATED
        assert "the shortest path to a violation of at_most_one_is_green, 2 steps:" in capsys.readouterr().out

    def test_incomplete(self, check: Check) -> None:
        code, out, record = check(CROSSING, "--depth", "3")
        assert code == ExitCode.INCOMPLETE
        assert (record["verdict"], record["depth"]) == ("incomplete", 3)
        assert {p["verdict"] for p in record["properties"]} == {"incomplete", "holds"}
        assert "[incomplete]  at_most_one_is_green" in out
        assert "[ok] every state" not in out

    def test_a_value_that_leaves_its_range(self, check: Check) -> None:
        code, out, record = check(CROSSING, "--set", "overflow=true")
        assert code == ExitCode.BAD_INPUT
        assert record["verdict"] == "error"
        assert "the shortest path to the error, 8 steps:" in out
        assert "KC504: go(light-0): 5 is outside Range(0, 4)" in out

    def test_the_same_with_any_number_of_threads(self, check: Check) -> None:
        changing = {"seconds", "seconds_total", "memory_bytes", "bytes_per_state", "threads", "reproduce", "audit"}
        records = []
        for threads in "123":
            _, _, record = check("stale-restart-1.33", "--threads", threads)
            records.append({name: value for name, value in record.items() if name not in changing})
        assert records[0] == records[1] == records[2]

    def test_never_fired(self, check: Check) -> None:
        _, out, record = check(CROSSING, "--set", "turns=0")
        assert "warning: never fired: go, stop\n" in out
        assert {"name": "go", "actor": "controller", "kind": "component", "fired": 0} in record["actions"]

    def test_profile(self, check: Check) -> None:
        _, out, record = check(CROSSING, "--profile")
        assert "values that each part took in 17 states:" in out
        assert {"name": "stop", "generated": 12, "new": 4} in record["profile"]["actions"]

    def test_a_scope_too_large_for_the_memory(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = run("check", CROSSING, "--memory", "100K", capsys=capsys)
        assert (code, out) == (ExitCode.BAD_INPUT, "")
        assert err.startswith("error: KC132: crossing: ")
        assert "\n  help: " in err


class TestJson:
    def test_on_standard_output_and_nothing_else(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = run("check", CROSSING, "--json", "-", capsys=capsys)
        record = json.loads(out)
        assert (code, err) == (ExitCode.HOLDS, "")
        assert record.keys() >= {
            "verdict", "reason", "states", "depth", "seconds", "memory_bytes", "properties", "actions", "path", "scope",
            "release", "versions", "scaling", "not_modelled",
        }  # fmt: skip

    def test_a_file_that_cannot_be_written(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run("check", CROSSING, "--json", str(tmp_path), capsys=capsys)
        assert code == ExitCode.BAD_INPUT
        assert err == (
            f"error: {tmp_path} cannot be written\n  help: give --json a file in a folder that can be written to\n"
        )


class TestManifests:
    def test_deployment(self, check: Check) -> None:
        code, out, record = check(WEB, "--replicas", "1")
        assert code == ExitCode.HOLDS
        assert "not modelled  Service web (line 30)\n" in out
        assert record["not_modelled"] == [{"api_version": "v1", "kind": "Service", "name": "web", "line": 30}]
        assert "Deployment default/web: 2 replicas are scaled down to 1" in record["scaling"]
        assert record["scope"]["replicas"] == 1
        assert record["target"] == f"Deployment default/web of {WEB}"

    def test_standard_input(self) -> None:
        done = subprocess.run(
            [*COMMAND, "check", "-", "--replicas", "1", "--json", "-"],
            input=Path(WEB).read_bytes(),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (ExitCode.HOLDS, b"")
        assert json.loads(done.stdout)["target"] == "Deployment default/web of standard input"

    def test_large_replicas(self, check: Check, tmp_path: Path) -> None:
        (tmp_path / "big.yaml").write_text(Path(WEB).read_text().replace("replicas: 2", "replicas: 500"))
        _, out, record = check(str(tmp_path / "big.yaml"), "--pods", "2")
        assert record["scaling"] == (
            "Deployment default/web: 500 replicas are scaled down to 1; maxSurge (25%) is 1 instead of 125; "
            "maxUnavailable (25%) is 0 instead of 125"
        )
        assert "scaled        Deployment default/web: 500 replicas are scaled down to 1;" in out

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("replicas: 2", "replicas: 0"),
            ("replicas: 2", "replicas: 2\n  paused: true"),
            ("replicas: 2\n", "replicas: 1\n  minReadySeconds: 3\n"),
            (
                "type: RollingUpdate\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 25%",
                "type: Recreate",
            ),
            ("maxSurge: 25%", "maxSurge: 0"),
        ],
    )
    def test_whatever_kubernetes_takes_is_explored(self, check: Check, tmp_path: Path, old: str, new: str) -> None:
        text = Path(WEB).read_text()
        assert old in text
        (tmp_path / "web.yaml").write_text(text.replace(old, new))
        code, out, record = check(str(tmp_path / "web.yaml"))
        assert (code, record["verdict"]) == (ExitCode.HOLDS, "holds"), out

    def test_replica_set(self, check: Check, tmp_path: Path) -> None:
        text = Path(WEB).read_text().replace("kind: Deployment", "kind: ReplicaSet")
        start, end = text.index("  strategy:"), text.index("  template:")
        (tmp_path / "rs.yaml").write_text(text[:start] + text[end:])
        code, _, record = check(str(tmp_path / "rs.yaml"))
        assert (code, record["scope"]["kind"]) == (ExitCode.HOLDS, "ReplicaSet")

    def test_several_workloads(self, check: Check, tmp_path: Path) -> None:
        text = Path(WEB).read_text().replace("replicas: 2", "replicas: 1")
        (tmp_path / "two.yaml").write_text(f"{text}---\n{text.replace('name: web', 'name: api')}")
        code, out, record = check(str(tmp_path / "two.yaml"))
        assert code == ExitCode.HOLDS
        assert out.startswith("Each workload is checked on its own, in a cluster without the others; those of one size")
        assert out.endswith("\n\n[ok] all 2 workloads\n")
        assert out.count("reproduce: ") == 1
        assert "checked       Deployment default/web of" in out
        assert "\n              Deployment default/api of" in out
        assert [c["target"].split()[1] for c in record["checks"]] == ["default/web", "default/api"]

    def test_the_last_line_is_about_all_workloads(self, check: Check) -> None:
        """The first is violated, and the last one holds."""
        shop = str(Path(WEB).with_name("shop.yaml"))
        code, out, record = check(shop, "--set", "scales=1", "--set", "least_replicas=1")
        assert [c["verdict"] for c in record["checks"]] == ["violated", "holds"]
        assert code == ExitCode.VIOLATED
        assert out.endswith("\n\n[violation] 1 of 2 workloads: Deployment shop/frontend\n")

    def test_examples(self, check: Check) -> None:
        code, _, record = check(str(Path(WEB).with_name("shop.yaml")))
        assert code == ExitCode.HOLDS
        assert [c["target"].split()[1] for c in record["checks"]] == ["shop/frontend", "shop/cache"]
        assert [c["not_modelled"][0]["kind"] for c in record["checks"]] == ["ConfigMap", "ConfigMap"]
        assert [c["scaling"] for c in record["checks"]] == [
            "Deployment shop/frontend: 12 replicas are scaled down to 2; maxSurge is 0, as before; "
            "maxUnavailable is 1, as before",
            "",
        ]
        assert record["checks"][0]["left_out"] == [
            "spec.minReadySeconds",
            "spec.template.spec.containers[0].readinessProbe",
        ]

    def test_nothing_modelled(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
        code, out, err = run("check", str(tmp_path / "a.yaml"), capsys=capsys)
        assert (code, out) == (ExitCode.BAD_INPUT, "")
        assert err == (
            f"error: {tmp_path}/a.yaml has nothing that is modelled, only: Service\n"
            "  help: give a manifest with a Deployment or a ReplicaSet of apps/v1\n"
        )

    def test_workloads_of_two_sizes_are_explored_apart(self, check: Check, tmp_path: Path) -> None:
        text = Path(WEB).read_text()
        for name, replicas in (("a", 1), ("b", 0), ("c", 1)):
            own = text.replace("replicas: 2", f"replicas: {replicas}").replace("name: web", f"name: {name}")
            (tmp_path / f"{name}.yaml").write_text(own)
        (tmp_path / "service.yml").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n")
        code, out, record = check(str(tmp_path))
        assert code == ExitCode.HOLDS
        assert out.count("reproduce: ") == 2
        assert [c["target"].split()[1] for c in record["checks"]] == ["default/a", "default/b", "default/c"]
        assert [c["spec"] for c in record["checks"]] == ["a", "b", "c"]
        assert [c["run"]["target"] for c in record["checks"]] == [f"{tmp_path}/{name}.yaml" for name in "abc"]
        assert record["checks"][0]["states"] == record["checks"][2]["states"] != record["checks"][1]["states"]
        assert f"Service s ({tmp_path}/service.yml, line 2)" in out.replace("\n              ", " ")

    def test_several_files(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        text = Path(WEB).read_text().replace("replicas: 2", "replicas: 0")
        for name in ("a", "b"):
            (tmp_path / f"{name}.yaml").write_text(text)
        files = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
        assert run("check", *files, capsys=capsys) == (
            ExitCode.BAD_INPUT,
            "",
            f"error: Deployment default/web is in {files[0]} and in {files[1]}\n  help: keep one of the two, or rename one\n",
        )
        Path(files[1]).write_text(text.replace("name: web", "name: api"))
        code, out, _ = run("check", *files, capsys=capsys)
        assert code == ExitCode.HOLDS
        assert out.endswith("[ok] all 2 workloads\n")

    def test_a_folder_without_manifests(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("check", str(tmp_path), capsys=capsys) == (
            ExitCode.BAD_INPUT,
            "",
            f"error: {tmp_path} is a folder without manifests\n  help: manifests end in .yaml, .yml or .json\n",
        )

    def test_a_folder_of_kustomize(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "kustomization.yaml").write_text("resources: [web.yaml]\n")
        code, _, err = run("check", str(tmp_path), capsys=capsys)
        assert code == ExitCode.BAD_INPUT
        assert f"help: build them first: `kubectl kustomize {tmp_path} | kubecheck check -`" in err

    @pytest.mark.parametrize(
        ("options", "pod", "code"),
        [
            ((), "", ExitCode.HOLDS),
            ((), ", hostPort: 80", ExitCode.VIOLATED),
            (("--nodes", "2"), ", hostPort: 80", ExitCode.HOLDS),
            (("--set", "capacity=3"), ", hostPort: 80", ExitCode.HOLDS),
        ],
    )
    def test_a_port_of_the_node_is_room_for_one_pod(
        self, check: Check, tmp_path: Path, options: tuple[str, ...], pod: str, code: ExitCode
    ) -> None:
        text = Path(WEB).read_text().replace("replicas: 2", "replicas: 1")
        text = text.replace("- containerPort: 80", f"- {{containerPort: 80{pod}}}")
        (tmp_path / "a.yaml").write_text(text)
        found, out, record = check(str(tmp_path / "a.yaml"), *options)
        assert found == code
        assert ("capacity=1: a node has room for one pod that takes its port 80" in out) is (bool(pod) and "--set" not in options)
        if code == ExitCode.VIOLATED:
            assert record["found"] == "deployment_has_converged"

    def test_a_rollout_that_takes_pods_away_first_needs_no_room(self, check: Check, tmp_path: Path) -> None:
        text = Path(WEB).read_text().replace("- containerPort: 80", "- {containerPort: 80, hostPort: 80}")
        text = text.replace("replicas: 2", "replicas: 1").replace("maxSurge: 25%", "maxSurge: 0")
        text = text.replace("maxUnavailable: 25%", "maxUnavailable: 1")
        (tmp_path / "a.yaml").write_text(text)
        assert check(str(tmp_path / "a.yaml"))[0] == ExitCode.HOLDS

    def test_an_old_version_beside_a_good_document(self, check: Check, tmp_path: Path) -> None:
        text = Path(WEB).read_text().replace("replicas: 2", "replicas: 0")
        (tmp_path / "a.yaml").write_text(f"{text}---\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {{name: old}}\n")
        code, out, record = check(str(tmp_path / "a.yaml"))
        assert code == ExitCode.HOLDS
        assert re.search(r"\nrefused       Deployment old \(line \d+\), there is no Deployment in apps/v1beta1\n", out)
        assert [each["name"] for each in record["refused"]] == ["old"]

    def test_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "a.yaml").write_text(Path(WEB).read_text().replace("replicas: 2", "replicas: -2"))
        code, out, err = run("check", str(tmp_path / "a.yaml"), capsys=capsys)
        assert (code, out) == (ExitCode.BAD_INPUT, "")
        assert err == (
            f"error: {tmp_path}/a.yaml:9:13: spec.replicas is -2: must be greater than or equal to 0\n"
            "  9 |   replicas: -2\n"
            "    |             ^^\n"
            "  help: write 0 or more\n"
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--set", "nods=2"], "error: a cluster's scope has no nods\n  help: did you mean `nodes`?\n"),
            (
                ["--set", "nosuch=1"],
                "error: a cluster's scope has no nosuch\n  help: the nearest are nodes, pods, generations; docs/scope.md tells all\n",
            ),
            (["--set", "kind=Job"], "error: kind is 'Job'\n  help: give Deployment or ReplicaSet or Pod\n"),
            (["--set", "nodes=two"], "error: nodes is 'two'\n  help: give a whole number\n"),
            (
                ["--nodes", "0"],
                "error: the scope does not fit: nodes is 0, and must be 1 or more\n  help: change --nodes\n",
            ),
            (
                ["--release", "1.99"],
                "error: release 1.99 is not modelled: 1.18 to 1.36 are\n  help: change --release\n",
            ),
        ],
    )
    def test_refused_scopes(self, options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, err = run("check", WEB, *options, capsys=capsys)
        assert (code, out, err) == (ExitCode.BAD_INPUT, "", message)


class TestScenarios:
    def test_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run("scenarios", capsys=capsys)
        assert code == ExitCode.HOLDS
        assert [line.split()[0] for line in out.splitlines() if not line.startswith(" ")] == list(ALL)

    def test_unknown(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run("check", "aply", capsys=capsys)
        assert (code, err) == (
            ExitCode.BAD_INPUT,
            "error: there is no scenario aply\n  help: did you mean `apply`?\n",
        )

    def test_an_unknown_field_of_a_small_scope(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, _, err = run("check", "request-chain", "--set", "nosuch=1", capsys=capsys)
        assert err.startswith("error: the scope of request-chain has no nosuch\n  help: it has objects, writes, uids, ")

    @pytest.mark.parametrize("command", ["check", "graph", "explore"])
    def test_replicas_scale_manifests_only(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(command, "apply", "--replicas", "1", capsys=capsys) == (
            ExitCode.BAD_INPUT,
            "",
            "error: --replicas scales a manifest down, and apply is a scenario\n  help: use --set replicas=1\n",
        )

    def test_a_changed_scope_is_said(self, check: Check) -> None:
        code, out, record = check("apply", "--nodes", "2", "--set", "registered=1")
        assert code == ExitCode.HOLDS
        assert record["target"].endswith("(changed: nodes=2, registered=1)")
        assert "expected " not in out

    def test_what_is_known_is_said(self, check: Check) -> None:
        _, out, _ = check("stale-restart-1.33")
        expected = "expected      violated: no_pod_too_many_after_a_restart, after 6 steps: as found here\n"
        assert expected in out

    def test_what_differs_from_what_is_known_is_said(self, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
        known = dataclasses.replace(ALL["apply"], expected=Holds(states=58, transitions=114, depth=12))
        monkeypatch.setattr("kubecheck.model.scenarios.ALL", {**ALL, "apply": known})
        _, out, _ = check("apply")
        said = "holds, 58 states, 114 transitions, depth 12; this check differs: holds, 59 states, 114 transitions, depth 12"
        assert f"expected {said} " in " ".join(out.split())

    def test_what_is_incomplete_is_not_compared(self, check: Check) -> None:
        _, out, _ = check("apply", "--depth", "3")
        assert "transitions, depth 12; not compared, as this check was not complete\n" in out

    def test_a_scenario_of_the_registry(self, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = check("seeded-requests", "--set", "writes=2", "--set", "retry_errors=yes")
        assert code == ExitCode.HOLDS
        assert "scope         writes=2, retry_errors=True, retry_preconditions=True\n" in out
        for options, error in {
            ("--pods", "3"): "error: --pods sizes a cluster, and the scenario seeded-requests is no cluster\n"
            "  help: set a field of its scope with --set: writes, retry_errors, retry_preconditions\n",
            ("--set", "wrotes=3"): "error: the scope of seeded-requests has no wrotes\n  help: did you mean `writes`?\n",
            ("--set", "writes=0"): "error: the scope does not fit: writes is 0, and must be 1 or more\n"
            "  help: change --set writes=…\n",
        }.items():
            code, _, err = run("check", "seeded-requests", *options, capsys=capsys)
            assert (code, err) == (ExitCode.BAD_INPUT, error)


class TestSpecShow:
    def test_description(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run("spec", "show", CROSSING, capsys=capsys)
        assert code == ExitCode.HOLDS
        assert "turns: Range(0, 4)" in out
        assert "go(light: Light)" in out

    def test_of_a_scenario(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run("spec", "show", "apply", capsys=capsys)
        assert code == ExitCode.HOLDS
        assert "deployment_has_converged" in out

    @pytest.mark.parametrize(("option", "text"), [("--ir", "require"), ("--llvm", "define ")])
    def test_code_of_one_action(self, option: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
        code, whole, _ = run("spec", "show", CROSSING, option, capsys=capsys)
        assert (code, text in whole) == (ExitCode.HOLDS, True)
        code, one, _ = run("spec", "show", CROSSING, option, "--action", "go", capsys=capsys)
        assert (code, text in one, len(one) < len(whole)) == (ExitCode.HOLDS, True, True)

    def test_unknown_action(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run("spec", "show", CROSSING, "--ir", "--action", "stopp", capsys=capsys)
        assert (code, err) == (
            ExitCode.BAD_INPUT,
            "error: crossing has no action stopp\n  help: did you mean `stop`?\n",
        )


class TestTerminals:
    def in_terminal(self, *arguments: str, **environment: str) -> str:
        """What a command shows on a terminal of 100 columns, both of its outputs."""
        import pty

        main_end, terminal = pty.openpty()
        env = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **environment}
        env = {name: value for name, value in env.items() if value}
        running = subprocess.Popen(
            [*COMMAND, *arguments], stdin=terminal, stdout=terminal, stderr=terminal, env=env, close_fds=True
        )
        os.close(terminal)
        shown = bytearray()
        while True:
            try:
                piece = os.read(main_end, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(main_end)
        assert running.wait() == ExitCode.HOLDS
        return shown.decode()

    def test_colours_and_progress(self) -> None:
        shown = self.in_terminal("check", CROSSING, NO_COLOR="")
        assert "\x1b[32m[ok]\x1b[0m" in shown
        assert "compiling …" in shown

    def test_no_color(self) -> None:
        assert "\x1b[32m" not in self.in_terminal("check", CROSSING, NO_COLOR="1")

    def test_quiet(self) -> None:
        assert "compiling …" not in self.in_terminal("check", CROSSING, "--quiet")


HANG = 600  # seconds; a test that waits longer waits for ever
ENDLESS = """
from typing import Annotated
from kubecheck.spec import Range, Spec, State

class Clock(State):
    ticks: Annotated[int, Range(0, 2**31 - 1)]

def clock() -> Spec:
    spec = Spec("clock", Clock)

    @spec.action(actor="clock")
    def tick(c: Clock) -> None:
        "One more."
        c.ticks += 1

    @spec.invariant
    def positive(c: Clock) -> bool:
        "Time does not go back."
        return c.ticks >= 0

    return spec
"""


def test_interrupt(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a search: what was covered is reported, as INCOMPLETE.

    However busy the machine is: the search goes on until it is interrupted, and nothing here is waited for in seconds but a hang.
    """
    import pty

    record, endless = tmp_path / "record.json", tmp_path / "endless.py"
    endless.write_text(ENDLESS)
    main_end, terminal = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, "check", str(endless), "--json", str(record)],
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        shown = b""
        while b" distinct, " not in shown:  # the search has begun
            shown += os.read(main_end, 65536)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=HANG)
    finally:
        running.kill()
        os.close(main_end)
    assert running.returncode == ExitCode.INCOMPLETE
    assert "[incomplete] interrupted" in out
    found = json.loads(record.read_text())
    assert found["verdict"] == "incomplete"
    assert found["states"]["distinct"] > 0
    assert found["states"]["frontier"] > 0


def test_whoever_reads_may_stop_reading() -> None:
    running = subprocess.Popen([*COMMAND, "scenarios"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    errors = running.stderr.read()
    running.stderr.close()
    running.wait()
    assert b"Traceback" not in errors
