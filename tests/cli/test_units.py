"""Amounts as people write and read them."""

from __future__ import annotations

import click
import pytest

from kubecheck.cli.units import count, duration, parse_bytes, parse_duration, size

CONTEXT = click.Context(click.Command("check"))
OPTION = click.Option(["--amount"])


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("5m", 300), ("1.5h", 5400), ("250ms", 0.25), ("90", 90), (" .5s ", 0.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(CONTEXT, OPTION, text) == seconds


@pytest.mark.parametrize(
    ("text", "number"),
    [("512M", 512 << 20), ("4G", 4 << 30), ("4GiB", 4 << 30), ("1.5g", 3 << 29), ("1000", 1000), ("2kb", 2048)],
)
def test_bytes(text: str, number: int) -> None:
    assert parse_bytes(CONTEXT, OPTION, text) == number


@pytest.mark.parametrize("text", ["", "0", "-1s", "5 minutes", "1d", "s", "nan", "1e3"])
def test_no_durations(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is no duration: write 30s, 5m or 1\.5h"):
        parse_duration(CONTEXT, OPTION, text)


@pytest.mark.parametrize("text", ["", "0", "-4G", "four", "4P", "G"])
def test_no_bytes(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no amount of memory: write 512M or 4G"):
        parse_bytes(CONTEXT, OPTION, text)


def test_absent_options() -> None:
    assert parse_duration(CONTEXT, OPTION, None) is None
    assert parse_bytes(CONTEXT, OPTION, None) is None


def test_numbers_for_people() -> None:
    assert [count(n) for n in (0, 999, 9_999_999, 12_345_678, 12_345_678_901)] == [
        "0", "999", "9,999,999", "12.3 M", "12.3 G",
    ]  # fmt: skip
    assert [size(n) for n in (0, 1023, 1024, 200 << 10, 3 << 29, 5 << 40)] == [
        "0 B", "1023 B", "1.0 KiB", "200 KiB", "1.5 GiB", "5.0 TiB",
    ]  # fmt: skip
    assert [duration(s) for s in (0.0012, 0.5, 12.345, 75, 4000)] == [
        "1 ms", "500 ms", "12.35 s", "1 min 15 s", "1 h 06 min",
    ]  # fmt: skip
