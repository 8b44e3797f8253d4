"""What the tests of readers share: the recorded run in data/, and small audit lines made by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
RUN = DATA / "s04_conflicts"


def lines(name: str) -> list[bytes]:
    """The lines of a recorded file of the run."""
    return gzip.decompress((RUN / name).read_bytes()).splitlines()


def audit_line(**changes: Any) -> dict[str, Any]:
    """An update of a ConfigMap, as the API server logs it; a change to None leaves the field out."""
    made = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "a-1",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/namespaces/t/configmaps/c",
        "verb": "update",
        "user": {"username": "alice", "groups": ["system:authenticated"]},
        "userAgent": "kubectl",
        "objectRef": {"resource": "configmaps", "namespace": "t", "name": "c", "apiVersion": "v1", "uid": "u", "resourceVersion": "6"},
        "responseStatus": {"metadata": {}, "code": 200},
        "requestObject": {"kind": "ConfigMap", "metadata": {"name": "c", "resourceVersion": "6"}},
        "responseObject": {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c", "uid": "u", "resourceVersion": "7"}},
        "requestReceivedTimestamp": "2026-11-23T03:00:56.203590Z",
        "stageTimestamp": "2026-11-23T03:00:56.205173Z",
    } | changes
    return {key: value for key, value in made.items() if value is not None}


def encoded(*values: Any) -> bytes:
    """JSON lines."""
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)
