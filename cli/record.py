"""The record of a check as plain data: a Report, and what the command line knows besides. It is what `--format json` and `--save` write.

The record is typed, so that its JSON Schema is made from the types (formats/record.schema.json, printed by `kubecheck check --schema`)
and a record from elsewhere is checked when `kubecheck replay` reads it. `format_version` changes when a field changes its meaning or goes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from kubecheck.checker.report import Report
from kubecheck.cli.exit_codes import exit_code
from kubecheck.cli.versions import kubecheck_version
from kubecheck.cli.why import error_file, shown_file, shown_reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.cli.subjects import ScopeOptions, Subject
    from kubecheck.spec import Spec


class NotModelledObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the manifest that the model does not have; `line` is its line in the file."""

    api_version: str
    kind: str
    name: str
    line: int


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The options that size a spec (cli/subjects.py, ScopeOptions), as they were given; `settings` are the texts of --set."""

    replicas: int | None = None
    pods: int | None = None
    nodes: int | None = None
    crashes: int | None = None
    lag: int | None = None
    release: str | None = None
    without: tuple[str, ...] = ()
    settings: dict[str, str] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to build the spec again: TARGET, which of its workloads, the options that size it. And what the spec was then.

    `functions` has a digest of what each action and property means, `layout` one of the state's types; comments and lines do not count.
    """

    target: str
    name: str
    options: Options
    layout: str
    functions: dict[str, str]


class Record(Report, frozen=True, kw_only=True):
    """A check of one spec. Of several workloads of a manifest, the worst stands for all, and `checks` has each."""

    format: Literal["kubecheck-record"] = "kubecheck-record"
    format_version: Literal[1] = 1
    target: str
    scaling: str
    not_modelled: list[NotModelledObject]
    left_out: list[str]
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
    head = {"format": "kubecheck-record", "format_version": 1}
    return (
        head
        | found
        | {
            "target": subject.title,
            "scaling": subject.scaling,
            "not_modelled": [
                {"api_version": o.api_version, "kind": o.kind, "name": o.name, "line": o.position.line}
                for o in subject.not_modelled
            ],
            "left_out": list(subject.left_out),
            "exit_code": int(exit_code(report.verdict)),
            "reproduce": reproduce,
            "run": msgspec.to_builtins(run, enc_hook=str),
        }
    )


def run_of(spec: Spec, subject: Subject, *, target: str, options: ScopeOptions) -> Run:
    """What `kubecheck replay` needs to build this spec again, and to see whether it has changed."""
    given = Options(**{field.name: getattr(options, field.name) for field in dataclasses.fields(options)})
    layout, functions = digests(spec)
    return Run(target=target, name=subject.name, options=given, layout=layout, functions=functions)


def digests(spec: Spec) -> tuple[str, dict[str, str]]:
    """A digest of the state's types, and of what each declared function means with all that it calls."""
    from kubecheck.spec.show import meanings

    return _digest(layout_text(spec)), {declared.name: _digest(text) for declared, text in meanings(spec)}


def layout_text(spec: Spec) -> str:
    """Every place of the state with its type."""
    from kubecheck.spec.layout import leaves

    return "\n".join(f"{leaf.path}: {leaf.type}" for leaf in leaves(spec.root))


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
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a record, made from the types."""
    made: dict[str, Any] = msgspec.json.schema(Record)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The record of a check by kubecheck, version 1",
        **made,
    }


def shipped_schema() -> str:
    """record.schema.json as the package has it."""
    return importlib.resources.files("kubecheck.cli.formats").joinpath("record.schema.json").read_text("utf-8")
