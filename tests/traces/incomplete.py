"""Takes evidence out of recorded logs, as audit policies, log rotation and lost files do, and says what is called violated then.

    python -m tests.traces.incomplete [FOLDER…]

A log that conforms holds no contradiction, and taking lines or bodies out of it makes none. So whatever is called a violation
in what is left is a false alarm.
"""

from __future__ import annotations

import contextlib
import functools
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from kubecheck.traces.event import Event, Header, Malformed
from kubecheck.traces.findings import Validation
from kubecheck.traces.readers.records import HeaderRecord, Names, record_of
from kubecheck.traces.validate import validate
from tests.traces.mutate import DATA, Line, Log, code, meta, ref, user

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


def cut(line: Line) -> Line:
    """The line as an API server has it whose audit backend takes the bodies out of what is too large (audit.k8s.io/truncated)."""
    if line["level"] == "Metadata" or "responseObject" not in line:
        return line
    left = {name: value for name, value in line.items() if name not in _BODIES}
    return {**left, "annotations": {**(line.get("annotations") or {}), "audit.k8s.io/truncated": "true"}}


def unanswered_body(line: Line) -> Line:
    """The line without the body of its answer, and nothing that says why: of what another API server answered."""
    return {name: value for name, value in line.items() if name != "responseObject"}


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
    "bodies that are too large": lambda line: cut(line) if len(msgspec.json.encode(line)) > 6_000 else line,
    "bodies that are larger than most": lambda line: cut(line) if len(msgspec.json.encode(line)) > 3_500 else line,
    "bodies that are too large of deletions": lambda line: cut(line) if line["verb"] == "delete" else line,
    "bodies that are too large of creations": lambda line: cut(line) if line["verb"] == "create" else line,
    "answers that nobody tells of": lambda line: unanswered_body(line) if len(msgspec.json.encode(line)) > 5_000 else line,
    "answers that nobody tells of but of updates": lambda line: line if line["verb"] == "update" else unanswered_body(line),
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
    for seed in (2, 3):
        chosen = random.Random(seed)
        large = {name: [chosen.random() > 0.9 for _ in range(count)] for name, count in lines.items()}
        yield f"bodies of 1 of 10 lines, cut ({seed})", lambda name, number, line, large=large: cut(line) if large[name][number] else line
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


def again(log: Log) -> Log:
    """The audit files with a part of their lines twice, as rotation and retries of a shipper leave them."""
    other = log.copied()
    for name in [name for name in other.files if name.startswith("audit")]:
        lines = log.files[name]
        third = len(lines) // 3
        other.files[name] = lines[: 2 * third] + lines[third:]
    return other


def own_counter(log: Log, group: str, resource: str) -> Log:
    """As if one kind were in an etcd of its own (--etcd-servers-overrides): its revisions are counted for themselves."""
    other = log.copied()
    told = sorted({int(text) for body in _bodies(log, group, resource) if (text := str(meta(body).get("resourceVersion") or "")).isdigit()})
    number = {str(old): str(new) for new, old in enumerate(told, 1)}

    def counted(body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        made = dict(body)
        if "resourceVersion" in meta(body):
            made["metadata"] = {**meta(body), "resourceVersion": number.get(meta(body)["resourceVersion"], meta(body)["resourceVersion"])}
        for field in ("items", "preconditions"):
            if isinstance(body.get(field), list):
                made[field] = [counted(item) for item in body[field]]
        if isinstance(body.get("preconditions"), dict) and "resourceVersion" in body["preconditions"]:
            made["preconditions"] = {**body["preconditions"], "resourceVersion": number.get(body["preconditions"]["resourceVersion"], "")}
        return made

    for name, lines in other.files.items():
        for at, line in enumerate(lines):
            if name.startswith("audit"):
                if (_of(line, "apiGroup"), _of(line, "resource")) != (group, resource):
                    continue
                asked = dict(ref(line))
                if "resourceVersion" in asked:
                    asked["resourceVersion"] = number.get(asked["resourceVersion"], asked["resourceVersion"])
                lines[at] = {**line, "objectRef": asked, "requestURI": line["requestURI"].split("?")[0],
                             **{field: counted(line[field]) for field in _BODIES if field in line}}
            elif name.startswith((f"watch-{resource}.", f"watch-{resource}-")) and isinstance(line, dict):
                lines[at] = {**line, "object": counted(line["object"])}
    return other


def _bodies(log: Log, group: str, resource: str) -> Iterator[Any]:
    for name, lines in log.files.items():
        for line in lines:
            if name.startswith("audit") and (_of(line, "apiGroup"), _of(line, "resource")) == (group, resource):
                for field in _BODIES:
                    body = line.get(field)
                    yield body
                    yield from (body or {}).get("items") or () if isinstance(body, dict) else ()
                yield {"metadata": {"resourceVersion": ref(line).get("resourceVersion")}}
            elif name.startswith((f"watch-{resource}.", f"watch-{resource}-")) and isinstance(line, dict):
                yield line["object"]


def metadata_only(log: Log) -> Log:
    """Streams as a client has them that asks for PartialObjectMetadata."""
    return _changed(log, lambda lines: [
        {**line, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta(line["object"])}}
        if line.get("type") != "ERROR" else line for line in lines
    ])


