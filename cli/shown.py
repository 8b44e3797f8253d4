"""What was found, as it may be shown: every text of a report and of what it is about in one line, with escapes for what is not printable.

For those who show it to people (the terminal, JUnit, SARIF, Mermaid); data (JSON, ITF) keeps what it was.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, TypeVar, cast

import msgspec

from kubecheck.checker.report import Report, Verdict
from kubecheck.spec.visible import visible, visible_lines

_T = TypeVar("_T")


def shown(value: _T) -> _T:
    """The same, with all texts in it visible. Files of positions stay: they are looked up.

    Of a check that ended with an error the reason has several lines, which the error has composed.
    """
    found = cast(_T, _shown(value))
    if isinstance(found, Report) and isinstance(value, Report) and value.verdict is Verdict.ERROR:
        return msgspec.structs.replace(found, reason=visible_lines(value.reason))
    return found


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return value if isinstance(value, enum.Enum) else visible(value)
    if isinstance(value, list):
        return [_shown(v) for v in value]
    if isinstance(value, tuple):
        return tuple(_shown(v) for v in value)
    if isinstance(value, dict):
        return {_shown(name): _shown(v) for name, v in value.items()}
    if type(value).__name__ == "Position":
        return value
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.replace(value, **{name: _shown(getattr(value, name)) for name in value.__struct_fields__})
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{f.name: _shown(getattr(value, f.name)) for f in dataclasses.fields(value) if f.init})
    return value
