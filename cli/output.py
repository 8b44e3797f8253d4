"""What is written: texts for people, JSON, and standard output that may go away.

`kubecheck check … | head` still answers with the verdict's own exit code.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kubecheck.cli.errors import InputError

if TYPE_CHECKING:
    import xml.etree.ElementTree as ET
    from collections.abc import Iterator


def say(text: str, *, err: bool = False) -> None:
    """One text for people, of one line or of several that are ours; what is not printable in it is escaped."""
    from kubecheck.spec.visible import visible_lines

    click.echo(visible_lines(text), err=err)


def json_bytes(value: Any, *, shown: bool = False, indent: int = 0) -> bytes:
    """A value as JSON that may be printed, with `indent` as lines.

    With `shown`, what is not printable in its texts is escaped visibly, for who shows them.
    """
    import msgspec

    from kubecheck.spec.visible import data_json, shown_json, whole_characters

    try:
        data = msgspec.json.encode(value, enc_hook=str)
    except UnicodeEncodeError:  # half a character, which JSON in UTF-8 cannot have
        data = msgspec.json.encode(whole_characters(msgspec.to_builtins(value, enc_hook=str)))
    if not shown and data.isascii() and b"\x7f" not in data:  # most: JSON itself has escaped what is below the blank
        return msgspec.json.format(data, indent=indent) + b"\n" if indent else data
    data = msgspec.json.format(data, indent=indent) + b"\n" if indent else data
    return (shown_json if shown else data_json)(data.decode()).encode()


def xml_bytes(root: ET.Element) -> bytes:
    """A document of XML, in which every text and attribute is visible: XML has no control characters, however written."""
    import xml.etree.ElementTree as ET

    from kubecheck.spec.visible import visible_lines

    for element in root.iter():
        element.text = None if element.text is None else visible_lines(element.text)
        element.attrib = {name: visible_lines(value) for name, value in element.attrib.items()}
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """Runs the body, which writes to standard output. If nobody reads it any more, the rest goes nowhere and all is well.

    Raises InputError if the output cannot be written for another reason (a full disk).
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        mute()
    except OSError as error:
        mute()
        raise InputError(f"the output cannot be written: {error.strerror or error}") from error


def mute() -> None:
    """Sends standard output nowhere, so that what is still buffered does not raise again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def open_missing_streams() -> None:
    """Gives a process that was started without standard streams (`>&-`) some that go nowhere: Python leaves them None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - lives as long as the process
