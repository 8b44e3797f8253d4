"""The versions of kubecheck and of what it stands on."""

from __future__ import annotations

import platform
from importlib import metadata


def kubecheck_version() -> str:
    """The installed version; "unknown" when kubecheck is run without being installed."""
    try:
        return metadata.version("kubecheck")
    except metadata.PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Names and versions, for reports of faults."""
    found = {"kubecheck": kubecheck_version(), "python": platform.python_version()}
    for name in ("llvmlite", "numba", "numpy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "missing"
    return found
