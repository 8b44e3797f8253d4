"""What a spec means, as text: what changes its meaning changes the text, and nothing else does."""

from __future__ import annotations

from typing import Annotated

from kubecheck.spec import Range, Record, Set, Sort, Spec, State, present, require
from kubecheck.spec.meaning import meanings, type_texts


class Lamp(Sort, size=2):
    """A lamp."""


class Setting(Record):
    """How bright."""

    level: Annotated[int, Range(0, 3)] = 2


class Room(State):
    """A room."""

    chosen: Lamp | None
    lit: Set[Lamp]
    setting: Setting = Setting(level=1)


def _is(s: Room, level: int) -> bool:
    return s.setting.level == level


def body(*, low: int = 1, high: int = 2, premise: bool = False, kind: str = "component") -> str:
    """The text of an action of a small spec."""
    spec = Spec("room", Room)

    @spec.action(actor="user", kind=kind)
    def light(s: Room) -> None:
        require(not _is(s, low))
        require(_is(s, high))
        if premise:
            s.lit |= {present(s.chosen)}
        else:
            require(s.chosen is not None)
            s.lit |= {s.chosen}

    [meaning] = meanings(spec)
    assert (meaning.name, meaning.role, meaning.kind, meaning.actor) == ("light", "action", kind, "user")
    return meaning.body


def test_specialisations_of_one_function_are_told_apart() -> None:
    """Otherwise a condition could be exchanged for another one without a trace."""
    assert "require not(_is(room))\n  require _is'2(room)" in body()
    assert body(low=1, high=2) != body(low=2, high=1)


def test_a_value_that_is_required_is_not_one_that_must_be_there() -> None:
    assert "present(room.chosen)" in body(premise=True)
    assert "unwrap(room.chosen)" in body()


def test_types_with_their_defaults() -> None:
    spec = Spec("room", Room)
    assert type_texts(spec) == {
        "state": {"room": "Room"},
        "Room": {"chosen": "Lamp | None", "lit": "Set[Lamp]", "setting": "Setting = {level: 1}"},
        "Lamp": {"members": "2", "symmetric": "no"},
        "Setting": {"level": "Range(0, 3) = 2"},
    }


def test_types_of_parameters_count_and_names_that_are_taken_twice() -> None:
    spec = Spec("room", Room)

    def another() -> type[Sort]:
        class Lamp(Sort, size=3):
            """Another kind of lamp."""

        return Lamp

    other = another()

    @spec.action(actor="user")
    def touch(s: Room, lamp: other) -> None:  # type: ignore[valid-type]
        pass

    texts = type_texts(spec)
    assert texts["Lamp"]["members"] == "2"
    [name] = [name for name in texts if name.endswith("<locals>.Lamp")]
    assert texts[name]["members"] == "3"
