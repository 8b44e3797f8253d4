"""docs/mutants.md from what `python -m tests.mutants --out RUN.jsonl` has found: `python -m tests.mutants.page [RUN.jsonl]`.

With RUN.jsonl what it says of the mutants that the model has now is first kept in results.jsonl; the page is made of that and of
survivors.jsonl, in which it is written by hand why a mutant survives. One that is not there is called unexplained.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from math import sqrt
from pathlib import Path
from typing import Literal

import msgspec

from tests.mutants.__main__ import all_mutants, identity, known
from tests.mutants.mutate import ROOT
from tests.mutants.stories import COMPARISONS, STORIES

HERE = Path(__file__).parent
RESULTS = HERE / "results.jsonl"
WHY = HERE / "survivors.jsonl"
PAGE = ROOT / "docs" / "mutants.md"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A mutant, and what noticed it: nothing if that is empty."""

    file: str
    function: str
    what: str
    before: str
    after: str
    static: bool
    noticed: str
    nth: int = 0

    @property
    def identity(self) -> str:
        """As `tests.mutants.__main__.identity` gives it."""
        told = [self.file, self.function, self.what, self.before, self.after]
        return json.dumps([*told, self.nth] if self.nth else told)

    @property
    def is_part(self) -> bool:
        """Whether it removes a part of a joined condition."""
        return self.what.startswith("part ")


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What a run found of how many mutants, and how it was made."""

    mutants: int
    results: list[Result]
    how: str = ""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a mutant survives: it is `equivalent`, or what it changes is `not pinned`; and a sentence."""

    mutant: str
    verdict: Literal["equivalent", "not pinned"]
    why: str


HEAD = """# Mutants of the model

Made by `python -m tests.mutants.page` from what `python -m tests.mutants` found; not to be edited.

Does anything notice when the model loses a guard? Every condition of the model's source is removed or negated, one at a time, and each
part of one that `and` or `or` joins is removed; then the recorded answers of a real API server, tests of single requests and steps,
scenarios, known bugs, negative controls, pinned scopes, and comparisons of the model with what was written independently of it are made
again until one comes out differently.
What is mutated, and what is not, says [tests/mutants/mutate.py](../tests/mutants/mutate.py).

- A **guard** is a condition as a whole. A **part** is one of several that are joined.
- **Static** mutants remove what only asks a size of the scope: by the rule of `mutate.py` it decides what is compiled. They are in no
  share.
- Of the scenarios, bugs, controls and scopes (specs) only some are tried for a mutant (`--specs`).
- What does not end within 90 seconds of CPU time counts as different; a search that meets its limit does not.
- A mutant that the language **refuses** (a value that may be None is used) is no model, and in no share either.
"""


VERDICTS = {
    "equivalent": "Change nothing, as an argument says",
    "not pinned": "Change something that nothing looks at",
    "": "Not looked at yet",
}
CHECKS = {
    "row": "a recorded answer, or a story of plain objects",
    "endless": "it does not end",
    "broken": "the model's own Python fails: no spec can be built, or no test collected",
    "scenario": "a scenario",
    "bug": "a known bug, with or without its fix",
    "control": "a negative control",
    "pinned": "a pinned scope that combines features",
    "watching": "a larger spec of lists and watches, or a control of it",
    "collecting": "a larger spec of garbage collection, or a control of it",
    "collecting,": "a larger spec of garbage collection, or a control of it",
}


