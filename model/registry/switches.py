"""How a scope of model/registry/ switches its protections: each is a field of its own, named as its feature is, with underscores."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Self

from kubecheck.model.features import FEATURES, check_switches


@dataclasses.dataclass(frozen=True, kw_only=True)
class Switches:
    """To be inherited by such a scope."""

    @classmethod
    def features(cls) -> tuple[str, ...]:
        """The names of the features that the model has."""
        fields = {f.name for f in dataclasses.fields(cls)}
        return tuple(name for name, feature in FEATURES.items() if feature.attribute in fields)

    def switched(self, *, without: Iterable[str] = (), having: Iterable[str] = ()) -> Self:
        """The same with some features off and some on. Raises FeatureError."""
        off, on = set(without), set(having)
        check_switches(off, on, among=self.features())
        values = {FEATURES[name].attribute: name in on for name in off | on}
        return dataclasses.replace(self, **values)

    def has(self, name: str) -> bool:
        """Whether a feature is on."""
        return bool(getattr(self, FEATURES[name].attribute))

    def of_release(self, release: str) -> dict[str, bool]:
        """The switches that are otherwise in a release of Kubernetes. Raises FeatureError."""
        found = {FEATURES[name].attribute: FEATURES[name].is_on(release) for name in self.features()}
        return {attribute: on for attribute, on in found.items() if getattr(self, attribute) is not on}
