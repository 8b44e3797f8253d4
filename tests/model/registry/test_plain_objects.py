"""Plain objects behind the whole chain: everything holds, and each promise is broken where its protection is taken away.

The controls run a short story twice in the reference execution, with the protection and without; one of them is found by a search as well.
"""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck import checker
from kubecheck.model.registry.cluster import PlainScope, plain_cluster
from kubecheck.model.registry.objects import Slot
from kubecheck.model.registry.plain import (
    Anybody,
    Certificates,
    Chain,
    Client,
    DefaultAccount,
    Edit,
    Everybody,
    KnownAccounts,
    Masters,
    Suspensions,
    Tokens,
    Writers,
)
from kubecheck.model.registry.requests import Propagation
from kubecheck.spec import PropertyKind, Spec
from kubecheck.spec.reference import Outcome, evaluate, initial_states, take

Step = tuple[str, dict[str, Any]]


def create(edit: Edit = Edit.WRITE, client: Client = Client.OWNER) -> Step:
    return "create_object", {"client": client, "edit": edit}


def read(client: Client = Client.OWNER) -> Step:
    return "get_object", {"client": client}


def update(edit: Edit, *, sure: bool = False, client: Client = Client.OWNER) -> Step:
    return "update_object", {"client": client, "edit": edit, "sure": sure}


def delete(*, sure: bool = False, propagation: Propagation = Propagation.UNSAID) -> Step:
    return "delete_object", {"client": Client.OWNER, "propagation": propagation, "sure": sure}


# what is taken away: the promise that breaks, and the story in whose last step it does
CONTROLS: dict[str, tuple[dict[str, Any], str, list[Step]]] = {
    "optimistic lock": (
        {"optimistic_lock": False},
        "no_update_is_lost",
        [create(), read(), update(Edit.HOLD, client=Client.TENANT), update(Edit.WRITE_BARE, sure=True)],
    ),
    "uid preconditions": (
        {"optimistic_lock": False},
        "the_right_object_is_deleted",
        [create(), read(), delete(), create(), delete(sure=True)],
    ),
    "finalizers": ({"finalizers_hold": False}, "finalizers_hold", [create(Edit.HOLD), delete()]),
    "deletion is final": (
        {"deletion_is_final": False},
        "deletion_is_final",
        [create(Edit.HOLD), delete(), update(Edit.WRITE_BARE)],
    ),
    "no finalizers for what is going": (
        {"closed_to_finalizers": False},
        "nothing_new_holds_what_is_going",
        [create(), delete(propagation=Propagation.ORPHAN), update(Edit.HOLD)],
    ),
    "fresh uids": ({"fresh_uids": False}, "uids_are_never_used_again", [create(), delete(), create()]),
    "authentication": (
        {"chain": Chain(authenticators=(Everybody(),))},
        "strangers_have_no_effect",
        [create(client=Client.STRANGER)],
    ),
    "authorization": (
        {"chain": Chain(authorizers=(Anybody(),))},
        "the_forbidden_have_no_effect",
        [create(client=Client.READER)],
    ),
    "anonymous is not allowed": (
        {"chain": Chain(authorizers=(Anybody(),))},
        "the_forbidden_have_no_effect",
        [create(client=Client.NOBODY)],
    ),
    "the order of authenticators": (
        {"chain": Chain(authenticators=(Tokens(), Certificates()))},
        "the_first_authenticator_names_the_user",
        [create(client=Client.TWOFOLD)],
    ),
    "denial before permission": (
        {"chain": Chain(authorizers=(Masters(), Writers(), Suspensions()))},
        "the_first_denial_decides",
        [create(client=Client.SUSPENDED)],
    ),
    "permission before denial": (
        {"chain": Chain(authorizers=(Suspensions(), Masters(), Writers()))},
        "the_first_permission_decides",
        [create()],
    ),
    "validating admission": (
        {"chain": Chain(admission=(DefaultAccount(),))},
        "what_is_stored_was_admitted",
        [create(), update(Edit.WRITE_BANNED)],
    ),
    "mutating admission": (
        {"chain": Chain(admission=(KnownAccounts(),))},
        "what_is_stored_was_admitted",
        [create(), update(Edit.WRITE_BARE)],
    ),
    "admission before the write": (
        {"admit_first": False},
        "refused_requests_have_no_effect",
        [create(Edit.WRITE_BANNED)],
    ),
}


def told(spec: Spec, promise: str, story: list[Step]) -> Outcome:
    """What a promise says of the last step of a story."""
    actions = {a.name: a for a in spec.actions}
    found = next(p for p in spec.properties if p.name == promise)
    before = state = initial_states(spec)[0]
    with spec.types.active():
        slot = Slot(0)
    for name, parameters in story:
        after = take(spec, actions[name], {**parameters, "slot": slot}, state)
        assert after is not None, f"{name} is not enabled"
        before, state = state, after
    if found.kind is PropertyKind.STEP_INVARIANT:
        return evaluate(spec, found, before, state)
    return evaluate(spec, found, state)


def test_everything_holds_and_nothing_is_vacuous() -> None:
    report = checker.check(plain_cluster())
    assert report.verdict is checker.Verdict.HOLDS
    assert report.warnings == []
    assert (report.states.distinct, report.states.generated, report.depth) == (38_607, 3_691_268, 7)


def test_a_search_finds_the_lost_update() -> None:
    report = checker.check(plain_cluster(PlainScope(optimistic_lock=False)))
    assert report.verdict is checker.Verdict.VIOLATED
    assert [p.name for p in report.properties if p.verdict is checker.Verdict.VIOLATED] == ["no_update_is_lost"]
    assert len(report.path) - 1 == 4


@pytest.mark.parametrize("control", CONTROLS)
def test_without_its_protection_a_promise_is_broken(control: str) -> None:
    changes, promise, story = CONTROLS[control]
    assert told(plain_cluster(PlainScope(**changes, writes=5)), promise, story) is Outcome.VIOLATED
    assert told(plain_cluster(PlainScope(writes=5)), promise, story) is not Outcome.VIOLATED


def test_every_promise_has_a_control() -> None:
    promises = {p.name for p in plain_cluster().properties if p.kind is not PropertyKind.REACHABLE}
    assert promises == {promise for _, promise, _ in CONTROLS.values()}
