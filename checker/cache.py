"""Compiled code on disk: a folder of entries that are checked before they are used, and of a bounded size.

An entry is code that will be run, so it is only taken from a folder and a file that belong to this user and that nobody else may
write, and only if its digest fits. Whatever does not is deleted and counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_MAGIC: Final = b"kubecheck cache 1\n"
_DIGEST_BYTES: Final = 32


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this user's cache belongs: $XDG_CACHE_HOME/kubecheck or its counterpart on macOS; it may not exist yet."""
    base = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # the XDG specification: a relative path is to be ignored
        return Path(base) / "kubecheck"
    home = Path.home()
    return (home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache") / "kubecheck"


class Cache:
    """Payloads by key, in one folder. Nothing here raises: a cache that cannot be used is an empty one."""

    def __init__(self, folder: Path, *, size_limit: int = 256 << 20) -> None:
        """Use `folder`, create it when needed. Over `size_limit` bytes the entries unused for longest are removed."""
        self.folder = folder
        self._size_limit = size_limit
        self._usable = _is_private_folder(folder)

    def get(self, key: str) -> bytes | None:
        """The payload stored under this key, or None if there is none that can be trusted."""
        if not self._usable:
            return None
        path = self._path(key)
        try:
            # Not through a symbolic link, and judged by what was opened, not by what is there a moment later.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            _remove(path)
            return None
        try:
            with os.fdopen(descriptor, "rb") as file:
                entry = file.read() if _is_ours(os.fstat(file.fileno())) else b""
        except OSError:
            entry = b""
        payload = entry[len(_MAGIC) + _DIGEST_BYTES :]
        if entry[: len(_MAGIC) + _DIGEST_BYTES] != _MAGIC + _digest(key, payload):
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used now: it is the last to be removed
        return payload

    def put(self, key: str, payload: bytes) -> None:
        """Store a payload; it becomes visible all at once or not at all."""
        if not self._usable:
            return
        try:
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + _digest(key, payload) + payload)
            os.replace(name, self._path(key))
        except OSError:
            _remove(Path(name))
            return
        self._shrink()

    def _path(self, key: str) -> Path:
        return self.folder / hashlib.sha256(key.encode()).hexdigest()

    def _shrink(self) -> None:
        entries = []
        try:
            with os.scandir(self.folder) as found:
                for entry in found:
                    status = entry.stat(follow_symlinks=False)
                    entries.append((status.st_mtime_ns, status.st_size, entry.path))
        except OSError:
            return
        excess = sum(size for _, size, _ in entries) - self._size_limit
        for _, size, path in sorted(entries):
            if excess <= 0:
                return
            _remove(Path(path))
            excess -= size


def _digest(key: str, payload: bytes) -> bytes:
    digest = hashlib.sha256(len(key.encode()).to_bytes(8, "little") + key.encode())
    digest.update(payload)
    return digest.digest()


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _is_private_folder(folder: Path) -> bool:
    """Make the folder, or see that an existing one is this user's alone."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and _is_ours(status) and not status.st_mode & 0o077


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
