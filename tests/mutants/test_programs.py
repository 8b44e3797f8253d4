"""What is changed in ordinary Python, and which tests judge a change."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.programs import changes
from tests.mutants.rooms import ROOMS, ROOT, Baseline, chosen, judged, sampled

SOURCE = '''
"""A module."""
import os

LIMIT = 3

class Box:
    """A box."""

    def fill(self, n: int = 2) -> int:
        """Fills it."""
        if n < 1 and not self.full:
            raise ValueError(f"{n + 1} is " + "too few")
        self.n += n
        self.log("filled")
        for each in range(1):
            continue
        return min(n, 1000)
'''

EXPECTED = {
    "`n < 1` with `<=`": "(n <= 1)",
    "`n < 1` with `>=`": "(n >= 1)",
    "`n < 1 and not self.full` with `or`": "((n < 1) or (not self.full))",
    "`not self.full` without `not`": "(self.full)",
    "`self.n += n` left out": "pass",
    '`self.log("filled")` left out': "pass",
    "`break` in its place": "break",
    "`return min(n, 1000)` answers None": "return None",
    "min is max": "max",
    "1 is 2": "2",
}


def test_each_change_is_one_and_texts_and_errors_are_left_alone() -> None:
    found = changes("box.py", SOURCE)
    assert {change.what: change.after for change in found} == EXPECTED
    assert {change.function for change in found} == {"Box.fill"}
    assert [str(change) for change in found if change.what == "min is max"] == ["box.py:18 Box.fill: min is max"]


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_changed_still_parses_and_differs(room: str) -> None:
    for change in sampled(room, 40, 0):
        source = (ROOT / change.file).read_bytes()
        assert ast.dump(ast.parse(change.applied(source))) != ast.dump(ast.parse(source)), change


def test_a_sample_depends_on_its_seed_only() -> None:
    assert sampled("spec", 5, 1) == sampled("spec", 5, 1) != sampled("spec", 5, 2)


def test_the_quickest_tests_of_a_line_judge_it_one_case_of_each_function_first() -> None:
    [change] = [c for c in changes("box.py", SOURCE) if c.what == "min is max"]
    running = frozenset({"t::a[1]", "t::a[2]", "t::b", "t::slow"})
    seconds = {"t::a[1]": 0.1, "t::a[2]": 0.2, "t::b": 1.0, "t::slow": 50.0, "t::other": 0.0}
    baseline = Baseline({("box.py", 18): running}, seconds)
    assert chosen(change, baseline, 60) == ["t::a[1]", "t::b", "t::slow", "t::a[2]"]
    assert chosen(change, baseline, 10) == ["t::a[1]", "t::b", "t::a[2]"]
    # a line that no test was seen to run: those that run most of the file's others
    baseline = Baseline({("box.py", 12): running, ("box.py", 14): frozenset({"t::b"})}, seconds)
    assert chosen(change, baseline, 60)[0] == "t::a[1]"
    assert chosen(change, Baseline({}, seconds), 0.05) == ["t::other"]


@pytest.mark.slow
def test_a_change_is_judged_in_a_tree_of_its_own() -> None:
    """One that a test sees, one that the same test does not see: the checkout itself stays as it is."""
    test = "tests/spec/test_layout.py"
    path = ROOT / "spec" / "layout.py"
    before = path.read_bytes()
    of_offsets = [c for c in changes("spec/layout.py", before.decode()) if c.function == "field_offsets" and "None" in c.what]
    [other] = [c for c in changes("spec/show.py", (ROOT / "spec/show.py").read_text()) if "answers None" in c.what][:1]
    baseline = Baseline({(c.file, c.line): frozenset({test}) for c in (*of_offsets, other)}, {test: 1.0})
    assert judged(of_offsets[0], baseline, 60).startswith(f"FAILED {test}")
    assert judged(other, baseline, 60) == ""
    assert path.read_bytes() == before
