"""Takes evidence out of recorded logs, as audit policies, log rotation and lost files do, and says what is called violated then.

    python -m tests.traces.incomplete [FOLDER…]

A log that conforms holds no contradiction, and taking lines or bodies out of it makes none. So whatever is called a violation
in what is left is a false alarm.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from kubecheck.traces.findings import Validation
from kubecheck.traces.validate import validate
from tests.traces.mutate import DATA, Line, Log, ref, user

Take: TypeAlias = Callable[[str, int, Line], Line | None]
"""What becomes of an audit line (its file, its number from 0): the line, another one, or None."""

_BODIES = ("requestObject", "responseObject")


def without_bodies(line: Line) -> Line:
    """The line as an audit policy of level Metadata has it."""
    return {**{name: value for name, value in line.items() if name not in _BODIES}, "level": "Metadata"}


def without_answer(line: Line) -> Line:
    """The line as an audit policy of level Request has it."""
    left = {name: value for name, value in line.items() if name != "responseObject"}
    return {**left, "level": "Request" if line["level"] == "RequestResponse" else line["level"]}


def _writers(log: Log) -> list[str]:
    return sorted({user(line) for _, _, line in log.audits if line["verb"] not in ("get", "list", "watch")})


def _kinds(log: Log) -> list[str]:
    return sorted({str(ref(line).get("resource")) for _, _, line in log.audits if line["level"] != "Metadata"})


def cases(log: Log) -> Iterator[tuple[str, Take]]:
    """Everything that is taken out, by name."""
    lines = {name: len(found) for name, found in log.files.items() if name.startswith("audit")}
    yield "every 2nd line", lambda name, number, line: line if number % 2 else None
    yield "every 2nd line, the others", lambda name, number, line: None if number % 2 else line
    yield "every 10th line", lambda name, number, line: None if number % 10 == 3 else line
    yield "the first half", lambda name, number, line: line if number >= lines[name] // 2 else None
    yield "the last half", lambda name, number, line: line if number < lines[name] // 2 else None
    yield "the middle", lambda name, number, line: line if not lines[name] // 3 <= number < lines[name] // 2 else None
    yield "the bodies", lambda name, number, line: without_bodies(line)
    yield "the answers", lambda name, number, line: without_answer(line)
    yield "the bodies of every 2nd line", lambda name, number, line: line if number % 2 else without_bodies(line)
    for server in lines if len(lines) > 1 else ():
        yield f"server {server}", lambda name, number, line, server=server: None if name == server else line
    for who in _writers(log):
        yield f"user {who}", lambda name, number, line, who=who: None if user(line) == who else line
        yield f"bodies of user {who}", lambda name, number, line, who=who: without_bodies(line) if user(line) == who else line
    for kind in _kinds(log):
        yield f"kind {kind}", lambda name, number, line, kind=kind: None if ref(line).get("resource") == kind else line
        yield f"bodies of kind {kind}", lambda name, number, line, kind=kind: (
            without_bodies(line) if ref(line).get("resource") == kind else line)
    for verb in ("create", "update", "patch", "delete", "deletecollection", "get"):
        yield f"verb {verb}", lambda name, number, line, verb=verb: None if line["verb"] == verb else line
        yield f"bodies of verb {verb}", lambda name, number, line, verb=verb: without_bodies(line) if line["verb"] == verb else line
    for subresource in ("status", "binding"):
        yield f"subresource {subresource}", lambda name, number, line, subresource=subresource: (
            None if ref(line).get("subresource") == subresource else line)
    yield "stages but the last", lambda name, number, line: line if line["stage"] == "ResponseComplete" else None


def left(log: Log, take: Take) -> Log:
    """The log without what is taken out."""
    other = log.copied()
    for name in [name for name in other.files if name.startswith("audit")]:
        kept = [(number, taken) for number, line in enumerate(other.files[name])
                if (taken := take(name, number, line)) is not None]
        other.files[name] = [line for _, line in kept]
        if not kept:
            del other.files[name]
    return other


def told(validation: Validation) -> list[str]:
    """What is called violated."""
    return [f"{found.rule}: {found.sentence} {[seen.where for seen in found.witnesses]}" for found in validation.violations]


def main(folders: list[str]) -> int:
    """The command line."""
    false: Counter[str] = Counter()
    runs = alarmed = 0
    for folder in [Path(name) for name in folders] or sorted(path for path in DATA.iterdir() if path.is_dir()):
        log = Log(folder)
        for name, take in cases(log):
            runs += 1
            violations = validate(left(log, take).sources()).violations
            alarmed += bool(violations)
            rules = Counter(found.rule for found in violations)
            false.update(rules.keys())
            for rule in rules:
                first = next(found for found in violations if found.rule == rule)
                print(f"{folder.name}: without {name}: {rule} {rules[rule]}: {first.sentence} {[seen.where for seen in first.witnesses]}")
    print(f"{alarmed} of {runs} raise a false alarm; by rule: {dict(false.most_common())}")
    return 1 if alarmed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
