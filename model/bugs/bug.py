"""A known bug of Kubernetes that the model shows: with its fix switched off a property is violated, with it on it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kubecheck.model.cluster import cluster
from kubecheck.model.feature import FeatureError, Switchable
from kubecheck.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Bug:
    """One bug: a scope of one model, in which `violates` is violated without the feature `feature`, and holds with it.

    `issues` are Kubernetes' own, such as "kubernetes#59848"; `releases` says in which the bug was ("up to 1.34"), `fix` what ended it, or
    that nothing has yet. `holds_if` is what the fix takes for granted, where it does: "holds" then means no more than that. `loop` says
    in which loop components may go round with the fix, too, so that `violates` is not decided there; `loop_actions` are in it. `build`
    makes the spec of a scope.
    """

    name: str
    issues: tuple[str, ...]
    mechanism: str
    violates: str
    releases: str
    fix: str
    feature: str
    scope: Switchable
    build: Callable[..., Spec] = cluster
    holds_if: str = ""
    loop: str = ""
    loop_actions: tuple[str, ...] = ()

    def broken(self, *, without: Iterable[str] = (), having: Iterable[str] = ()) -> Spec:
        """The cluster without the fix, and with other features off and on. Raises FeatureError."""
        return self._spec(self.feature, None, without, having)

    def fixed(self, *, without: Iterable[str] = (), having: Iterable[str] = ()) -> Spec:
        """The same cluster with the fix."""
        return self._spec(None, self.feature, without, having)

    def _spec(self, off: str | None, on: str | None, without: Iterable[str], having: Iterable[str]) -> Spec:
        others_off, others_on = {*without}, {*having}
        if self.feature in others_off | others_on:
            raise FeatureError(
                f"feature {self.feature!r} is the fix of {self.name}, which is run without it and with it"
            )
        scope = self.scope.switched(
            without={*others_off, *([off] if off else [])}, having={*others_on, *([on] if on else [])}
        )
        return self.build(scope, name=self.name)

    @property
    def number(self) -> int:
        """The number of its first issue."""
        return int(self.issues[0].rpartition("#")[2])

    def is_called(self, name: str) -> bool:
        """Whether it has this name, or one of its issues has this number: `stale-restart`, `59848`, `kubernetes#59848`."""
        return name == self.name or any(name in (issue, issue.rpartition("#")[2]) for issue in self.issues)
