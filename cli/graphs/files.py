"""Writing a graph: which format a file's name means, and what is to be done where Graphviz does not draw."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubecheck.cli.errors import InputError
from kubecheck.cli.graphs.data import graphml, json
from kubecheck.cli.graphs.dot import Drawing, draw
from kubecheck.cli.graphs.graphviz import DotError, run_dot
from kubecheck.cli.output import reader_may_leave

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubecheck.checker.graph.graph import Graph

_RENDERED: Final = ("svg", "png", "pdf")
_DATA: Final = {"json": json, "graphml": graphml}
_FORMATS: Final = (*_RENDERED, "dot", *_DATA)


@dataclass(frozen=True)
class Output:
    """A file to be written, and how. `-` is standard output."""

    name: str
    format: str

    @classmethod
    def named(cls, name: str) -> Output:
        """The format that a file's name ends with. Raises InputError."""
        if name == "-":
            return cls(name, "dot")
        ending = os.path.splitext(name)[1].removeprefix(".").lower()
        if ending not in _FORMATS:
            raise InputError(f"{name} has no ending that names a format", remedy=f"end it in .{', .'.join(_FORMATS)}")
        return cls(name, ending)

    @property
    def is_picture(self) -> bool:
        """Whether people are to look at it."""
        return self.format not in _DATA

    def check_writable(self, target: str) -> None:
        """Fail before a long search, not after it. Raises InputError."""
        if self.name == "-":
            return
        folder = os.path.dirname(self.name) or "."
        exists = os.path.exists(self.name)
        if os.path.isdir(self.name) or not os.access(self.name if exists else folder, os.W_OK):
            raise InputError(
                f"{self.name} cannot be written", remedy="give --output a file in a folder that can be written to"
            )
        if exists and os.path.exists(target) and os.path.samefile(self.name, target):
            raise InputError(f"{self.name} is what is to be drawn", remedy="give --output a file of its own")


def check_files(files: Sequence[Output], target: str) -> None:
    """Fail before a long search, not after it: a file cannot be written, or is wanted twice. Raises InputError."""
    seen: dict[str, Output] = {}
    for file in files:
        other = seen.setdefault(file.name if file.name == "-" else os.path.realpath(file.name), file)
        if other is not file:
            where = "standard output" if file.name == "-" else file.name
            raise InputError(f"{where} is wanted twice", remedy="give each --output a file of its own")
        file.check_writable(target)


@dataclass(frozen=True)
class Written:
    """The files that were written, and what to know of them."""

    files: list[str]
    notes: list[str]


def write(graph: Graph, files: Sequence[Output], *, explore: str) -> Written:
    """Write all files. Raises InputError; where Graphviz is missing or does not work, only after DOT was written instead.

    `explore` is the command that shows the same in a browser.
    """
    drawing = draw(graph) if any(file.is_picture for file in files) else Drawing("", [])
    notes = list(drawing.notes)
    failed: dict[str, list[str]] = {}  # by what is wrong with dot, the pictures that it did not draw
    for file in files:
        if file.format in _DATA:
            _write(file, _DATA[file.format](graph))
        elif file.format == "dot":
            _write(file, [drawing.text.encode()])
        else:
            try:
                picture, told = run_dot(drawing.text, file.format)
            except DotError as error:
                failed.setdefault(str(error), []).append(file.name)
            else:
                _write(file, [picture])
                notes += [f"dot says of {file.name}: {line}" for line in told]
    if failed:
        problems = [
            problem if len(failed) == 1 else f"{', '.join(pictures)}: {problem}" for problem, pictures in failed.items()
        ]
        instead = _written_instead(drawing.text, files, [name for names in failed.values() for name in names])
        raise InputError(
            "; ".join([*problems, f"{instead} was written instead"]),
            remedy=f"install the package graphviz (apt-get install graphviz, dnf install graphviz, brew install graphviz), "
            f"or look at it in a browser: {explore}",
        )
    return Written([file.name for file in files], notes)


def _written_instead(drawing: str, files: Sequence[Output], pictures: Sequence[str]) -> str:
    """The DOT file in place of pictures: the one that was asked for, else a new one beside the first, which replaces no other file."""
    asked = [file.name for file in files if file.format == "dot" and file.name != "-"]
    if asked:
        return asked[0]
    stem = os.path.splitext(pictures[0])[0]
    names = itertools.chain([f"{stem}.dot"], (f"{stem}-{number}.dot" for number in itertools.count(2)))
    name = next(name for name in names if not os.path.exists(name))
    _write(Output(name, "dot"), [drawing.encode()])
    return name


def _write(file: Output, chunks: Iterable[bytes]) -> None:
    if file.name == "-":
        with reader_may_leave():
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
        return
    try:
        with open(file.name, "wb", buffering=1 << 20) as out:
            for chunk in chunks:
                out.write(chunk)
    except OSError as error:
        raise InputError(f"{file.name} cannot be written: {error.strerror or error}") from error
