"""What a format is made from: the checks of one command, and the one of them that decides its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubecheck.checker.report import Report
    from kubecheck.cli.record import Run
    from kubecheck.cli.subjects import Subject


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A report, and what it is about."""

    report: Report
    subject: Subject
    run: Run | None = None


@dataclass(frozen=True, kw_only=True)
class Checks:
    """All checks of one command: several if a manifest has several workloads. `worst` is the place of the one that decides."""

    all: tuple[Checked, ...]
    worst: int
    reproduce: str
    exit_code: int

    @property
    def decisive(self) -> Checked:
        """The check whose verdict is the command's, and whose path is the one that is shown."""
        return self.all[self.worst]
