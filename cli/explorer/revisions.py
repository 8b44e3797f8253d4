"""The resourceVersions at the end of a path: of each object, and the one that each informer and watch cache has come to.

The model keeps none (model/etcd.py); the writes of a path are numbered in its order, as the terminal does it (cli/cluster_words.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kubecheck.checker.report import Step
from kubecheck.cli.cluster_words import ClusterWords
from kubecheck.cli.explorer.protocol import Revisions
from kubecheck.model.picture import Picture, Reader

_KINDS: Final = {"Deployments": "deployments", "ReplicaSets": "replica_sets", "Pods": "pods", "Nodes": "nodes"}


def revisions(path: Sequence[Step], drawn: Picture) -> Revisions:
    """Those of the picture at the end of the path. A reader that has seen no write of the path is at 0."""
    words = ClusterWords(path)
    latest = max(words.changes(step)[1] for step in path)
    writes = {title: words.writes(kind) for title, kind in _KINDS.items()}
    return Revisions(
        latest=max([latest, *(number for of_kind in writes.values() for number, _ in of_kind)]),
        objects={name: number for of_kind in writes.values() for number, name in of_kind},
        readers={
            f"{owner}/{reader.kind}": next((number for number, _ in reversed(writes[reader.kind][: _seen(reader, writes)])), 0)
            for owner, reader in _readers(drawn)
        },
    )


def _seen(reader: Reader, writes: dict[str, list[tuple[int, str]]]) -> int:
    """How many of the writes to its kind a reader has seen."""
    return max(0, len(writes[reader.kind]) - reader.behind)


def _readers(drawn: Picture) -> Iterator[tuple[str, Reader]]:
    for component in drawn.components:
        for reader in component.readers:
            yield component.name, reader
    for node in drawn.nodes:
        if node.reader is not None:
            yield node.name, node.reader
