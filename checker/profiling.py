"""What multiplies the states of a spec: how many values each part took, which actions found new states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kubecheck.checker.engine.explore import Exploration
from kubecheck.checker.engine.store import Words
from kubecheck.checker.report import ActionProfile, PartProfile, Profile
from kubecheck.spec import Spec
from kubecheck.spec.layout import WORD, Leaf, leaves

_MOST_STATES: Final = 2_000_000  # looked at: numbering the values of a part takes memory and time for each
_SMALL: Final = 1 << 22  # values that are counted by marking them in a table; more are sorted

_Codes = npt.NDArray[np.int64]


def profile(spec: Spec, exploration: Exploration) -> Profile:
    """Parts and actions of a search that was made with `profile=True`."""
    parts = _sample(exploration.store.parts())
    states = np.concatenate(parts) if parts else np.zeros((0, exploration.store.words), np.uint64)
    root = spec.root
    only = root.fields[0].type if len(root.fields) == 1 else root  # as in paths: a single part's name says nothing
    tree = _Node("")
    for leaf in leaves(only):
        if leaf.bits:
            tree.add(_names(leaf.path), leaf)
    found: list[PartProfile] = []
    _count(tree, states, found)
    actions = zip(spec.actions, exploration.fired, exploration.new, strict=True)
    return Profile(
        states=len(states),
        parts=found[1:],  # the whole state is no part
        actions=[ActionProfile(name=action.name, generated=fired, new=new) for action, fired, new in actions],
    )


@dataclass
class _Node:
    """A part of the state: a leaf of the layout, or what lies below a common path."""

    path: str
    leaf: Leaf | None = None
    children: dict[str, _Node] = field(default_factory=dict)

    def add(self, names: Sequence[str], leaf: Leaf) -> None:
        if not names:
            self.leaf = leaf
            return
        child = self.children.setdefault(names[0], _Node(self.path + names[0]))
        child.add(names[1:], leaf)


def _names(path: str) -> list[str]:
    """`a.b[c].d` as `a`, `.b`, `[c]`, `.d`."""
    return path.replace(".", "\0.").replace("[", "\0[").lstrip("\0").split("\0")


def _sample(parts: list[Words]) -> list[Words]:
    """All parts, or evenly chosen ones if there are too many states."""
    states = sum(len(part) for part in parts)
    return parts[:: -(-states // _MOST_STATES)] if states else []


def _count(node: _Node, states: Words, found: list[PartProfile]) -> tuple[_Codes, int, int]:
    """Number the values of a part from 0: (the number in each state, how many values, bits). Adds the part and those within it."""
    place = len(found)
    found.append(PartProfile(path=node.path, bits=0, values=0))
    codes, values, bits = np.zeros(len(states), np.int64), min(1, len(states)), 0
    if node.leaf is not None:
        bits = node.leaf.bits
        for number in _numbers(node.leaf, states):
            codes, values = _combine(codes, values, *_compact(number))
    for child in node.children.values():
        child_codes, child_values, child_bits = _count(child, states, found)
        codes, values = _combine(codes, values, child_codes, child_values)
        bits += child_bits
    found[place] = PartProfile(path=node.path, bits=bits, values=values)
    return codes, values, bits


def _numbers(leaf: Leaf, states: Words) -> list[_Codes]:
    """A leaf's bits in each state, one array for each word that it reaches into."""
    result = []
    at, left, shift = leaf.word, leaf.bits, leaf.shift
    while left > 0:
        width = min(left, WORD - shift)
        mask = np.uint64((1 << width) - 1)
        result.append(((states[:, at] >> np.uint64(shift)) & mask).astype(np.int64))
        at, left, shift = at + 1, left - width, 0
    return result


def _combine(one: _Codes, ones: int, other: _Codes, others: int) -> tuple[_Codes, int]:
    """Number the pairs of two numberings."""
    if others <= 1:
        return one, ones
    if ones <= 1:
        return other, others
    return _compact(one * others + other)


def _compact(codes: _Codes) -> tuple[_Codes, int]:
    """Number the values that occur from 0: (the new numbers, how many)."""
    if not len(codes):
        return codes, 0
    if codes.min() >= 0 and codes.max() < _SMALL:
        seen = np.zeros(int(codes.max()) + 1, np.int64)
        seen[codes] = 1
        numbers = np.cumsum(seen) - 1
        return numbers[codes], int(numbers[-1]) + 1
    values, numbers = np.unique(codes, return_inverse=True)
    return numbers.astype(np.int64), len(values)
