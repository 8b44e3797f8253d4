"""`kubecheck explore` on the command line."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from kubecheck.cli.main import main
from tests.explorer.conftest import EXAMPLES

COMMIT = str(EXAMPLES / "two_phase_commit.py")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["explore", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


def saved(folder: Path, target: str, *options: str) -> str:
    file = str(folder / "run.json")
    main(["check", target, "--quiet", "--save", file, *options])
    return file


def info(file: Path) -> dict[str, object]:
    [data] = re.findall(r"explorer_data = (.*);</script>", file.read_text(encoding="utf-8"))
    found: dict[str, object] = json.loads(data)["info"]
    return found


def test_a_counterexample_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stuck.html"
    code, out, err = run(capsys, "stuck-rollout", "--export", str(file), "--depth", "0")
    assert (code, err) == (0, "")
    size = re.findall(r", (\S+ KiB)$", out.splitlines()[0])
    assert out.splitlines() == [
        f"{file}: a path of 10 steps, 0 beside it; 11 states, {size[0]}",
        "verdict: violated; the shortest path to a violation of deployment_has_converged",
    ]
    assert str(info(file)["command"]) == "kubecheck explore stuck-rollout"
    assert str(info(file)["start"]).count(".") == 10


def test_what_holds_is_exported_with_what_it_makes_possible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "commit.html"
    code, out, _ = run(capsys, COMMIT, "--set", "managers=2", "--export", str(file))
    assert code == 0
    assert out.endswith("verdict: holds; the shortest path to a state that shows all_commit\n")
    assert str(info(file)["command"]) == "kubecheck explore examples/two_phase_commit.py --set managers=2"


SPILLS = '''
from typing import Annotated
from kubecheck.spec import Range, Spec, State

class Cup(State):
    level: Annotated[int, Range(0, "most")]

def spills(*, most: int = 2) -> Spec:
    """A cup that is filled."""
    spec = Spec("spills", Cup, scope={"most": most})

    @spec.action(actor="tap")
    def fill(c: Cup) -> None:
        """Fills it."""
        c.level += 1

    return spec
'''


def test_a_value_that_leaves_its_type_is_exported_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, file = tmp_path / "spills.py", tmp_path / "spills.html"
    spec.write_text(SPILLS)
    code, out, _ = run(capsys, str(spec), "--export", str(file))
    assert code == 0
    assert out.splitlines()[1] == "verdict: error; the shortest path to a value that leaves its type"
    assert info(file)["start"] == "0.0.0"
    assert "3 is outside Range(0, 2)" in file.read_text()


def test_a_path_from_an_address_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "path.html"
    assert run(capsys, COMMIT, "--path", "0.1.0", f"--export={file}")[0] == 0
    assert info(file)["start"] == "0.1.0"
    assert info(file)["command"] == "kubecheck explore examples/two_phase_commit.py"


def test_a_saved_run_begins_with_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_file = saved(tmp_path, "stuck-rollout")
    capsys.readouterr()
    file = tmp_path / "run.html"
    code, out, err = run(capsys, run_file, "--export", str(file))
    assert (code, err) == (0, "")
    assert str(info(file)["start"]).count(".") == 10
    assert out.splitlines()[1].startswith("the path of the saved run, whose verdict was: ")


def test_a_saved_run_of_a_spec_that_has_changed_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, file = tmp_path / "spills.py", tmp_path / "run.html"
    spec.write_text(SPILLS)
    run_file = saved(tmp_path, str(spec))
    spec.write_text(SPILLS.replace("import Range", "import Range, require").replace("c.level += 1", "require(c.level < 1); c.level += 1"))
    capsys.readouterr()
    assert run(capsys, run_file, str(spec), "--export", str(file))[0] == 0
    note = str(info(file)["note"])
    assert note.startswith("the saved path no longer exists from step 2 on: ")
    assert note.endswith("; the spec is not as it was when the run was saved: changed since: fill")
    assert info(file)["start"] == "0.0"


def test_a_saved_run_of_a_spec_that_must_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, file = tmp_path / "spills.py", tmp_path / "run.html"
    spec.write_text(SPILLS)
    run_file = saved(tmp_path, str(spec), "--set", "most=3")
    capsys.readouterr()
    assert run(capsys, run_file, "--export", str(file)) == (
        2,
        "",
        f"error: {run_file} is about {spec}, and a spec is code that would be run\n"
        f"  help: if you trust it, name it: kubecheck explore {run_file} {spec}\n",
    )
    moved = tmp_path / "elsewhere" / "spills.py"
    moved.parent.mkdir()
    spec.rename(moved)
    code, out, err = run(capsys, run_file, str(moved), "--export", str(file))
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("the path of the saved run, whose verdict was: ")
    # what somebody else can type: the original target, by its name
    assert info(file)["command"] == "kubecheck explore spills.py --set most=3"
    assert info(file)["title"] == "spills, a spec of spills.py"
    assert str(tmp_path) not in file.read_text()
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "run.json", "elsewhere/spills.py", "--export", "run.html")[0] == 0
    assert info(file)["command"] == "kubecheck explore spills.py --set most=3"


def test_a_saved_run_of_a_manifest_that_has_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, file = tmp_path / "web.yaml", tmp_path / "run.html"
    manifest.write_text((EXAMPLES / "web.yaml").read_text())
    options = ("--without", "expectations", "--without", "stale-write-guard", "--nodes", "1")
    run_file = saved(tmp_path, str(manifest), *options)
    manifest.rename(tmp_path / "moved.yaml")
    capsys.readouterr()
    assert run(capsys, run_file, "--export", str(file))[2] == (
        f"error: {run_file} is about {manifest}, which is not there\n  help: name it: kubecheck explore {run_file} FILE\n"
    )
    assert run(capsys, run_file, str(tmp_path / "moved.yaml"), "--export", str(file), "--depth", "0")[0] == 0
    assert info(file)["command"] == "kubecheck explore web.yaml --nodes 1 --without expectations --without stale-write-guard"
    assert info(file)["title"] == "Deployment default/web of web.yaml"
    assert info(file)["start_at"] == str(info(file)["start"]).count(".") > 0
    assert str(tmp_path) not in file.read_text()


def test_an_export_names_no_folder_of_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "specs" / "spills.py"
    spec.parent.mkdir()
    spec.write_text(SPILLS)
    file = tmp_path / "spills.html"
    assert run(capsys, str(spec), "--export", str(file))[0] == 0
    assert info(file)["command"] == "kubecheck explore spills.py"
    assert str(tmp_path) not in file.read_text()
    monkeypatch.chdir(tmp_path)
    assert run(capsys, str(spec), "--export", str(file))[0] == 0
    assert info(file)["command"] == "kubecheck explore specs/spills.py"
    assert info(file)["title"] == "spills, a spec of specs/spills.py"


def test_an_export_to_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "commit.html"
    assert main(["explore", COMMIT, "--path", "0.1", "--export", str(file)]) == 0
    assert capfdbinary.readouterr().out.startswith(str(file).encode())
    assert main(["explore", COMMIT, "--path", "0.1", "--export", "-"]) == 0
    told = capfdbinary.readouterr()
    assert told.out == file.read_bytes()
    assert told.err.startswith(b"standard output: a path of 1 step, 1 beside it; ")


def test_who_waits_at_a_terminal_is_told_that_a_spec_is_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    arguments = (COMMIT, "--set", "managers=1", "--path", "0", "--export", str(tmp_path / "x.html"))
    assert run(capsys, *arguments)[2] == "compiling …\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run(capsys, *arguments)[2] == ""
    assert run(capsys, *arguments, "--no-cache")[2] == "compiling …\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert run(capsys, *arguments, "--no-cache")[2] == ""


def test_a_manifest_may_be_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import yaml

    manifest = tmp_path / "web.json"
    manifest.write_text(json.dumps(next(iter(yaml.safe_load_all((EXAMPLES / "web.yaml").read_text())))))
    file = tmp_path / "web.html"
    assert run(capsys, str(manifest), "--path", "0", "--export", str(file))[0] == 0
    assert info(file)["spec"] == "web"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "there is no scenario nonsense"),
        (["stuck-rollout", "--depth", "1"], "--depth belongs to --export\n  help: give --export FILE.html, too"),
        (
            ["stuck-rollout", "--export", "x.html", "--port", "1"],
            "--port does not go with --export, which serves nothing\n  help: leave one of them out",
        ),
        (
            ["stuck-rollout", "--export", "x.html", "--no-browser"],
            "--no-browser does not go with --export, which serves nothing\n  help: leave one of them out",
        ),
        (
            ["stuck-rollout", "--export", "/nowhere/x.html"],
            "/nowhere/x.html cannot be written\n  help: give --export a file in a folder that can be written to",
        ),
        (
            ["stuck-rollout", COMMIT],
            f"stuck-rollout is no saved run: {COMMIT} is one argument too many\n  help: FILE says where the spec of a saved run is",
        ),
        ([COMMIT, "--export", COMMIT], f"{COMMIT} is what is to be explored\n  help: give --export a file of its own"),
        (
            [COMMIT, "--path", "zero"],
            "--path: 'zero' is no path\n  help: a path is numbers with dots between them, such as 0.3.1",
        ),
        (
            [COMMIT, "--path", "0.77"],
            "--path 0.77: step 1: there is no step 77, only 0 to 6\n  help: the path belongs to another spec or other options",
        ),
        (
            [str(EXAMPLES / "shop.yaml"), "--workload", "nonsense"],
            "there is no workload nonsense",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")


def test_options_that_a_saved_run_has_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = saved(tmp_path, "stuck-rollout")
    capsys.readouterr()
    assert run(capsys, file, "--nodes", "2")[2] == (
        f"error: {file} is a saved run, which has its scope in it: --nodes cannot change it\n  help: leave it out\n"
    )
    assert run(capsys, file, "--path", "0")[2] == f"error: {file} is a saved run, which has its own path\n  help: leave --path out\n"


def test_more_states_than_a_file_may_have(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubecheck.cli.explorer.export.MOST_VIEWS", 30)
    code, _, err = run(capsys, "stuck-rollout", "--path", "0.0", "--export", str(tmp_path / "x.html"), "--depth", "9")
    assert code == 2
    assert err == "error: --depth 9 is more than the 30 states that a file may have\n  help: --depth 3 fits\n"


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = run(capsys, COMMIT, "--port", str(port), "--no-browser")
    assert code == 2
    assert err == f"error: port {port} of 127.0.0.1 cannot be used: Address already in use\n  help: --port 0 takes a free one\n"


def test_ctrl_c_right_after_the_address(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the server serves, while a browser is opened, say."""

    def interrupted(url: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", interrupted)
    monkeypatch.setenv("DISPLAY", ":0")
    code, out, err = run(capsys, COMMIT, "--port", "0")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("open      http://127.0.0.1:")


def test_it_serves_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "kubecheck.cli", "explore", COMMIT, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert process.stdout.readline() == f"exploring two-phase-commit, a spec of {COMMIT}\n"
            url = re.findall(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
            with urllib.request.urlopen(f"{url}api/view?path=0", timeout=20) as answer:
                assert json.load(answer)["path"] == "0"
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()
