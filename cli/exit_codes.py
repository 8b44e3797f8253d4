"""Exit codes, the same for every command."""

from __future__ import annotations

import enum
from typing import Final

from kubecheck.checker.report import Verdict


class ExitCode(enum.IntEnum):
    """What a command tells the shell."""

    HOLDS = 0
    """Every state was seen and everything holds; or the command did what it was asked to."""
    VIOLATED = 1
    """A property is violated."""
    BAD_INPUT = 2
    """The command line, a manifest or a spec is not as it must be; a spec's value left its type."""
    INCOMPLETE = 3
    """A limit or an interrupt came before every state was seen: not a pass."""
    FAULT = 70
    """A fault of kubecheck's own (EX_SOFTWARE of sysexits.h)."""


_OF: Final = {
    Verdict.HOLDS: ExitCode.HOLDS,
    Verdict.VIOLATED: ExitCode.VIOLATED,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
    Verdict.ERROR: ExitCode.BAD_INPUT,
}


def exit_code(verdict: Verdict) -> ExitCode:
    """The exit code of a verdict."""
    return _OF[verdict]
