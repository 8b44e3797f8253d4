"""A Report as JSON: the record of a check, and what the command line knows besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kubecheck.cli.exit_codes import exit_code
from kubecheck.cli.versions import kubecheck_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.checker.report import Report
    from kubecheck.cli.subjects import Subject


def record(report: Report, subject: Subject, *, reproduce: str) -> dict[str, Any]:
    """One check as plain data: every field of Report, and what the command line adds to it."""
    found: dict[str, Any] = msgspec.to_builtins(report, enc_hook=str)
    found["versions"] = {"kubecheck": kubecheck_version()} | found["versions"]
    return found | {
        "target": subject.title,
        "scaling": subject.scaling,
        "not_modelled": [
            {"api_version": o.api_version, "kind": o.kind, "name": o.name, "line": o.position.line}
            for o in subject.not_modelled
        ],
        "left_out": list(subject.left_out),
        "exit_code": int(exit_code(report.verdict)),
        "reproduce": reproduce,
    }


def encode(records: Sequence[dict[str, Any]], *, worst: int) -> bytes:
    """The records of one command as a JSON text.

    One record stands for itself. Of several, the `worst` is given, with all of them under `checks`.
    """
    whole = records[worst] if len(records) == 1 else records[worst] | {"checks": list(records)}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
