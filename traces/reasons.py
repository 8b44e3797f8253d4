"""Why something is not judged: the reasons that rules of several subjects give, as people read them."""

from __future__ import annotations

from typing import Final

LATE: Final = "a write was logged too late to be ordered"
UNORDERED: Final = "the log does not tell which of the two came first"
SERVER: Final = "the API server may have removed it itself, which no request tells"
LEVEL: Final = "the log's level does not keep the bodies that tell"
NOT_TOLD: Final = "what the object was then is not told: its version alone, another view of it, or a part"
OTHER_STORE: Final = "the two kinds may be in different stores, which have counters of their own"
BEFORE: Final = "the log starts later than the object"
UNLOGGED: Final = "a write in between is not told by the log (binding, eviction, no answer, restart)"
NO_TIME: Final = "the log has no times"
LACKING: Final = "the log lacks writes of the object"
SERVER_MISSING: Final = "the log of an API server is missing"
ENDS: Final = "the audit log ends earlier"
MANY: Final = "so many versions are told of by no request that lines, or writers, must be missing in the log"
POLICY: Final = "nothing shows that the log keeps what its writer writes: the audit policy may leave that out"

STRANGER: Final = "done by somebody whose role is not known"

INCOMPLETE: Final = frozenset((SERVER_MISSING, MANY, POLICY))
"""Reasons that say that the log lacks writes that were made while it was written."""
