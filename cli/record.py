"""The record of a check as plain data: a Report, and what the command line knows besides. It is what `--format json` and `--save` write.

The record is typed, so that its JSON Schema is made from the types (formats/record.schema.json, printed by `kubecheck check --schema`)
and a record from elsewhere is checked when `kubecheck replay` reads it. `format_version` changes when a field changes its meaning or goes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from kubecheck.checker.report import Report
from kubecheck.cli.exit_codes import exit_code
from kubecheck.cli.output import json_bytes
from kubecheck.cli.versions import kubecheck_version
from kubecheck.cli.why import error_file, shown_file, shown_reason
from kubecheck.traces.json_schema import schema_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.cli.subjects import ScopeOptions, Subject
    from kubecheck.model.manifest import NotModelled
    from kubecheck.spec import Spec


FORMAT_VERSION: Final = 3
"""Of the record. 3: a path may end in a loop, see `back_to`; 2: `run.types` and what each function was declared as."""


class NotModelledObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the manifest that was not looked at; `line` is its line in the file, `why` may say more than that the model has none."""

    api_version: str
    kind: str
    name: str
    line: int
    why: str = ""


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options that size a spec (cli/subjects.py, ScopeOptions), as they were given; `settings` are the texts of --set."""

    replicas: int | None = None
    pods: int | None = None
    nodes: int | None = None
    crashes: int | None = None
    lag: int | None = None
    release: str | None = None
    without: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    settings: dict[str, str] = {}


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """An action, an initial condition or a property: what it was declared as, and a digest of what it does with all that it calls."""

    role: Literal["action", "initial", "property"]
    kind: str
    actor: str
    digest: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to build the spec again: TARGET, which of its workloads, the options that size it. And what the spec was then.

    `types` has what the state's classes are (spec/meaning.py), `functions` what was declared; comments and lines do not count.
    """

    target: str
    name: str
    options: Options
    types: dict[str, dict[str, str]]
    functions: dict[str, Declaration]


class Record(Report, frozen=True, kw_only=True):
    """A check of one spec. Of several workloads of a manifest, the worst stands for all, and `checks` has each."""

    format: Literal["kubecheck-record"] = "kubecheck-record"
    format_version: Literal[3] = FORMAT_VERSION
    target: str
    scaling: str
    derived: str = ""
    not_modelled: list[NotModelledObject]
    refused: list[NotModelledObject] = []  # noqa: RUF012 - msgspec copies it
    left_out: list[str]
    presumed: list[str] = []  # noqa: RUF012 - msgspec copies it
    exit_code: int
    reproduce: str
    run: Run | None = None
    checks: list[Record] = []  # noqa: RUF012 - msgspec copies it


def record(report: Report, subject: Subject, *, reproduce: str, run: Run | None = None) -> dict[str, Any]:
    """One check as plain data: every field of Report, and what the command line adds to it."""
    found: dict[str, Any] = _shown_positions(msgspec.to_builtins(report, enc_hook=str))
    found["versions"] = {"kubecheck": kubecheck_version()} | found["versions"]
    found["reason"] = shown_reason(report)
    if file := error_file(report):
        found["found"] = report.found.replace(file, shown_file(file))
    head = {"format": "kubecheck-record", "format_version": FORMAT_VERSION}
    return (
        head
        | found
        | {
            "target": subject.title,
            "scaling": subject.scaling,
            "derived": subject.derived,
            "not_modelled": [_left_aside(o) for o in subject.not_modelled],
            "refused": [_left_aside(o) for o in subject.refused],
            "left_out": [field.path for field in subject.left_out],
            "presumed": [field.presumed for field in subject.left_out],
            "exit_code": int(exit_code(report.verdict)),
            "reproduce": reproduce,
            "run": msgspec.to_builtins(run, enc_hook=str),
        }
    )


def _left_aside(found: NotModelled) -> dict[str, Any]:
    told = {"api_version": found.api_version, "kind": found.kind, "name": found.name, "line": found.position.line}
    return told | ({"why": found.why} if found.why else {})


