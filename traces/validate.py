"""Several logs of one run -> a verdict: reads them in one order, keeps the history, calls the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from kubecheck.traces.effects import WRITES, Effect
from kubecheck.traces.event import Delivery, Event, Item, Kind, Stage
from kubecheck.traces.findings import Summary, Validation, Verdict
from kubecheck.traces.history import History
from kubecheck.traces.keys import display_key, key_of
from kubecheck.traces.order import DEFAULT_WINDOW, Pending, Place, Timeline
from kubecheck.traces.progress import EVENTS_BETWEEN, Progress
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import LACKING, LATE, OTHER_STORE, SERVER_MISSING
from kubecheck.traces.rules import Rule, choose
from kubecheck.traces.rules.hooks import Hooks, overriding
from kubecheck.traces.streams import Initial
from kubecheck.traces.versions import Record, Step
from kubecheck.traces.workloads import Workloads


def validate(
    sources: Iterable[Iterable[Item]],
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    window: int = DEFAULT_WINDOW,
    progress: Callable[[Progress], None] | None = None,
) -> Validation:
    """Judges the logs of one run, one iterable of items a file.

    `only` and `skip` choose rules by name or subject; `window` is how many events are held back to order them;
    `progress` is told now and then how far it is. Raises UnknownRuleError for an unknown rule, and what the sources raise. The same
    logs give the same result.
    """
    return _Run(choose(only=only, skip=skip), sources, window, progress).result()


_UNVERSIONED: Final = (Effect.NONE, Effect.UNLOGGED, Effect.COLLECTION)


class _Run:
    def __init__(
        self,
        rules: Iterable[type[Rule]],
        sources: Iterable[Iterable[Item]],
        window: int,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.progress = progress
        self.arrived = 0
        pending = Pending()
        self.history = History(pending)
        self.timeline = Timeline(sources, pending=pending, is_known=self.history.is_known, window=window)
        self.workloads = Workloads()
        self.rules = [rule(self.history, self.workloads) for rule in rules]
        self.provenance = Provenance(self.history)
        self.initial = Initial()
        self.tally = _Tally()

        self.on_write_arrived = overriding(self.rules, "arrived")
        self.on_arrived = overriding([rule for rule in self.rules if rule.verbs is not WRITES], "arrived")
        self.on_delivered = overriding(self.rules, "delivered")
        self.before_write = Hooks(self.rules, "before_write")
        self.on_echoed = Hooks(self.rules, "echoed")
        self.on_step = Hooks(self.rules, "step")
        self.on_placed = Hooks(self.rules, "placed", by_verb=(*WRITES, "get", "list"))
        self.on_removed = Hooks(self.rules, "removed")

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
        self.history.streams_end()
        self.provenance.finished(unanswered=counts.unanswered, requests=self.arrived)
        for rule in self.rules:
            rule.finished()
            rule.concluded(self.provenance)
            rule.decide(self.provenance)
        self._withdraw()
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
            summary=self.tally.summary(self.history, self.timeline, self.provenance),
            rules=results,
            violations=tuple(violations),
            malformed=tuple(counts.malformed),
            malformed_count=counts.malformed_count,
            malformed_alike=counts.malformed_alike,
        )

    def _withdraw(self) -> None:
        """What was called a violation and cannot be one for sure, now that it is known what the log lacks."""
        late = {display_key(key) for key in self.history.late}
        lacking = {display_key(key) for key in self.provenance.lacking}
        if any(rule.every_write and rule.violation_count for rule in self.rules):
            lacking |= {display_key(key) for key in self.history.records if not self.history.kept_throughout(key)}
        # all is ordered by one counter for each store that is known beforehand
        apart = any(rule.violation_count for rule in self.rules) and bool(self.provenance.counters.apart)
        for rule in self.rules:
            if apart:
                rule.withdraw(None, OTHER_STORE)
            if late:
                rule.withdraw(late, LATE)
            if rule.every_write and self.history.servers_missing:
                rule.withdraw(None, SERVER_MISSING)
            elif rule.every_write and (lacking or self.provenance.lossy):
                rule.withdraw(None if self.provenance.lossy else lacking, LACKING)

    def _arrived(self, event: Event) -> None:
        self.tally.count(event)
        self.arrived += 1
        if self.progress is not None and self.arrived % EVENTS_BETWEEN == 0:
            self.progress(Progress(
                events=self.arrived,
                writes=self.history.version_count,
                live=self.history.live,
                violations=sum(rule.violation_count for rule in self.rules),
            ))
        self.history.arrived(event)
        for hook in self.on_write_arrived if event.verb in WRITES else self.on_arrived:
            hook(event)

    def _revision(self, event: Event) -> None:
        history, key = self.history, event.key
        if key is None or event.effect in _UNVERSIONED:
            self._time(event)
            return
        history.now = event
        record = history.records.get(key)
        self.provenance.before_write(event)
        for hook in self.before_write.of(event.resource):
            hook(event, record)
        existed = record is not None and bool(record.exists)
        step = history.write(event)
        if step is None:
            return
        self._step(step)
        if existed and step.record.exists is False:
            self._gone(step.record, event)
        history.settle(step)

    def _time(self, event: Event) -> None:
        history, key = self.history, event.key
        history.now = event
        record = None if key is None else history.records.get(key)
        self.provenance.placed(event, record)
        for hook in self.on_placed.of_request(event.verb, event.resource):
            hook(event, record)
        if event.verb not in WRITES:
            return
        if record is not None and event.ok and not event.dry_run and event.version is not None and (
            record.find(event.version) is not None
        ):
            for hook in self.on_echoed.of(event.resource):
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
        self.history.streamed(event, initial=initial)
        step = self.history.deliver(event, initial=initial)
        if step is not None:
            self._step(step)
            record = step.record
        for hook in self.on_delivered:
            hook(event)
        if existed and record is not None and record.exists is False:
            self._gone(record, event)
        elif existed and record is not None and record.exists is None:
            self.provenance.removed(record, event)
        if step is not None:
            self.history.settle(step)

    def _step(self, step: Step) -> None:
        self.provenance.step(step)
        for hook in self.on_step.of(step.record.key[1]):
            hook(step)
        self.workloads.update(step)

    def _gone(self, record: Record, event: Event) -> None:
        self.provenance.removed(record, event)
        for hook in self.on_removed.of(record.key[1]):
            hook(record, event)
        self.workloads.removed(record)


class _Tally:
    """Counts for the summary."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[Kind, str | None, Stage, int | None, Delivery | None, str | None, str | None]] = Counter()
        self.begin: int | None = None
        self.end: int | None = None

    def count(self, event: Event) -> None:
        self.seen[
            event.kind, event.verb, event.stage, event.code, event.delivery, event.user, event.resource
        ] += 1
        begin = event.received if event.received is not None else event.completed
        if begin is not None:
            end = event.completed if event.completed is not None else begin
            if self.begin is None or begin < self.begin:
                self.begin = begin
            if self.end is None or end > self.end:
                self.end = end

    def summary(self, history: History, timeline: Timeline, provenance: Provenance) -> Summary:
        counts = timeline.counts
        kinds: Counter[Kind] = Counter()
        outcomes: dict[str, Counter[str]] = {}
        actors: Counter[str] = Counter()
        resources: Counter[str] = Counter()
        for (kind, verb, stage, code, delivery, user, resource), times in self.seen.items():
            kinds[kind] += times
            if kind is Kind.DELIVERY:
                verb, outcome = "(delivery)", delivery.value if delivery is not None else "?"
            elif kind is Kind.REQUEST:
                outcome = "no answer" if code is None else "started" if stage is Stage.STARTED and code < 400 else str(code)
                actors[user or "(none)"] += times
            else:
                verb, outcome = f"({kind.value})", "-"
            outcomes.setdefault(verb or "?", Counter())[outcome] += times
            if resource is not None:
                resources[resource] += times
        return Summary(
            events=kinds.total(),
            requests=kinds[Kind.REQUEST],
            deliveries=kinds[Kind.DELIVERY],
            duplicates=counts.duplicates,
            unanswered=counts.unanswered,
            writes=history.version_count,
            outcomes={verb: dict(counter) for verb, counter in sorted(outcomes.items())},
            actors=dict(actors.most_common()),
            resources=dict(resources.most_common()),
            objects=history.objects_seen,
            live=history.live,
            begin=self.begin,
            end=self.end,
            first_version=history.first_version,
            last_version=history.last_version,
            servers=tuple(sorted(counts.servers)),
            restarts=len(history.restarts),
            late=counts.late,
            shortened=counts.shortened,
            missing_lines=provenance.missing_lines,
        )
