"""Which colour an actor has in the terminal and in pictures: the same one in every path of a cluster, whoever else moves there."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

# The actors of a cluster. Those that often move on one path have places far from each other: with few colours, the places go round.
KNOWN: Final = (
    "user",
    "deployment-controller",
    "replicaset-controller",
    "scheduler",
    "kubelet",
    "controller-manager",
    "api-server",
    "network",
    "node-controller",
    "garbage-collector",
    "statefulset-controller",
    "second-user",
    "somebody",
)


def places(names: Iterable[str], colours: int) -> dict[str, int]:
    """A colour for each actor, by its number: fixed for those of a cluster, by its name for another; a taken one only if all are."""
    found: dict[str, int] = {}
    for name in names:
        place = KNOWN.index(name) if name in KNOWN else zlib.crc32(name.encode())
        free = [(place + i) % colours for i in range(colours)]
        found[name] = next((p for p in free if p not in found.values()), free[0])
    return found
