"""Changed fields of three manifests, and what Kubernetes 1.36.2 itself says of each: what it accepts, and which field it refuses.

manifest_verdicts.json was made with a program around the code of k8s.io/kubernetes v1.36.2 (strict decoding as apps/v1, defaults,
ValidateDeployment and ValidateReplicaSet, with privileged containers allowed and the features at their defaults), behind kubectl's
decoder. Fields were changed by chance after the types in schema.json: removed, doubled, of another type, unknown, with values that occur
elsewhere. Of 18,000 such changes the rows are the first of each field and kind of problem.
"""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from kubecheck.model.manifest import ManifestError, read

DATA = json.loads(Path(__file__).with_name("data").joinpath("manifest_verdicts.json").read_text(encoding="utf-8"))
# Changes that Kubernetes tells apart and we do not: an empty list of claims of a pod is refused, an absent one is not.
KNOWN = {"spec.template.spec.resources.claims"}


def changed(row: dict[str, Any]) -> Any:
    """The manifest of a row."""
    document = copy.deepcopy(DATA["bases"][row["base"]])
    for path in row["delete"]:
        del _parent(document, path)[path[-1]]
    for path, value in row["set"]:
        _parent(document, path)[path[-1]] = value
    return document


def _parent(document: Any, path: list[str | int]) -> Any:
    for step in path[:-1]:
        document = document[step]
    return document


def _plain(path: str) -> list[str]:
    """A path without numbers, keys, and the lists of items that upstream forgets; of two fields that it names otherwise, ours."""
    plain = re.sub(r"\[.*?\]", "", path).lower()
    for theirs, ours in (("securitycontext.shareprocess", "shareprocess"), ("resources.containers.limits", "containers.resources.limits")):
        plain = plain.replace(theirs, ours)
    return [part for part in plain.split(".") if part != "items"]


def _near(ours: str, theirs: str) -> bool:
    """Whether one of two paths leads to the other, or both to members of one field: upstream names some problems at the field above."""
    one, other = _plain(ours), _plain(theirs)
    short = min(len(one), len(other))
    return one[:short] == other[:short] or (len(one) > 3 and one[: len(other) - 1] == other[:-1])


@pytest.mark.parametrize("row", [pytest.param(row, id=str(i)) for i, row in enumerate(DATA["rows"])])
def test_verdict(row: dict[str, Any]) -> None:
    text = json.dumps(changed(row))
    if row["verdict"] == "accepted":
        (found,) = read(text.encode(), name="m.json").workloads
        assert found.name == DATA["bases"][row["base"]]["metadata"]["name"] or ["metadata", "name"] in [p for p, _ in row["set"]]
        return
    if KNOWN & set(row["fields"]):
        pytest.skip("told apart by Kubernetes only")
    with pytest.raises(ManifestError) as caught:
        read(text.encode(), name="m.json")
    assert caught.value.position is not None
    assert caught.value.remedy
    if row["verdict"] == "refused":
        path = caught.value.message.split(" ")[0]
        assert any(_near(path, field) for field in row["fields"]), caught.value.message


def test_the_rows_are_of_all_kinds() -> None:
    counts = {verdict: sum(row["verdict"] == verdict for row in DATA["rows"]) for verdict in ("accepted", "refused", "not decoded")}
    assert min(counts.values()) > 100, counts


@pytest.mark.parametrize("base", range(3))
def test_the_manifests_themselves_are_accepted(base: int) -> None:
    assert len(read(json.dumps(DATA["bases"][base]).encode(), name="m.json").workloads) == 1
