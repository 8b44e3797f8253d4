"""The steps of a path in words."""

from __future__ import annotations

import pytest

from kubecheck.checker.report import Change
from kubecheck.cli.paths import changes_text, difference, elements, short_names, split_path
from tests.cli.reports import step


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("store[pod-1].phase", ("store[pod-1]", "phase")),
        ("a.b[0].c[1].d.e", ("a.b[0].c[1]", "d.e")),
        ("store[pod-1]", ("store[pod-1]", "")),
        ("revision", ("", "revision")),
        ("api._etcd._revision", ("api._etcd", "revision")),
    ],
)
def test_object_and_field(path: str, parts: tuple[str, str]) -> None:
    assert split_path(path) == parts


def test_objects_have_the_shortest_name_that_means_nothing_else() -> None:
    path = [
        step(0, ("api._etcd._pods[pod-0].phase", "", "absent")),
        step(1, ("cm.view[pod-0].phase", "a", "b"), ("s.view[pod-0].phase", "a", "b"), ("turns", "0", "1"), action="x"),
        step(2, ("api._watches.pods", "0", "1"), action="y"),
    ]
    assert short_names(path) == {
        "api._etcd._pods[pod-0]": "pods[pod-0]",
        "cm.view[pod-0]": "cm.view[pod-0]",
        "s.view[pod-0]": "s.view[pod-0]",
        "api._watches": "watches",
    }


def test_a_name_that_ends_another_is_said_in_full() -> None:
    path = [step(1, ("etcd.revision", "0", "1"), ("api.etcd.revision", "0", "1"), action="x")]
    names = short_names(path)
    assert len(set(names.values())) == 2
    assert names["api.etcd"] == "api.etcd"


def test_changes_by_object() -> None:
    moment = step(
        3,
        ("s._pods[pod-0].phase", "a", "b"),
        ("s._pods[pod-0].node", "none", "node-1"),
        ("turns", "0", "1"),
        action="x",
    )
    assert changes_text(moment, short_names([moment])) == "pods[pod-0]: phase a -> b, node none -> node-1\nturns 0 -> 1"


def test_no_changes() -> None:
    assert changes_text(step(3, action="x"), {}) == "nothing"
    assert changes_text(step(0), {}) == ""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0", "1", "0 -> 1"),
        ("[]", "[a]", "gained a"),
        ("[a, b]", "[b]", "lost a"),
        ("[a, b]", "[b, {c: 1, d: [2, 3]}]", "lost a, gained {c: 1, d: [2, 3]}"),
        ("[a]", "[b]", "lost a, gained b"),
        ("[1, 2]", "[1]", "lost 2"),
        ("[2, 1]", "[2]", "lost 1"),
        ("[2, 1, 2]", "[2, 1]", "lost 2"),
        ("[1, 2, 3, 4]", "[1, 4]", "lost 2, lost 3"),
        ("[1, 2]", "[]", "lost 1, lost 2"),
        ("[1, 1]", "[1]", "lost 1"),
        ("[1, 2, 3]", "[3, 1]", "lost 1, lost 2, gained 1"),
        ("[]", "none", "[] -> none"),
        ("{a}", "{a, b}", "{a} -> {a, b}"),
    ],
)
def test_difference(before: str, after: str, expected: str) -> None:
    change = Change(path="x", before=before, after=after)
    assert difference(change, initial=False) == expected
    assert difference(change, initial=True) == after


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[]", []), ("[a]", ["a"]), ("[a, [b, c], {d: 1, e: 2}]", ["a", "[b, c]", "{d: 1, e: 2}"]), ("[x-1, x-2]", ["x-1", "x-2"])],
)  # fmt: skip
def test_elements(text: str, expected: list[str]) -> None:
    assert elements(text) == expected
