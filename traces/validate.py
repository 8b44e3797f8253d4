"""Several logs of one run -> a verdict: reads them in one order, keeps the history, calls the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from kubecheck.traces.event import Event, Item, Kind, Stage
from kubecheck.traces.findings import Summary, Validation, Verdict
from kubecheck.traces.history import Effect, History, Record, Step, display_key, effect_of, key_of
from kubecheck.traces.order import DEFAULT_WINDOW, WRITES, Pending, Place, Timeline
from kubecheck.traces.rules import Rule, choose
from kubecheck.traces.streams import Initial
from kubecheck.traces.workloads import Workloads


def validate(
    sources: Iterable[Iterable[Item]],
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    window: int = DEFAULT_WINDOW,
) -> Validation:
    """Judges the logs of one run, one iterable of items a file.

    `only` and `skip` choose rules by name or subject; `window` is how many events are held back to order them. Raises
    UnknownRuleError for an unknown rule, and what the sources raise. The same logs give the same result.
    """
    return _Run(choose(only=only, skip=skip), sources, window).result()


class _Run:
    def __init__(self, rules: Iterable[type[Rule]], sources: Iterable[Iterable[Item]], window: int) -> None:
        pending = Pending()
        self.history = History(pending)
        self.timeline = Timeline(sources, pending=pending, is_known=self.history.is_known, window=window)
        self.workloads = Workloads()
        self.rules = [rule(self.history, self.workloads) for rule in rules]
        self.initial = Initial()
        self.tally = _Tally()

        def overriding(hook: str) -> list[Any]:
            return [getattr(rule, hook) for rule in self.rules if getattr(type(rule), hook) is not getattr(Rule, hook)]

        self.on_arrived = overriding("arrived")
        self.on_before_write = overriding("before_write")
        self.on_echoed = overriding("echoed")
        self.on_step = overriding("step")
        self.on_placed = overriding("placed")
        self.on_removed = overriding("removed")
        self.on_delivered = overriding("delivered")

    def result(self) -> Validation:
        headers = 0
        steps = {
            Place.ARRIVED: self._arrived,
            Place.REVISION: self._revision,
            Place.TIME: self._time,
            Place.DELIVERY: self._delivery,
            Place.LATE: self._late,
        }
        counts = self.timeline.counts
        for place, event in self.timeline:
            while headers < len(counts.headers):
                self.history.begins(counts.headers[headers])
                headers += 1
            steps[place](event)
        self.history.now = None
        for rule in self.rules:
            rule.finished()
        late = {display_key(key) for key in self.history.late}
        for rule in self.rules:
            rule.withdraw(late)
        results = tuple(rule.result() for rule in self.rules)
        violations = sorted((found for result in results for found in result.violations), key=lambda it: (it.file, it.line))
        if any(result.verdict is Verdict.VIOLATED for result in results):
            verdict = Verdict.VIOLATED
        elif any(result.verdict is Verdict.CONFORMS for result in results):
            verdict = Verdict.CONFORMS
        else:
            verdict = Verdict.NOT_JUDGED
        return Validation(
            verdict=verdict,
            summary=self.tally.summary(self.history, self.timeline),
            rules=results,
            violations=tuple(violations),
            malformed=tuple(counts.malformed),
            malformed_count=counts.malformed_count,
        )

    def _arrived(self, event: Event) -> None:
        self.tally.count(event)
        self.history.arrived(event)
        for hook in self.on_arrived:
            hook(event)

    def _revision(self, event: Event) -> None:
        history = self.history
        history.now = event
        record = history.record(event)
        effect = effect_of(event)
        if effect in (Effect.NONE, Effect.UNLOGGED, Effect.COLLECTION) or key_of(event) is None:
            self._time(event)
            return
        for hook in self.on_before_write:
            hook(event, record)
        existed = record is not None and bool(record.exists)
        step = history.write(event)
        if step is None:
            return
        self._step(step)
        if existed and not step.record.exists:
            self._gone(step.record, event)
        history.settle(step)

    def _time(self, event: Event) -> None:
        history = self.history
        history.now = event
        record = history.record(event)
        for hook in self.on_placed:
            hook(event, record)
        if event.verb not in WRITES:
            return
        if record is not None and event.ok and not event.dry_run and event.version is not None and (
            record.find(event.version) is not None
        ):
            for hook in self.on_echoed:
                hook(event, record)
        if event.version is not None and event.ok and not event.dry_run:
            step = history.see(event)
            if step is not None:
                self._step(step)
                history.settle(step)
                return
        removed = history.place(event)
        if removed is not None:
            self._gone(removed, event)

    def _late(self, event: Event) -> None:
        self.timeline.counts.late += 1
        key = key_of(event)
        if key is None:
            return
        self.history.late.add(key)
        record = self.history.records.get(key)
        if record is not None:
            record.exists = None
            record.disturbed.append(event)

    def _delivery(self, event: Event) -> None:
        self.history.now = None
        record = self.history.record(event)
        existed = record is not None and bool(record.exists)
        initial = self.initial.next(event)
        step = self.history.deliver(event, initial=initial)
        if step is not None:
            self._step(step)
            record = step.record
        for hook in self.on_delivered:
            hook(event)
        if existed and record is not None and not record.exists:
            self._gone(record, event)
        if step is not None:
            self.history.settle(step)

    def _step(self, step: Step) -> None:
        for hook in self.on_step:
            hook(step)
        self.workloads.update(step)

    def _gone(self, record: Record, event: Event) -> None:
        for hook in self.on_removed:
            hook(record, event)
        self.workloads.removed(record)


class _Tally:
    """Counts for the summary."""

    def __init__(self) -> None:
        self.events = self.requests = self.deliveries = 0
        self.outcomes: dict[str, Counter[str]] = {}
        self.actors: Counter[str] = Counter()
        self.resources: Counter[str] = Counter()
        self.begin: int | None = None
        self.end: int | None = None

    def count(self, event: Event) -> None:
        self.events += 1
        if event.kind is Kind.DELIVERY:
            self.deliveries += 1
            verb, outcome = "(delivery)", event.delivery.value if event.delivery else "?"
        elif event.kind is Kind.REQUEST:
            self.requests += 1
            verb = event.verb or "?"
            if event.code is None:
                outcome = "no answer"
            else:
                outcome = "started" if event.stage is Stage.STARTED and event.code < 400 else str(event.code)
            self.actors[event.user or "(none)"] += 1
        else:
            verb, outcome = f"({event.kind.value})", "-"
        counter = self.outcomes.get(verb)
        if counter is None:
            counter = self.outcomes[verb] = Counter()
        counter[outcome] += 1
        if event.resource is not None:
            self.resources[event.resource] += 1
        begin = event.received if event.received is not None else event.completed
        if begin is not None:
            end = event.completed if event.completed is not None else begin
            if self.begin is None or begin < self.begin:
                self.begin = begin
            if self.end is None or end > self.end:
                self.end = end

    def summary(self, history: History, timeline: Timeline) -> Summary:
        counts = timeline.counts
        return Summary(
            events=self.events,
            requests=self.requests,
            deliveries=self.deliveries,
            duplicates=counts.duplicates,
            unanswered=counts.unanswered,
            writes=history.version_count,
            outcomes={verb: dict(counter) for verb, counter in sorted(self.outcomes.items())},
            actors=dict(self.actors.most_common()),
            resources=dict(self.resources.most_common()),
            objects=history.objects_seen,
            live=history.live,
            begin=self.begin,
            end=self.end,
            first_version=history.first_version,
            last_version=history.last_version,
            servers=tuple(sorted(counts.servers)),
            restarts=len(history.restarts),
            late=counts.late,
        )
