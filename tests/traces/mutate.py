"""Plants faults in recorded logs, at places chosen by a seed, and measures how many the rules find.

    python -m tests.traces.mutate [--seed N] [--each N] [--kind KIND] [--set first|semantics] [FOLDER…]

A fault is planted so that a contradiction is in the log: what would make it invisible (a place where the log does not have the
other half) is no candidate. What is found, by which rule, and whether the planted line is among the witnesses, is printed; what is
not found is listed.
"""

from __future__ import annotations

import argparse
import copy
import functools
import gzip
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from kubecheck.traces.event import Event, Malformed
from kubecheck.traces.readers import audit, watch
from kubecheck.traces.readers.clock import microseconds
from kubecheck.traces.readers.receipts import Receipt, Receipts
from kubecheck.traces.validate import validate

DATA = Path(__file__).parent / "data"
WRITES = ("create", "update", "patch", "delete")
RECEIVED = "received"
"""Where a delivery's time is kept in its line (no field of a watch event)."""

CONNECTION = "connection"
"""Where its connection is kept likewise."""

_OPEN_IS_FOUND = ("requests.through-api",)
"""Rules whose open items tell of a fault, and not of where the log ends."""

Line: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str, str]


class Log:
    """A run's lines as dicts, and what a fault needs to find its place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, list[Any]] = {}
        for path in sorted([*folder.glob("audit*.jsonl.gz"), *folder.glob("watch-*.jsonl.gz")]):
            self.files[path.name] = _decoded(path)
            receipts = path.with_name("recv-" + path.name.removeprefix("watch-"))
            if path.name.startswith("watch") and receipts.exists():
                for told in _decoded(receipts):
                    if "line" in told:
                        self.files[path.name][told["line"] - 1] |= {RECEIVED: told["t"], CONNECTION: told["conn"]}
        self._index()

    def _index(self) -> None:
        self.audits = [(name, number, line) for name, lines in self.files.items() if name.startswith("audit")
                       for number, line in enumerate(lines)]
        self.complete = [entry for entry in self.audits if entry[2].get("stage") == "ResponseComplete"]
        self.writes: list[tuple[str, int, Line]] = []
        """Successful writes whose answer tells the version that they wrote, in order of versions."""
        self.of: dict[Key, list[tuple[str, int, Line]]] = defaultdict(list)
        told: set[tuple[Key, int]] = set()
        for entry in sorted((one for one in self.complete if is_write(one[2])), key=lambda one: (version(one[2]), done(one[2]))):
            key = key_of(entry[2])
            if (key, version(entry[2])) in told or entry[2]["objectRef"].get("resourceVersion") == str(version(entry[2])):
                continue  # nothing was written
            told.add((key, version(entry[2])))
            self.writes.append(entry)
            self.of[key].append(entry)
        self.used = {version(line) for _, _, line in self.complete if version(line)}
        for name, lines in self.files.items():
            if name.startswith("watch"):
                self.used |= {int(text) for line in lines if (text := meta(line["object"]).get("resourceVersion"))}

    def streams(self, minimum: int = 4) -> list[str]:
        """Watch files with more lines than this."""
        return [name for name, lines in self.files.items() if name.startswith("watch") and len(lines) > minimum]

    def fresh(self, after: int, before: int) -> int | None:
        """A revision between two that nothing in the log has."""
        return next((number for number in range(after + 1, before) if number not in self.used), None)

    def copied(self) -> Log:
        """A copy whose lines may be changed with `edit()`, taken out and put in; the lists of places stay those of the original."""
        other = copy.copy(self)
        other.files = {name: list(lines) for name, lines in self.files.items()}
        return other

    def edit(self, name: str, number: int) -> Line:
        """A line (from 0) of a copied log, to be changed."""
        line: Line = copy.deepcopy(self.files[name][number])
        self.files[name][number] = line
        return line

    def insert_by_time(self, line: Line) -> tuple[str, int]:
        """Puts an audit line in where its time belongs."""
        name = next(iter(self.files))
        lines = self.files[name]
        place = next((number for number, other in enumerate(lines) if done(other) > done(line)), len(lines))
        lines.insert(place, line)
        return name, place

    def sources(self) -> list[Iterator[Event | Malformed]]:
        """What the readers make of it."""
        return [_read(name, lines) for name, lines in self.files.items()]


def _decoded(path: Path) -> list[Any]:
    return [msgspec.json.decode(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


class _Kept(Receipts):
    """Receipts that are kept in the lines themselves, so that they stay with them when lines are moved."""

    def __init__(self, lines: list[Any]) -> None:
        self._kept = lines

    def of(self, number: int) -> Receipt | None:
        line = self._kept[number - 1]
        if not isinstance(line, dict) or RECEIVED not in line:
            return None
        return Receipt(microseconds(line[RECEIVED]), max(0, line.get(CONNECTION, 1) - 1))


def _read(name: str, lines: list[Any]) -> Iterator[Event | Malformed]:
    stem = name.removesuffix(".jsonl.gz")
    encoded = ((number, line if isinstance(line, bytes) else msgspec.json.encode(line)) for number, line in enumerate(lines, 1))
    if name.startswith("watch"):
        stream = watch.Reader(name, stream=stem, receipts=_Kept(lines))
        for number, data in encoded:
            yield from stream.items(number, data)
        return
    reader = audit.Reader(name, server=stem)
    for number, data in encoded:
        try:
            yield reader.event(number, data)
        except (msgspec.MsgspecError, ValueError) as error:  # as read() does
            yield from reader.otherwise(number, data, error)


def meta(body: Any) -> dict[str, Any]:
    """metadata of a body."""
    found = body.get("metadata") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def version(line: Line) -> int:
    """resourceVersion of the answer, or 0."""
    text = meta(line.get("responseObject")).get("resourceVersion")
    return int(text) if text else 0


def done(line: Line) -> str:
    """When it was completed; RFC 3339 of one length, so that text order is time order."""
    return str(line["stageTimestamp"])


def received(line: Line) -> str:
    """When it was received."""
    return str(line["requestReceivedTimestamp"])


def ref(line: Line) -> dict[str, Any]:
    """objectRef."""
    return line.get("objectRef") or {}


def code(line: Line) -> int:
    """The answer's code."""
    return int((line.get("responseStatus") or {}).get("code") or 0)


