"""What the checker raises besides the language's own errors."""

from __future__ import annotations


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
