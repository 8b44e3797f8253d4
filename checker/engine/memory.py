"""How much memory there is, and how to reserve addresses for more than is used yet."""

from __future__ import annotations

import mmap
import os
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

PAGE: Final = mmap.PAGESIZE
LARGE_PAGE: Final = 2 << 20

# Linux's value on x86 and Arm; the mmap module has the name from Python 3.13 on.
_MAP_NORESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)


def free_memory(*, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this process could still take without the system or its container running out.

    The least of what the kernel calls available and what the control groups (v2 and v1) of this process still allow. Without
    /proc (macOS), half of the machine's memory.
    """
    try:
        available = _fields(proc / "meminfo")["MemAvailable:"] * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return min([available, *_cgroup_rooms(proc / "self" / "cgroup", cgroups)])


class Region:
    """Zeroed addresses that take memory only where they are touched. The memory is given back when nothing refers to it any more."""

    def __init__(self, size: int, *, large_from: int) -> None:
        """Reserve `size` bytes; from byte `large_from` on, large pages if the system has them. Raises OSError when it refuses."""
        whole = size + LARGE_PAGE
        if sys.platform == "win32":
            memory = mmap.mmap(-1, whole)
        else:
            memory = mmap.mmap(-1, whole, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)
        everything = np.frombuffer(memory, np.uint8)
        skip = -int(everything.ctypes.data) % LARGE_PAGE
        self._bytes = everything[skip : skip + size]
        self.address = int(everything.ctypes.data) + skip
        if hasattr(mmap, "MADV_HUGEPAGE"):
            begin = skip + -(-large_from // LARGE_PAGE) * LARGE_PAGE
            try:
                # Where the system gives large pages without being asked, the small ones are asked for.
                if begin > 0:
                    memory.madvise(mmap.MADV_NOHUGEPAGE, 0, begin // PAGE * PAGE)
                if begin < skip + size:
                    memory.madvise(mmap.MADV_HUGEPAGE, begin)
            except OSError:  # a kernel without large pages
                pass

    def view(self, dtype: type[Any]) -> npt.NDArray[Any]:
        """The region as an array."""
        return self._bytes.view(dtype)


def pages(size: int) -> int:
    """`size` in bytes, rounded up to whole pages."""
    return -(-size // PAGE) * PAGE


def _fields(path: Path) -> dict[str, int]:
    """Lines of a name and a number, as meminfo and memory.stat have them."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1}


def _cgroup_rooms(membership: Path, cgroups: Path) -> list[int]:
    """What each control group that holds this process has left, from its own up to the root."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    rooms = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            names, top = ("memory.max", "memory.current", "inactive_file"), cgroups
        elif "memory" in controllers.split(","):
            names, top = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"), cgroups / "memory"
        else:
            continue
        # Inside a container the path may be the host's, which does not exist here; then the root is what binds us.
        own = top / path.strip("/")
        for group in [own, *own.parents]:
            room = _room(group, *names)
            if room is not None:
                rooms.append(room)
            if group == top:
                break
    return rooms


def _room(group: Path, limit_name: str, usage_name: str, reclaimable: str) -> int | None:
    try:
        limit, usage = (group / limit_name).read_text().strip(), int((group / usage_name).read_text())
        if limit == "max":
            return None
        # Files that were read are counted as use, but the kernel drops them before it kills anybody.
        cached = _fields(group / "memory.stat").get(reclaimable, 0)
        return max(0, int(limit) - max(0, usage - cached))
    except (OSError, ValueError):
        return None
