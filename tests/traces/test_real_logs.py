"""The logs of a real control plane, whole and in part: no rule may call anything in them a violation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from kubecheck.traces.event import Item
from kubecheck.traces.findings import Validation, Verdict
from kubecheck.traces.readers.folder import Source, find
from kubecheck.traces.readers.recognise import Format
from kubecheck.traces.validate import validate

DATA = Path(__file__).parent / "data"
RUNS = sorted(path for path in DATA.iterdir() if path.is_dir())

pytestmark = pytest.mark.parametrize("run", RUNS, ids=lambda path: path.name)


def logs(run: Path, *formats: Format) -> list[Source]:
    return [source for source in find([str(run)]).sources if source.format in formats]


def told(validation: Validation) -> str:
    return "\n".join(f"{found.rule}: {found.sentence} {[seen.where for seen in found.witnesses]}" for found in validation.violations)


def test_whole(run: Path) -> None:
    validation = validate(logs(run, Format.AUDIT, Format.WATCH))
    assert validation.verdict is Verdict.CONFORMS, told(validation)
    assert validation.malformed_count == 0
    assert validation.summary.late == 0
    assert {result.name for result in validation.rules if result.judged} >= {
        "store.revision-order", "store.lost-update", "watch.order", "watch.no-gap", "watch.agreement", "requests.authorised",
        "requests.through-api",
    }


def test_audit_log_alone(run: Path) -> None:
    validation = validate(logs(run, Format.AUDIT))
    assert validation.verdict is Verdict.CONFORMS, told(validation)


def test_watch_streams_alone(run: Path) -> None:
    validation = validate(logs(run, Format.WATCH))
    assert validation.verdict is Verdict.CONFORMS, told(validation)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_log_that_starts_later(run: Path, share: float) -> None:
    def cut(source: Source) -> Iterable[Item]:
        items = list(source)
        return items[int(share * len(items)):] if source.format is Format.AUDIT else items

    both = [cut(source) for source in logs(run, Format.AUDIT, Format.WATCH)]
    assert validate(both).verdict is Verdict.CONFORMS, told(validate(both))
    alone = [cut(source) for source in logs(run, Format.AUDIT)]
    assert validate(alone).verdict is Verdict.CONFORMS, told(validate(alone))


def test_log_that_ends_earlier(run: Path) -> None:
    def cut(source: Source) -> Iterable[Item]:
        items = list(source)
        return items[: int(0.7 * len(items))] if source.format is Format.AUDIT else ()

    validation = validate([cut(source) for source in logs(run, Format.AUDIT)])
    assert validation.verdict is Verdict.CONFORMS, told(validation)


@pytest.mark.parametrize("window", [20, 200])
def test_small_window(run: Path, window: int) -> None:
    """What comes too late to be ordered is said to be so, and nothing of it is called a violation."""
    validation = validate(logs(run, Format.AUDIT, Format.WATCH), window=window)
    assert validation.verdict is Verdict.CONFORMS, told(validation)


def test_every_line_twice(run: Path) -> None:
    """A log backend that retries writes lines again."""
    once = validate(logs(run, Format.AUDIT))
    twice = validate([[item for item in source for _ in range(2)] for source in logs(run, Format.AUDIT)])
    assert twice.summary.duplicates >= once.summary.requests
    assert twice.rules == once.rules
