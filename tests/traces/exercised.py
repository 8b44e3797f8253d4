"""How often the recorded logs give each rule something to judge: docs/rules-exercised.md.

    python -m tests.traces.exercised

prints that page; a test compares them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kubecheck.traces.readers.folder import find
from kubecheck.traces.rules import ALL
from kubecheck.traces.validate import validate
from tests.traces.mutate import DATA


def counts() -> dict[str, dict[str, int]]:
    """rule -> recorded run -> how often it was judged there, of those that gave it something to judge."""
    judged: dict[str, dict[str, int]] = {rule.name: {} for rule in ALL}
    for folder in sorted(path for path in DATA.iterdir() if path.is_dir()):
        for result in validate(find([str(folder)]).sources).rules:
            if result.judged:
                judged[result.name][folder.name] = result.judged
    return judged


def markdown(judged: dict[str, dict[str, int]]) -> str:
    """The page docs/rules-exercised.md."""
    runs = len([path for path in DATA.iterdir() if path.is_dir()])
    never = [name for name, found in judged.items() if not found]
    lines = [
        "# How often real logs exercise the rules", "",
        "This page is made by `python -m tests.traces.exercised`; a test compares it with what the rules say.", "",
        f"The {runs} recorded runs in tests/traces/data conform to every rule. How often each rule had something to judge in them,",
        "in how many of them, and in which most:", "",
        "| rule | judged | runs | most in |", "|---|---:|---:|---|",
    ]  # fmt: skip
    for name, found in judged.items():
        most = max(found, key=lambda run: found[run], default="")
        lines.append(f"| `{name}` | {sum(found.values())} | {len(found)} | {most} |")
    lines += ["", f"Judged in logs made by hand only (tests/traces/cases): {', '.join(f'`{name}`' for name in never) or 'none'}.", ""]
    return "\n".join(lines)


PAGE = Path(__file__).parents[2] / "docs" / "rules-exercised.md"

if __name__ == "__main__":
    sys.stdout.write(markdown(counts()))
