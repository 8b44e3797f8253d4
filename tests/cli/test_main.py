"""The command itself: help, usage errors, exit codes, faults."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from kubecheck.cli import main as cli
from kubecheck.cli.exit_codes import ExitCode

HEAVY = (
    "numba",
    "llvmlite",
    "numpy",
    "rich",
    "yaml",
    "msgspec",
    "kubecheck.spec",
    "kubecheck.model",
    "kubecheck.checker",
)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from kubecheck.cli.main import main; code = main(['--help']);"
        f"loaded = [m for m in {HEAVY!r} if m in sys.modules]; sys.exit(f'loaded: {{loaded}}' if loaded or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "scenarios" in done.stdout


@pytest.mark.parametrize("verb", ["check", "scenarios", "spec"])
def test_help_of_verbs_needs_no_engine(verb: str) -> None:
    program = (
        f"import sys; from kubecheck.cli.main import main; code = main([{verb!r}, '--help']);"
        "loaded = [m for m in ('numba', 'llvmlite', 'numpy', 'rich') if m in sys.modules];"
        "sys.exit(f'loaded: {loaded}' if loaded or code else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_exit_codes_agree() -> None:
    assert (cli._BAD_INPUT, cli._INCOMPLETE, cli._FAULT) == (ExitCode.BAD_INPUT, ExitCode.INCOMPLETE, ExitCode.FAULT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "error: there is no command chek\n  help: did you mean `check`?\n"),
        (["web.yaml"], "error: there is no command web.yaml\n  help: did you mean `kubecheck check web.yaml`?\n"),
        (["check"], "error: Missing argument 'TARGET…'.\n  help: see `kubecheck check --help`\n"),
        (
            ["check", "a.yaml", "--time", "soon"],
            "error: Invalid value for '--time': 'soon' is no duration: write 30s, 5m or 1.5h\n"
            "  help: see `kubecheck check --help`\n",
        ),
        (
            ["check", "a.yaml", "--threads", "0"],
            "error: Invalid value for '--threads': 0 is not in the range x>=1.\n  help: see `kubecheck check --help`\n",
        ),
        (
            ["check", "a.yaml", "--set", "nodes"],
            "error: --set nodes is no assignment\n  help: write --set NAME=VALUE, for example --set nodes=2\n",
        ),
        (["check", "a.yaml", "--set", "n=1", "--set", "n=2"], "error: --set gives n twice\n  help: give it once\n"),
        (
            ["check", "/none/a.yaml"],
            "error: /none/a.yaml cannot be read: No such file or directory\n"
            "  help: give the path of a manifest, or - for standard input\n",
        ),
        (
            ["check", "/none/a.txt"],
            "error: /none/a.txt is no manifest and no spec\n"
            "  help: manifests end in .yaml, .yml or .json, specs in .py\n",
        ),
        (
            ["check", "a.py", "--pods", "3"],
            "error: --pods sizes a cluster, and a.py is a spec of its own\n"
            "  help: give its parameters with --set NAME=VALUE\n",
        ),
        (
            ["spec", "show", "a.py", "--ir", "--llvm"],
            "error: --ir and --llvm exclude each other\n  help: see `kubecheck spec show --help`\n",
        ),
    ],
)
def test_bad_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == ExitCode.BAD_INPUT
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", message)


def test_no_arguments_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == ExitCode.BAD_INPUT
    assert capsys.readouterr().err.startswith("Usage: kubecheck ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == ExitCode.HOLDS
    assert capsys.readouterr().out.startswith("kubecheck ")


def _verb_that_raises(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    import click

    @click.command()
    def verb() -> None:
        raise error

    module = ModuleType("verb")
    module.verb = verb  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, "verb", module)
    monkeypatch.setattr(cli, "_VERBS", {"verb": ("verb", "verb", "")})


def test_a_fault_of_ours_says_what_to_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _verb_that_raises(monkeypatch, RuntimeError("the engine lost its way"))
    assert cli.main(["verb"]) == ExitCode.FAULT
    shown = capsys.readouterr().err
    assert "RuntimeError: the engine lost its way\n" in shown
    assert "error: this is a fault of kubecheck's own (RuntimeError), not of your input\n" in shown
    assert "  command: kubecheck verb\n" in shown
    assert "  versions: kubecheck " in shown


def test_an_interrupt_is_incomplete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _verb_that_raises(monkeypatch, KeyboardInterrupt())
    assert cli.main(["verb"]) == ExitCode.INCOMPLETE
    assert capsys.readouterr().err.strip() == "interrupted before there was a verdict"
