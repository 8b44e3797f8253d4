"""The base of every rule: a name, a sentence, a source, and hooks that the validation calls.

A rule overrides the hooks that it needs and calls `judge()` each time it had something to judge, `violated()` for a
contradiction and `cannot_tell()` where the log leaves the question open. It never raises because of what a log holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, Final

from kubecheck.traces.event import Event, Level
from kubecheck.traces.findings import RuleResult, Verdict, Violation, violation
from kubecheck.traces.history import History, Key, Record, Step, display_key
from kubecheck.traces.workloads import Workloads

_KEPT: Final = 50

LATE = "a write was logged too late to be ordered"
SERVER = "the API server may have removed it itself, which no request tells"
LEVEL = "the log's level does not keep the bodies that tell"
BEFORE = "the log starts later than the object"
UNLOGGED = "a write in between is not told by the log (binding, eviction, no answer, restart)"
NO_TIME = "the log has no times"


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

    def __init__(self, history: History, workloads: Workloads) -> None:
        self.history = history
        self.workloads = workloads
        """As they were before the present step."""
        self.judged = 0
        self.violations: list[Violation] = []
        self.violation_count = 0
        self.not_judged: Counter[str] = Counter()
        self.open: list[str] = []

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

    # What rules ask

    def removed_by_server(self, key: Key) -> bool:
        """May the API server itself have removed an object? Events expire (event/storage/storage.go NewREST, ttl), the Endpoints
        of a Service go with it (core/service/storage/storage.go afterDelete), and custom resources with their definition
        (apiextensions-apiserver crd_finalizer.go deleteInstances).
        """
        group, resource, namespace, name = key
        if resource == "events":
            return True
        if (group, resource) == ("", "endpoints"):
            service = self.history.records.get(("", "services", namespace, name))
            return service is not None and (service.exists is not True or service.removed_by is not None)
        definition = self.history.records.get(("apiextensions.k8s.io", "customresourcedefinitions", "", f"{resource}.{group}"))
        if definition is None:
            return False
        last = definition.last.meta if definition.last is not None else None
        gone = definition.exists is not True or definition.removed_by is not None
        return gone or (last is not None and last.deletion_timestamp is not None)

    def may_be_gone(self, key: Key) -> bool:
        """May an object that was seen have been removed meanwhile, by a request that the log does not order "
        "or by none?"""
        return self.history.may_be_gone(key) or self.removed_by_server(key)

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
        if len(self.violations) < _KEPT:
            objects = [key if isinstance(key, str) else display_key(key) for key in keys]
            self.violations.append(violation(self.name, sentence, objects, *events))

    def withdraw(self, late: set[str]) -> None:
        """Takes back what was said of objects with writes that came too late to be ordered."""
        if not late:
            return
        kept = [found for found in self.violations if not any(name in late for name in found.objects)]
        taken = len(self.violations) - len(kept)
        if taken:
            self.violations = kept
            self.violation_count -= taken
            self.not_judged[LATE] += taken

    def result(self) -> RuleResult:
        """What it found."""
        reasons = dict(self.not_judged)
        if self.violation_count:
            verdict = Verdict.VIOLATED
        elif self.judged:
            verdict = Verdict.CONFORMS
        else:
            verdict = Verdict.NOT_JUDGED
            if not reasons:
                reasons = {self.nothing: 1}
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
        )
