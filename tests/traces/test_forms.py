"""Audit events in other forms than one a line: those that are read, and those that are named with the command that unwraps them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubecheck.traces.errors import TraceError
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate
from tests.traces.logs import audit_line

FORMS = Path(__file__).parent / "forms"
READ = {
    "array.json": 2, "delete_options_called_a_policy.json": 1, "eventlist_over_many_lines.json": 2, "events_over_many_lines.json": 2,
    "events_without_apiversion.jsonl": 2, "watch_sorted_keys.json": 2, "webhook_eventlist.jsonl": 2,
}
INSIDE = "audit events are inside other JSON: `jq {} FILE | kubecheck validate -`"
BEFORE = (
    "something stands before each event (CRI, journald and `kubectl logs --prefix` write it): "
    "`sed 's/^[^{]*//' FILE | kubecheck validate -`"
)
NAMED = {
    "admission_review.jsonl": "this is an admission review, what a webhook is asked, and not an audit event",
    "cloudwatch.json": INSIDE.format("-r '.events[].message'"),
    "cri_prefix.log": BEFORE,
    "docker.log": INSIDE.format("-r .log"),
    "gke.jsonl": "this is Cloud Logging's own form of an audit log (google.cloud.audit.AuditLog), which lacks what audit.k8s.io/v1 has: "
                 "kubecheck does not read it",
    "yaml.yaml": "audit events as YAML: `yq -o json -I0 FILE | kubecheck validate -`",
}


def test_every_form_is_read_or_named() -> None:
    assert {path.name for path in FORMS.iterdir()} == READ.keys() | NAMED.keys()


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    found = validate(find([str(FORMS / name)]).sources)
    assert (found.summary.events, found.malformed_count, found.violations) == (READ[name], 0, ())


def remedy(path: Path) -> str:
    with pytest.raises(TraceError) as caught:
        find([str(path)])
    return (caught.value.remedy or "").replace(shlex.quote(str(path)), "FILE")


@pytest.mark.parametrize("name", NAMED)
def test_named(name: str) -> None:
    assert remedy(FORMS / name).replace("'.log'", ".log") == NAMED[name]


LINE = json.dumps(audit_line(), separators=(",", ":"))
WRAPPED: dict[str, tuple[str, str]] = {
    "journald": (f"May 04 08:00:01 host kube-apiserver[123]: {LINE}", BEFORE),
    "klog": (f"I0504 08:00:01.000000       1 log.go:1] {LINE}", BEFORE),
    "a pod's name": (f"[pod/kube-apiserver-a/kube-apiserver] {LINE}", BEFORE),
    "CRI, cut": (f"2026-05-04T08:00:01.0Z stdout P {LINE}",
                 BEFORE + "; some lines are cut in parts (P), which `kubectl logs` and `crictl logs` put together"),
    "journalctl -o json": (json.dumps({"MESSAGE": LINE}), INSIDE.format("-r .MESSAGE")),
    "Azure": (json.dumps({"records": [{"properties": {"log": LINE}}]}), INSIDE.format("-r '.records[].properties.log'")),
    "a subscription of CloudWatch": (json.dumps({"logEvents": [{"id": 1, "message": LINE}]}), INSIDE.format("-r '.logEvents[].message'")),
    "Elasticsearch": (json.dumps({"_source": audit_line()}), INSIDE.format("-c ._source")),
    "a name that a shell would take for something": (json.dumps({"it's $(x)": LINE}), INSIDE.format("""-r '.["it'"'"'s $(x)"]'""")),
}


@pytest.mark.parametrize("what", WRAPPED)
def test_wrappers(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(WRAPPED[what][0] + "\n")
    assert remedy(path) == WRAPPED[what][1]


@pytest.mark.parametrize("what", [name for name, (_, said) in WRAPPED.items() if said == BEFORE])
def test_the_command_unwraps(what: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(WRAPPED[what][0] + "\n")
    told = re.search("`(sed .*) [|] kubecheck", remedy(path).replace("FILE", str(path)))
    if told is None or shutil.which("sed") is None or sys.platform == "win32":
        pytest.skip("there is no sed")
    assert subprocess.run(["sh", "-c", told[1]], capture_output=True, check=True).stdout.decode() == LINE + "\n"


def indented(value: Any, **options: Any) -> str:
    return json.dumps(value, **options) + "\n"


@pytest.mark.parametrize("indent", [1, 2, 4, "\t"])
@pytest.mark.parametrize("sort", [True, False])
@pytest.mark.parametrize("form", ["one after the other", "an array", "an array, one element a line", "an array on one line", "a list"])
def test_documents(form: str, indent: Any, *, sort: bool, tmp_path: Path) -> None:
    """Three events, in every form and indentation, with the keys in order or not; the lines are where they begin."""
    events = [audit_line(auditID=f"a-{number}", annotations={"x": "}\n{\n]"}) for number in range(3)]
    text = {
        "one after the other": "".join(indented(one, indent=indent, sort_keys=sort) for one in events),
        "an array": indented(events, indent=indent, sort_keys=sort),
        "an array, one element a line": "[\n" + ",\n".join(json.dumps(one, sort_keys=sort) for one in events) + "\n]\n",
        "an array on one line": json.dumps(events, sort_keys=sort) + "\n",
        "a list": indented({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": [
            {name: value for name, value in one.items() if name not in ("kind", "apiVersion")} for one in events]}, indent=indent,
            sort_keys=sort),
    }[form]
    path = tmp_path / "a.log"
    path.write_text(text)
    found = validate(find([str(path)]).sources)
    assert (found.summary.events, found.malformed) == (3, ())


def test_a_table_and_metadata_alone(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"type": "ADDED", "object": {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {
        "resourceVersion": "5", "name": "x"}}}) + "\n" + json.dumps({"type": "ADDED", "object": {
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "5", "name": "x"}}}) + "\n")
    found = validate(find([str(path)]).sources)
    assert [one.message for one in found.malformed] == ["a Table shows rows, not objects: watch with `Accept: application/json`"]
    assert next(one for one in found.rules if one.name == "watch.no-gap").judged == 0
