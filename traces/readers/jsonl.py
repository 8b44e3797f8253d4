"""JSON lines of the trace format of our own. trace.schema.json describes a line; docs/traces.md says how to write them."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any

import msgspec

from kubecheck.traces.event import Event, Header, Malformed
from kubecheck.traces.json_schema import schema_of
from kubecheck.traces.readers.files import Input, Limits
from kubecheck.traces.readers.json_errors import UNREADABLE, check_text, malformed
from kubecheck.traces.readers.records import VERBS, Names, Record, record_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(source: Input, *, limits: Limits | None = None) -> Iterator[Event | Header | Malformed]:
    """The events of one file, in its order. Raises OSError if it cannot be read."""
    decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
    names = Names(source.name)
    for line in source.lines(limits=limits or Limits()):
        if isinstance(line, Malformed):
            yield line
            continue
        number, data = line
        try:
            check_text(data)
            yield names.item(decoder.decode(data), number)
        except UNREADABLE as error:
            yield malformed(source.name, number, data, error)


def write(item: Event | Header) -> bytes:
    """One line, without its end."""
    return msgspec.json.encode(record_of(item))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line, made from the records."""
    made = schema_of(Record)
    made["$defs"]["RequestRecord"] |= {
        "if": {"required": ["resource"], "properties": {"resource": {"type": "string"}}},
        "then": {"properties": {"verb": {"enum": list(VERBS)}}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a kubecheck trace, version 1",
        "description": "Each line of the file is one of these. The first is the header (event: trace).",
        **made,
    }


def shipped_schema() -> str:
    """trace.schema.json as the package has it."""
    return importlib.resources.files("kubecheck.traces").joinpath("trace.schema.json").read_text("utf-8")
