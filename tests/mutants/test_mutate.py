"""The mutants of a small source are the ones that they should be, and each is valid Python."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.mutate import ROOT, files, mutants
from tests.quick import some

SOURCE = '''
def module(scope: Scope) -> Module:
    """Things."""
    if scope.crashes:

        @module.action(actor="a")
        def act(s: State, pod: Pod) -> None:
            """Acts, für alle."""
            require(s.ready and pod in s.pods)
            require(s.small)
            if s.full:
                s.n = 1 if s.odd else 2


def is_done(s: State) -> bool:
    """Done."""
    return s.empty or s.closed


def total(s: State) -> int:
    """Not a condition, but two are in it."""
    both = s.a and not (s.b or s.c)
    return count(p.up and p.near for p in s.pods if p.known)
'''


def test_each_condition_once() -> None:
    found = {(m.function, m.what, m.before, m.after) for m in mutants("x.py", SOURCE)}
    both, either = "s.ready and pod in s.pods", "s.a and not (s.b or s.c)"
    assert found == {
        ("act", "part `s.ready` removed from", both, "((pod in s.pods))"),
        ("act", "part `pod in s.pods` removed from", both, "((s.ready))"),
        ("act", "removed", "require(s.small)", "pass"),
        ("act", "negated", "s.small", "(not (s.small))"),
        ("act", "negated", "s.full", "(not (s.full))"),
        ("act", "removed", "s.full", "True"),
        ("act", "negated", "s.odd", "(not (s.odd))"),
        ("act", "removed", "s.odd", "True"),
        ("is_done", "part `s.empty` removed from", "s.empty or s.closed", "((s.closed))"),
        ("is_done", "part `s.closed` removed from", "s.empty or s.closed", "((s.empty))"),
        ("total", "part `s.a` removed from", either, "((not (s.b or s.c)))"),
        ("total", "part `s.b` removed from", either, "((s.a) and (not (((s.c)))))"),
        ("total", "part `s.c` removed from", either, "((s.a) and (not (((s.b)))))"),
        ("total", "part `p.up` removed from", "p.up and p.near", "((p.near))"),
        ("total", "part `p.near` removed from", "p.up and p.near", "((p.up))"),
        ("total", "negated", "p.known", "(not (p.known))"),
        ("total", "removed", "p.known", "True"),
    }


def test_those_that_are_the_same_but_for_their_place_are_counted() -> None:
    source = "def act(s: State) -> None:\n    if s.full:\n        s.n = 1\n    if s.full:\n        s.m = 1\n"
    assert [(m.line, m.what, m.nth) for m in mutants("x.py", source)] == [
        (2, "negated", 0),
        (2, "removed", 0),
        (4, "negated", 1),
        (4, "removed", 1),
    ]


def test_a_file_is_left_out_by_its_path_and_not_by_its_name() -> None:
    assert "cluster.py" not in files()
    assert "registry/cluster.py" in files()


@pytest.mark.parametrize("file", some(files(), "replicaset_controller.py", "registry/deletion.py"))
def test_each_mutant_of_the_model_is_python_and_differs(file: str) -> None:
    source = (ROOT / "model" / file).read_bytes()
    for mutant in mutants(file, source.decode()):
        changed = mutant.applied(source)
        assert changed != source
        ast.parse(changed)


def test_the_model_has_files_and_mutants() -> None:
    assert {"apiserver.py", "replicaset_controller.py"} <= set(files())
    assert sum(len(mutants(file, (ROOT / "model" / file).read_text())) for file in files()) > 500
