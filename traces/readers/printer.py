"""The trace language, written: what text.py reads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kubecheck.traces.readers.records import (
    ABSENT,
    CrashRecord,
    DeliveryRecord,
    HeaderRecord,
    Record,
    RequestRecord,
    RestartRecord,
    record_of,
)
from kubecheck.traces.readers.text_tree import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kubecheck.traces.event import Event, Header

_BARE: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.:@%+*-]*[A-Za-z0-9_])?")
_BARE_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_NUMBER_LIKE: Final = re.compile(r"-?[0-9][0-9.eE+-]*(?:T.*)?")
_KEYWORDS: Final = frozenset(
    "kubecheck-trace server node component level complete crash restart if true false null".split()
)


def print_records(records: Iterable[Record]) -> str:
    """The text of records, one a line (the header several). `parse_records` reads it back."""
    return "".join(f"{line}\n" for record in records for line in _lines_of(record))


def print_items(items: Iterable[Event | Header]) -> str:
    """The text of events: `parse` gives them back, but for file and line. Raises ValueError for what the language lacks."""
    return print_records(record_of(item) for item in items)


def _lines_of(record: Record) -> list[str]:
    if isinstance(record, HeaderRecord):
        return _header_lines(record)
    start = [] if record.sequence is None else [str(record.sequence)]
    if isinstance(record, CrashRecord | RestartRecord):
        word = "crash" if isinstance(record, CrashRecord) else "restart"
        return [" ".join([*start, *_moment(record.received, record.received), _name(record.component), word])]
    if isinstance(record, DeliveryRecord):
        return [" ".join([*start, *_delivery(record)])]
    return [" ".join([*start, *_request(record)])]


def _header_lines(record: HeaderRecord) -> list[str]:
    lines = [f"kubecheck-trace {record.version}"]
    if record.servers:
        lines.append(" ".join(["server", *map(_name, record.servers)]))
    if record.nodes:
        lines.append(" ".join(["node", *map(_name, record.nodes)]))
    for component in record.components:
        pairs = [*_pair("user", component.user), *_pair("agent", component.agent)]
        lines.append(" ".join(["component", _name(component.name), *pairs]))
    if record.level != "RequestResponse":
        lines.append(f"level {record.level}")
    if record.complete:
        lines.append("complete")
    return lines


def _moment(received: str | None, completed: str | None) -> list[str]:
    if received is None and completed is None:
        return []
    return [received] if received == completed and received is not None else [f"{received or ''}..{completed or ''}"]


def _delivery(record: DeliveryRecord) -> Iterator[str]:
    body = msgspec.json.decode(record.object)
    if not isinstance(body, dict):
        raise ValueError("the object of a delivery is not an object")
    yield from _moment(record.received, record.received)
    yield _name(record.stream)
    yield "<-"
    yield record.type.value
    metadata = dict(body["metadata"]) if isinstance(body.get("metadata"), dict) else None
    name = namespace = None
    if record.resource is not None:
        yield _resource(record.resource, record.group, "")
        if metadata is not None and isinstance(metadata.get("name"), str):
            name = metadata.pop("name")
            namespace = metadata.pop("namespace") if isinstance(metadata.get("namespace"), str) else None
            yield _name(name) if namespace is None else f"{_name(namespace)}/{_name(name)}"
    if metadata is not None:
        yield from _short(metadata)
    yield from _pair("server", record.server)
    if record.connection:
        yield f"connection={record.connection}"
    yield from _pair("told", record.actor)
    rest = _without(body, metadata)
    if rest or metadata is None:
        yield _map(rest)


def _request(record: RequestRecord) -> Iterator[str]:
    yield from _moment(record.received, record.completed)
    yield _name(record.actor)
    yield _name(record.verb)
    if record.resource is not None:
        yield _resource(record.resource, record.group, record.subresource)
        if record.name is not None:
            prefix = f"{_name(record.namespace)}/" if record.namespace else ""
            yield prefix + _name(record.name)
        elif record.namespace:
            yield f"{_name(record.namespace)}/"
    elif record.group or record.subresource or record.namespace or record.name is not None:
        raise ValueError("group, subresource, namespace or name without a resource")
    yield from _pair("uid", record.uid)
    if record.dry_run:
        yield "dry-run=true"
    if record.read is not None:
        yield from _pair("read", record.read.resource_version)
        yield from _pair("match", record.read.match)
    yield from _pair("server", record.server)
    if record.groups:
        yield f"groups={_list(record.groups)}"
    yield from _pair("user-uid", record.user_uid)
    yield from _pair("agent", record.agent)
    yield from _pair("credential", record.credential)
    yield from _pair("as", record.impersonated)
    yield from _pair("audit-id", record.audit_id)
    yield from _pair("stage", None if record.stage is None else record.stage.value)
    yield from _pair("level", record.level)
    yield from _pair("decision", record.decision)
    yield from _pair("grant", record.grant)
    yield from _pair("uri", record.uri)
    if record.precondition is not None:
        yield "if"
        yield from _pair("rv", record.precondition.resource_version)
        yield from _pair("uid", record.precondition.uid)
    if record.request is not ABSENT:
        yield _body(msgspec.json.decode(record.request))
    yield from _answer(record)


def _answer(record: RequestRecord) -> Iterator[str]:
    if record.code is None and record.reason is None and record.message is None and record.response is ABSENT:
        return
    yield "->"
    if record.code is not None:
        yield str(record.code)
    if record.reason is not None or record.message is not None:
        reason = record.reason or ""
        yield _name(reason) if record.code is not None or reason in REASONS else _quoted(reason)
    if record.message is not None:
        yield _quoted(record.message)
    if record.response is ABSENT:
        return
    body = msgspec.json.decode(record.response)
    if not isinstance(body, dict):
        yield _body(body)
        return
    metadata = dict(body["metadata"]) if isinstance(body.get("metadata"), dict) else None
    short = []
    if isinstance(body.get("kind"), str):
        body = dict(body)
        short += _pair("kind", body.pop("kind"))
    if metadata is not None:
        short += _short(metadata)
    yield from short
    rest = _without(body, metadata)
    if rest or not short:
        yield _map(rest)


def _short(metadata: dict[str, Any]) -> list[str]:
    """Takes out of metadata what has a short spelling, and spells it."""
    made: list[str] = []
    for short, field in (("rv", "resourceVersion"), ("uid", "uid")):
        if isinstance(metadata.get(field), str):
            made += _pair(short, metadata.pop(field))
    if type(metadata.get("generation")) is int:
        made.append(f"generation={metadata.pop('generation')}")
    return made


def _without(body: dict[str, Any], metadata: dict[str, Any] | None) -> dict[str, Any]:
    """The body with what is left of its metadata, which goes if everything in it was taken out."""
    if metadata is None:
        return body
    rest = {key: value for key, value in body.items() if key != "metadata"}
    return rest if body["metadata"] and not metadata else {"metadata": metadata, **rest}


def _resource(resource: str, group: str, subresource: str) -> str:
    whole = f"{resource}.{group}" if group else resource
    if "." in resource:
        raise ValueError(f"a resource with a dot: {resource}")
    return f"{_name(whole)}/{_name(subresource)}" if subresource else _name(whole)


def _pair(key: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{key}={_scalar(value)}"]


def _name(text: str) -> str:
    """A word, quoted if it must be."""
    if _BARE.fullmatch(text) and text not in _KEYWORDS and not _NUMBER_LIKE.fullmatch(text):
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _name(value)
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list | tuple):
        return _list(value)
    return json.dumps(value)


def _list(values: Iterable[Any]) -> str:
    return f"[{', '.join(_scalar(value) for value in values)}]"


def _body(value: Any) -> str:
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list):
        return _list(value)
    raise ValueError("a body that is neither an object nor a list")


def _map(value: dict[str, Any]) -> str:
    return "{" + " ".join(f"{path}={_scalar(leaf)}" for path, leaf in _paths(value, "")) + "}"


def _paths(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        path = prefix + (key if _BARE_KEY.fullmatch(key) else _quoted(key))
        if isinstance(inner, dict) and inner:
            yield from _paths(inner, path + ".")
        else:
            yield path, inner
