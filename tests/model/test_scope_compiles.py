"""Whatever one budget or switch a scope has, its cluster is a spec: what the language refuses would be seen by users alone."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from kubecheck.model import ClusterScope, Kind, ScopeError, Strategy
from kubecheck.model.cluster import cluster
from kubecheck.spec.frontend import program

BASES = {
    "Recreate": ClusterScope(strategy=Strategy.RECREATE, templates=2, image_changes=1),
    "RollingUpdate": ClusterScope(templates=2, image_changes=1),
    "ReplicaSet": ClusterScope(kind=Kind.REPLICA_SET),
    "Pod": ClusterScope(kind=Kind.POD),
}


@pytest.mark.parametrize("base", BASES)
def test_each_budget_and_switch_compiles(base: str) -> None:
    """The smallest value that is not 0, beside the least that the workload needs; a scope that refuses it says so itself."""
    tried = set()
    for field in fields(ClusterScope):
        if field.type not in ("int", "bool") or getattr(BASES[base], field.name):
            continue
        try:
            scope = replace(BASES[base], **{field.name: True if field.type == "bool" else 1})
        except ScopeError:
            continue
        assert program(cluster(scope)).actions, field.name
        tried.add(field.name)
    assert {"request_failures", "lost_responses", "force_deletes", "lag_scheduler"} <= tried
