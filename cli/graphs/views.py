"""From what was asked for to a graph: which view, which search it needs, and what is too large for it."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubecheck import checker
from kubecheck.checker.graph.enumeration import Enumeration, TooManyStatesError
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression, ExpressionError
from kubecheck.checker.graph.neighbourhood import ENUMERATED, NoSuchStateError, around_view, drawn, full_view
from kubecheck.checker.graph.path import MOST_ALTERNATIVES, path_to, path_view, states_of
from kubecheck.checker.graph.quotient import TooManyClassesError, named, quotient_view
from kubecheck.checker.graph.recovery import recovery
from kubecheck.checker.graph.symmetry import NotSymmetricError, Symmetry
from kubecheck.checker.graph.totals import Totals, explored, totals
from kubecheck.checker.report import PropertyReport, Report, Verdict
from kubecheck.checker.retrace import why_still
from kubecheck.cli.errors import InputError, did_you_mean
from kubecheck.cli.progress import shown_on
from kubecheck.cli.rows import rows
from kubecheck.cli.why import lines_of, round_title, shown_reason, why_lines
from kubecheck.spec import PropertyKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.checker.engine.explore import Exploration
    from kubecheck.checker.graph.graph import Graph
    from kubecheck.checker.report import Limits, Step
    from kubecheck.spec import Spec

PICTURE: Final = 300
"""Nodes of a picture, at most, unless --limit says otherwise: beyond that it helps nobody, and dot takes minutes."""

FULL: Final = 40
"""States of a picture of everything, at most, where nobody asked for everything: it is to be read, and not only drawn."""

PATH: Final = 60
"""Steps of a path in a picture, at most, unless --limit says otherwise: the middle of a longer one is one node."""

COUNTED: Final = 5_000_000
"""States that are counted to say how many are left out, unless there is a time limit: more are "more than"."""

_RECOVERED: Final = 500_000  # states among which a witness with a fault is looked for: some seconds
_AROUND: Final = 2  # steps, unless --depth says otherwise


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asks for; `view` is "" for the default. `picture`: whether it is to be drawn, and not only written as data."""

    view: str
    state: str | None
    wanted: str | None
    alternatives: int | None
    depth: int | None
    by: str | None
    merge_symmetric: bool
    limit: int | None
    picture: bool
    limits: Limits
    threads: int | None
    quiet: bool
    cache: bool

    @property
    def most(self) -> int:
        """Nodes, at most."""
        return self.limit or (PICTURE if self.picture else ENUMERATED)


def draw(spec: Spec, request: Request) -> Graph:
    """The graph that is asked for. Raises InputError, and SpecError as `check` does."""
    try:
        return _Drawing(spec, request).graph()
    except ExpressionError as error:
        raise InputError(str(error), snippet=error.snippet, remedy=error.remedy) from error
    except NoSuchStateError as error:
        raise InputError(str(error), remedy="give a smaller number, or another condition") from error
    except NotSymmetricError as error:
        raise InputError(str(error), remedy="leave out --merge-symmetric, or take a smaller scope") from error
    except TooManyClassesError as error:
        raise InputError(
            f"{request.by} takes more than {error.classes:,} values",
            remedy="merge by something coarser, or raise --limit",
        ) from error


