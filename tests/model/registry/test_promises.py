"""The promises of the registry are told in docs/model.md, and each can be broken."""

from __future__ import annotations

from tests.model.registry import promises


def test_the_page_has_them() -> None:
    """To write it: python -m tests.model.registry.promises."""
    assert promises.written() == promises.table()


def test_each_is_broken_somewhere() -> None:
    assert promises.promises().keys() == promises.broken().keys()
