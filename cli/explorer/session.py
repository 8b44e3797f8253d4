"""What can be asked about a spec: the state at the end of a path, and the shortest path to a state that one looks for.

There is nothing to remember but the path itself, which every question brings along; what has been worked out is kept for the next question.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from kubecheck.checker import report
from kubecheck.checker.cache import Cache
from kubecheck.checker.explain import why_violated
from kubecheck.checker.graph.expression import Expression
from kubecheck.checker.graph.names import QUIESCENT, places
from kubecheck.checker.replay import first_step, one_step
from kubecheck.checker.stepper import ChoiceError, Condition, Search, SearchLimits, Stepper, chosen
from kubecheck.cli.explorer.parts import parts
from kubecheck.cli.explorer.protocol import Choice, Found, Info, PropertyNow, Row, View
from kubecheck.cli.explorer.revisions import revisions
from kubecheck.cli.paths import action_text
from kubecheck.cli.record import digests
from kubecheck.cli.rows import Row as WordedRow
from kubecheck.cli.rows import lanes, rows
from kubecheck.cli.subjects import Subject
from kubecheck.cli.versions import kubecheck_version
from kubecheck.cli.why import condition_lines, headline, place, round_title
from kubecheck.model.picture import is_cluster, picture
from kubecheck.spec import Property, PropertyKind, Spec, SpecError, reference
from kubecheck.spec.reference import Outcome, Snapshot, Taken

MOST_STEPS: Final = 1_000
"""Steps of a path, at most."""

_KEPT: Final = 4_096  # states whose steps are kept
_STATE_KINDS: Final = (PropertyKind.INVARIANT, PropertyKind.REACHABLE)


@dataclass(frozen=True)
class _Visit:
    """A state at the end of a path: how it was reached, as the record tells it, and the steps that it allows."""

    state: Snapshot
    step: report.Step
    steps: list[Taken]


class Session:
    """A spec that is walked through. May be used from several threads."""

    def __init__(self, spec: Spec, subject: Subject, *, command: str, cache: bool | Cache = True) -> None:
        """Compiles the spec; raises SpecError if that cannot be done. `command` is what to type to explore it again."""
        self.spec, self.subject, self.command = spec, subject, command
        self.stepper = Stepper(spec, cache=cache)
        self.fingerprint = fingerprint(spec)
        self._drawn = is_cluster(spec)
        self._visits: OrderedDict[tuple[int, ...], _Visit] = OrderedDict()
        self._lock = threading.Lock()

    def info(self, *, start: tuple[int, ...] = (0,), note: str = "", exported: int | None = None) -> Info:
        """What is explored, and where to begin."""
        names = [name for name, meant in places(self.spec).items() if any(place.bits for place in meant)]
        end = self.view(start)
        is_wrong = bool(end.error) or any(p.value == "violated" for p in end.properties)
        return Info(
            title=self.subject.title,
            spec=self.spec.name,
            scope=msgspec.to_builtins(dict(self.subject.scope or self.spec.scope), enc_hook=str),
            release=self.spec.release,
            version=kubecheck_version(),
            fingerprint=self.fingerprint,
            command=self.command,
            lanes=self._lanes(),
            initial_states=len(self.stepper.initial()),
            names=[name for name in (*names, *(p.name for p in self.spec.properties)) if not name.startswith("_")],
            examples=self._examples(),
            start=path_text(start),
            start_at=len(start) - 1 if is_wrong else 0,
            note=note,
            exported=exported,
        )

    def view(self, choices: tuple[int, ...]) -> View:
        """The state at the end of a path. Raises ChoiceError where there is none."""
        path = self._path(choices)
        visit = path[-1]
        worded = rows([v.step for v in path])
        error = self.stepper.error(visit.state)
        quiescent = error is None and self.stepper.is_quiescent(visit.state)
        before = path[-2].state if len(path) > 1 else None
        drawn = picture(self.spec, visit.state) if self._drawn else None
        properties = [self._property(p, visit.state, before, quiescent, len(path) - 1) for p in self.spec.properties]
        already = {p.name for p in properties if p.value == "violated" and p.kind != PropertyKind.STEP_INVARIANT}
        return View(
            path=path_text(choices),
            row=_row(worded[-1], visit.step.sentence),
            choices=[self._choice(path, number, taken, already) for number, taken in enumerate(visit.steps)],
            properties=properties,
            quiescent=quiescent,
            error="" if error is None else str(error),
            picture=drawn,
            revisions=None if drawn is None else revisions([v.step for v in path], drawn),
            parts=parts(self.spec, visit.state),
        )

    def rows(self, choices: tuple[int, ...]) -> list[Row]:
        """The steps of a path, in words. Raises ChoiceError."""
        path = [visit.step for visit in self._path(choices)]
        return [_row(row, step.sentence) for row, step in zip(rows(path), path, strict=True)]

    def find(self, condition: str, *, limits: SearchLimits, cancelled: Callable[[], bool] = lambda: False) -> Found:
        """The shortest path to a state in which an expression is true, or to a quiescent one. Raises ExpressionError."""
        is_quiescence = condition.strip() == QUIESCENT and QUIESCENT not in places(self.spec)
        if is_quiescence:  # as the expression would, for many states at a time
            wanted: Condition = self.stepper.quiescent
        else:
            wanted = Expression(self.stepper.expander, condition, condition=True, quiescent=self.stepper.quiescent).holds
        found = self.stepper.find(wanted, limits=limits, cancelled=cancelled)
        return self._found(found, "a quiescent state" if is_quiescence else f"a state with {condition.strip()}")

    def find_property(self, name: str, *, limits: SearchLimits, cancelled: Callable[[], bool] = lambda: False) -> Found:
        """The shortest path to a violation of a property, or to a state that shows it. Raises KeyError for an unknown name."""
        prop = self.spec.find_property(name)
        what = f"a state that shows {name}" if prop.kind is PropertyKind.REACHABLE else f"a violation of {name}"
        return self._found(self.stepper.find_property(prop, limits=limits, cancelled=cancelled), what)

    def _found(self, found: Search, what: str) -> Found:
        if found.choices is not None:
            steps = len(found.choices) - 1
            if found.back_to is not None:
                return Found(path=path_text(found.choices), sentence=round_title(found.back_to, steps))
            sentence = f"the shortest path to {what}: {steps} step{'' if steps == 1 else 's'}, {found.seen:,} states seen"
            return Found(path=path_text(found.choices), sentence=sentence)
        if found.stopped:
            sentence = f"{what} was not found: the search ended, {found.stopped} ({found.seen:,} states, {found.depth} steps far)"
            return Found(path=None, sentence=sentence)
        return Found(path=None, sentence=f"{what} does not exist: all {found.seen:,} states were seen")

    def _path(self, choices: tuple[int, ...]) -> list[_Visit]:
        """The states along a path; what is known of its beginning is used again."""
        if len(choices) > MOST_STEPS + 1:
            raise ChoiceError(f"the path has {len(choices) - 1:,} steps, and at most {MOST_STEPS:,} are followed", step=MOST_STEPS)
        found: list[_Visit] = []
        for n in range(1, len(choices) + 1):
            found.append(self._visits.get(choices[:n]) or self._visit(choices[:n], found[-1] if found else None))
        if not found:
            raise ChoiceError("a path begins with the number of an initial state", step=0)
        return found

    def _visit(self, choices: tuple[int, ...], before: _Visit | None) -> _Visit:
        number, choice = len(choices) - 1, choices[-1]
        if before is None:
            state = chosen(self.stepper.initial(), choice, step=0)
            step = first_step(self.spec, state)
        else:
            taken = chosen(before.steps, choice, step=number)
            state, step = taken.state, one_step(self.spec, number, before.state, taken)
        visit = _Visit(state, step, self.stepper.steps(state))
        with self._lock:
            self._visits[choices] = visit
            while len(self._visits) > _KEPT:
                self._visits.popitem(last=False)
        return visit

    def _choice(self, path: list[_Visit], number: int, taken: Taken, already: set[str]) -> Choice:
        before = path[-1].state
        step = one_step(self.spec, len(path), before, taken)
        worded = rows([*(visit.step for visit in path), step])[-1]
        return Choice(
            number=number,
            actor=taken.action.actor,
            lane=worded.lane,
            kind=str(taken.action.kind),
            action=action_text(step),
            sentence=taken.action.sentence,
            changes=[] if taken.state == before else list(worded.changes),
            same=taken.state == before,
            breaks=[] if taken.state == before else [name for name in self._broken(before, taken.state) if name not in already],
        )

    def _broken(self, before: Snapshot, after: Snapshot) -> list[str]:
        found = []
        for prop in self.spec.properties:
            try:
                if prop.kind is PropertyKind.INVARIANT:
                    outcome = reference.evaluate(self.spec, prop, after)
                elif prop.kind is PropertyKind.STEP_INVARIANT:
                    outcome = reference.evaluate(self.spec, prop, before, after)
                elif prop.kind is PropertyKind.QUIESCENT and self.stepper.is_quiescent(after):
                    outcome = reference.evaluate(self.spec, prop, after)
                else:
                    continue
            except SpecError:
                continue  # the state after it tells
            if outcome is Outcome.VIOLATED:
                found.append(prop.name)
        return found

    def _property(
        self, prop: Property, state: Snapshot, before: Snapshot | None, quiescent: bool, number: int
    ) -> PropertyNow:
        value, why = "waiting", []
        judged: tuple[Snapshot, Snapshot | None] | None = None
        if prop.kind is PropertyKind.STEP_INVARIANT:
            judged = (before, state) if before is not None else None
        elif prop.kind in _STATE_KINDS or quiescent:
            judged = (state, None)
        if judged is not None:
            try:
                outcome = reference.evaluate(self.spec, prop, *judged)
            except SpecError as error:
                value, why = "error", str(error).splitlines()
            else:
                value = _value(prop, outcome)
                found = why_violated(self.spec, prop, *judged) if value == "violated" else None
                if found is not None:
                    lines = [(0, headline(found, number)), *condition_lines(found.condition, 1)]
                    why = ["  " * depth + text for depth, text in lines]
        return PropertyNow(name=prop.name, kind=str(prop.kind), sentence=prop.sentence, value=value, why=why)

    def _lanes(self) -> list[str]:
        """Every component that may move, in the order in which paths are drawn; a cluster's kubelets one by one."""
        actors = list(dict.fromkeys(action.actor for action in self.spec.actions))
        if self._drawn:
            nodes = [node.name for node in picture(self.spec, self.stepper.initial()[0]).nodes]
            actors = [lane for a in actors for lane in ([f"{a} {n}" for n in nodes] if a == "kubelet" else [a])] + (
                ["kubelet"] if "kubelet" in actors else []
            )
        named = [WordedRow(number=0, lane=a, kind="", action="", sentence="", changes=()) for a in actors]
        return lanes(named, cluster=self._drawn)

    def _examples(self) -> list[str]:
        """Conditions to search for, as a beginning."""
        found = ["quiescent"]
        if self._drawn:
            found += ["count(p.ready for p in pods) == 2", "any(p.terminating for p in pods)", "count(p.active for p in pods) > 2"]
        return found


def fingerprint(spec: Spec) -> str:
    """Eight characters that change when the meaning of a spec does, or its scope: its types, its actions, its properties."""
    layout, functions = digests(spec)
    whole = "\n".join([layout, *(f"{name} {digest}" for name, digest in functions.items())])
    return hashlib.sha256(whole.encode()).hexdigest()[:8]


def path_text(choices: tuple[int, ...]) -> str:
    """`0.3.1`: how a path stands in a URL."""
    return ".".join(map(str, choices))


def _row(row: WordedRow, sentence: str) -> Row:
    """A row, with what its action does, also where it was told before: the page shows one step at a time."""
    return Row(
        number=row.number,
        lane=row.lane,
        kind=row.kind,
        action=row.action,
        sentence=sentence,
        changes=list(row.changes),
        revision=row.revision,
        place="" if row.position is None else place(row.position),
    )


def _value(prop: Property, outcome: Outcome) -> str:
    if prop.kind is PropertyKind.REACHABLE:
        return "shown" if outcome is Outcome.HOLDS else "not shown"
    return {Outcome.HOLDS: "holds", Outcome.VIOLATED: "violated", Outcome.PREMISE_FALSE: "silent"}[outcome]
