"""Amounts as people write them on a command line, `30s` and `4G`, and as they read them."""

from __future__ import annotations

import re

import click

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def parse_duration(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """`30s`, `5m`, `1.5h` or a number of seconds, to seconds; an option's callback, raises click.BadParameter."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)(ms|s|m|h|)", text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds <= 0:
        raise click.BadParameter(f"{text!r} is no duration: write 30s, 5m or 1.5h")
    return seconds


def parse_bytes(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """`512M`, `4G`, `4GiB` or a number of bytes, to bytes (units are powers of 1024); an option's callback."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    amount = int(float(match[1]) * _BYTES[match[2].upper()]) if match else 0
    if amount <= 0:
        raise click.BadParameter(f"{text!r} is no amount of memory: write 512M or 4G")
    return amount


def count(number: float) -> str:
    """A number for a person: thousands apart, and short from ten million on."""
    if number >= 10_000_000_000:
        return f"{number / 1e9:,.1f} G"
    if number >= 10_000_000:
        return f"{number / 1e6:,.1f} M"
    return f"{number:,.0f}"


def size(number: int) -> str:
    """Bytes for a person."""
    amount = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def duration(seconds: float) -> str:
    """Seconds for a person."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
