"""--without and --with: a scope with its features switched, and a warning where that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from kubecheck.cli.errors import InputError
from kubecheck.cli.output import say
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kubecheck.cli.subjects import ScopeOptions, Subject
    from kubecheck.model.feature import Switchable
    from kubecheck.spec import Spec

S = TypeVar("S", bound="Switchable")


def switched(scope: S, options: ScopeOptions) -> S:
    """The scope with the features off and on that the options name. Raises InputError."""
    from kubecheck.model.features import FeatureError
    from kubecheck.model.scope_checks import ScopeError

    try:
        return scope.switched(without=options.without, having=options.having)
    except FeatureError as error:
        raise InputError(str(error), remedy="change --without or --with; `kubecheck features` lists what there is") from error
    except ScopeError as error:
        raise InputError(str(error).removeprefix(f"{error.field}: "), remedy="change --without or --with") from error


def idle_switches(scope: S, options: ScopeOptions, build: Callable[[S], Spec], spec: Spec) -> Iterator[str]:
    """What there is to say about switches that change nothing: `spec` is built from the scope with all of them."""
    from kubecheck.model.features import FEATURES

    for name in dict.fromkeys((*options.without, *options.having)):
        others = scope.switched(
            without=[n for n in options.without if n != name], having=[n for n in options.having if n != name]
        )
        off = name in options.without
        if others.has(name) is off:
            yield from _idle(spec, others, name, build)
        else:
            release = getattr(others, "release", options.release)
            by_release = release is not None and FEATURES[name].is_on(release) is not off
            where = f"Kubernetes {release}" if by_release else "this scenario"
            yield f"{name} is {'off' if off else 'on'} already in {where} ({FEATURES[name].when})"


def _idle(spec: Spec, others: S, name: str, build: Callable[[S], Spec]) -> Iterator[str]:
    from kubecheck import checker
    from kubecheck.model.scope_checks import ScopeError

    try:
        before = build(others)
    except ScopeError:  # the scope makes no sense without the switch
        return
    if checker.same_code(before, spec):
        yield f"{name} makes no difference in this scope: the model is the same with and without it"


def warn(subject: Subject) -> None:
    """Says on standard error which of the subject's switches change nothing."""
    for text in subject.idle_switches(subject.build()):
        say(f"warning: {visible(text)}", err=True)
