"""Running Graphviz: one picture from one text. Whatever the program that is called dot does, the answer is a picture or a DotError."""

from __future__ import annotations

import subprocess
from typing import Final

from kubecheck.spec.visible import visible

_BEGINNINGS: Final = {"svg": (b"<?xml", b"<svg", b"<!DOCTYPE"), "png": (b"\x89PNG",), "pdf": (b"%PDF",)}
_MOST_LINES: Final = 3  # of what dot says
_LONGEST: Final = 200  # characters of such a line


class DotError(Exception):
    """Graphviz did not draw; the message says why."""


def run_dot(text: str, form: str) -> tuple[bytes, list[str]]:
    """The picture, and what dot said about it. Raises DotError if there is no dot, or none that works."""
    try:
        done = subprocess.run(["dot", f"-T{form}"], input=text.encode(), capture_output=True, check=False)
    except FileNotFoundError:
        raise DotError("dot, which draws, is not installed or not on the PATH") from None
    except OSError as error:
        raise DotError(f"dot, which draws, cannot be run ({error.strerror or error})") from error
    told = said(done.stderr)
    because = f": {told[0]}" if told else ""
    if done.returncode < 0:
        raise DotError(f"dot, which draws, was ended by signal {-done.returncode}{because}")
    if done.returncode:
        raise DotError(f"dot, which draws, failed with exit code {done.returncode}{because}")
    if not done.stdout:
        raise DotError(f"dot, which draws, gave nothing{because}")
    if not done.stdout.startswith(_BEGINNINGS[form]):
        raise DotError(f"dot, which draws, gave something else than {form.upper()}{because}")
    return done.stdout, told


def said(stderr: bytes) -> list[str]:
    """The first lines of what a program said, without anything that would do something to a terminal."""
    lines = [visible(line.replace("\t", " ")).strip() for line in stderr.decode(errors="replace").splitlines()]
    return [line[:_LONGEST] for line in lines if line][:_MOST_LINES]
