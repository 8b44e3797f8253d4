"""The exact text of every error of the language: code, position, line, caret, remedy.

Cases stand in errors.txt: what is added to PREAMBLE, and below `---` what `str(error)` is. After a change on purpose,
`python -m tests.spec.test_errors` writes the new texts; read the difference before you keep it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubecheck.checker.native import compile_spec
from kubecheck.spec import Spec, SpecError, reference
from tests.spec.comparing import load

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).with_name("errors.txt")
DIVIDED = "integer division or modulo by zero"  # what Python says of 1 // 0 up to 3.13

PREAMBLE = """\
import enum
from typing import Annotated, ClassVar, Optional, Union

from kubecheck.spec import (
    Array, MaxLen, Module, Range, Record, Seq, Set, Sort, Spec, State, count, first, implies, present, require
)


class Phase(enum.Enum):
    ABSENT = 0
    PENDING = 1
    RUNNING = 2


class Pod(Sort, size="pods", symmetric=True): ...


class Node(Sort, size="nodes"): ...


class Work(Record):
    phase: Phase = Phase.ABSENT
    node: Node | None = None
    tries: Annotated[int, Range(0, 3)] = 0
    seen: Array[Node, bool]

    def again(self) -> bool:
        return self.tries > 0


class Inner(State):
    level: Annotated[int, Range(0, 7)]
    _secret: bool

    def lift(self) -> bool:
        self.level += 1
        return self._secret


class Main(State):
    work: Array[Pod, Work]
    by_node: Array[Node, bool]
    grid: Array[Node, Array[Node, bool]]
    inner: Inner
    many: Array[Node, Inner]
    count: Annotated[int, Range(0, 9)]
    flag: bool
    owner: Pod | None = None
    last: Work | None = None
    ready: Set[Pod]
    phases: Set[Phase]
    queue: Annotated[Seq[Phase], MaxLen(2)]


spec = Spec("example", Main, scope={"pods": 2, "nodes": 2, "wide": 300})

"""


@dataclass(frozen=True)
class Case:
    title: str
    source: str
    expected: str


def cases() -> list[Case]:
    """The cases of errors.txt."""
    found = []
    for block in re.split(r"^=== ", CASES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, rest = block.partition("\n")
        source, _, expected = rest.partition("\n---\n")
        found.append(Case(title.strip(), source.strip("\n") + "\n", expected.strip("\n")))
    return found


def divided() -> ZeroDivisionError:
    """What this Python says: its words are not ours to pin."""
    with pytest.raises(ZeroDivisionError) as found:
        _ = 1 // int("0")
    return found.value


def error_of(source: str, folder: Path) -> str:
    """What is said of a module: by declaring, compiling, or running it for one step."""
    try:
        module = load(PREAMBLE + source, folder, "example")
        spec: Spec = module.spec
        compile_spec(spec)
        for state in reference.initial_states(spec):
            reference.summary(spec, state)
            for prop in spec.properties:
                reference.evaluate(spec, prop, state, state)
            list(reference.steps(spec, state))
    except SpecError as e:
        return str(e).replace(str(folder), "").replace("/example.py", "example.py")
    return "no error"


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # Python, too, finds `n is 3` strange
@pytest.mark.parametrize("case", cases(), ids=lambda c: c.title)
def test_text(case: Case, tmp_path: Path) -> None:
    assert error_of(case.source, tmp_path) == case.expected.replace(DIVIDED, str(divided()))


def test_nested_too_deeply(tmp_path: Path) -> None:
    source = f"@spec.invariant\ndef deep(s: Main) -> bool:\n    return s.count{' + 1' * 900} > 0\n"
    text = error_of(source, tmp_path).split("\n")
    assert text[0] == "example.py:55:8: KC014: example: an expression is nested too deeply"
    assert text[-1] == "  help: name its parts"


def codes_in_source() -> Iterator[str]:
    """Every code that the sources of the language and of its compiler mention."""
    for room in ("spec", "checker"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield from re.findall(r'"(KC\d{3})"', path.read_text(encoding="utf-8"))


def test_every_code_has_a_case() -> None:
    shown = {code for case in cases() for code in re.findall(r"KC\d{3}", case.expected.split("\n")[0])}
    # test_nested_too_deeply; tests/checker: test_limits.py, for it needs a memory limit; test_wide.py, for it needs the native execution
    elsewhere = {"KC014", "KC132", "KC508", "KC140"}
    elsewhere |= {"KC601", "KC602", "KC603", "KC604"}  # of expressions: tests/checker/test_graph_expression.py
    assert set(codes_in_source()) - shown - elsewhere == set()
    assert shown - set(codes_in_source()) == set()


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (KC\d{3}) \|", page, flags=re.MULTILINE)
    assert documented == sorted(set(codes_in_source()))


def rewrite() -> None:
    """Writes what is said today into errors.txt."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases():
            out.append(f"=== {case.title}\n{case.source.rstrip()}\n---\n{error_of(case.source, Path(folder))}\n")
    CASES.write_text("\n".join(out), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(rewrite())
