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
    """A rule was asked for that there is not. The message names the nearest ones."""


def choose(*, only: Iterable[str] = (), skip: Iterable[str] = ()) -> tuple[type[Rule], ...]:
    """The rules whose name, or the subject before the dot, is in `only` (if any are given) and not in `skip`.

    Raises UnknownRuleError for a name that is neither a rule nor a subject.
    """
    only, skip = tuple(only), tuple(skip)
    known = {rule.name for rule in ALL} | {rule.name.partition(".")[0] for rule in ALL}
    for name in (*only, *skip):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else "; `kubecheck rules` lists them"
            raise UnknownRuleError(f"there is no rule {name!r}{hint}")

    def listed(rule: type[Rule], names: tuple[str, ...]) -> bool:
        return rule.name in names or rule.name.partition(".")[0] in names

    return tuple(rule for rule in ALL if (not only or listed(rule, only)) and not listed(rule, skip))
