"""Takes evidence out of recorded logs, as audit policies, log rotation and lost files do, and says what is called violated then.

    python -m tests.traces.incomplete [FOLDER…]

A log that conforms holds no contradiction, and taking lines or bodies out of it makes none. So whatever is called a violation
in what is left is a false alarm.
"""

from __future__ import annotations

import functools
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from kubecheck.traces.findings import Validation
from kubecheck.traces.validate import validate
from tests.traces.mutate import DATA, Line, Log, code, ref, user

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


def without_managed_fields(body: Any) -> Any:
    """An object, or a list of objects, without metadata.managedFields (audit policies have omitManagedFields, kubectl leaves it out)."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("metadata"), dict):
        body = {**body, "metadata": {name: value for name, value in body["metadata"].items() if name != "managedFields"}}
    if isinstance(body.get("items"), list):
        body = {**body, "items": [without_managed_fields(item) for item in body["items"]]}
    return body


def _omit(line: Line) -> Line:
    return {**line, **{name: without_managed_fields(line[name]) for name in _BODIES if name in line}}


def _writers(log: Log) -> list[str]:
    return sorted({user(line) for _, _, line in log.audits if line["verb"] not in ("get", "list", "watch")})


def _kinds(log: Log) -> list[str]:
    return sorted({str(ref(line).get("resource")) for _, _, line in log.audits if line["level"] != "Metadata"})


def _groups(line: Line) -> list[str]:
    return (line.get("user") or {}).get("groups") or []


def _kubelet(line: Line) -> bool:
    return "system:nodes" in _groups(line)


def _controller(line: Line) -> bool:
    return "system:serviceaccounts:kube-system" in _groups(line)


def _person(line: Line) -> bool:
    return not user(line).startswith("system:")


def _of(line: Line, name: str) -> str:
    return str(ref(line).get(name) or "")


_LEFT_OUT: dict[str, Callable[[Line], bool]] = {
    "kubelets": _kubelet,
    "service accounts of kube-system": _controller,
    "components": lambda line: not _person(line),
    "people": _person,
    "statuses": lambda line: _of(line, "subresource") == "status",
    "leases": lambda line: _of(line, "resource") == "leases",
    "all but pods": lambda line: _of(line, "resource") != "pods",
    "all but workloads": lambda line: _of(line, "apiGroup") != "apps",
    "kube-system": lambda line: _of(line, "namespace") == "kube-system",
    "namespaces of people": lambda line: _of(line, "namespace") in ("default", "t"),
    "deletions by kubelets": lambda line: line["verb"] == "delete" and _kubelet(line),
    "reads": lambda line: line["verb"] in ("get", "list", "watch"),
    "failures": lambda line: code(line) >= 400,
    "successes": lambda line: code(line) < 400,
    "creations of pods": lambda line: line["verb"] == "create" and _of(line, "resource") == "pods",
}
"""Lines that an audit policy leaves out, or that it has without bodies."""

_TAKEN: dict[str, Callable[[Line], Line]] = {
    "the bodies": without_bodies,
    "the answers": without_answer,
    "managedFields": _omit,
    "the annotations": lambda line: {name: value for name, value in line.items() if name != "annotations"},
    "the credentials": lambda line: {**line, "user": {name: value for name, value in (line.get("user") or {}).items() if name != "extra"}},
    "the bodies of all but creations": lambda line: line if line["verb"] == "create" else without_bodies(line),
    "the answers of patches": lambda line: without_answer(line) if line["verb"] == "patch" else line,
    "the answers of statuses": lambda line: without_answer(line) if _of(line, "subresource") == "status" else line,
}
"""What an audit policy leaves out of each line."""


def _taken(log: Log) -> Iterator[tuple[str, Take]]:
    """What is taken out of audit logs, by name."""
    lines = {name: len(found) for name, found in log.files.items() if name.startswith("audit")}
    yield "every 2nd line", lambda name, number, line: line if number % 2 else None
    yield "every 2nd line, the others", lambda name, number, line: None if number % 2 else line
    yield "every 10th line", lambda name, number, line: None if number % 10 == 3 else line
    yield "the middle", lambda name, number, line: line if not lines[name] // 3 <= number < lines[name] // 2 else None
    yield "the bodies of every 2nd line", lambda name, number, line: line if number % 2 else without_bodies(line)
    yield "the first half", lambda name, number, line: line if number >= lines[name] // 2 else None
    yield "the last half", lambda name, number, line: line if number < lines[name] // 2 else None
    for of in (2, 3, 5, 8):
        if of > 2:
            yield f"the first 1/{of}", lambda name, number, line, of=of: line if number >= lines[name] // of else None
            yield f"the last 1/{of}", lambda name, number, line, of=of: line if number < lines[name] - lines[name] // of else None
        yield f"1/{of} from the middle on", lambda name, number, line, of=of: (
            None if lines[name] // 2 <= number < lines[name] // 2 + lines[name] // of else line)
    chosen = random.Random(5)
    for _ in range(3):
        begin = chosen.random() * 0.7
        end = begin + 0.1 + chosen.random() * 0.2
        yield f"all but {begin:.2f} to {end:.2f}", lambda name, number, line, begin=begin, end=end: (
            line if begin * lines[name] <= number < end * lines[name] else None)
        yield f"{begin:.2f} to {end:.2f}", lambda name, number, line, begin=begin, end=end: (
            None if begin * lines[name] <= number < end * lines[name] else line)
    for seed in (0, 1):
        chosen = random.Random(seed)
        lost = {name: [chosen.random() > 0.7 for _ in range(count)] for name, count in lines.items()}
        yield f"3 of 10 lines ({seed})", lambda name, number, line, lost=lost: None if lost[name][number] else line
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
    yield "subresource binding", lambda name, number, line: None if ref(line).get("subresource") == "binding" else line
    yield "stages but the last", lambda name, number, line: line if line["stage"] == "ResponseComplete" else None
    for what, is_out in _LEFT_OUT.items():
        yield what, lambda name, number, line, is_out=is_out: None if is_out(line) else line
        yield f"bodies of {what}", lambda name, number, line, is_out=is_out: without_bodies(line) if is_out(line) else line
    for what, changed in _TAKEN.items():
        yield what, lambda name, number, line, changed=changed: changed(line)


def left(log: Log, take: Take) -> Log:
    """The log without what is taken out of its audit files."""
    other = log.copied()
    for name in [name for name in other.files if name.startswith("audit")]:
        kept = [(number, taken) for number, line in enumerate(other.files[name])
                if (taken := take(name, number, line)) is not None]
        other.files[name] = [line for _, line in kept]
        if not kept:
            del other.files[name]
    return other


def alone(log: Log) -> Log:
    """The audit files without the streams."""
    other = log.copied()
    other.files = {name: lines for name, lines in log.files.items() if name.startswith("audit")}
    return other


def _streams(log: Log) -> list[str]:
    return [name for name in log.files if name.startswith("watch")]


def _changed(log: Log, change: Callable[[list[Any]], list[Any]]) -> Log:
    other = log.copied()
    for name in _streams(log):
        other.files[name] = change(log.files[name])
    return other


def _with_streams(log: Log) -> Iterator[tuple[str, Callable[[], Log]]]:
    """Streams that tell less, and audit logs beside only some of them."""
    lines = {name: len(found) for name, found in log.files.items() if name.startswith("audit")}

    def bare() -> Log:
        return _changed(log, lambda lines: [
            {**line, "object": without_managed_fields(line["object"])} if isinstance(line, dict) and "object" in line else line
            for line in lines
        ])

    def only(kind: str, take: Take = lambda name, number, line: line) -> Log:
        one = log.copied()
        one.files = {name: found for name, found in log.files.items()
                     if not name.startswith("watch") or name == f"watch-{kind}.jsonl.gz"}
        return left(one, take)

    yield "managedFields of streams", bare
    yield "managedFields everywhere", lambda: left(bare(), lambda name, number, line: _omit(line))
    yield "the first third of streams", lambda: _changed(log, lambda lines: lines[len(lines) // 3:])
    yield "the last half of streams", lambda: _changed(log, lambda lines: lines[:len(lines) // 2])
    takes: dict[str, Take] = {
        "kubelets": lambda name, number, line: None if _kubelet(line) else line,
        "the first half": lambda name, number, line: line if number >= lines[name] // 2 else None,
        "bodies of statuses": lambda name, number, line: without_bodies(line) if _of(line, "subresource") == "status" else line,
        "deletions": lambda name, number, line: None if line["verb"] in ("delete", "deletecollection") else line,
    }
    for kind in ("pods", "leases", "deployments"):
        yield f"streams but of {kind}", functools.partial(only, kind)
        for what, take in takes.items():
            yield f"streams but of {kind}, and {what}", functools.partial(only, kind, take)


def cases(log: Log) -> Iterator[tuple[str, Callable[[], Log]]]:
    """What is left of a log, by what is missing. A log without streams has fewer cases."""
    for name, take in _taken(log):
        yield name, functools.partial(left, log, take)
    if _streams(log):
        yield from _with_streams(log)


def told(validation: Validation) -> list[str]:
    """What is called violated."""
    return [f"{found.rule}: {found.sentence} {[seen.where for seen in found.witnesses]}" for found in validation.violations]


def main(folders: list[str]) -> int:
    """The command line."""
    false: Counter[str] = Counter()
    runs = alarmed = 0
    for folder in [Path(name) for name in folders] or sorted(path for path in DATA.iterdir() if path.is_dir()):
        log = Log(folder)
        for name, less in [*cases(log), *((f"streams, and {name}", less) for name, less in cases(alone(log)))]:
            runs += 1
            violations = validate(less().sources()).violations
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
