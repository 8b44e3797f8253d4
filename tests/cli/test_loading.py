"""Specs in a user's file: which one is meant, what --set sets, and what is said when the file is at fault."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kubecheck.cli import loading
from kubecheck.cli.errors import InputError
from kubecheck.cli.loading import load_spec
from kubecheck.spec import SpecError
from kubecheck.spec.frontend import program
from tests.spec.test_errors import divided

HEAD = """\
from __future__ import annotations
import enum
from kubecheck.spec import Sort, Spec, State

class Light(State):
    green: bool

"""
ONE = (
    HEAD
    + """\
def light(*, n: int = 2, on: bool = False, ratio: float = 0.5, name: str = "light", most: int | None = None) -> Spec:
    return Spec(name, Light, scope={"n": n, "on": on, "ratio": ratio, "most": most})
"""
)
TWO = (
    HEAD
    + """\
def north() -> Spec:
    return Spec("north", Light)

def south() -> "Spec":
    return Spec("south", Light)

def _private() -> Spec: ...
def helper(n: int) -> int: ...
"""
)


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])

    def write(text: str) -> str:
        (tmp_path / "lights.py").write_text(text)
        return "lights.py"

    return write


def refused(text: str, write: object, name: str | None = None, **settings: str) -> str:
    with pytest.raises(InputError) as caught:
        load_spec(write(text), name, settings)  # type: ignore[operator]  # a fixture
    return str(caught.value)


class TestWhich:
    def test_one_needs_no_name(self, write) -> None:
        assert load_spec(write(ONE), None, {}).name == "light"

    def test_several_need_a_name(self, write) -> None:
        assert load_spec(write(TWO), "south", {}).name == "south"
        assert refused(TWO, write) == (
            "lights.py has several specs: north, south\n  help: name one, for example lights.py:north"
        )

    def test_unknown(self, write) -> None:
        assert refused(TWO, write, "nort") == "lights.py has no spec nort\n  help: did you mean `north`?"
        assert refused(TWO, write, "xyz") == "lights.py has no spec xyz\n  help: it has north, south"

    def test_none(self, write) -> None:
        assert refused("x = 1\n", write) == (
            "lights.py has no spec\n  help: write a function that returns one: def my_spec(*, n: int = 2) -> Spec"
        )

    def test_imported_specs_are_not_the_files_own(self, write, tmp_path: Path) -> None:
        (tmp_path / "other_lights.py").write_text(ONE)
        assert "lights.py has no spec\n" in refused("from other_lights import light\n", write)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="does not exist"):
            load_spec(str(tmp_path / "none.py"), None, {})
        (tmp_path / "folder.py").mkdir()
        with pytest.raises(InputError, match="is a folder"):
            load_spec(str(tmp_path / "folder.py"), None, {})


class TestParameters:
    def test_by_type(self, write) -> None:
        settings = {"n": "3", "on": "true", "ratio": "0.25", "name": "7", "most": "none"}
        spec = load_spec(write(ONE), None, settings)
        assert spec.scope == {"n": 3, "on": True, "ratio": 0.25, "most": None}
        assert spec.name == "7"
        assert load_spec(write(ONE), None, {"most": "4"}).scope["most"] == 4

    def test_unknown(self, write) -> None:
        assert refused(ONE, write, rato="1") == "light has no parameter rato\n  help: did you mean `ratio`?"
        assert refused(TWO, write, "north", n="1") == "north has no parameter n\n  help: it has no parameters"

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("n", "two", "n of light is 'two'\n  help: give a whole number"),
            ("n", "1.5", "n of light is '1.5'\n  help: give a whole number"),
            ("on", "maybe", "on of light is 'maybe'\n  help: give true or false"),
            ("most", "x", "most of light is 'x'\n  help: give a whole number"),
        ],
    )
    def test_wrong_values(self, write, name: str, text: str, expected: str) -> None:
        assert refused(ONE, write, **{name: text}) == expected

    def test_enums(self, write) -> None:
        colours = HEAD + "class Colour(enum.Enum):\n    RED = 'red'\n    GREEN = 'green'\n\n"
        colours += (
            "def light(*, c: Colour = Colour.RED) -> Spec:\n    return Spec('light', Light, scope={'c': c.name})\n"
        )
        assert load_spec(write(colours), None, {"c": "green"}).scope == {"c": "GREEN"}
        assert refused(colours, write, c="blue") == "c of light is 'blue'\n  help: give red or green"

    def test_tuples(self, write) -> None:
        words = (
            HEAD + "def light(*, w: tuple[str, ...] = ()) -> Spec:\n    return Spec('light', Light, scope={'w': w})\n"
        )
        assert load_spec(write(words), None, {"w": "a, b"}).scope == {"w": ("a", "b")}
        assert load_spec(write(words), None, {"w": ""}).scope == {"w": ()}

    def test_missing(self, write) -> None:
        needs = HEAD + "def light(*, n: int) -> Spec:\n    return Spec('light', Light)\n"
        assert refused(needs, write) == "light needs a value for n\n  help: --set n=…"

    def test_a_type_that_cannot_be_written(self, write) -> None:
        odd = HEAD + "def light(*, n: list[int] = []) -> Spec:\n    return Spec('light', Light)\n"
        assert refused(odd, write, n="1") == (
            "n of light cannot be set: its type is list[int]\n  help: --set knows int, bool, float, str and enums"
        )


class TestFaultsOfTheFile:
    def test_syntax(self, write) -> None:
        assert refused("x = (1,\n", write) == "lights.py:1:5: '(' was never closed\n  1 | x = (1,\n    |     ^"

    def test_while_importing(self, write) -> None:
        assert refused("import json\n\nx = json.loads('{')\n", write) == (
            "lights.py:3:5: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n"
            "  3 | x = json.loads('{')\n"
            "    |     ^^^^^^^^^^^^^^^"
        )

    def test_missing_import(self, write) -> None:
        assert refused("import kubernets\n", write) == (
            "lights.py:1:1: ModuleNotFoundError: No module named 'kubernets'\n  1 | import kubernets\n    | ^^^^^^^^^^^^^^^^"
        )

    def test_while_building(self, write) -> None:
        failing = HEAD + "def light(*, n: int = 0) -> Spec:\n    1 // n\n    return Spec('light', Light)\n"
        assert refused(failing, write) == (
            f"lights.py:9:5: ZeroDivisionError: {divided()}\n  9 |     1 // n\n    |     ^^^^^^"
        )

    def test_exit(self, write) -> None:
        assert refused("import sys\nsys.exit(0)\n", write).startswith("lights.py:2:1: SystemExit: 0\n")

    def test_endless_recursion(self, write) -> None:
        assert "RecursionError: maximum recursion depth exceeded" in refused("def f(): f()\nf()\n", write)

    def test_an_error_of_the_spec_is_told_as_it_is(self, write) -> None:
        with pytest.raises(SpecError):
            load_spec(write(HEAD + "def light() -> Spec:\n    return Spec('light', int)\n"), None, {})


@pytest.mark.parametrize(("value", "what"), [("None", "nothing"), ("5", "a value of type int")])
def test_a_function_that_returns_no_spec(value: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "other.py"
    file.write_text(f"from kubecheck.spec import Spec\n\ndef made() -> Spec:\n    return {value}\n")
    with pytest.raises(InputError, match=f"made returns {what}, and no Spec"):
        load_spec(str(file), None, {})


class TestWhatEndsBadly:
    def test_an_endless_file(self, write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KUBECHECK_SPEC_SECONDS", "0.2")
        said = (
            "lights.py was not imported and its spec not built within 0.2 s\n"
            "  help: take the endless loop away, or give it longer: KUBECHECK_SPEC_SECONDS=600"
        )
        assert refused("while True:\n    pass\n", write) == said
        endless = HEAD + "def light() -> Spec:\n    while True:\n        pass\n    return Spec('light', Light)\n"
        assert refused(endless, write) == said

    @pytest.mark.parametrize("text", ["x", "0", "-1", "nan", "inf"])
    def test_a_time_that_is_none(self, write, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setenv("KUBECHECK_SPEC_SECONDS", text)
        assert refused(ONE, write) == f"KUBECHECK_SPEC_SECONDS is {text!r}\n  help: give seconds, for example 600"

    def test_what_catches_the_end_of_its_time(self, tmp_path: Path) -> None:
        file = tmp_path / "stubborn.py"
        file.write_text("import time\nwhile True:\n    try:\n        time.sleep(9)\n    except BaseException:\n        pass\n")
        done = command(file, KUBECHECK_SPEC_SECONDS="0.2")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {file} was not imported and its spec not built within 0.2 s\n  help: ")

    @pytest.mark.parametrize(
        ("starts", "what"),
        [
            ("import threading, time\nthreading.Thread(target=time.sleep, args=(999,), name='t').start()\n", "thread t"),
            (
                "import multiprocessing, time\nfork = multiprocessing.get_context('fork')\n"
                "fork.Process(target=time.sleep, args=(999,), name='p').start()\n",
                "process p",
            ),
        ],
    )
    def test_threads_and_processes(self, tmp_path: Path, starts: str, what: str) -> None:
        file = tmp_path / "lights.py"
        file.write_text(ONE + starts)
        done = command(file)
        assert (done.returncode, done.stderr) == (
            2,
            f"error: {file} starts a {what}, which still runs when its spec is built\n"
            "  help: a spec is checked alone: end it (join) before, or leave it out\n",
        )

    def test_bytes_that_are_no_text(self, tmp_path: Path) -> None:
        file = tmp_path / "lights.py"
        for data, said in [
            (b"# a\n# \xff\n", f"{file}:2: a byte that is no UTF-8\n  help: save the file as UTF-8, or name its encoding"),
            (b"# a\n\0\n", f"{file}:2: a NUL character\n  help: a spec file is text"),
            (b"# coding: nonsense\n", f"{file}: unknown encoding"),
        ]:
            file.write_bytes(data + ONE.encode())
            with pytest.raises(InputError) as caught:
                load_spec(str(file), None, {})
            assert str(caught.value).startswith(said)
        file.write_bytes(b"# coding: latin-1\n# \xff\n" + ONE.encode())
        assert load_spec(str(file), None, {}).name == "light"

    def test_deep_nesting(self, write) -> None:
        assert refused(f"x = {'not ' * 5000}True\n", write) == (
            "lights.py: an expression is nested too deeply\n  help: name its parts"
        )

    def test_long_texts_are_shortened(self, write) -> None:
        digits = "9" * 5000
        assert refused(ONE, write, n=digits) == f"n of light is '{digits[:60]}… (5,000 characters)'\n  help: give a whole number"
        said = refused(f"raise ValueError('{'x' * 100_000}')\n", write)
        assert said.startswith("lights.py:1:1: ValueError: xxx")
        assert len(said) < 2000

    def test_an_exception_that_cannot_be_shown(self, write) -> None:
        odd = "class Odd(Exception):\n    def __str__(self):\n        raise KeyError\n\nraise Odd\n"
        assert refused(odd, write).startswith("lights.py:5:1: Odd: (and its text is KeyError)\n")

    def test_mutated_specs_are_read_or_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(loading, "SECONDS", 5.0)
        chance = random.Random(7)
        text = (Path(__file__).parent / "specs" / "crossing.py").read_text(encoding="utf-8")
        tokens = re.findall(r"\w+|\s+|[^\w\s]", text)
        others = ["None", "-1", "(", "]", "10**30", "9" * 5000, "lambda: 0", "\0", "\u202e", "yield", "object()", "*", "not " * 900]
        file, ends = tmp_path / "mutated.py", {"built": 0, "refused": 0}
        for _ in range(150):
            mutated = list(tokens)
            for place in chance.sample(range(len(tokens)), chance.choice([1, 1, 2])):
                mutated[place] = chance.choice([*others, *tokens])
            file.write_text("".join(mutated), encoding="utf-8")
            started, said = time.perf_counter(), ""
            try:
                program(load_spec(str(file), None, {}))
            except (InputError, SpecError) as error:
                said = str(error)
            ends["refused" if said else "built"] += 1
            assert len(said) < 12_000
            assert time.perf_counter() - started < 10
        assert min(ends.values()) > 10, ends


def command(file: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kubecheck.cli", "check", str(file)],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **environment},
    )
