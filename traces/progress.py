"""How far a validation is."""

from __future__ import annotations

from typing import Final

import msgspec

EVENTS_BETWEEN: Final = 4096
"""Events from one telling to the next."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a validation."""

    events: int
    """Read so far."""
    writes: int
    """Versions of objects that have entered the history."""
    live: int
    """Objects that live."""
    violations: int
    """Found so far; the end may take some back."""
