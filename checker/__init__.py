"""Any spec in, a verdict out: exhaustive exploration by compiled code, counterexamples confirmed by the reference execution.

    from kubecheck import checker

    report = checker.check(spec, limits=checker.Limits(seconds=60))
    assert report.verdict is checker.Verdict.HOLDS

Names are imported when they are first used: the record costs nothing, `check` brings LLVM and NumPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubecheck.checker.cache import Cache, cache_folder
    from kubecheck.checker.checking import check
    from kubecheck.checker.errors import InternalError
    from kubecheck.checker.native import same_code
    from kubecheck.checker.report import (
        ActionProfile,
        ActionReport,
        Audit,
        Change,
        Condition,
        Limits,
        Operand,
        PartProfile,
        Position,
        Profile,
        Progress,
        PropertyReport,
        Report,
        Rest,
        States,
        Step,
        Verdict,
        Why,
    )

_HOMES = {
    "Cache": "cache",
    "InternalError": "errors",
    "cache_folder": "cache",
    "check": "checking",
    "same_code": "native",
}

__all__ = [
    # checking
    "check",
    "Limits",
    "Progress",
    # what comes out
    "Report",
    "Rest",
    "Verdict",
    "States",
    "PropertyReport",
    "ActionReport",
    "Step",
    "Change",
    "Position",
    "Why",
    "Condition",
    "Operand",
    "Audit",
    "Profile",
    "PartProfile",
    "ActionProfile",
    # beside it
    "Cache",
    "InternalError",
    "cache_folder",
    "same_code",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'report')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
