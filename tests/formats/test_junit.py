"""JUnit XML: a case a property, and nothing that was not decided counts as passed."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import pytest

from kubecheck.checker import Verdict
from kubecheck.cli.formats.junit import EXPLORATION, NOTHING, junit
from tests.formats.checks import VERDICTS, checks


def cases(what: str) -> dict[str, str]:
    """What each test case is: passed, failure, error or skipped."""
    root = ET.fromstring(junit(checks(what)))
    found = {}
    for case in root.iter("testcase"):
        kinds = [child.tag for child in case if child.tag != "system-out"]
        found[case.attrib["name"]] = kinds[0] if kinds else "passed"
        assert len(kinds) <= 1
    return found


def test_holds() -> None:
    assert cases("holds") == {EXPLORATION: "passed", "at_most_one_is_green": "passed", "one_is_green": "passed"}


def test_violated() -> None:
    assert cases("violated") == {EXPLORATION: "skipped", "at_most_one_is_green": "failure", "one_is_green": "passed"}


def test_incomplete_is_an_error() -> None:
    assert cases("incomplete") == {EXPLORATION: "error", "at_most_one_is_green": "error", "one_is_green": "passed"}


def test_a_value_error() -> None:
    found = cases("error")
    assert (found[EXPLORATION], found["at_most_one_is_green"]) == ("error", "error")


def test_a_spec_without_properties_does_not_pass_where_a_limit_came_first() -> None:
    assert cases("bare") == {EXPLORATION: "error", NOTHING: "error"}
    [told] = ET.fromstring(junit(checks("bare"))).iter("system-out")
    assert told.text is not None
    assert told.text.splitlines()[1].startswith("warning: the spec has no property")


def test_a_spec_without_properties_is_never_green() -> None:
    assert cases("judged nothing") == {EXPLORATION: "passed", NOTHING: "error"}
    assert checks("judged nothing").exit_code == 3


def test_a_loop_is_told() -> None:
    assert cases("loop") == {EXPLORATION: "passed", "has_a_colour": "failure"}
    [failure] = ET.fromstring(junit(checks("loop"))).iter("failure")
    assert failure.text is not None
    assert "step 3 leads back to the state after step 1: steps 2 to 3 can be taken again and again" in failure.text


@pytest.mark.parametrize("what", VERDICTS)
def test_each_property_is_a_case_and_passes_only_if_it_holds(what: str) -> None:
    root = ET.fromstring(junit(checks(what)))
    suites = root.findall("testsuite")
    assert len(suites) == len(checks(what).all)
    for suite, checked in zip(suites, checks(what).all, strict=True):
        passed = {c.attrib["name"] for c in suite.iter("testcase") if all(child.tag == "system-out" for child in c)}
        holding = {p.name for p in checked.report.properties if p.verdict is Verdict.HOLDS}
        assert passed - {EXPLORATION} == holding
        assert (EXPLORATION in passed) == (checked.report.states.frontier == 0 and checked.report.verdict is not Verdict.ERROR)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[name]) == len(list(suite.iter(tag)))
        assert int(suite.attrib["tests"]) == 1 + max(1, len(checked.report.properties))
    assert int(root.attrib["failures"]) == sum(int(s.attrib["failures"]) for s in suites)


def test_a_failure_tells_the_path_and_the_cause() -> None:
    [failure] = ET.fromstring(junit(checks("violated"))).iter("failure")
    assert failure.attrib == {"type": "invariant", "message": "At most one light is green."}
    assert failure.text is not None
    assert failure.text.splitlines()[2:] == [
        "   0  initial state",
        "   1  controller: go(light-0)",
        "        colour[light-0]: red -> green",
        "        turns 0 -> 1",
        "   2  controller: go(light-1)",
        "        colour[light-1]: red -> green",
        "        turns 1 -> 2",
        "at_most_one_is_green is false after step 2:",
        "  count(colour is Colour.GREEN for colour in s.colour) <= 1 is false  [tests/cli/specs/crossing.py:53]",
        "    count(colour is Colour.GREEN for colour in s.colour) is 2 (colour = s.colour[light-0], s.colour[light-1])",
    ]


def test_characters_that_xml_does_not_have() -> None:
    import dataclasses

    subject = dataclasses.replace(checks("holds").decisive.subject, title="a\x00b\x1b[31m")
    shown = dataclasses.replace(checks("holds").decisive, subject=subject)
    [suite] = ET.fromstring(junit(dataclasses.replace(checks("holds"), all=(shown,)))).findall("testsuite")
    assert suite.attrib["name"] == "a\\x00b\\x1b[31m"


def test_two_workloads_of_one_name_have_classes_of_their_own() -> None:
    found = checks("holds")
    [one] = found.all
    spaces = [dataclasses.replace(one, subject=dataclasses.replace(one.subject, workload=f"Deployment {n}/web")) for n in ("a", "b")]
    root = ET.fromstring(junit(dataclasses.replace(found, all=tuple(spaces))))
    assert {case.attrib["classname"] for case in root.iter("testcase")} == {
        "kubecheck.Deployment.a.web",
        "kubecheck.Deployment.b.web",
    }
    assert {case.attrib["classname"] for case in ET.fromstring(junit(found)).iter("testcase")} == {"kubecheck.crossing"}
