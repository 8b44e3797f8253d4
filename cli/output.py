"""Standard output that may go away: `kubecheck check … | head` still answers with the verdict's own exit code."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kubecheck.cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
