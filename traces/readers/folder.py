"""The logs of one run: which of the files given are logs, of which format, of which API server, in which order.

Rotated files of one log are one source, read from the oldest on; they are told by their names (audit.log.1, audit.log.2.gz, or
audit-2026-11-23T03-00-00.000.log, as the API server's own rotation has it) and put in order by their first event's time.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import msgspec

from kubecheck.traces.errors import TraceError
from kubecheck.traces.readers import audit, jsonl, receipts, text, watch
from kubecheck.traces.readers.clock import microseconds
from kubecheck.traces.readers.files import STDIN, Input, Limits
from kubecheck.traces.readers.recognise import Format, not_recognised, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kubecheck.traces.event import Item

_PACKED: Final = re.compile(r"\.(gz|zst|zstd)$", re.IGNORECASE)
_ROTATED: Final = re.compile(r"^(?P<stem>.*?)(-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+)?(?P<ending>\.(jsonl?|log|txt|trace))?(\.\d+)?$")
_TIME: Final = re.compile(rb'"stageTimestamp"\s*:\s*"([^"]{20,40})"')


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One log or stream, in one file or in several that followed each other. Iterating reads it, from its beginning."""

    format: Format
    name: str
    """Of the log: the API server of audit logs, the stream of watch streams."""
    inputs: tuple[Input, ...]
    receipts: Input | None = None
    """Of a watch stream: the file that tells when its lines were received."""
    limits: Limits = Limits()

    @property
    def files(self) -> tuple[str, ...]:
        """The files' names."""
        return tuple(source.name for source in (*self.inputs, *([self.receipts] if self.receipts is not None else [])))

    def __iter__(self) -> Iterator[Item]:
        for source in self.inputs:
            try:
                yield from self._read(source)
            except OSError as error:
                raise _unreadable(source.name, error) from error

    def _read(self, source: Input) -> Iterator[Item]:
        match self.format:
            case Format.AUDIT:
                return audit.read(source, server=self.name, limits=self.limits)
            case Format.WATCH:
                return watch.read(source, stream=self.name, receipts=self.receipts, limits=self.limits)
            case Format.JSON_LINES:
                return jsonl.read(source, limits=self.limits)
            case Format.TEXT:
                return text.read(source, limits=self.limits)


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """What was found where the user pointed."""

    sources: tuple[Source, ...]
    others: tuple[str, ...] = ()
    """Files of a folder that are no logs."""
    empty: tuple[str, ...] = ()
    """Files with nothing in them."""


def find(paths: Sequence[str], *, form: Format | None = None, limits: Limits | None = None) -> Logs:
    """The logs that the paths name: files, folders (each file in it, not in folders below), or "-" for standard input.

    `form` takes the place of recognition for files named one by one. Raises TraceError for a path that cannot be read, and for
    a file named one by one that is no log.
    """
    others: list[str] = []
    empty: list[str] = []
    found: dict[tuple[Format, str], list[tuple[int, int, Input]]] = {}
    times: dict[str, Input] = {}
    candidates = list(_candidates(paths))
    stems = _names([source.path for source, _ in candidates])
    for place, ((source, in_folder), name) in enumerate(zip(candidates, stems, strict=True)):
        try:
            head = source.head()
        except OSError as error:
            raise _unreadable(source.name, error) from error
        if not head.strip():
            if not in_folder and source.broken:
                raise TraceError(f"cannot be unpacked: {source.broken}", file=source.name)
            empty.append(source.name)
            continue
        recognised = recognise(head) if form is None or in_folder else form
        if recognised is None and receipts.is_receipts(head) and (stream := _stream_of(name)) in stems:
            times[stream] = source
            continue
        if recognised is None:
            if not in_folder:
                raise not_recognised(source.name, head)
            others.append(source.name)
            continue
        key = name if recognised is Format.AUDIT else f"{name}\0{place}"  # only audit logs are rotated
        found.setdefault((recognised, key), []).append((_first_time(head), place, source))
    sources = [
        Source(
            format=kind,
            name=name.split("\0")[0],
            inputs=tuple(source for _, _, source in sorted(parts, key=lambda part: part[:2])),
            receipts=times.get(name.split("\0")[0]) if kind is Format.WATCH else None,
            limits=limits or Limits(),
        )
        for (kind, name), parts in found.items()
    ]
    return Logs(sources=_distinct(sources), others=tuple(others), empty=tuple(empty))


def _candidates(paths: Sequence[str]) -> Iterator[tuple[Input, bool]]:
    """Each file once, and whether it was found in a folder."""
    seen: set[str] = set()
    for path in paths:
        try:
            names = sorted(os.listdir(path)) if path != STDIN and os.path.isdir(path) else None
        except OSError as error:
            raise _unreadable(path, error) from error
        for name in [path] if names is None else [os.path.join(path, name) for name in names]:
            if names is not None and not os.path.isfile(name):
                continue
            real = STDIN if name == STDIN else os.path.realpath(name)
            if real not in seen:
                seen.add(real)
                yield Input(name), names is not None


def _names(paths: Sequence[str]) -> list[str]:
    """What to call the logs: their stems, with as much of their folders as tells logs of different folders apart."""
    folders = [os.path.abspath(os.path.dirname(path)) for path in paths]
    common = os.path.commonpath(folders) if folders else ""
    names = []
    for path, folder in zip(paths, folders, strict=True):
        below = os.path.relpath(folder, common)
        stem = _stem(os.path.basename(path))
        names.append(stem if below == "." else f"{below}/{stem}")
    return names


def _stream_of(name: str) -> str:
    """The name of the stream that a file of receipts is about: recv-pods goes with watch-pods, in the same folder."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + receipts.STREAM + last.removeprefix(receipts.PREFIX) if last.startswith(receipts.PREFIX) else ""


def _stem(name: str) -> str:
    if name == STDIN:
        return "stdin"
    found = _ROTATED.match(_PACKED.sub("", name))
    return (found["stem"] if found else "") or name


def _distinct(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Two streams of one name would be taken for one: they get numbers."""
    counts: dict[tuple[Format, str], int] = {}
    made = []
    for source in sources:
        key = (source.format, source.name)
        counts[key] = counts.get(key, 0) + 1
        if counts[key] > 1:
            source = msgspec.structs.replace(source, name=f"{source.name}#{counts[key]}")
        made.append(source)
    return tuple(made)


def _first_time(head: bytes) -> int:
    found = _TIME.search(head)
    try:
        return microseconds(found[1].decode()) if found else 0
    except ValueError:
        return 0


def _unreadable(file: str, error: OSError) -> TraceError:
    if isinstance(error, FileNotFoundError):
        return TraceError("there is no such file", file=file, remedy="name a log, a folder of logs, or - for standard input")
    return TraceError(f"cannot be read: {error.strerror or error}", file=file)
