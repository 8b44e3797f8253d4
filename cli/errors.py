"""What goes wrong at the command line, and how each kind of error is told.

Bad input is told in one screen: where, what, the remedy. A fault of kubecheck's own shows its traceback, because that
is what to report.
"""

from __future__ import annotations

import difflib
import os
import platform
import shlex
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ISSUES = "the project's issue tracker"


class InputError(Exception):
    """What the user gave cannot be used. `snippet` are lines that show where, `remedy` says what to give instead."""

    def __init__(self, message: str, *, remedy: str = "", snippet: str = "") -> None:
        super().__init__(message, remedy, snippet)
        self.message = message
        self.remedy = remedy
        self.snippet = snippet

    def __str__(self) -> str:
        from kubecheck.spec.visible import visible, visible_lines

        lines = [visible(self.message), *([visible_lines(self.snippet)] if self.snippet else [])]
        return "\n".join([*lines, *([f"  help: {visible(self.remedy)}"] if self.remedy else [])])


def did_you_mean(name: str, names: Iterable[str], *, otherwise: str) -> str:
    """A remedy for a name that is not known: the closest one that is, or `otherwise`."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f"did you mean `{close[0]}`?" if close else otherwise


def is_bad_input(error: BaseException) -> bool:
    """Whether an error is about what the user gave. Asks only rooms that are loaded: no other can have raised it."""
    if isinstance(error, InputError):
        return True
    manifest = sys.modules.get("kubecheck.model.manifest_source")
    if manifest is not None and isinstance(error, manifest.ManifestError):
        return True
    spec = sys.modules.get("kubecheck.spec.errors")
    if spec is None or not isinstance(error, spec.SpecError):
        return False
    # a spec error inside kubecheck's own model is not the user's
    return error.position is None or not is_ours(error.position.file)


def is_ours(file: str) -> bool:
    """Whether a source file is part of kubecheck."""
    rooms = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    path = os.path.realpath(file)
    return any(
        path.startswith(os.path.join(rooms, room) + os.sep) for room in ("spec", "model", "checker", "traces", "cli")
    )


def fault_report(error: BaseException, arguments: Sequence[str]) -> str:
    """What to print, and what the user is to report, when kubecheck itself has failed."""
    from kubecheck.cli.versions import versions

    known = ", ".join(f"{name} {version}" for name, version in versions().items())
    return "\n".join(
        [
            "".join(traceback.format_exception(error)).rstrip(),
            "",
            f"error: this is a fault of kubecheck's own ({type(error).__name__}), not of your input",
            f"  help: please report the lines above and these two to {ISSUES}",
            f"  command: kubecheck {shlex.join(arguments)}",
            f"  versions: {known}, {platform.platform()}",
        ]
    )
