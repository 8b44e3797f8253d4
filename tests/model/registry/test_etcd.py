"""Compactions and restores of the registry's etcd (model/registry/etcd.py)."""

from __future__ import annotations

from typing import Any

import pytest

from kubecheck.model.registry.objects import Slot
from tests.model.registry.laboratory import Bench


def history(bench: Bench) -> list[int]:
    return bench.run(lambda lab: [lab.etcd.write(i).revision for i in range(lab.etcd.writes())])


def written() -> Bench:
    """Two objects, created as 1 and 2; then the first is updated as 3 and deleted as 4, the second updated as 5."""
    bench = Bench(2)
    for index, more in ((0, {}), (1, {}), (0, {"labels": 1}), (0, {"delete": True}), (1, {"labels": 2})):
        bench.write(index, **more)  # type: ignore[arg-type]
    return bench


def test_what_is_compacted_is_not_compacted_again() -> None:
    """etcd's server/storage/mvcc/kvstore.go, updateCompactRev: a revision that is not later is refused (ErrCompacted)."""
    bench = written()
    for revision in (4, 2):
        bench.run(lambda lab, revision=revision: lab.etcd.compact(revision))
        assert (bench.run(lambda lab: lab.etcd.compacted()), history(bench)) == (4, [4, 5])


@pytest.mark.parametrize(("bump", "revision", "compacted", "left"), [(False, 3, 0, [1, 2, 3]), (True, 6, 6, [])])
def test_a_restore_takes_back_what_was_written_since(bump: bool, revision: int, compacted: int, left: list[int]) -> None:
    bench = written()
    bench.run(lambda lab: lab.etcd.restore(3, bump=bump))
    assert bench.run(lambda lab: (lab.etcd.revision(), lab.etcd.compacted())) == (revision, compacted)
    assert history(bench) == left

    def objects(lab: Any) -> list[tuple[int, int]]:
        return [(lab.etcd.get(Slot(i)).version, lab.etcd.get(Slot(i)).labels) for i in (0, 1)]

    assert bench.run(objects) == [(3, 1), (2, 0)]
