"""The documents show what the commands print."""

from __future__ import annotations

import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pytest
import yaml

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.main import main
from tests.cli.readme import (
    DOCUMENTS,
    README,
    ROOT,
    Example,
    can_run,
    differences,
    examples,
    folder,
    picture_texts,
    pictures,
)


def test_there_are_examples() -> None:
    assert [example.command for example in examples(README.read_text())] == [
        "check examples/web.yaml",
        "check web.yaml",
        "scenarios",
        "check stuck-rollout",
        "check examples/two_phase_commit.py",
    ]


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if examples(d.read_text())], ids=lambda d: d.name)
def test_examples(document: Path) -> None:
    """`make readme` brings the documents up to date."""
    text = document.read_text()
    wrong: list[str] = []
    draws = shutil.which("dot") is not None
    with folder(text) as place:
        for example in examples(text):
            if can_run(example.command) and (draws or not re.search(r"\.(svg|png|pdf)\b", example.command)):
                wrong += [f"$ kubecheck {example.command}", *found] if (found := differences(example)) else []
        for picture in pictures(text, place):
            if picture_texts(picture) != picture_texts(ROOT / "docs" / "pictures" / picture.name):
                wrong.append(f"docs/pictures/{picture.name} is not what is drawn now")
    assert not wrong, "\n".join(wrong)


def test_the_tutorial_begins_in_an_empty_folder() -> None:
    """And says how one gets there: its first block is what a shell is told."""
    text = (ROOT / "docs" / "tutorial.md").read_text()
    with folder(text) as place:
        assert sorted(path.name for path in place.iterdir()) == ["marks.py", "web.yaml"]
    block = re.search(r"^((?:    .*\n)+)", text, re.MULTILINE)
    assert block is not None
    assert [line.split("#")[0].strip() for line in block[1].splitlines()] == [
        "mkdir marks && cd marks",
        "python3 -m venv .venv",
        ".venv/bin/pip install PATH_OF_CHECKOUT",
        "source .venv/bin/activate",
    ]


def test_the_readme_begins_in_a_checkout() -> None:
    """What comes after `make demo` puts kubecheck on the PATH, and the commands that are listed then name files that are there."""
    text = README.read_text()
    blocks = [block.strip().splitlines() for block in re.findall(r"^((?:    .*\n)+)", text, re.MULTILINE)]
    assert [blocks[0], blocks[1]] == [["make demo"], ["source .venv/bin/activate"]]
    listed = [line.strip() for block in blocks for line in block if line.strip().startswith("kubecheck check ")]
    files = {word for line in listed for word in line.split("#")[0].replace(";", " ").split() if word.endswith((".yaml", ".py"))}
    assert len(listed) > 5
    assert "examples/web.yaml" in files
    assert [name for name in files if not (ROOT / name).exists()] == []


def test_every_picture_that_is_shown_is_drawn_by_its_document() -> None:
    """A picture that no command draws would go stale unseen; the explorer's is a photograph."""
    for document in DOCUMENTS:
        text = document.read_text()
        drawn = {name for e in examples(text) for name in re.findall(r"-o ([\w.-]+\.svg)", e.command)}
        assert set(re.findall(r"\(pictures/([\w.-]+\.svg)\)", text)) <= drawn, document.name


def test_pictures_that_are_shown_are_there() -> None:
    shown = {(d, name) for d in DOCUMENTS for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", d.read_text())}
    missing = [f"{d.name}: {name}" for d, name in sorted(shown) if "://" not in name and not (d.parent / name).exists()]
    assert not missing


def test_the_workflows_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/ci.md has continuous integration do is YAML, and its commands do it."""
    text = (ROOT / "docs" / "ci.md").read_text()
    blocks = re.findall(r"^    (?:name|kubecheck):.*\n(?:    .*\n|\n)+", text, re.MULTILINE)
    github, gitlab = (yaml.safe_load(textwrap.dedent(block)) for block in blocks)
    steps = [step.get("run", "") for step in github["jobs"]["check"]["steps"]]
    commands = [line for line in (*steps, *gitlab["kubecheck"]["script"]) if line.startswith("kubecheck ")]
    assert [command.split()[1] for command in commands] == ["check", "graph", "check"]
    (tmp_path / "spec").mkdir()
    shutil.copy(ROOT / "examples" / "operator" / "bucket_operator.py", tmp_path / "spec" / "operator.py")
    monkeypatch.chdir(tmp_path)
    draws = shutil.which("dot") is not None
    for command in commands:
        verb = command.split()[1]
        if draws or verb != "graph":
            assert main(shlex.split(command)[1:]) == (ExitCode.VIOLATED if verb == "check" else ExitCode.HOLDS)
    written = {"kubecheck.xml", "kubecheck.sarif", "run.json"} | ({"counterexample.svg"} if draws else set())
    assert {path.name for path in tmp_path.iterdir()} == {"spec", *written}


CHECKOUT = "    $ kubecheck check examples/two_phase_commit.py\n"


class TestThisTest:
    """That it can fail."""

    def test_a_wrong_line_is_found(self) -> None:
        with folder(CHECKOUT):
            found = differences(Example("check examples/two_phase_commit.py", "    checked       another\n"))
        assert "-    checked       another" in found

    def test_lines_may_be_left_out(self) -> None:
        with folder(CHECKOUT):
            first = "    checked       two-phase-commit, a spec of examples/two_phase_commit.py"
            good = Example("check examples/two_phase_commit.py", f"{first}\n    …\n")
            assert differences(good) == []
            assert differences(Example(good.command, good.shown.replace("two-phase", "three-phase")))

    def test_a_refused_command_is_found(self) -> None:
        with folder(""), pytest.raises(ValueError, match="ended with 2: error: there is no scenario nothing"):
            differences(Example("check nothing", ""))

    def test_the_folder_is_empty_unless_commands_name_files_of_the_checkout(self) -> None:
        with folder("See [an example](../examples/web.yaml).\n\n    $ kubecheck scenarios\n") as place:
            assert list(place.iterdir()) == []
        with folder(CHECKOUT) as place:
            assert sorted(path.name for path in place.iterdir()) == ["examples", "tests"]

    def test_pictures_are_those_that_the_document_shows(self) -> None:
        text = "![One](pictures/one.svg) ![Two](pictures/two.svg)"
        with folder(text) as place:
            (place / "one.svg").touch()
            (place / "other.svg").touch()
            assert pictures(text, place) == [place / "one.svg"]

    def test_a_file_of_the_document_is_there(self) -> None:
        text = "Save this as `a.py`:\n\n    x = 1\n\n    y = 2\n\nand run\n\n    $ kubecheck check a.py\n"
        assert [e.command for e in examples(text)] == ["check a.py"]
        with folder(text) as place:
            assert (place / "a.py").read_text() == "x = 1\n\ny = 2\n"
            assert can_run("check a.py")
            assert not can_run("check b.py")
            assert can_run("check a.py -o b.json")
            assert not can_run("explore a.py")
