"""What the bugs of lists and watches have in common: one scope of kubecheck.model.registry.watching, with and without a protection."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.spec import Spec


def without(scope: WatchingScope, protection: str, *, name: str) -> Callable[[], Spec]:
    """The spec of the scope with one protection off."""
    return functools.partial(watching, dataclasses.replace(scope, **{protection: False}), name=name)


def having(scope: WatchingScope, protection: str, *, name: str) -> Callable[[], Spec]:
    """The spec of the scope with one protection on."""
    return functools.partial(watching, dataclasses.replace(scope, **{protection: True}), name=name)
