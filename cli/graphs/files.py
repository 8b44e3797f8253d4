"""Writing a graph: which format a file's name means, and what is to be done where Graphviz is missing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import graphviz

from kubecheck.cli.errors import InputError
from kubecheck.cli.graphs.data import graphml, json
from kubecheck.cli.graphs.dot import dot
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


def write(graph: Graph, files: Sequence[Output], *, explore: str) -> list[str]:
    """Write all files; returns their names. Raises InputError; without Graphviz only after DOT was written instead.

    `explore` is the command that shows the same in a browser.
    """
    drawing = dot(graph) if any(file.is_picture for file in files) else ""
    instead: list[str] = []
    for file in files:
        if file.format in _DATA:
            _write(file, _DATA[file.format](graph))
        elif file.format == "dot":
            _write(file, [drawing.encode()])
        else:
            try:
                _write(file, [_rendered(drawing, file)])
            except graphviz.ExecutableNotFound:
                other = f"{os.path.splitext(file.name)[0]}.dot"
                if other not in instead:
                    _write(Output(other, "dot"), [drawing.encode()])
                    instead.append(other)
    if instead:
        raise InputError(
            f"dot, which draws, is not installed or not on the PATH; {', '.join(instead)} "
            f"{'was' if len(instead) == 1 else 'were'} written instead",
            remedy=f"install the package graphviz (apt-get install graphviz, dnf install graphviz, brew install graphviz), "
            f"or look at it in a browser: {explore}",
        )
    return [file.name for file in files]


def _rendered(drawing: str, file: Output) -> bytes:
    try:
        picture: bytes = graphviz.Source(drawing).pipe(format=file.format)
        return picture
    except graphviz.CalledProcessError as error:
        told = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise InputError(
            f"dot cannot draw {file.name}: {told[0] if told else f'it ended with {error.returncode}'}",
            remedy="try another format, or .dot and another program",
        ) from error


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