def user(line: Line) -> str:
    """Who."""
    return str((line.get("user") or {}).get("username") or "")


def key_of(line: Line) -> Key:
    """resource, namespace, name of the object."""
    where = ref(line)
    answered = meta(line.get("responseObject"))
    namespace = "" if where.get("resource") == "namespaces" else where.get("namespace", "")
    return (where.get("resource", ""), namespace, where.get("name") or answered.get("name", ""))


def is_write(line: Line) -> bool:
    """A success that wrote a version which its answer tells."""
    if line.get("verb") not in WRITES or not 200 <= code(line) < 300 or "dryRun" in line.get("requestURI", ""):
        return False
    body = line.get("responseObject") or {}
    return bool(version(line)) and body.get("kind") not in ("Status", "Scale") and not (
        line["verb"] in ("update", "patch") and meta(body).get("deletionTimestamp") and not meta(body).get("finalizers")
        and not meta(body).get("deletionGracePeriodSeconds")
    )


class Planted(msgspec.Struct, frozen=True):
    """A fault that was planted."""

    log: Log
    file: str
    line: int
    """From 1; 0 if there is no line any more."""
    what: str
    before: Log | None = None
    """The log without the fault, where it is not the recorded one."""


Fault: TypeAlias = Callable[[Log, random.Random], "Planted | None"]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a planted fault."""

    kind: str
    group: str
    folder: str
    file: str
    line: int
    what: str
    found: bool
    rules: tuple[str, ...]
    """Those that call something violated, or list as open what was not open without the fault."""
    shown: tuple[str, ...]
    """Those of them that show the planted line as a witness."""

    @property
    def at_line(self) -> bool:
        """Does any rule show the planted line?"""
        return bool(self.shown)


def judge(kind: str, group: str, planted: Planted) -> Outcome:
    """Validates the log with the fault."""
    validation = validate(planted.log.sources())
    rules = {found.rule for found in validation.violations}
    shown = {found.rule for found in validation.violations for seen in found.witnesses
             if (seen.file, seen.line) == (planted.file, planted.line)}
    shown |= {result.name for result in validation.rules if result.name in _OPEN_IS_FOUND
              for item in result.open if re.search(rf"{re.escape(planted.file)}:{planted.line}\b", item)}
    opened = {result.name: set(result.open) for result in validation.rules if result.open}
    if opened:
        before = open_items(planted.log.folder) if planted.before is None else _open(planted.before)
        rules |= {name for name, items in opened.items() if items - before and (group == "end-state" or name in _OPEN_IS_FOUND)}
    return Outcome(
        kind=kind,
        group=group,
        folder=planted.log.folder.name,
        file=planted.file,
        line=planted.line,
        what=planted.what,
        found=validation.malformed_count == 1 if group == "malformed" else bool(rules),
        rules=tuple(sorted(rules)),
        shown=tuple(sorted(shown)),
    )


@functools.cache
def open_items(folder: Path) -> frozenset[str]:
    """What a recorded log lists as open."""
    return _open(Log(folder))


def _open(log: Log) -> frozenset[str]:
    return frozenset(item for result in validate(log.sources()).rules for item in result.open)


def campaign(folders: list[Path], faults: dict[str, tuple[str, Fault]], *, seed: int, each: int) -> list[Outcome]:
    """Plants each kind of fault `each` times, in logs and at places chosen by the seed."""
    logs = [Log(folder) for folder in folders]
    outcomes = []
    for kind, (group, fault) in faults.items():
        chosen = random.Random(f"{seed} {kind}")
        planted_here = 0
        order = logs * each
        chosen.shuffle(order)
        for log in order:
            if planted_here == each:
                break
            planted = fault(log.copied(), chosen)
            if planted is not None:
                planted_here += 1
                outcomes.append(judge(kind, group, planted))
    return outcomes


def report(outcomes: list[Outcome]) -> str:
    """Two tables, of kinds (planted, found, at the line, by which rules) and of rules (faults and kinds found); then the survivors."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[f"{outcome.group}: {outcome.kind}"].append(outcome)
    lines = []
    for kind, group in sorted(kinds.items()):
        rules = Counter(rule for outcome in group for rule in outcome.rules)
        lines.append(f"{kind:58} {sum(one.found for one in group):3} of {len(group):3} found, {sum(one.at_line for one in group):3} "
                     f"at the line; {', '.join(f'{rule} {times}' for rule, times in rules.most_common(4))}")
    by_rule: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        for rule in outcome.rules:
            by_rule[rule][outcome.kind] += 1
    lines.append("")
    lines += [f"{rule:40} found {sum(kinds.values()):4} faults of {len(kinds):3} kinds" for rule, kinds in sorted(by_rule.items())]
    lines.append("")
    found = sum(outcome.found for outcome in outcomes)
    lines.append(f"{found} of {len(outcomes)} found ({100 * found / max(1, len(outcomes)):.1f} %), "
                 f"{sum(outcome.at_line for outcome in outcomes)} with the planted line among the witnesses")
    lines += [f"not found: {one.kind} in {one.folder} {one.file}:{one.line}: {one.what}" for one in outcomes if not one.found]
    return "\n".join(lines)


def main() -> int:
    """The command line."""
    from tests.traces.faults import FAULTS, FIRST
    from tests.traces.faults.semantics import SEMANTICS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--kind", action="append")
    parser.add_argument("--set", choices=("all", "first", "semantics"), default="all", help="written with the rules, or without them")
    given = parser.parse_args()
    folders = given.folders or sorted(path for path in DATA.iterdir() if path.is_dir())
    chosen = {"all": FAULTS, "first": FIRST, "semantics": SEMANTICS}[given.set]
    faults = {kind: fault for kind, fault in chosen.items() if not given.kind or kind in given.kind}
    print(report(campaign(folders, faults, seed=given.seed, each=given.each)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
