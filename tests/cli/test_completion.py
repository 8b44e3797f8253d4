"""What a shell is offered at TAB, asked as bash asks."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kubecheck.cli.main import main

SPEC = '''
raise SystemExit("completion runs nothing")

def one(*, managers: int = 3, early: bool = False) -> Spec: ...
def two(lag: int = 1) -> "spec.Spec": ...
def helper(nothing: int) -> int: ...
'''


def offered(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What there is for the last word of a line, which may be empty."""
    words = shlex.split(line)
    monkeypatch.setenv("_KUBECHECK_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - (not line.endswith(" "))))
    assert main([]) == 0
    return [text.partition(",")[2] for text in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kubecheck ch", {"check"}),
        ("kubecheck check roll", {"rollout", "rollback", "rollback-fixed"}),
        ("kubecheck check w", {"web.yaml", "web/"}),
        ("kubecheck check web/", {"web/two.py", "web/one.json"}),
        ("kubecheck graph stuck-roll", {"stuck-rollout", "stuck-rollout-fixed"}),
        ("kubecheck explore rollb", {"rollback", "rollback-fixed"}),
        ("kubecheck check rollout --without exp", {"expectations"}),
        ("kubecheck check rollout --with exp", {"expectations"}),
        ("kubecheck check rollout --set image", {"image_changes="}),
        ("kubecheck graph rollout --set image", {"image_changes="}),
        ("kubecheck check rollout --set foreground=", {"foreground=true", "foreground=false"}),
        ("kubecheck check rollout --set kind=R", {"kind=ReplicaSet"}),
        ("kubecheck check lists-and-watches --set compact", {"compactions="}),
        ("kubecheck check web/two.py --set ", {"managers=", "early=", "lag="}),
        ("kubecheck check web/two.py:two --set ", {"lag="}),
        ("kubecheck check rollout --format j", {"json", "junit"}),
        ("kubecheck check rollout --format json=w", {"json=web.yaml", "json=web/"}),
        ("kubecheck replay web/", {"web/one.json"}),
        ("kubecheck bugs run stale-kub", {"stale-kubelet"}),
        ("kubecheck rules watch.o", {"watch.order"}),
        ("kubecheck validate w", {"web.yaml", "web/"}),
    ],
)
def test_offers(
    line: str, found: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("web").mkdir()
    for name in ("web.yaml", "web/one.json", "web/three.txt", "web/.hidden.py"):
        Path(name).write_text("")
    Path("web/two.py").write_text(SPEC)
    if line.startswith("kubecheck validate"):
        Path("other.log").write_text("")
    assert set(offered(line, monkeypatch, capsys)) == found


def test_the_script_that_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_KUBECHECK_COMPLETE", "bash_source")
    assert main([]) == 0
    assert "complete" in capsys.readouterr().out
