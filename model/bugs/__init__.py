"""Known bugs of Kubernetes, one a file, each shown by the model without its fix and gone with it.

A bug is a module here with a `BUG`; there is no list to keep.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from kubecheck.model.bugs.bug import Bug


@functools.cache
def all_bugs() -> Mapping[str, Bug]:
    """Every bug by its name, in the order of their oldest issues."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [module.BUG for module in modules if hasattr(module, "BUG")]
    return MappingProxyType({bug.name: bug for bug in sorted(found, key=lambda b: (b.number, b.name))})


__all__ = ["Bug", "all_bugs"]