def listed_besides(log: Log) -> Log:
    """Streams whose client lists the state after a 410 in a request of its own, and watches on from there."""

    def change(lines: list[Any]) -> list[Any]:
        made, state = [], False
        for line in lines:
            if line.get("type") == "ERROR":
                state = True
            elif state and line.get("type") in ("ADDED", "BOOKMARK"):
                state = line["type"] == "ADDED"
                continue
            made.append(line)
        return made

    return _changed(log, change)


class InPart(Log):
    """The log in JSON lines, with objects of which only a part is told."""

    def __init__(self, log: Log, seed: int) -> None:
        self.__dict__.update(log.__dict__)
        self._seed = seed

    def sources(self) -> list[Iterator[Event | Malformed | Header]]:  # type: ignore[override]  # with a header
        """What is told of each event."""
        chosen = random.Random(self._seed)

        def told(number: int, source: Iterator[Event | Malformed]) -> Iterator[Event | Malformed | Header]:
            names = Names(f"part-{number}")
            yield names.item(HeaderRecord(version=1), 1)
            for line, event in enumerate(source, 2):
                if not isinstance(event, Event):
                    yield event
                    continue
                record = record_of(event)
                field = "object" if event.delivery is not None else "response"
                body = msgspec.json.decode(getattr(record, field)) if getattr(record, field) is not None else None
                if isinstance(body, dict) and meta(body) and body.get("kind") != "Status" and "items" not in body:
                    record = msgspec.structs.replace(record, **{field: msgspec.Raw(msgspec.json.encode(part(body, chosen)))})
                with contextlib.suppress(ValueError):  # a client asked for what our format cannot say (resourceVersion=abc)
                    yield names.item(record, line)

        return [told(number, source) for number, source in enumerate(super().sources())]


_NAMED = ("name", "namespace", "uid", "resourceVersion", "annotations")


def part(body: dict[str, Any], chosen: random.Random) -> dict[str, Any]:
    """An object as somebody writes it who does not have, or does not care for, all of it."""
    kept = {name: value for name, value in body["metadata"].items() if name in _NAMED and (name != "uid" or chosen.random() < 0.8)}
    if "annotations" in kept and "k8s.io/initial-events-end" not in kept["annotations"]:
        del kept["annotations"]
    if chosen.random() < 0.3:
        kept |= {name: value for name, value in body["metadata"].items() if name not in ("creationTimestamp", "managedFields", "uid")}
    return {"metadata": kept, **{name: value for name, value in body.items() if name != "metadata" and chosen.random() < 0.5}}


def _told_otherwise(log: Log) -> Iterator[tuple[str, Callable[[], Log]]]:
    """The whole run, told in another way."""
    yield "nothing, but a third of the lines twice", functools.partial(again, log)
    for group, resource in (("coordination.k8s.io", "leases"), ("", "pods"), ("apps", "replicasets")):
        if sum(key[0] == resource for key in log.of for _ in log.of[key]) < 6:
            continue  # too few to see that they have
        yield f"nothing, but {resource} have a store of their own", functools.partial(own_counter, log, group, resource)
    for seed in range(3):
        yield f"parts of the objects ({seed})", lambda seed=seed: InPart(log, seed)


def cases(log: Log) -> Iterator[tuple[str, Callable[[], Log]]]:
    """What is left of a log, by what is missing. A log without streams has fewer cases."""
    for name, take in _taken(log):
        yield name, functools.partial(left, log, take)
    yield from _told_otherwise(log)
    if _streams(log):
        yield from _with_streams(log)
        yield "all but the metadata in streams", functools.partial(metadata_only, log)
        yield "the states after 410", functools.partial(listed_besides, log)


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
