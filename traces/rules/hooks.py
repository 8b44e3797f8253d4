"""Which hook of which rule is to be called for what: by resource, and requests placed by time by verb besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from kubecheck.traces.rules.rule import Rule

Hook: TypeAlias = Callable[..., None]

_NONE: Final[tuple[Hook, ...]] = ()


def overriding(rules: Sequence[Rule], name: str) -> tuple[Hook, ...]:
    """The rules' hooks of one name, as far as they are overridden, in the order of the rules."""
    return tuple(getattr(rule, name) for rule in rules if getattr(type(rule), name) is not getattr(Rule, name))


class Hooks:
    """The hooks of one name, by what the rules say that they are about."""

    def __init__(self, rules: Sequence[Rule], name: str, *, by_verb: Sequence[str] = ()) -> None:
        rules = [rule for rule in rules if overriding((rule,), name)]

        def chosen(resource: str | None, verb: str | None) -> tuple[Hook, ...]:
            return overriding([
                rule for rule in rules if (rule.resources is None or resource in rule.resources)
                and (verb is None or rule.verbs is None or verb in rule.verbs)
            ], name)

        named = sorted({resource for rule in rules for resource in rule.resources or ()})
        self._every = chosen(None, None)
        self._by_resource: dict[Any, tuple[Hook, ...]] = {resource: chosen(resource, None) for resource in named}
        self._by_verb: dict[Any, dict[Any, tuple[Hook, ...]]] = {
            verb: {resource: chosen(resource, verb) for resource in (None, *named)} for verb in by_verb
        }

    def of(self, resource: str | None) -> tuple[Hook, ...]:
        """Those for an object of this resource."""
        return self._by_resource.get(resource, self._every)

    def of_request(self, verb: str | None, resource: str | None) -> tuple[Hook, ...]:
        """Those for a request with one of the verbs; none for another verb."""
        hooks = self._by_verb.get(verb)
        return _NONE if hooks is None else hooks.get(resource, hooks[None])
