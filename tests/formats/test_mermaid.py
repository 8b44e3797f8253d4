"""Mermaid sequence diagrams. That Mermaid's own parser takes them was tried by hand; here is what it was given."""

from __future__ import annotations

import re

import pytest

from kubecheck.cli.formats.mermaid import mermaid
from tests.formats.checks import VERDICTS, checks


def test_a_path() -> None:
    assert mermaid(checks("violated")).decode() == """\
sequenceDiagram
  title crossing #lt;violated#gt; & co.
  participant p0 as controller
  Note over p0: initial state
  p0->>p0: 1. go(light-0)
  Note over p0: colour[light-0]: red → green<br/>turns 0 → 1
  p0->>p0: 2. go(light-1)
  Note over p0: colour[light-1]: red → green<br/>turns 1 → 2
  Note over p0: violated: at_most_one_is_green is violated after 2 steps
  Note over p0: at_most_one_is_green is false after step 2:<br/>count(colour is Colour.GREEN for colour in s.colour) #lt;= 1 is \
false [tests/cli/specs/crossing.py:53]<br/>count(colour is Colour.GREEN for colour in s.colour) is 2 (colour = s.colour[light-0], \
s.colour[light-1])
"""


def test_a_cluster_talks_to_its_api_server() -> None:
    lines = mermaid(checks("step")).decode().splitlines()
    assert lines[2:6] == [
        "  participant p0 as user",
        "  participant p1 as api-server",
        "  participant p2 as replicaset-controller",
        "  participant p3 as controller-manager",
    ]
    assert "  p2->>p1: 3. create_pod(replica-set-0)" in lines
    assert "  p1->>p1: 4. cache_pod()" in lines
    assert "  p3-xp3: 5. crash_controller_manager(server=1)" in lines


def test_without_a_path() -> None:
    assert mermaid(checks("holds")).decode() == """\
sequenceDiagram
  title crossing #lt;holds#gt; & co.
  participant p0 as crossing
  Note over p0: holds: every reachable state was explored
"""


@pytest.mark.parametrize("what", VERDICTS)
def test_nothing_in_a_text_is_syntax(what: str) -> None:
    for line in mermaid(checks(what)).decode().splitlines()[1:]:
        text = line.partition(": ")[2] or line.partition(" as ")[2]
        rest = re.sub(r"<br/>|#35;|#59;|#lt;|#gt;|#37;", "", text)
        assert not set("<>#;%\n") & set(rest), line
