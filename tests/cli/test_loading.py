"""Specs in a user's file: which one is meant, what --set sets, and what is said when the file is at fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubecheck.cli.errors import InputError
from kubecheck.cli.loading import load_spec
from kubecheck.spec import SpecError
from tests.spec.test_errors import divided

if TYPE_CHECKING:
    from pathlib import Path

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
