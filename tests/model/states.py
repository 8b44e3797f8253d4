"""Looking into a state of a cluster, as the reference execution has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubecheck.spec import Spec
from kubecheck.spec.reference import Snapshot
from kubecheck.spec.values import Part, Root, lift


@contextmanager
def part(spec: Spec, name: str, state: Snapshot | None = None) -> Iterator[Any]:
    """A component of a state (by default of the one where everything has its default), with its methods callable."""
    root = Root(spec.root.default if state is None else state)
    with spec.types.active():
        yield component(spec, root, name)


def component(spec: Spec, root: Root, name: str) -> Any:
    """A component of a state that is being changed; the spec's types must be active."""
    index = spec.root.index(name)
    return lift(spec.root.fields[index].type, root.get()[index], Part(root, index))
