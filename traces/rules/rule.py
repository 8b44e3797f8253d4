"""The base of every rule: a name, a sentence, a source, and hooks that the validation calls.

A rule overrides the hooks that it needs and calls `judge()` each time it had something to judge, `violated()` for a
contradiction and `cannot_tell()` where the log leaves the question open. It never raises because of what a log holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final, TypeAlias

from kubecheck.traces.event import Event, Level
from kubecheck.traces.findings import RuleResult, Verdict, Violation, violation
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, display_key, store_of
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import MANY, OTHER_STORE, POLICY
from kubecheck.traces.versions import Record, Step, slim
from kubecheck.traces.workloads import Workloads

_KEPT: Final = 50
_FURTHER: Final = 10_000
_Presumed: TypeAlias = tuple[
    Callable[[Provenance], bool], str, tuple[Key | str, ...], tuple[Event | tuple[Event, str], ...],
]



class Rule:
    """One rule of one validation: its hooks are called in order, `result()` ends it."""

    name: ClassVar[str]
    sentence: ClassVar[str]
    """What always holds, one sentence."""
    source: ClassVar[str]
    """The file of Kubernetes, or the document, that it rests on."""
    level: ClassVar[Level] = Level.REQUEST_RESPONSE
    """The lowest level of an audit log at which it can judge."""
    nothing: ClassVar[str] = "nothing in the log that this rule is about"
    """Why it judged nothing, if no better reason was met."""
    resources: ClassVar[frozenset[str] | None] = None
    """Of which resources `before_write`, `echoed`, `step`, `placed` and `removed` are to be called; None: of all."""
    every_write: ClassVar[bool] = False
    """What it calls a violation may be none if the log lacks a write of one of the objects."""
    verbs: ClassVar[frozenset[str] | None] = None
    """Of which verbs `placed` is to be called; None: of all. If these are WRITES, so is `arrived`."""

    def __init__(self, history: History, workloads: Workloads) -> None:
        self.history = history
        self.workloads = workloads
        """As they were before the present step."""
        self.judged = 0
        self.violations: list[Violation] = []
        self.violation_count = 0
        self._further: Counter[tuple[str, ...]] = Counter()
        """Objects of the violations that are counted and not kept."""
        self.not_judged: Counter[str] = Counter()
        self.open: list[str] = []
        self._presumed: list[_Presumed] = []
        self._one_counter: list[_Presumed] = []
        """As `_presumed`, of what presumes that two kinds have one counter of revisions."""

    # Hooks, in the order of a validation

    def arrived(self, event: Event) -> None:
        """Every request, delivery, crash or restart as it is read (stages joined)."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """A successful write that wrote a new version, in the order of versions; `record` is as it was before."""

    def echoed(self, event: Event, record: Record) -> None:
        """A success that answered a version which is in the history: nothing was written, or the object was removed."""

    def step(self, step: Step) -> None:
        """A new version, whether a write or a delivery told it."""

    def placed(self, event: Event, record: Record | None) -> None:
        """A request placed by time: reads, failures, writes without a version. Called before its effect is taken."""

    def removed(self, record: Record, event: Event) -> None:
        """An object was removed by this request or, if no request told it, seen removed by this delivery."""

    def delivered(self, event: Event) -> None:
        """A watch delivery, after all writes up to its version."""

    def finished(self) -> None:
        """The logs have ended."""

    def concluded(self, provenance: Provenance) -> None:
        """Who wrote what, and what of that the log does not tell; known after the logs have ended."""

    # What rules ask

    def may_be_gone(self, key: Key) -> bool:
        """May an object that was seen have been removed meanwhile, by a request that the log does not order "
        "or by none?"""
        return self.history.may_be_gone(key) or self.history.removed_by_server(key)

    # What a rule says

    def judge(self) -> None:
        """It had something to judge."""
        self.judged += 1

    def cannot_tell(self, reason: str) -> None:
        """There was something to judge and the log does not tell enough."""
        self.not_judged[reason] += 1

    def violated(self, sentence: str, keys: Sequence[Key | str], *events: Event | tuple[Event, str]) -> None:
        """A contradiction, shown by two or three events; the one at which it shows comes first."""
        self.violation_count += 1
        objects = tuple(key if isinstance(key, str) else display_key(key) for key in keys)
        if len(self.violations) < _KEPT:
            self.violations.append(violation(self.name, sentence, objects, *events))
        elif objects in self._further or len(self._further) < _FURTHER:
            self._further[objects] += 1

    def presumed(
        self, keeps: Callable[[Provenance], bool], sentence: str, keys: Sequence[Key | str], *events: Event | tuple[Event, str]
    ) -> None:
        """A contradiction only if the log keeps what `keeps` asks for: an argument from what is not in it. Decided at its end."""
        if len(self._presumed) >= _FURTHER:
            self.cannot_tell(MANY)
            return
        shown = tuple(slim(one) if isinstance(one, Event) else (slim(one[0]), one[1]) for one in events)
        self._presumed.append((keeps, sentence, tuple(keys), shown))

    def of_one_counter(
        self, one: Event, other: Event, sentence: str, keys: Sequence[Key | str], *events: Event | tuple[Event, str]
    ) -> None:
        """A contradiction of revisions only if both kinds have the same counter. Decided at the end."""
        first, second = slim(one), slim(other)

        def shares(provenance: Provenance) -> bool:
            return not provenance.counters.differ(first, second)

        if (one.group, one.resource) == (other.group, other.resource):
            self.violated(sentence, keys, *events)
        elif store_of(one.group, one.resource or "") != store_of(other.group, other.resource or ""):
            self.cannot_tell(OTHER_STORE)
        elif len(self._one_counter) < _FURTHER:
            shown = tuple(slim(given) if isinstance(given, Event) else (slim(given[0]), given[1]) for given in events)
            self._one_counter.append((shares, sentence, tuple(keys), shown))

    def decide(self, provenance: Provenance) -> None:
        """What was presumed, now that it is known what the log keeps."""
        for keeps, sentence, keys, events in self._presumed:
            if self.history.no_policy or keeps(provenance):
                self.violated(sentence, keys, *events)
            else:
                self.cannot_tell(POLICY)
        self._presumed.clear()
        for shares, sentence, keys, events in self._one_counter:
            if shares(provenance):
                self.violated(sentence, keys, *events)
            else:
                self.cannot_tell(OTHER_STORE)
        self._one_counter.clear()

    def withdraw(self, names: set[str] | None, reason: str) -> None:
        """Takes back what was said of these objects, or of all (None), because of something that the end of the log has shown."""

        def stays(objects: Iterable[str]) -> bool:
            return names is not None and not any(name in names for name in objects)

        kept = [found for found in self.violations if stays(found.objects)]
        taken = len(self.violations) - len(kept)
        taken += sum(times for objects, times in self._further.items() if not stays(objects))
        if names is None:
            taken = self.violation_count
        if taken:
            self.violations = kept
            self.violation_count -= taken
            self.not_judged[reason] += taken

    def result(self) -> RuleResult:
        """What it found."""
        reasons = dict(self.not_judged)
        without_matter = False
        if self.violation_count:
            verdict = Verdict.VIOLATED
        elif self.judged:
            verdict = Verdict.CONFORMS
        else:
            verdict = Verdict.NOT_JUDGED
            if not reasons:
                reasons, without_matter = {self.nothing: 1}, True
        return RuleResult(
            name=self.name,
            sentence=self.sentence,
            source=self.source,
            verdict=verdict,
            judged=self.judged,
            violations=tuple(self.violations),
            violation_count=self.violation_count,
            not_judged=reasons,
            open=tuple(self.open),
            without_matter=without_matter,
        )