class _Drawing:
    """One request on its way."""

    def __init__(self, spec: Spec, request: Request) -> None:
        self._spec, self._request = spec, request
        self._cache = checker.Cache(checker.cache_folder()) if request.cache else None
        self._expander = Expander(spec, cache=self._cache)
        self._symmetry = Symmetry(self._expander) if request.merge_symmetric else None
        self._canonical = self._symmetry.canonical if self._symmetry is not None else None

    def graph(self) -> Graph:
        match self._request.view:
            case "quotient":
                return self._quotient()
            case "around":
                return self._around(self._request.state or "0")
            case "full":
                return self._full()
            case "path" if self._request.wanted is not None:
                return self._path_to(self._request.wanted)
            case "path":
                return self._path(self._checked())
        report = self._checked()
        if report.path:
            return self._path(report)
        request = self._request
        few = request.limit or (FULL if request.picture else ENUMERATED)
        if report.verdict is Verdict.HOLDS and report.states.distinct <= few:
            return self._full()
        if any(prop.witness for prop in report.properties):
            return self._path(report)
        return self._around("0")

    def _checked(self) -> Report:
        request = self._request
        with shown_on(sys.stderr, quiet=request.quiet) as progress:
            return checker.check(
                self._spec,
                limits=request.limits,
                threads=request.threads,
                cache=request.cache,
                witnesses=True,
                progress=progress,
            )

    def _explored(self, *, whole: bool = False) -> tuple[Exploration, Totals]:
        """A search to count with, of everything (`whole`, or where there is a time limit) or of so many states that it takes seconds."""
        request = self._request
        most = None if whole or request.limits.seconds is not None else COUNTED
        with shown_on(sys.stderr, quiet=request.quiet) as progress:
            found = explored(
                self._expander,
                limits=request.limits,
                threads=request.threads,
                cache=self._cache,
                progress=progress,
                most=most,
            )
        return found, totals(found, most=most)

    def _path(self, report: Report) -> Graph:
        """The path that a check shows: to what it found, else to the witness that shows most."""
        if report.path:
            title, steps, end = _title(report), report.path, ""
            why = _told(why_lines(report)) if report.why is not None else shown_reason(report).splitlines()
        else:
            shown = max(report.properties, key=_shows, default=None)
            if shown is None or not shown.witness:
                raise InputError(
                    f"nothing is violated in {self._spec.name}, and no reachable property has a witness: there is no path to show",
                    remedy="--view full, --view around 0, or --view quotient --by EXPR",
                )
            title, steps, end = _witness(shown.name, shown.witness), shown.witness, f"shows {shown.name}"
            why = []
            if not _has_fault(steps) and (recovered := self._recovery(report)):
                name, steps = recovered
                title = f"a shortest path with a fault to a witness of {name}, {_steps(steps)}"
                end = f"shows {name}"
        if report.verdict is Verdict.HOLDS:
            counted = Totals(report.states.distinct, sum(action.fired for action in report.actions))
        else:  # the check ended where something was found; what is left out is counted all the same
            counted = self._explored()[1]
        return self._beside(steps, counted, title, end, why)

    def _recovery(self, report: Report) -> tuple[str, list[Step]] | None:
        """A witness of a reachable property after a fault, the furthest property first; None if there is none, or it takes too long."""
        shown = sorted((prop for prop in report.properties if prop.witness), key=lambda prop: -len(prop.witness))
        for prop in shown:
            steps = recovery(self._expander, self._spec.find_property(prop.name), most=_RECOVERED)
            if steps:
                return prop.name, steps
        return None

    def _path_to(self, wanted: str) -> Graph:
        """The path to a violation or a witness of this property, whatever else is violated."""
        names = [prop.name for prop in self._spec.properties]
        if wanted not in names:
            raise InputError(
                f"{self._spec.name} has no property {wanted}",
                remedy=did_you_mean(wanted, names, otherwise=f"it has {', '.join(names)}"),
            )
        prop = self._spec.find_property(wanted)
        exploration, counted = self._explored(whole=True)
        steps = path_to(self._expander, exploration, prop)
        if not steps:
            what = "shows" if prop.kind is PropertyKind.REACHABLE else "violates"
            raise InputError(
                f"none of the {counted.states:,} states {what} {wanted}"
                + (f" ({counted.stopped})" if counted.stopped else ""),
                remedy="a path leads to a violation, or to a witness of a reachable property",
            )
        if prop.kind is PropertyKind.REACHABLE:
            return self._beside(steps, counted, _witness(wanted, steps), f"shows {wanted}", [])
        states = [self._expander.unpack(row) for row in states_of(self._expander, steps)]
        why = why_still(self._spec, prop, states)
        told = [] if why is None else _told(lines_of(why, len(steps) - 1))
        return self._beside(steps, counted, f"the shortest path to a violation of {wanted}, {_steps(steps)}", "", told)

    def _beside(self, steps: Sequence[Step], counted: Totals, title: str, end: str, why: Sequence[str]) -> Graph:
        given = self._request.alternatives
        return path_view(
            self._expander,
            steps,
            counted,
            title=title,
            tell=lambda before, step: rows([*before, step])[-1].changes,
            end=end,
            why=why,
            most=self._request.limit or PATH if self._request.picture else None,
            alternatives=MOST_ALTERNATIVES if given is None else given,
            symmetry=self._symmetry,
        )

    def _full(self) -> Graph:
        request = self._request
        try:
            states = Enumeration(self._expander, limit=request.most, canonical=self._canonical)
            while not states.complete:
                states.grow()
        except TooManyStatesError as error:
            found = self._explored()[1]
            least = "" if not found.stopped else "more than " if found.edges is None else "at least "
            picture = "a picture shows" if request.picture else "a file holds"
            raise InputError(
                f"{self._spec.name} has {least}{found.states:,} states; {picture} {error.limit:,} at most",
                remedy="--view path, --view around STATE, --view quotient --by EXPR, a smaller scope, or a higher --limit",
            ) from error
        show = drawn if request.picture else full_view
        if self._symmetry is None:
            return show(self._expander, states)
        return show(self._expander, states, merged=self._explored()[1], note=self._symmetry.note)

    def _around(self, state: str) -> Graph:
        request = self._request
        counted = self._explored()[1]
        try:
            return around_view(
                self._expander,
                Enumeration(self._expander, limit=max(ENUMERATED, request.limit or 0), canonical=self._canonical),
                counted,
                state,
                depth=_AROUND if request.depth is None else request.depth,
                most=request.most,
                symmetry=self._symmetry,
            )
        except TooManyStatesError as error:
            raise InputError(
                f"state {state} is not among the first {error.limit:,} states of {self._spec.name}, or what is around it is not",
                remedy="a state nearer to the start, a smaller --depth, or a higher --limit",
            ) from error

    def _quotient(self) -> Graph:
        request = self._request
        names, text = named(request.by or "")
        by = Expression(self._expander, text)
        by.values(self._expander.initial)  # a mistake is told before the search, not after it
        exploration, counted = self._explored(whole=True)
        return quotient_view(self._expander, by, exploration, counted, most=request.most, names=names)


