"""The README shows what the commands print."""

from __future__ import annotations

import pytest

from tests.cli.readme import README, examples, output, without_measurements

EXAMPLES = examples(README.read_text())


def test_there_are_examples() -> None:
    assert list(EXAMPLES) == [
        "check examples/web.yaml",
        "scenarios",
        "check stuck-rollout",
        "check examples/two_phase_commit.py",
    ]


@pytest.mark.parametrize("command", EXAMPLES)
def test_example(command: str) -> None:
    """`make readme` brings the README up to date."""
    assert without_measurements(output(command)) == without_measurements(EXAMPLES[command])