def interval(noticed: int, judged: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, noticed / judged
    middle = share + z * z / (2 * judged)
    wide = z * sqrt(share * (1 - share) / judged + z * z / (4 * judged * judged))
    return (middle - wide) / (1 + z * z / judged), (middle + wide) / (1 + z * z / judged)


def page(found: Results, reasons: dict[str, Reason]) -> str:
    """The page's text."""
    tried, sampled = len(found.results), len(found.results) < found.mutants
    judged = [r for r in found.results if not r.noticed.startswith(("refused", "not judged"))]
    real, static = [r for r in judged if not r.static], [r for r in judged if r.static]
    argued = {name for name, reason in reasons.items() if reason.verdict == "equivalent"}
    lines = [HEAD, "## What was found", ""]
    if sampled:
        lines += [
            f"Measured on **{tried} of {found.mutants}** mutants, taken by chance; intervals are for 95 %. A run that is stopped leaves out"
        ]
        lines += [
            "those in hand, one a process, which are rather such as nothing notices: the shares are a little too high.",
            "",
        ]
    else:
        lines += [f"Measured on all {found.mutants} mutants.", ""]
    lines += [found.how, ""] if found.how else []
    lines += ["| | judged | noticed | share |", "|---|---:|---:|---|"]
    for name, counted in (
        ("guards, removed or negated", [r for r in real if not r.is_part]),
        ("parts of guards, removed", [r for r in real if r.is_part]),
        ("both", real),
        (
            "both, but for those argued below to change nothing",
            [r for r in real if r.noticed or r.identity not in argued],
        ),
    ):
        lines.append(f"| {name} | {_share(counted, sampled)} |")
    refused = sum(r.noticed.startswith("refused") for r in found.results)
    lines += [
        "",
        f"Static: {len(static)} judged, {sum(bool(r.noticed) for r in static)} noticed. Refused by the language: {refused}.",
        "",
        "What noticed them first (tried in this order: recorded answers, single requests and steps, specs, comparisons):",
        "",
        "| | mutants |",
        "|---|---:|",
    ]
    lines += [f"| {name} | {number} |" for name, number in Counter(_by(r) for r in real if r.noticed).most_common()]
    lines += ["", "## By file", "", "| file | guards | noticed | parts | noticed |", "|---|---:|---:|---:|---:|"]
    for file in sorted({r.file for r in real}):
        here = [r for r in real if r.file == file]
        guards, parts = [r for r in here if not r.is_part], [r for r in here if r.is_part]
        noticed = [sum(bool(r.noticed) for r in some) for some in (guards, parts)]
        lines.append(f"| {file} | {len(guards)} | {noticed[0]} | {len(parts)} | {noticed[1]} |")
    lines += ["", "## Survivors", ""]
    survivors = sorted((r for r in real if not r.noticed), key=lambda r: (r.file, r.function, r.before, r.after))
    for verdict, says in VERDICTS.items():
        left = [r for r in survivors if (reasons[r.identity].verdict if r.identity in reasons else "") == verdict]
        if left:
            lines += [f"### {says} ({len(left)})", ""]
            for r in left:
                why = f": {reasons[r.identity].why}" if r.identity in reasons else ""
                lines.append(f"- `{r.file}` {r.function}, {_change(r)}{why}")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _share(judged: list[Result], sampled: bool) -> str:
    noticed = sum(bool(r.noticed) for r in judged)
    if not judged:
        return "0 | 0 | "
    said = f"{100 * noticed / len(judged):.1f} %"
    if sampled:
        low, high = interval(noticed, len(judged))
        said += f" ({100 * low:.0f} to {100 * high:.0f} %)"
    return f"{len(judged)} | {noticed} | {said}"


def _change(result: Result) -> str:
    before = result.before if len(result.before) < 140 else result.before[:137] + "…"
    if result.is_part:
        return f"without `{result.what.split('`')[1]}` in `{before}`"
    return f"{result.what} `{before}`"


def _by(result: Result) -> str:
    """The kind of check that noticed."""
    if ": cannot run: " in result.noticed:
        return CHECKS["broken"]
    if result.noticed.startswith("conformance/"):
        return "an answer that a real API server would give, by its source"
    if result.noticed.startswith(STORIES):
        return "a test of single requests, reads or steps"
    if result.noticed.startswith(COMPARISONS):
        return "a comparison with what was written independently"
    return CHECKS.get(result.noticed.split(" ")[0].strip(":,"), result.noticed)


def results() -> Results:
    """What is kept of the last run."""
    first, *lines = RESULTS.read_bytes().splitlines()
    return Results(**json.loads(first), results=[msgspec.json.decode(line, type=Result) for line in lines])


def reasons() -> dict[str, Reason]:
    """Why mutants survive, by identity."""
    lines = WHY.read_bytes().splitlines()
    return {reason.mutant: reason for reason in (msgspec.json.decode(line, type=Reason) for line in lines)}


def keep(run: Path) -> None:
    """Keeps what a run has found of the mutants that the model has now; `how` it was made stays as it is, and is written by hand."""
    now, answers = all_mutants(), known(run)
    lines = [msgspec.json.encode({"mutants": len(now), "how": results().how})]
    for m in now:
        if identity(m) in answers:
            kept = {name: getattr(m, name) for name in ("file", "function", "what", "before", "after", "static", "nth")}
            lines.append(msgspec.json.encode(Result(**kept, noticed=answers[identity(m)])))
    RESULTS.write_bytes(b"\n".join(lines) + b"\n")


def main() -> None:
    """Writes the page."""
    if len(sys.argv) > 1:
        keep(Path(sys.argv[1]))
    PAGE.write_text(page(results(), reasons()))


if __name__ == "__main__":
    main()
