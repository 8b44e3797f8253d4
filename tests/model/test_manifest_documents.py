"""Texts to documents: what kubectl's own decoder makes of them, and how texts that are no manifests are told apart.

yaml_documents.json was made with k8s.io/apimachinery v0.36.2 (yaml.NewYAMLOrJSONDecoder): texts with characters changed by chance, each
with the documents that came of it, or null where it was refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kubecheck.model.manifest import ManifestError, read
from kubecheck.model.manifest_documents import documents
from kubecheck.model.manifest_source import Map, Node, Scalar, Sequence, Source

ROWS = json.loads(Path(__file__).with_name("data").joinpath("yaml_documents.json").read_text(encoding="utf-8"))
WEB = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n"
    "    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: c, image: x}\n"
)
ANY = '{"apiVersion": "v1", "kind": "A"}'
WEB_JSON = (
    '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"%s}, "spec": {"selector": {"matchLabels": {"app": "web"}}, '
    '"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}}}'
)


def plain(node: Node) -> Any:
    match node:
        case Map():
            return {name: plain(entry.node) for name, entry in node.entries.items()}
        case Sequence():
            return [plain(item) for item in node.items]
        case Scalar():
            return node.value


def error(text: str, *, name: str = "web.yaml") -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text.encode(), name=name)
    return caught.value


def differs(text: str) -> bool:
    """What is known to be read otherwise: byte order marks amid a document, and ends of tags."""
    return "\ufeff" in text.removeprefix("\ufeff").replace("---\n\ufeff", "") or "!" in text


@pytest.mark.parametrize(("text", "expected"), ROWS, ids=[str(i) for i in range(len(ROWS))])
def test_as_kubectl_decodes_it(text: str, expected: list[Any] | None) -> None:
    found, message = decoded(text)
    if found != expected and (differs(text) or "given twice" in message):
        pytest.skip("known, or refused deliberately")
    assert found == expected, message


def decoded(text: str) -> tuple[list[Any] | None, str]:
    """The documents of a text, or why there are none."""
    try:
        return [plain(node) for node in documents(Source.of(text.encode(), name="m.yaml"))], ""
    except ManifestError as refused:
        return None, refused.message


def test_most_rows_are_compared() -> None:
    assert sum(not differs(text) for text, _ in ROWS) > 300
    assert 50 < sum(expected is None for _, expected in ROWS) < 300


class TestJson:
    def test_surrogates_are_one_character(self) -> None:
        (node,) = documents(Source.of(rb'{"a": "\ud83d\ude00", "b": "\ud83d"}', name="m.json"))
        assert plain(node) == {"a": "\N{GRINNING FACE}", "b": "\ufffd"}

    def test_json_words_are_no_yaml(self) -> None:
        assert read((WEB_JSON % ', "annotations": {"on": "yes"}').encode(), name="m.json").workloads

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('{"a": 1', "m.json:1:7: broken JSON: the text ends in the middle"),
            ('{"a": {"b" 2}}', "m.json:1:12: broken JSON: found no colon after the key"),
            ('{"a": 1, "a": 2}', "m.json:1:10: the key a is given twice, first in line 1"),
            (f"{ANY}{ANY}{{c: 3}}", "m.json:1:68: broken JSON: found 'c' where a value was expected"),
        ],
    )
    def test_errors_have_their_place(self, text: str, message: str) -> None:
        assert str(error(text, name="m.json")).splitlines()[0] == message

    def test_deep_json(self) -> None:
        assert str(error('{"a":' * 100_000, name="m.json")).startswith("m.json:1:2501: more than 500 collections are open here")

    def test_json_of_many_lines(self) -> None:
        text = "\n".join(["{", ' "apiVersion": "apps/v1",', ' "kind": "Deployment",', ' "metadata": {"name": 3}, "spec": {}', "}"])
        assert str(error(text, name="m.json")).startswith("m.json:4:23: metadata.name is the number 3, and must be a string")


class TestLists:
    def test_items_without_a_kind_have_that_of_the_list(self) -> None:
        item = "".join(f"  {line}\n" for line in WEB.splitlines()[2:])
        found = read(f"apiVersion: apps/v1\nkind: DeploymentList\nitems:\n-{item[1:]}".encode(), name="m.yaml")
        assert [str(workload) for workload in found.workloads] == ["Deployment default/web"]

    def test_an_item_of_a_plain_list_needs_one(self) -> None:
        assert error("apiVersion: v1\nkind: List\nitems:\n- metadata: {name: a}\n").message == "items[0].apiVersion is required"

    def test_replica_sets_that_a_deployment_controls_are_left_out(self) -> None:
        owned = WEB.replace("Deployment", "ReplicaSet").replace(
            "{name: web}",
            "{name: web-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u, controller: true}]}",
        )
        found = read(f"{WEB}---\n{owned}".encode(), name="m.yaml")
        assert [str(workload) for workload in found.workloads] == ["Deployment default/web"]
        assert [str(other) for other in found.not_modelled] == ["ReplicaSet web-1 (line 13), which Deployment web controls"]
        standing = owned.replace("controller: true", "controller: false")
        assert len(read(f"{WEB}---\n{standing}".encode(), name="m.yaml").workloads) == 2


class TestOldVersions:
    OLD = "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: old}\n"

    def test_beside_a_good_document(self) -> None:
        found = read(f"{WEB}---\n{self.OLD}".encode(), name="m.yaml")
        assert [str(each) for each in found.refused] == ["Deployment old (line 13), there is no Deployment in apps/v1beta1"]

    def test_alone(self) -> None:
        assert error(self.OLD).message.endswith("in which there is no Deployment since Kubernetes 1.16")


class TestHints:
    @pytest.mark.parametrize(
        ("text", "remedy"),
        [
            (WEB.replace("name: web", 'name: "{{ .Release.Name }}"'), "helm template"),
            ("metadata:\n  name: web\n  {{- /* a comment */}}\n  labels: {app: web}\n", "helm template"),
            (WEB.replace("image: x", "image: x, imagePullPolicy: Sometimes") + "# {{ .Values.x }}\n", "helm template"),
            (WEB.replace("name: web", "name: ${NAME}"), "envsubst"),
            ("{% if a %}\n" + WEB, "Jinja"),
            ("resources:\n- deployment.yaml\n", "kubectl kustomize"),
            ("namespace: shop\nnamePrefix: a-\nresources: [x.yaml]\n", "kubectl kustomize"),
            (WEB.replace("metadata: {name", "$patch: delete\nmetadata: {name"), "kubectl kustomize"),
            ("apiVersion: v2\nname: chart\nversion: 1.0.0\n", "helm template"),
        ],
    )
    def test_what_makes_a_manifest_of_it(self, text: str, remedy: str) -> None:
        assert remedy in error(text).remedy

    def test_a_shell_variable_elsewhere_is_no_template(self) -> None:
        text = WEB.replace("image: x", 'image: x, imagePullPolicy: Sometimes, args: ["${A}"]').replace("- {name: c, ", "- {name: c,\n ")
        assert "envsubst" in error(text).remedy  # on the line of the error
        assert "envsubst" not in error(WEB.replace("image: x", "image: x, imagePullPolicy: Sometimes") + "# ${A}\n").remedy


@pytest.mark.parametrize(
    "text",
    [
        WEB.replace("metadata: {name: web}", "metadata: {name: web}\nstatus: {replicas: " + "9" * 5000 + "}"),
        WEB.replace("  selector", "  replicas: " + "9" * 5000 + "\n  selector", 1),
        WEB.replace("  selector", "  strategy: {rollingUpdate: {maxSurge: '" + "9" * 5000 + "%'}}\n  selector", 1),
        WEB.replace("  selector", "  strategy: {rollingUpdate: {maxUnavailable: " + "9" * 5000 + "%}}\n  selector", 1),
        WEB.replace("image: x", "image: x, resources: {limits: {cpu: " + "9" * 5000 + "}}"),
        WEB.replace("image: x", "image: x, resources: {limits: {cpu: 1e" + "9" * 5000 + "}}"),
        WEB_JSON % (', "generation": ' + "9" * 5000),
        WEB.replace("{name: web}", "{name: web, annotations: {controller.kubernetes.io/pod-deletion-cost: a}, labels: {a: []}}"),
    ],
)
def test_numbers_of_thousands_of_digits_end_well(text: str) -> None:
    assert error(text).position is not None
