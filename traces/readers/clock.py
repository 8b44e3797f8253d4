"""Times of Kubernetes (RFC 3339, to the microsecond) to microseconds since 1970 UTC, and back."""

from __future__ import annotations

import datetime
import functools
from typing import Final

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND: Final = datetime.timedelta(microseconds=1)


def microseconds(text: str) -> int:
    """Takes "2026-11-23T03:00:56.203590Z" or any RFC 3339 time with an offset. Raises ValueError with a sentence."""
    if len(text) == 27 and text[19] == "." and text[26] == "Z" and text[20:26].isdigit() and text.isascii():
        try:
            return _second(text[:19]) + int(text[20:26])
        except ValueError:
            raise _no_time(text) from None
    return _any(text)


@functools.lru_cache(maxsize=4096)  # lines of a log share their seconds
def _second(text: str) -> int:
    return _any(text + "Z")


def _any(text: str) -> int:
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is None or "T" not in text:
        raise _no_time(text)
    return (when - _EPOCH) // _MICROSECOND


def _no_time(text: str) -> ValueError:
    return ValueError(f"{text[:40]!r} is not a time like 2026-11-23T03:00:56.203590Z")


def timestamp(micros: int) -> str:
    """The inverse of `microseconds`: always UTC, always six decimals. Raises OverflowError outside the years 1 to 9999."""
    return (_EPOCH + micros * _MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
