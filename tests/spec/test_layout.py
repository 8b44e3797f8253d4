"""Where the parts of a state lie: nothing is lost, nothing overlaps, nothing of up to 64 bits crosses a word."""

from __future__ import annotations

import enum
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.spec import Sort
from kubecheck.spec.layout import (
    WORD,
    array_stride,
    decode,
    encode,
    field_offsets,
    leaves,
    pack,
    show_scalar,
    unpack,
    words,
)
from kubecheck.spec.types import (
    BOOL,
    ArrayType,
    EnumType,
    Field,
    IntType,
    NoneType,
    OptionalType,
    RecordType,
    RefType,
    SeqType,
    SetType,
    Type,
)
from tests.spec.comparing import random_data


class Color(enum.Enum):
    RED = "red"
    DARK_RED = "dark red"
    BLUE = "blue"


class Only(enum.Enum):
    ONE = 1


class Thing(Sort, size=3): ...


def thing(size: int) -> RefType:
    return RefType(Thing, size, False)


def record(*types: Type) -> RecordType:
    return RecordType(object, tuple(Field(f"f{i}", t, t.default) for i, t in enumerate(types)), False)


def number(bits: int) -> IntType:
    """A type of integers that takes so many bits."""
    return IntType(-3, -4 + 2**bits)


KEYS = st.one_of(
    st.just(BOOL), st.sampled_from([EnumType(Color), EnumType(Only)]), st.integers(1, 4).map(thing),
    st.tuples(st.integers(-3, 3), st.integers(0, 3)).map(lambda p: IntType(p[0], p[0] + p[1])),
)  # fmt: skip
SCALARS = KEYS | st.integers(0, 31).map(number) | KEYS.map(OptionalType)
TYPES: st.SearchStrategy[Type] = st.recursive(
    SCALARS | KEYS.map(SetType),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda ts: record(*ts)),
        st.tuples(KEYS, inner).map(lambda p: ArrayType(*p)),
        st.tuples(inner, st.integers(0, 4)).map(lambda p: SeqType(*p)),
        inner.filter(lambda t: not isinstance(t, OptionalType)).map(OptionalType),
    ),
    max_leaves=12,
)


@given(t=TYPES, data=st.data())
def test_round_trips(t: Type, data: st.DataObject) -> None:
    value = random_data(t, lambda lo, hi: data.draw(st.integers(lo, hi)))
    code = encode(t, value)
    assert 0 <= code < 2**t.bits
    assert decode(t, code) == value
    packed = pack(t, value)
    assert len(packed) == words(t)
    assert all(0 <= w < 2**WORD for w in packed)
    assert unpack(t, packed) == value
    assert decode(t, code | 1 << t.bits) == value, "bits outside of the type are ignored"


@given(t=TYPES)
def test_no_part_overlaps_another_or_crosses_a_word(t: Type) -> None:
    taken: set[int] = set()
    for leaf in leaves(t, path="x"):
        start = leaf.word * WORD + leaf.shift
        bits = set(range(start, start + leaf.bits))
        assert not bits & taken
        taken |= bits
        assert max(bits, default=0) < t.bits or not bits
        assert leaf.shift + leaf.bits <= WORD if leaf.bits <= WORD else leaf.shift == 0


@given(t=TYPES, data=st.data())
def test_what_no_part_covers_is_zero(t: Type, data: st.DataObject) -> None:
    """So that equal states are equal words."""
    value = random_data(t, lambda lo, hi: data.draw(st.integers(lo, hi)))
    free = (1 << t.bits) - 1
    for leaf in leaves(t, path="x"):
        free &= ~(((1 << leaf.bits) - 1) << (leaf.word * WORD + leaf.shift))
    assert encode(t, value) & free == 0


@given(key=KEYS, optional=st.booleans())
def test_scalars_are_numbered_without_gaps(key: Type, optional: bool) -> None:
    t = OptionalType(key) if optional else key
    assert [encode(t, v) for v in t.values()] == list(range(t.cardinality or 0))
    assert t.bits == max(0, ((t.cardinality or 1) - 1).bit_length())


@pytest.mark.parametrize(
    ("widths", "offsets", "size"),
    [
        ([], [], 0),
        ([1, 2, 3], [0, 1, 3], 6),
        ([30, 30, 4], [0, 30, 60], 64),
        ([30, 30, 5], [0, 30, 64], 69),  # the 5 bits would cross
        ([24, 20, 30, 10], [30, 64, 0, 54], 84),  # 30 + 24, then 10 in the gap, 20 in the next word
        ([31, 31, 31, 2, 2], [0, 31, 64, 62, 95], 97),
    ],
)
def test_fields_fill_gaps(widths: list[int], offsets: list[int], size: int) -> None:
    t = record(*(number(w) for w in widths))
    assert (list(field_offsets(t)), t.bits) == (offsets, size)


def test_large_fields_start_at_a_word_and_leave_their_rest_to_others() -> None:
    large = ArrayType(thing(3), number(31))  # 3 elements 32 bits apart
    t = record(number(3), large, number(20))
    assert large.bits == 96
    assert dict(zip(["f0", "f1", "f2"], field_offsets(t), strict=True)) == {"f0": 96 + 20, "f1": 0, "f2": 96}
    assert t.bits == 96 + 23


@pytest.mark.parametrize(
    ("bits", "length", "stride"),
    [(0, 5, 0), (5, 1, 5), (5, 12, 5), (5, 13, 8), (31, 2, 31), (31, 3, 32), (1, 65, 1), (3, 22, 4)],
)
def test_strides(bits: int, length: int, stride: int) -> None:
    assert array_stride(number(bits), length) == stride


def test_strides_of_large_elements_are_whole_words() -> None:
    assert array_stride(record(number(31), number(31), number(31)), 2) == 128


def test_a_size_of_nothing_costs_nothing() -> None:
    assert thing(0).bits == thing(1).bits == EnumType(Only).bits == IntType(7, 7).bits == 0
    assert ArrayType(thing(0), number(31)).bits == SetType(thing(0)).bits == 0
    assert SeqType(BOOL, 0).bits == 0
    assert OptionalType(thing(0)).bits == 0
    assert OptionalType(thing(1)).bits == OptionalType(record()).bits == 1
    assert words(record()) == 1


def test_sequences_pack_their_length_below_their_elements() -> None:
    t = SeqType(number(2), 3)
    assert t.bits == 2 + 3 * 2
    assert encode(t, (-3, 0)) == 2 | 0 << 2 | 3 << 4


def test_values_that_do_not_belong() -> None:
    for t, value in itertools.product([number(2), EnumType(Color), BOOL], ["text", 9, Only.ONE]):
        with pytest.raises(ValueError):  # noqa: PT011 - the builtin itself
            encode(t, value)
    with pytest.raises(TypeError, match="None is not a type of the state"):
        encode(NoneType(), 0)


@pytest.mark.parametrize(
    ("value", "text"), [(Color.DARK_RED, "dark-red"), (Thing.member(2), "thing-2"), (True, "True"), (-4, "-4"), (None, "None")]
)
def test_scalars_for_people(value: Any, text: str) -> None:
    assert show_scalar(value) == text
