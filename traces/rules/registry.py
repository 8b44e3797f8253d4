"""All rules, and the choice of some by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from kubecheck.traces.rules import (
    answers,
    cluster,
    controllers,
    counts,
    creation,
    deletion,
    end_state,
    endpoints,
    garbage,
    jobs,
    leaders,
    nodes,
    pod_life,
    pods,
    reads,
    requests,
    store,
    templates,
    through_api,
    watch,
    watch_creations,
)
from kubecheck.traces.rules.rule import Rule

ALL: Final[tuple[type[Rule], ...]] = (
    *store.RULES, *reads.RULES, *deletion.RULES, *creation.RULES, *answers.RULES, *watch.RULES, *watch_creations.RULES,
    *pods.RULES, *pod_life.RULES, *nodes.RULES, *controllers.RULES, *jobs.RULES, *counts.RULES, *templates.RULES,
    *endpoints.RULES, *garbage.RULES, *cluster.RULES, *leaders.RULES, *requests.RULES, *through_api.RULES,
    *end_state.RULES,
)
"""Every rule, by subject."""


class UnknownRuleError(ValueError):
    """A rule was asked for that there is not; `remedy` names the nearest."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def choose(*, only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[type[Rule], ...]:
    """The rules whose name, or the subject before the dot, is in `only` (if any are given) and not in `skip`.

    Raises UnknownRuleError for a name that is neither a rule nor a subject.
    """
    only, skip = tuple(only), tuple(skip)
    known = {rule.name for rule in ALL} | {rule.name.partition(".")[0] for rule in ALL}
    for name in (*only, *skip):
        if name not in known:
            near = difflib.get_close_matches(name, sorted(known), n=1)  # a set has another order each time
            raise UnknownRuleError(
                f"there is no rule {name!r}", remedy=f"did you mean `{near[0]}`?" if near else "`kubecheck rules` lists them"
            )

    def listed(rule: type[Rule], names: tuple[str, ...]) -> bool:
        return rule.name in names or rule.name.partition(".")[0] in names

    return tuple(rule for rule in ALL if (not only or listed(rule, only)) and not listed(rule, skip))