def run_of(spec: Spec, subject: Subject, *, options: ScopeOptions) -> Run:
    """What `kubecheck replay` needs to build this spec again, and to see whether it has changed."""
    from kubecheck.spec.meaning import type_texts

    given = Options(**{field.name: getattr(options, field.name) for field in dataclasses.fields(options)})
    return Run(target=subject.target, name=subject.identity, options=given, types=type_texts(spec), functions=declarations(spec))


def declarations(spec: Spec) -> dict[str, Declaration]:
    """What a spec declares, by name. An initial condition that is called like something else has its role in its name."""
    from kubecheck.spec.meaning import meanings

    found: dict[str, Declaration] = {}
    for each in sorted(meanings(spec), key=lambda m: m.role == "initial"):
        name, number = each.name, 1
        while name in found:
            name, number = f"{each.name} ({each.role} {number})", number + 1
        found[name] = Declaration(role=each.role, kind=each.kind, actor=each.actor, digest=_digest(each.body))
    return found


def digests(spec: Spec) -> tuple[str, dict[str, str]]:
    """A digest of the state's types with their defaults, and of each declared function: what it is declared as, what it does."""
    from kubecheck.spec.meaning import type_texts

    types = json_bytes(type_texts(spec)).decode()
    return _digest(types), {
        name: _digest(json_bytes(each).decode()) for name, each in declarations(spec).items()
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shown_positions(value: Any) -> Any:
    """The same data, with files as short as they can be said: the record is not to depend on where kubecheck is installed."""
    if isinstance(value, list):
        return [_shown_positions(v) for v in value]
    if isinstance(value, dict):
        if value.keys() == {"file", "line", "column"}:
            return value | {"file": shown_file(value["file"])}
        return {name: _shown_positions(v) for name, v in value.items()}
    return value


def encode(records: Sequence[dict[str, Any]], *, worst: int) -> bytes:
    """The records of one command as a JSON text.

    One record stands for itself. Of several, the `worst` is given, with all of them under `checks`.
    """
    whole = records[worst] if len(records) == 1 else records[worst] | {"checks": list(records)}
    return json_bytes(whole, indent=2)


_VALUE: Final = {"$ref": "#/$defs/Value"}
_VALUES: Final = {
    "Value": {
        "title": "Value",
        "description": "A value of a state as the Informal Trace Format (Apalache, ADR-015) writes it: a truth, the name of a member of "
        "an Enum or a Sort, an integer, a set (an optional is one of at most one element), a map, a sequence, or a record.",
        "anyOf": [
            {"type": "boolean"},
            {"type": "string"},
            {"$ref": "#/$defs/Integer"},
            {"$ref": "#/$defs/SetOfValues"},
            {"$ref": "#/$defs/MapOfValues"},
            {"type": "array", "items": _VALUE},
            {"$ref": "#/$defs/RecordOfValues"},
        ],
    },
    "Integer": {
        "type": "object",
        "properties": {"#bigint": {"type": "string", "pattern": "^-?[0-9]+$"}},
        "required": ["#bigint"],
        "additionalProperties": False,
    },
    "SetOfValues": {
        "type": "object",
        "properties": {"#set": {"type": "array", "items": _VALUE}},
        "required": ["#set"],
        "additionalProperties": False,
    },
    "MapOfValues": {
        "type": "object",
        "properties": {
            "#map": {"type": "array", "items": {"type": "array", "prefixItems": [_VALUE, _VALUE], "minItems": 2, "maxItems": 2}}
        },
        "required": ["#map"],
        "additionalProperties": False,
    },
    "RecordOfValues": {"type": "object", "propertyNames": {"pattern": "^[^#]"}, "additionalProperties": _VALUE},
}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record, made from the types."""
    made = schema_of(Record)
    parts = made["$defs"]
    # msgspec requires no field that has a default; a reader is to be able to tell what it has before it
    parts["Record"]["required"] = ["format", "format_version", *parts["Record"]["required"]]
    parts["Step"]["properties"]["state"] = {"$ref": "#/$defs/RecordOfValues", "default": {}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:kubecheck:record:{FORMAT_VERSION}",
        "title": f"The record of a check by kubecheck, version {FORMAT_VERSION}",
        **made,
        "$defs": parts | _VALUES,
    }


def shipped_schema() -> str:
    """record.schema.json as the package has it."""
    return importlib.resources.files("kubecheck.cli.formats").joinpath("record.schema.json").read_text("utf-8")
