"""The examples in README.md and docs/*.md: each `$ kubecheck …` is run as it stands, in order, in a folder of its own.

The folder is empty but for the files that the document tells its reader to save (a block after a line that ends in "`name`:"), and what
earlier commands of the document have written. A document whose commands name files of examples/ or tests/ is about a checkout: it has
those two. A line `…` stands for lines that are left out.
An example is not run where a file is missing that it reads, or where it would serve until it is stopped.

`make readme` writes what the commands print into the documents, and the pictures that a document shows into docs/pictures/.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kubecheck.cli.main import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
PICTURES = Path("docs", "pictures")

_EXAMPLE = re.compile(r"^    \$ kubecheck (.+)\n((?:(?:    (?!\$ ).*)?\n)*?)(?=\n*^\S|\n*^    \$ |\n*\Z)", re.MULTILINE)
_FILE = re.compile(r"`([\w.-]+\.(?:py|yaml))`:\n\n((?:    .*\n|\n)+)")
_READ = re.compile(r"\.(py|yaml|yml|json|log)(:\w+)?$")
_WRITES = ("-o", "--output", "--json", "--save", "--export", "--format")
_ELSEWHERE = "    …"


@dataclass(frozen=True)
class Example:
    """A command of a document and what the document says that it prints, indented; nothing if it does not say."""

    command: str
    shown: str


def examples(text: str) -> list[Example]:
    """The examples of a document, in order."""
    return [Example(match[1], match[2]) for match in _EXAMPLE.finditer(text)]


@contextlib.contextmanager
def folder(text: str) -> Iterator[Path]:
    """The folder that a document's commands run in; it is the current one as long as the context lasts."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if any(re.search(r"(^| )(examples|tests)/", example.command) for example in examples(text)):
            for shared in ("examples", "tests"):
                (place / shared).symlink_to(ROOT / shared)
        for match in _FILE.finditer(text):
            (place / match[1]).write_text("\n".join(line[4:] for line in match[2].strip("\n").split("\n")) + "\n")
        os.chdir(place)
        try:
            yield place
        finally:
            os.chdir(before)


def output(command: str) -> str:
    """What a command prints on standard output, indented as in the documents. Raises ValueError for bad input and faults."""
    printed = io.BytesIO()
    told = io.StringIO()
    stream = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(told):
        code = main(shlex.split(command, comments=True))
    if code not in (0, 1, 3):
        raise ValueError(f"kubecheck {command} ended with {code}: {told.getvalue()}")
    return "".join(f"    {line}\n" if line else "\n" for line in printed.getvalue().decode().splitlines())


def can_run(command: str) -> bool:
    """Whether what the command reads is in the current folder, and whether it ends by itself."""
    words = shlex.split(command, comments=True)
    if words[0] == "explore" and "--export" not in words:
        return False
    read = [word for before, word in zip(["", *words], words, strict=False) if before not in _WRITES and "=" not in word]
    return all(Path(re.sub(r":\w+$", "", word)).exists() for word in read if _READ.search(word))


def differences(example: Example) -> list[str]:
    """Where what a command prints is not what the document shows, as a unified diff; nothing where it shows nothing."""
    printed = output(example.command)
    if not example.shown.strip():
        return []
    shown, found = without_measurements(example.shown), without_measurements(printed)
    if _ELSEWHERE in shown:
        pattern = ".*".join(re.escape(part) for part in "\n".join(shown).split(_ELSEWHERE))
        return [] if re.fullmatch(pattern, "\n".join(found), re.DOTALL) else ["its parts are not in the output", *found]
    return list(difflib.unified_diff(shown, found, "shown", "printed", lineterm=""))


def without_measurements(text: str) -> list[str]:
    """The lines that are the same on every machine."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines() if not line.startswith(("    speed", "    memory"))]
    lines = ["    audit" if line.startswith("    audit ") else line for line in lines]  # how far it came is a matter of time
    return [re.sub(r"(, in |; written in )[\d.]+ m?s\b|(?<=\S) +[\d.]+ m?s$", "", line) for line in lines]


def picture_texts(file: Path) -> list[str]:
    """The texts of an SVG picture: they do not depend on the version of Graphviz, as places and sizes do."""
    return sorted(re.findall(r"<text[^>]*>([^<]*)</text>", file.read_text()))


def pictures(text: str, place: Path) -> list[Path]:
    """The pictures in a document's folder that the document shows."""
    shown = {place / name for name in re.findall(r"!\[[^]]*\]\(pictures/([\w.-]+\.svg)\)", text)}
    return sorted(shown & set(place.iterdir()))


def update(document: Path) -> None:
    """Write what the commands print into a document, and keep the pictures that they drew."""
    text = document.read_text()
    with folder(text) as place:

        def printed(match: re.Match[str]) -> str:
            if not can_run(match[1]):
                return match[0]
            now = output(match[1])
            if not match[2].strip() or _ELSEWHERE in match[2].splitlines():
                return match[0]
            return f"    $ kubecheck {match[1]}\n{now}"

        new = _EXAMPLE.sub(printed, text)
        for picture in pictures(text, place):
            (ROOT / PICTURES).mkdir(exist_ok=True)
            shutil.copy(picture, ROOT / PICTURES / picture.name)
    if new != text:
        document.write_text(new)


def _update_all(log: IO[str]) -> None:
    for document in [Path(name).resolve() for name in sys.argv[1:]] or DOCUMENTS:
        update(document)  # so that times are those of a warm cache
        update(document)
        print(document.relative_to(ROOT), file=log)


if __name__ == "__main__":
    _update_all(sys.stderr)
