"""What the checker raises besides the language's own errors."""

from __future__ import annotations

from kubecheck.spec.errors import Position, SpecError


class InternalError(Exception):
    """A fault of kubecheck's own: the native and the reference execution disagree. Never the spec's author's.

    Attributes: `spec` (its name), `what` (what disagrees), `evidence` (lines to put in a report of the fault).
    """

    def __init__(self, spec: str, what: str, *, evidence: list[str]) -> None:
        super().__init__(spec, what)
        self.spec = spec
        self.what = what
        self.evidence = evidence

    def __str__(self) -> str:
        lines = [f"{self.spec}: {self.what}"]
        lines += [f"  {line}" for line in self.evidence]
        lines.append("  Please report this with the spec, its scope and the lines above.")
        return "\n".join(lines)


def too_wide(at: Position) -> SpecError:
    """The error of a number that the native execution has no room for; Python's integers have no end."""
    remedy = "keep numbers smaller on the way: 64 bits hold every integer of the language"
    return SpecError("KC508", "a number here needs more than 64 bits", position=at, remedy=remedy)
