"""What is pinned of a scenario, in its file: `python -m tests.scenarios.pins [NAME…]` writes what checks find now.

Read first what has changed the counts.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from kubecheck import checker, model
from kubecheck.cli.expected import found
from kubecheck.model.scenarios import ALL, Holds, Violates

FOLDER = Path(model.__file__).parent / "scenarios"
_PIN = re.compile(r"    expected=(Holds|Violates)\([^)]*\),\n")


def written(pin: Holds | Violates) -> str:
    """The pin as a file has it."""
    if isinstance(pin, Violates):
        return f'    expected=Violates(property="{pin.property}", steps={pin.steps}),\n'
    numbers = [f"{n:_}" if n >= 10_000 else str(n) for n in (pin.states, pin.transitions, pin.depth)]
    return "    expected=Holds(states={}, transitions={}, depth={}),\n".format(*numbers)


def file_of(name: str) -> Path:
    """The file of a scenario."""
    return next(f for f in sorted(FOLDER.glob("*.py")) if f'name="{name}"' in f.read_text())


def main(names: list[str]) -> None:
    """Check the scenarios, and write the pins that differ."""
    for name in names or ALL:
        pin = found(checker.check(ALL[name].build()))
        if pin is None:
            sys.stdout.write(f"{name}: not complete\n")
        elif pin != ALL[name].expected:
            if type(pin) is not type(ALL[name].expected):
                sys.stdout.write(f"{name}: another verdict, {pin}: not written\n")
                continue
            file = file_of(name)
            file.write_text(_PIN.sub(written(pin), file.read_text()))
            sys.stdout.write(f"{name}: {pin}, was {ALL[name].expected}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
