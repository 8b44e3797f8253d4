"""docs/mutants.md says what was found, no more: shares with their intervals, survivors by name."""

from __future__ import annotations

from tests.mutants.__main__ import all_mutants, identity
from tests.mutants.page import PAGE, Reason, Result, Results, interval, page, reasons, results


def result(before: str, noticed: str, *, what: str = "removed", static: bool = False) -> Result:
    return Result(file="a.py", function="act", what=what, before=before, after="True", static=static, noticed=noticed)


def test_the_page_is_that_of_what_is_kept() -> None:
    assert PAGE.read_text() == page(results(), reasons())


def test_reasons_are_of_mutants_that_the_model_has() -> None:
    assert set(reasons()) - {identity(m) for m in all_mutants()} == set()


def test_an_interval_is_wilsons() -> None:
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I: 81 of 263."""
    low, high = interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_shares_are_of_guards_and_of_parts_and_survivors_are_named() -> None:
    same = result("s.same", "")
    found = Results(
        mutants=9,
        results=[
            result("s.a", "scenario scale: {'verdict': 'holds'}"),
            same,
            result("s.b", "row: agrees -> disagrees"),
            result("s.c and s.d", "", what="part `s.c` removed from"),
            result("scope.lag", "", static=True),
            result("s.e", "refused: KC210"),
        ],
    )
    reason = Reason(mutant=same.identity, verdict="equivalent", why="it is always true")
    text = page(found, {same.identity: reason})
    assert "Measured on **6 of 9** mutants" in text
    assert "| guards, removed or negated | 3 | 2 | 66.7 % (21 to 94 %) |" in text
    assert "| parts of guards, removed | 1 | 0 | 0.0 % (0 to 79 %) |" in text
    assert "| both, but for those argued below to change nothing | 3 | 2 |" in text
    assert "Static: 1 judged, 0 noticed. Refused by the language: 1." in text
    assert "- `a.py` act, removed `s.same`: it is always true" in text
    assert "- `a.py` act, without `s.c` in `s.c and s.d`" in text
    assert "| a scenario | 1 |" in text
