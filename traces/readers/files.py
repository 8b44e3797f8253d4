"""Files, compressed or not, as lines with their numbers, in bounded memory.

Compression is recognised from the content, never from the name. A line over the limit is reported and skipped; a broken or
endless compressed stream is reported at the line it had come to.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from types import ModuleType
from typing import IO, TYPE_CHECKING, Final, Protocol, TypeAlias

import msgspec

from kubecheck.spec.visible import visible
from kubecheck.traces.event import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"

_CHUNK: Final = 1 << 18
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_MODULE: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Line: TypeAlias = tuple[int, bytes]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one file may ask of us."""

    line: int = 32 << 20
    """Bytes of a line. Kubernetes' largest request is 3 MiB; an answered list of a big cluster is the longest line seen."""
    ratio: int = 250
    """Unpacked bytes per packed byte, once `ratio_from` bytes were unpacked. Audit logs pack to a tenth or a thirtieth."""
    ratio_from: int = 16 << 20


class _Counted(io.RawIOBase):
    """Counts the packed bytes that a decompressor takes."""

    def __init__(self, inner: IO[bytes]) -> None:
        super().__init__()
        self.taken = 0
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed says Buffer
        data = self._inner.read(min(len(buffer), _CHUNK))
        buffer[: len(data)] = data
        self.taken += len(data)
        return len(data)


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Broken(Exception):  # noqa: N818  # a signal inside this file; its cause is the error
    pass


class _Bytes:
    """A file's unpacked bytes."""

    def __init__(self, path: str) -> None:
        plain: IO[bytes] = sys.stdin.buffer if path == STDIN else open(path, "rb")  # noqa: SIM115  # close() below
        self._plain = None if path == STDIN else plain
        self._ahead: list[bytes] = []
        self._broken: Exception | None = None
        self.counted = _Counted(plain)
        buffered = io.BufferedReader(self.counted, _CHUNK)
        self.packed = True
        self._unpacked: _Stream = buffered
        try:
            magic = buffered.peek(4)[:4]
            if magic.startswith(_GZIP):
                self._unpacked = gzip.GzipFile(fileobj=buffered)
            elif magic.startswith(_ZSTD):
                zstd = zstd_module()  # only those who need it pay for its import
                self._unpacked = zstd.ZstdFile(buffered, options={zstd.DecompressionParameter.window_log_max: 27})
            else:
                self.packed = False
        except BaseException:
            self.close()
            raise

    def read(self) -> bytes:
        """The next chunk, b"" at the end. Raises OSError, or _Broken where the compressed stream is."""
        if self._ahead:
            return self._ahead.pop(0)
        if self._broken is not None:
            raise _Broken from self._broken
        try:
            return self._unpacked.read(_CHUNK)
        except _broken_stream() as error:
            self._broken = error
            raise _Broken from error

    def head(self, size: int) -> bytes:
        """The next bytes, which `read` will give again."""
        chunks: list[bytes] = []
        while sum(map(len, chunks)) < size:
            try:
                chunk = self.read()
            except _Broken:
                break
            if not chunk:
                break
            chunks.append(chunk)
        self._ahead = chunks
        return b"".join(chunks)

    @property
    def broken(self) -> str:
        return "" if self._broken is None else _reason(self._broken)

    def close(self) -> None:
        if self._plain is not None:
            self._plain.close()


