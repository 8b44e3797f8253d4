"""What a feature is: a protection with a name, its issues, and the releases of Kubernetes that have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

FIRST_RELEASE, LAST_RELEASE = (1, 18), (1, 36)
DEFAULT_RELEASE = "1.36"


class FeatureError(ValueError):
    """An unknown feature or release. The message says which names are known."""


class Span(NamedTuple):
    """Releases from one to another, both included. No `first`: from 1.1 or an older one on; no `last`: all later ones."""

    first: str | None
    last: str | None = None

    def __str__(self) -> str:
        if self.first is None:
            return f"up to {self.last}" if self.last else "since 1.1 or before"
        if self.last is None:
            return f"since {self.first}"
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    def has(self, release: tuple[int, int]) -> bool:
        """Whether a release is one of them."""
        return (self.first is None or _number(self.first) <= release) and (
            self.last is None or release <= _number(self.last)
        )


def since(release: str) -> tuple[Span, ...]:
    """This release and all later ones."""
    return (Span(release),)


EARLY = (Span(None),)
"""In 1.1 already, whose source is the oldest that was read."""

NO_RELEASE: tuple[Span, ...] = ()
"""In none: a fix that is not merged, or nothing of Kubernetes' own."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One protection: its name, which releases have it on, where it was discussed, where it is in the source, what it does.

    `issues` are issues, pull requests and KEPs, such as "kubernetes#49992" and "KEP-3157"; empty where none is known to us. `protects` are
    the properties that are violated without it somewhere in the tests. `outside` names what brings it if that is no release of
    Kubernetes, such as "etcd 3.5.16"; it is then on whatever the release.
    """

    name: str
    releases: tuple[Span, ...]
    issues: tuple[str, ...] = ()
    source: str
    sentence: str
    protects: tuple[str, ...]
    outside: str = ""

    @property
    def attribute(self) -> str:
        """The name of the field of a scope, or of `Features`, that says whether it is on."""
        return self.name.replace("-", "_")

    @property
    def when(self) -> str:
        """Its releases in words: "since 1.36", "1.32, since 1.34", "no release yet"."""
        return self.outside or ", ".join(str(span) for span in self.releases) or "no release yet"

    def is_on(self, release: str) -> bool:
        """Whether a release has it on. Raises FeatureError for one that the model does not know."""
        number = parse_release(release)
        return bool(self.outside) or any(span.has(number) for span in self.releases)


class Switchable(Protocol):
    """The scope of a model, whose features can be switched."""

    def switched(self, *, without: Iterable[str] = (), having: Iterable[str] = ()) -> Self:
        """The same with some features off and some on. Raises FeatureError."""

    def has(self, name: str) -> bool:
        """Whether a feature is on."""


def parse_release(release: str) -> tuple[int, int]:
    """A release such as "1.36" (or "v1.36.2") as numbers. Raises FeatureError if the model does not know it."""
    parts = release.removeprefix("v").split(".")
    known = f"{_text(FIRST_RELEASE)} to {_text(LAST_RELEASE)}"
    if len(parts) not in (2, 3) or not all(p.isdigit() for p in parts):
        raise FeatureError(f"{release!r} is no release: write one of {known}, such as {DEFAULT_RELEASE!r}")
    number = (int(parts[0]), int(parts[1]))
    if not FIRST_RELEASE <= number <= LAST_RELEASE:
        raise FeatureError(f"release {release} is not modelled: {known} are")
    return number


def _number(release: str) -> tuple[int, int]:
    major, minor = release.split(".")
    return int(major), int(minor)


def _text(number: tuple[int, int]) -> str:
    return f"{number[0]}.{number[1]}"
