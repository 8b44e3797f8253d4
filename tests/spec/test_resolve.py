"""From annotations to types under a scope."""

from __future__ import annotations

import enum
import typing
from typing import Annotated, Any, Optional

import pytest

from kubecheck.spec import Array, MaxLen, Range, Record, Seq, Set, Sort, SpecError, State
from kubecheck.spec.resolve import Types
from kubecheck.spec.types import BOOL, ArrayType, EnumType, IntType, OptionalType, RefType, SeqType, SetType
from tests.spec.toys import Phase, Pod, Work


class Thing(Sort, size=2): ...


class Alias(enum.Enum):
    A = 1
    B = 1


@pytest.fixture
def types() -> Types:
    return Types({"pods": 3, "nodes": 2, "release": "1.36", "lag": -1, "flag": True})


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (bool, BOOL),
        (Annotated[int, Range(-3, "pods")], IntType(-3, 3)),
        (Annotated[int, Range("lag", "lag")], IntType(-1, -1)),
        (Phase, EnumType(Phase)),
        (Alias, EnumType(Alias)),
        (Pod, RefType(Pod, 3, True)),
        (Thing, RefType(Thing, 2, False)),
        (Pod | None, OptionalType(RefType(Pod, 3, True))),
        (Optional[bool], OptionalType(BOOL)),  # noqa: UP045 - the old spelling, too
        (Array[Thing, bool], ArrayType(RefType(Thing, 2, False), BOOL)),
        (Array[bool, Array[Phase, bool]], ArrayType(BOOL, ArrayType(EnumType(Phase), BOOL))),
        (Set[Thing], SetType(RefType(Thing, 2, False))),
        (Annotated[Seq[Phase], MaxLen("nodes")], SeqType(EnumType(Phase), 2)),
        (Annotated[Seq[bool], "a remark", MaxLen(0)], SeqType(BOOL, 0)),
        ("Array['Thing', \"bool\"]", ArrayType(RefType(Thing, 2, False), BOOL)),
        ("'bool | None'", OptionalType(BOOL)),
    ],
    ids=str,
)
def test_types(types: Types, annotation: Any, wanted: Any) -> None:
    found = types.resolve(annotation, globals())
    assert found == wanted
    assert types.resolve(annotation, globals()) == found


def test_aliases_of_members_are_no_members(types: Types) -> None:
    assert types.resolve(Alias).values() == [Alias.A]


def test_a_class_is_resolved_once(types: Types) -> None:
    assert types.resolve(Work) is types.resolve(Work)


@pytest.mark.parametrize(
    ("bound", "message", "remedy"),
    [
        ("pod", "the scope has no number 'pod'; did you mean 'pods'?", "the scope names lag, nodes, pods"),
        ("release", "the scope has no number 'release'", "the scope names lag, nodes, pods"),
        ("flag", "the scope has no number 'flag'; did you mean 'lag'?", "the scope names lag, nodes, pods"),
        (True, "True is no bound", "write an int, or the name of a value of the scope"),
    ],
)
def test_bounds(types: Types, bound: Any, message: str, remedy: str) -> None:
    with pytest.raises(SpecError) as caught:
        types.number(bound)
    assert (caught.value.code, caught.value.message, caught.value.remedy) == ("KC104", message, remedy)


@pytest.mark.parametrize(
    "annotation",
    [
        int | None, float, None, typing.Any, typing.Literal[1], list[bool], tuple[bool, bool], dict[str, int], Set, Array, Seq[bool],
        Record, State, Sort, Annotated[bool, Range(0, 1)], Annotated[int, MaxLen(2)], Annotated[int, Range], bool | Phase | None,
        "1 +", "undefined", "bool if", "[]", "print", 3,
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_type(types: Types, annotation: Any) -> None:
    with pytest.raises(SpecError) as caught:
        types.resolve(annotation, {})
    assert caught.value.code in ("KC101", "KC105")


def test_sizes_have_bounds(types: Types) -> None:
    class Lagging(Sort, size="lag"): ...

    for lag in (-1, 65_537, 10**5000):
        with pytest.raises(SpecError, match="KC106") as caught:
            Types({"lag": lag}).resolve(Lagging)
        assert len(str(caught.value)) < 500
    assert [Types({"lag": lag}).resolve(Lagging).cardinality for lag in (0, 65_536)] == [0, 65_536]


def test_classes_that_are_defined_later(types: Types) -> None:
    assert [str(f.type) for f in types.resolve(Early).fields] == ["Late | None"]  # type: ignore[attr-defined]


class Early(Record):
    late: Late | None = None


class Late(Record):
    yes: bool


def test_class_variables_are_no_fields(types: Types) -> None:
    class Holder(Record):
        limit: typing.ClassVar[int] = 3
        yes: bool

        free = 4

    assert [f.name for f in types.resolve(Holder).fields] == ["yes"]  # type: ignore[attr-defined]
