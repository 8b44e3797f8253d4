"""The line that a running validation shows."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kubecheck.cli import validate_progress
from kubecheck.cli.validate_progress import describe, shown_on
from kubecheck.traces.progress import EVENTS_BETWEEN, Progress
from kubecheck.traces.readers.files import Input, Limits
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate

RUN = Path(__file__).parents[1] / "traces" / "data" / "s12b_apiserver_killed"
MOMENT = Progress(events=40_960, writes=900, live=1_234, violations=0)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_moment_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x\n" * 1024)
    source = Input(str(path))
    assert describe(MOMENT, seconds=2.0, inputs=[source]) == (
        "2.00 s: 0 B of 2.0 KiB (0%), 40,960 events, 20,480/s, 1,234 objects live")
    assert len(list(source.lines(limits=Limits()))) == 1024
    assert describe(MOMENT, seconds=2.0, inputs=[source]).startswith("2.00 s: 2.0 KiB of 2.0 KiB (100%), ")


def test_standard_input_has_no_share() -> None:
    assert describe(MOMENT, seconds=2.0, inputs=[Input("-")]) == "2.00 s: 0 B, 40,960 events, 20,480/s, 1,234 objects live"


def test_violations_are_told() -> None:
    progress = Progress(events=10, writes=1, live=1, violations=3)
    assert describe(progress, seconds=1.0, inputs=[]).endswith("1 objects live, 3 violations")


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_nothing_is_shown_elsewhere_or_if_quiet(stream: io.StringIO, quiet: bool) -> None:
    with shown_on(stream, [], quiet=quiet) as show:
        assert show is None
    assert stream.getvalue() == ""


def test_shown_on_a_terminal_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate_progress, "SECONDS_BEFORE", 0.0)
    stream = Terminal()
    with shown_on(stream, [], quiet=False) as show:
        assert show is not None
        show(MOMENT)
        assert "40,960 events" in stream.getvalue()
    assert "\x1b[2K" in stream.getvalue()


def test_a_validation_tells_how_far_it_is() -> None:
    told: list[Progress] = []
    summary = validate(find([str(RUN)]).sources, progress=told.append).summary
    assert [moment.events for moment in told] == [EVENTS_BETWEEN * number for number in range(1, summary.events // EVENTS_BETWEEN + 1)]
    assert told
    assert all(moment.live >= 0 for moment in told)
