"""The union rules of the request chain, plugin list by plugin list, against what the source says of each (model/registry/chain.py)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.model.registry.chain import (
    ANONYMOUS,
    Identity,
    Opinion,
    admit_changes,
    admit_or_refuse,
    authenticate,
    authorize,
)
from kubecheck.model.registry.etcd import Etcd
from kubecheck.model.registry.objects import Stored
from kubecheck.model.registry.plain import OWNER, READER, SUSPENDED, TENANT, Chain, Client, credentials_of
from kubecheck.model.registry.requests import Code
from kubecheck.spec import Spec

NAMES = ("objects", "revisions", "history", "uids", "generations", "finalizers", "finalizer_names", "graces", "nodes")
SPEC = Spec("chain", Etcd, scope={**dict.fromkeys(NAMES, 1), "contents": 9, "users": 9})

KNOWN, BAD, NEITHER = "known", "bad", "neither"


@dataclass(frozen=True)
class Says:
    """An authenticator that says one thing of everybody: the user if it knows him."""

    what: str
    user: int = 0

    def identify(self, credentials: int) -> Identity:
        return Identity(known=self.what == KNOWN, bad=self.what == BAD, user=self.user if self.what == KNOWN else 0)


@dataclass(frozen=True)
class Thinks:
    """An authorizer with one opinion of everything."""

    opinion: Opinion

    def decide(self, user: int, action: int) -> Opinion:
        return self.opinion


@dataclass(frozen=True)
class Adds:
    """An admission plugin that halves the content and adds to it, so that order shows, and refuses one content."""

    digit: int = 0
    refuses: int = -1

    def change(self, new: Stored) -> Stored:
        return new.next(spec=new.spec // 2 + self.digit)

    def accepts(self, new: Stored) -> bool:
        return new.spec != self.refuses


def test_each_client_sends_credentials_of_its_own() -> None:
    sent = {client: credentials_of(client) for client in Client}
    assert len(set(sent.values())) == len(Client)
    assert sent[Client.NOBODY] == 0


def test_whom_each_client_is_taken_for() -> None:
    """Certificates come before tokens; a token that is not valid is refused, and without credentials a client is anonymous."""
    users = {
        Client.OWNER: OWNER, Client.TENANT: TENANT, Client.READER: READER, Client.STRANGER: None,
        Client.TWOFOLD: READER, Client.SUSPENDED: SUSPENDED, Client.NOBODY: ANONYMOUS,
    }  # fmt: skip
    with SPEC.types.active():
        for client, user in users.items():
            found = authenticate(Chain().authenticators, credentials_of(client))
            assert (found.user if found.known else None) == user


@given(st.lists(st.sampled_from([KNOWN, BAD, NEITHER]), max_size=4))
def test_the_first_that_knows_the_credentials_names_the_user(said: list[str]) -> None:
    """union.go, AuthenticateRequest: errors of those before are dropped once one knows; without one they make it 401."""
    with SPEC.types.active():
        answer = authenticate(tuple(Says(what, number + 1) for number, what in enumerate(said)), 1)
        if KNOWN in said:
            assert (answer.known, answer.user) == (True, said.index(KNOWN) + 1)
        elif BAD in said:
            assert not answer.known
        else:
            assert (answer.known, answer.user) == (True, ANONYMOUS)


@pytest.mark.parametrize("opinions", [o for n in range(4) for o in itertools.product(Opinion, repeat=n)], ids=str)
def test_the_first_opinion_decides(opinions: tuple[Opinion, ...]) -> None:
    """authorization/union/union.go, Authorize: Allow and Deny end it; no opinion of anybody is a refusal."""
    first = next((opinion for opinion in opinions if opinion is not Opinion.NONE), None)
    with SPEC.types.active():
        answer = authorize(tuple(map(Thinks, opinions)), 1, 0)
    assert answer is (Code.OK if first is Opinion.ALLOW else Code.FORBIDDEN)


def test_each_plugin_changes_what_the_one_before_made() -> None:
    """admission/chain.go, Admit."""
    with SPEC.types.active():
        assert admit_changes((Adds(3), Adds(4)), Stored(spec=8)).spec == (8 // 2 + 3) // 2 + 4
        assert admit_changes((Adds(4), Adds(3)), Stored(spec=8)).spec == (8 // 2 + 4) // 2 + 3
        assert admit_changes((), Stored(spec=8)).spec == 8


@pytest.mark.parametrize(("refused", "code"), [((), Code.OK), ((5,), Code.FORBIDDEN), ((6, 5), Code.FORBIDDEN), ((6,), Code.OK)])
def test_one_refusal_is_enough(refused: tuple[int, ...], code: Code) -> None:
    """admission/chain.go, Validate."""
    with SPEC.types.active():
        assert admit_or_refuse(tuple(Adds(refuses=content) for content in refused), Stored(spec=5)) is code