class Input:
    """A file or standard input ("-"): looked at, then read. Standard input and pipes can be read once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = STDIN_NAME if path == STDIN else path
        """What events and errors call it."""
        self.broken = ""
        """Why the compressed stream broke, once `head` has met that."""
        self._once = path == STDIN or not os.path.isfile(path)
        self._open: _Bytes | None = None
        self._reading: _Bytes | None = None

    @property
    def taken(self) -> int:
        """How many bytes of the file, packed as they are, `lines` has taken so far."""
        return 0 if self._reading is None else self._reading.counted.taken

    @property
    def size(self) -> int | None:
        """Its size in bytes; None of standard input and pipes, and of what is not there."""
        try:
            return None if self._once else os.path.getsize(self.path)
        except OSError:
            return None

    def head(self, *, size: int = 1 << 16) -> bytes:
        """At least the first `size` bytes, unpacked; fewer if it is shorter or breaks off. Raises OSError."""
        source = self._open or _Bytes(self.path)
        try:
            data = source.head(size)
            self.broken = source.broken
            return data
        finally:
            if self._once:
                self._open = source
            else:
                source.close()

    def lines(self, *, limits: Limits) -> Iterator[Line | Malformed]:
        """The lines without their ends, numbered from 1; blank ones are left out. Raises OSError.

        Memory: one line and one chunk.
        """
        source = self._open or _Bytes(self.path)
        self._open, self._reading = None, source
        try:
            yield from _split(source, self.name, limits)
        finally:
            source.close()


def _split(source: _Bytes, file: str, limits: Limits) -> Iterator[Line | Malformed]:
    number = 1  # of the line that `parts` begins
    parts: list[bytes] = []
    held = 0
    skipping = False  # inside a line that is too long
    unpacked = 0
    while True:
        try:
            chunk = source.read()
        except _Broken as broken:
            if parts and not skipping:
                yield number, b"".join(parts)
            yield Malformed(
                file=file, line=number, column=None, fatal=True,
                message=f"the compressed stream is broken here: {_reason(broken.__cause__)}; nothing after this can be read",
            )  # fmt: skip
            return
        if not chunk:
            break
        if unpacked == 0 and chunk.startswith(_BYTE_ORDER_MARK):
            chunk = chunk[len(_BYTE_ORDER_MARK) :]
        unpacked += len(chunk)
        if source.packed and unpacked > limits.ratio_from and unpacked > limits.ratio * source.counted.taken:
            yield Malformed(
                file=file, line=number, column=None, fatal=True,
                message=f"more than {limits.ratio} bytes come out of each compressed byte ({unpacked >> 20} MiB so far): "
                "this is no log; reading stopped here",
            )  # fmt: skip
            return
        if not parts and not skipping and chunk.isspace():
            number += chunk.count(b"\n")
            begun = chunk[chunk.rfind(b"\n") + 1 :]  # indentation of a line that goes on in the next chunk
            if begun:
                parts, held = [begun], len(begun)
            continue
        pieces = chunk.split(b"\n")
        last = pieces.pop()
        if pieces:
            if skipping:
                skipping = False
            else:
                parts.append(pieces[0])
                if held + len(pieces[0]) > limits.line:
                    yield _too_long(file, number, limits)
                else:
                    first = b"".join(parts)
                    if first and not first.isspace():
                        yield number, first
            parts, held = [], 0
            number += 1
            for piece in pieces[1:]:
                if len(piece) > limits.line:
                    yield _too_long(file, number, limits)
                elif piece and not piece.isspace():
                    yield number, piece
                number += 1
        if skipping:
            continue
        if last:
            parts.append(last)
            held += len(last)
        if held > limits.line:
            yield _too_long(file, number, limits)
            parts, held, skipping = [], 0, True
    rest = b"".join(parts)
    if rest and not rest.isspace():
        yield number, rest


def _too_long(file: str, number: int, limits: Limits) -> Malformed:
    size = f"{limits.line >> 20} MiB" if limits.line >= 1 << 20 else f"{limits.line >> 10} KiB" if limits.line >= 1 << 10 else (
        f"{limits.line} bytes")
    return Malformed(file=file, line=number, column=None, message=f"the line is longer than {size}: skipped")


def zstd_module() -> ModuleType:
    """The module that packs and unpacks zstd: the standard library's from Python 3.14 on, before that its backport."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _broken_stream() -> tuple[type[Exception], ...]:
    """What decompressors raise. Asks for zstd's only if it is loaded: nothing else can have raised it."""
    zstd = sys.modules.get(_ZSTD_MODULE)
    known = (EOFError, gzip.BadGzipFile, zlib.error)
    return known if zstd is None else (*known, zstd.ZstdError)


def _reason(error: BaseException | None) -> str:
    if isinstance(error, EOFError):
        return "it ends too early"
    return str(error).rstrip(".") or type(error).__name__


def excerpt(data: bytes | str, *, column: int | None = None, width: int = 160) -> tuple[str, int | None]:
    """A piece of a line that is safe to print, and which character of it (from 0) stands at `column` (from 1).

    Control characters are written as escapes, and … stands where it was cut.
    """
    at = None if column is None else min(column - 1, len(data))
    begin = 0 if len(data) <= width else max(0, min((at or 0) - width // 2, len(data) - width))
    piece = data[begin : begin + width]
    before = data[begin:at] if at is not None else data[:0]
    left = "…" if begin > 0 else ""
    right = "…" if begin + width < len(data) else ""
    return left + _visible(piece) + right, None if at is None else len(left) + len(_visible(before))


def readable(data: bytes | str, *, width: int = 160) -> str:
    """The beginning of a line, safe to print."""
    return excerpt(data, width=width)[0]


def _visible(piece: bytes | str) -> str:
    return visible(piece.decode("utf-8", "backslashreplace") if isinstance(piece, bytes) else piece)