def _shows(prop: PropertyReport) -> tuple[bool, int]:
    """How much a witness shows: one with a fault more than one without, for faults are what a scope was given for; else the longer one."""
    return _has_fault(prop.witness), len(prop.witness)


def _has_fault(path: Sequence[Step]) -> bool:
    return any(step.kind == "fault" for step in path)


_REASONS: Final = 5  # lines of why something is false that fit into a node


def _told(lines: Sequence[str]) -> list[str]:
    """Why a property is false, without the headline, which the picture's title and marks say."""
    told = lines[1:] if len(lines) <= _REASONS + 1 else [*lines[1:_REASONS], "\N{HORIZONTAL ELLIPSIS}"]
    return textwrap.dedent("\n".join(told)).splitlines()


def _title(report: Report) -> str:
    if report.back_to is not None:
        return round_title(report.back_to, len(report.path) - 1)
    if report.verdict is Verdict.ERROR:
        return f"the shortest path to where a value leaves its type, {_steps(report.path)}"
    what = "a violation of" if report.verdict is Verdict.VIOLATED else "a state that ends the check:"
    return f"the shortest path to {what} {report.found}, {_steps(report.path)}"


def _witness(name: str, path: Sequence[Step]) -> str:
    return f"a shortest path to a witness of {name}, {_steps(path)}"


def _steps(path: Sequence[Step]) -> str:
    count = len(path) - 1
    return f"{count} step{'' if count == 1 else 's'}"
