"""A known bug of Kubernetes that the model shows: with its fix switched off a property is violated, with it on it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubecheck.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One bug. `broken` builds the cluster without the fix, `fixed` the same cluster with it.

    `issues` are Kubernetes' own, such as "kubernetes#59848"; `violates` is the property's name in the broken cluster; `releases` says in
    which the bug was ("up to 1.34"), `fix` what ended it, or that nothing has yet.
    """

    name: str
    issues: tuple[str, ...]
    mechanism: str
    violates: str
    releases: str
    fix: str
    broken: Callable[[], Spec]
    fixed: Callable[[], Spec]

    @property
    def number(self) -> int:
        """The number of its first issue."""
        return int(self.issues[0].rpartition("#")[2])

    def is_called(self, name: str) -> bool:
        """Whether it has this name, or one of its issues has this number: `stale-restart`, `59848`, `kubernetes#59848`."""
        return name == self.name or any(name in (issue, issue.rpartition("#")[2]) for issue in self.issues)
