"""Manifests: what is read, with which defaults, and exactly what is said about those that Kubernetes would refuse."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.model.manifest import Kind, ManifestError, Strategy, Workload, read, read_file
from kubecheck.model.manifest_source import resolve
from kubecheck.model.rollout_bounds import IntOrPercent, RolloutBounds
from kubecheck.model.scaling import scaled

_PREFACE, *_CASES = Path(__file__).with_name("manifest_errors.txt").read_text().split("\n## ")
BASE = _PREFACE.split("\n\n", 1)[1]


def workload(text: str) -> Workload:
    (found,) = read(text.encode(), name="web.yaml").workloads
    return found


def with_strategy(strategy: str, *, replicas: int = 3) -> Workload:
    return workload(BASE.replace("  replicas: 3", f"  replicas: {replicas}\n  strategy: {strategy}"))


def error(data: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read(data.encode() if isinstance(data, str) else data, name="web.yaml")
    return str(caught.value)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.splitlines()[0]) for case in _CASES])
def test_refused(case: str) -> None:
    for written, character in (("\\t", "\t"), ("\\0", "\0"), ("\\a", "\a")):
        case = case.replace(written, character)
    lines = case.rstrip("\n").split("\n")[1:]
    old = "".join(f"{line[1:]}\n" for line in lines if line.startswith("-"))
    new = "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))
    expected = "\n".join(line for line in lines if line[:1] not in ("-", "+"))
    assert old in BASE
    assert error(BASE.replace(old, new, 1)) == expected


class TestDefaults:
    def test_deployment(self) -> None:
        text = BASE.replace("  replicas: 3\n", "")
        found = workload(text)
        assert (found.kind, found.name, found.namespace) == (Kind.DEPLOYMENT, "web", "default")
        assert (found.replicas, found.strategy, found.paused) == (1, Strategy.ROLLING_UPDATE, False)
        assert found.bounds == RolloutBounds(IntOrPercent(25, percent=True), IntOrPercent(25, percent=True))
        assert (found.max_surge, found.max_unavailable) == (1, 0)

    def test_replica_set(self) -> None:
        found = workload(BASE.replace("kind: Deployment", "kind: ReplicaSet").replace("  replicas: 3\n", ""))
        assert (found.kind, found.replicas, found.strategy, found.bounds) == (Kind.REPLICA_SET, 1, None, None)
        assert (found.max_surge, found.max_unavailable) == (0, 0)

    def test_recreate(self) -> None:
        found = with_strategy("{type: Recreate}")
        assert (found.strategy, found.bounds, found.max_surge) == (Strategy.RECREATE, None, 0)

    @pytest.mark.parametrize("strategy", ["{}", "null", "{type: RollingUpdate}", "{rollingUpdate: null}", "{type: ''}"])
    def test_empty_strategy_is_the_default(self, strategy: str) -> None:
        assert with_strategy(strategy).bounds == RolloutBounds()

    def test_null_is_absent(self) -> None:
        assert workload(BASE.replace("replicas: 3", "replicas: null")).replicas == 1

    def test_one_bound_given(self) -> None:
        found = with_strategy("{rollingUpdate: {maxSurge: 0}}", replicas=10)
        assert (found.max_surge, found.max_unavailable) == (0, 2)

    @pytest.mark.parametrize(("written", "value"), [("true", True), ("yes", True), ("off", False), ("null", False)])
    def test_paused(self, written: str, value: bool) -> None:
        assert workload(BASE.replace("  replicas: 3", f"  paused: {written}")).paused is value

    @pytest.mark.parametrize(("written", "value"), [("010", 8), ("0x10", 16), ("1_000", 1000), ("3.0", 3), ("08", 8)])
    def test_integers_are_read_as_kubectl_reads_them(self, written: str, value: int) -> None:
        assert workload(BASE.replace("replicas: 3", f"replicas: {written}")).replicas == value

    def test_left_out_fields_are_named(self) -> None:
        text = BASE.replace("  replicas: 3", "  minReadySeconds: 5").replace(
            "      containers:\n        - name: nginx\n",
            "      nodeSelector: {a: b}\n      containers:\n        - name: nginx\n          readinessProbe: {tcpSocket: {port: 80}}\n",
        )
        assert [field.path for field in workload(text).left_out] == [
            "spec.minReadySeconds",
            "spec.template.spec.nodeSelector",
            "spec.template.spec.containers[0].readinessProbe",
        ]

    def test_resource_version_is_of_an_object_that_is_there(self) -> None:
        found = workload(BASE.replace("  name: web", '  name: web\n  resourceVersion: "12"', 1)).left_out
        presumed = "the object is there already, and is updated: creating one that has a resourceVersion is refused"
        assert [str(each) for each in found] == [f"metadata.resourceVersion: {presumed}"]

    def test_longest_name(self) -> None:
        assert workload(BASE.replace("  name: web", f"  name: {'a' * 242}", 1)).name == "a" * 242

    def test_selector_that_any_hash_satisfies(self) -> None:
        label = "        app: web"
        both = BASE.replace("  selector:", "  selector:\n    matchExpressions: [{key: pod-template-hash, operator: Exists}]", 1)
        assert workload(both.replace(label, f"{label}\n        pod-template-hash: x", 1)).selector == "app=web,pod-template-hash"

    def test_what_has_its_default_or_is_empty_is_not_named(self) -> None:
        text = BASE.replace(
            "  replicas: 3",
            "  minReadySeconds: 0\n  revisionHistoryLimit: 10\n  progressDeadlineSeconds: 600",
        ).replace(
            "      containers:\n        - name: nginx\n",
            "      schedulerName: default-scheduler\n      terminationGracePeriodSeconds: 30\n      tolerations: []\n"
            "      serviceAccountName: default\n      securityContext: {}\n      affinity: {nodeAffinity: {}}\n"
            "      containers:\n        - name: nginx\n          resources: {}\n          securityContext: {}\n",
        )
        assert workload(text).left_out == ()

    @pytest.mark.parametrize(
        ("written", "path", "presumed"),
        [
            ("serviceAccountName: robot", "serviceAccountName", "what a pod needs is there"),
            ("volumes: [{name: v, secret: {secretName: s}}]", "volumes[0].secret", "what a pod needs is there"),
            ("volumes: [{name: v, persistentVolumeClaim: {claimName: s}}]", "volumes[0].persistentVolumeClaim", "what a pod needs"),
            ("hostNetwork: true", "hostNetwork", "processes on the network of a node do not take ports"),
            ("priorityClassName: high", "priorityClassName", "every node takes a pod"),
            ("initContainers: [{name: i, image: x}]", "initContainers", "containers start at once or later"),
        ],
    )
    def test_each_field_is_named_with_what_is_presumed(self, written: str, path: str, presumed: str) -> None:
        (found,) = workload(BASE.replace("      containers:\n", f"      {written}\n      containers:\n")).left_out
        assert found.path == f"spec.template.spec.{path}"
        assert found.presumed.startswith(presumed)

    @pytest.mark.parametrize("optional", ["true", "false"])
    def test_what_may_be_missing_is_not_named(self, optional: str) -> None:
        source = f"env: [{{name: A, valueFrom: {{secretKeyRef: {{name: s, key: k, optional: {optional}}}}}}}]"
        text = BASE.replace("        - name: nginx\n", f"        - name: nginx\n          {source}\n")
        paths = [field.path for field in workload(text).left_out]
        assert paths == ([] if optional == "true" else ["spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef"])

    @pytest.mark.parametrize(
        ("pod", "ports", "found"),
        [
            ("", "{containerPort: 80}", []),
            ("", "{containerPort: 80, hostPort: 8080}", [8080]),
            ("hostNetwork: true", "{containerPort: 80}", [80]),
            ("hostNetwork: true", "{containerPort: 80, hostPort: 80}", [80]),
            ("initContainers: [{name: i, image: x, ports: [{containerPort: 1, hostPort: 1}]}]", "{containerPort: 80}", []),
            (
                "initContainers: [{name: i, image: x, restartPolicy: Always, ports: [{containerPort: 1, hostPort: 1}]}]",
                "{containerPort: 80}",
                [1],
            ),
        ],
    )
    def test_ports_of_the_node(self, pod: str, ports: str, found: list[int]) -> None:
        text = BASE.replace("      containers:\n", f"      {pod}\n      containers:\n" if pod else "      containers:\n")
        text = text.replace("          image: nginx:1.29\n", f"          image: nginx:1.29\n          ports: [{ports}]\n")
        assert [port.port for port in workload(text).host_ports] == found


class TestSelector:
    @pytest.mark.parametrize(
        "expression",
        [
            "{key: app, operator: In, values: [api, web]}",
            "{key: app, operator: NotIn, values: [api]}",
            "{key: tier, operator: NotIn, values: [api]}",
            "{key: app, operator: Exists}",
            "{key: tier, operator: DoesNotExist}",
        ],
    )
    def test_expressions_that_match(self, expression: str) -> None:
        assert workload(
            BASE.replace("    matchLabels:\n      app: web\n", f"    matchExpressions:\n    - {expression}\n")
        )

    def test_text(self) -> None:
        expressions = "[{key: tier, operator: NotIn, values: [a, b]}, {key: x, operator: DoesNotExist}]"
        text = BASE.replace(
            "      app: web\n  template", f"      app: web\n    matchExpressions: {expressions}\n  template"
        )
        assert str(workload(text).selector) == "app=web,tier notin (a, b),!x"


class TestDocuments:
    def test_others_are_listed(self) -> None:
        service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        text = f"{service}---\n---\n# nothing\n---\n{BASE}---\nkind: Foo\napiVersion: a.b/v1\n"
        found = read(text.encode(), name="web.yaml")
        assert [w.name for w in found.workloads] == ["web"]
        assert [(o.kind, o.api_version, o.name, o.position.line) for o in found.not_modelled] == [
            ("Service", "v1", "web", 2),
            ("Foo", "a.b/v1", "", 26),
        ]

    def test_custom_resource_that_shares_the_name(self) -> None:
        found = read(BASE.replace("apps/v1", "example.com/v1").encode(), name="web.yaml")
        assert (found.workloads, found.not_modelled[0].kind) == ((), "Deployment")

    def test_list(self) -> None:
        item = "".join(f"  {line}\n" if line else "" for line in BASE.splitlines())
        inner = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod}]}"
        text = f"apiVersion: v1\nkind: List\nitems:\n-{item[1:]}- {inner}\n"
        found = read(text.encode(), name="web.yaml")
        assert [str(w) for w in found.workloads] == ["Deployment default/web"]
        assert [o.kind for o in found.not_modelled] == ["Pod"]

    def test_json_stream(self) -> None:
        text = '{"apiVersion":"v1","kind":"A"}\n  {"apiVersion":"v1","kind":"B"}{"apiVersion":"v1","kind":"C"}\n'
        found = read(text.encode(), name="x.json")
        assert [(o.kind, o.position.line, o.position.column) for o in found.not_modelled] == [
            ("A", 1, 27),
            ("B", 2, 29),
            ("C", 2, 59),
        ]

    def test_json_stream_error_position(self) -> None:
        assert error('{"apiVersion":"v1","kind":"A"}\n {"kind":3}').startswith("web.yaml:2:3: apiVersion is required\n")

    def test_anchors_and_merge_keys(self) -> None:
        text = BASE.replace("      app: web\n  template", "      &labels\n      app: web\n  template", 1).replace(
            "      labels:\n        app: web\n", "      labels:\n        <<: *labels\n        tier: front\n"
        )
        assert workload(text).name == "web"

    def test_byte_order_mark(self) -> None:
        assert read(b"\xef\xbb\xbf" + BASE.encode(), name="web.yaml").workloads

    def test_windows_line_ends(self) -> None:
        assert error(BASE.replace("replicas: 3", "replicas: -3").replace("\n", "\r\n")) == (
            "web.yaml:6:13: spec.replicas is -3: must be greater than or equal to 0\n"
            "  6 |   replicas: -3\n"
            "    |             ^^\n"
            "  help: write 0 or more"
        )

    @pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\nnull\n"])
    def test_empty(self, text: str) -> None:
        assert error(text) == ("web.yaml holds no object\n  help: give a manifest with a Deployment or a ReplicaSet")

    def test_given_twice(self) -> None:
        assert error(f"{BASE}---\n{BASE}") == (
            "web.yaml:20:7: Deployment default/web is given twice, first in line 2\n"
            "  20 | kind: Deployment\n"
            "     |       ^^^^^^^^^^\n"
            "  help: keep one of the two, or rename one"
        )

    @pytest.mark.parametrize(
        ("text", "first_line"),
        [
            ("- a\n", "web.yaml:1:1: the document is a list, and must be a Kubernetes object"),
            ("hello\n", 'web.yaml:1:1: the document is the string "hello", and must be a Kubernetes object'),
            ("a: *b\n", "web.yaml:1:4: alias *b has no anchor before it"),
            ("a: &a [*a]\n", "web.yaml:1:8: anchor &a contains itself"),
            ("--- {a: 1}\n", "web.yaml:1:5: a document cannot begin on the line of its `---`"),
            ("? [a]\n: b\n", "web.yaml:1:3: a key must be a string"),
            ("x: &x 3\ny:\n  <<: *x\n", "web.yaml:1:4: << merges mappings, and this is none"),
        ],
    )
    def test_refused_documents(self, text: str, first_line: str) -> None:
        assert error(text).splitlines()[0] == first_line

    @pytest.mark.parametrize(
        ("data", "text"),
        [
            (b"a: \xff\n", "web.yaml:1:4: byte 0xff is not UTF-8\n  1 | a: \N{REPLACEMENT CHARACTER}\n    |    ^\n"),
            (b"\xff\xfea\0", "web.yaml:1:1: byte 0xff is not UTF-8\n"),
            (b"a: 1\nb: \xe9t\xe9", "web.yaml:2:4: byte 0xe9 is not UTF-8\n"),
        ],
    )
    def test_not_utf8(self, data: bytes, text: str) -> None:
        assert error(data).startswith(text)

    def test_alias_bomb(self) -> None:
        names = "abcdefghi"
        bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in itertools.pairwise(names)
        )
        assert (
            error(bomb).splitlines()[0]
            == "web.yaml:6:37: the aliases of this document expand to more than 400000 values"
        )

    def test_bomb_of_lists(self) -> None:
        pods = ",".join(["{kind: Pod, apiVersion: v1}"] * 100)
        aliases = ",".join(["*a"] * 200)
        text = f"kind: List\nitems:\n- &a {{kind: List, items: [{pods}]}}\n- {{kind: List, items: [{aliases}]}}\n"
        message = error(text).splitlines()[0]
        assert message.endswith("is object number 10001 of the manifest")

    def test_depth_is_no_danger(self) -> None:
        assert error("[\n" * 100_000).startswith("web.yaml:501:1: more than 500 collections are open here\n")
        ours = "web.yaml:1:501: more than 500 collections are open here\n"
        pyyaml = "web.yaml:1:1001: broken YAML: exceeded maximum nesting depth"  # from 6.0.4 on; its scanner is a line ahead
        assert error("[" * 100_000).startswith((ours, pyyaml))
        assert error("a: " + "[" * 499 + "]" * 499).startswith("web.yaml:1:1: apiVersion is required\n")

    def test_unreadable(self, tmp_path: Path) -> None:
        with pytest.raises(ManifestError) as caught:
            read_file(str(tmp_path / "none.yaml"))
        assert str(caught.value) == (
            f"{tmp_path}/none.yaml cannot be read: No such file or directory\n"
            "  help: give the path of a manifest, or - for standard input"
        )


class TestRounding:
    @pytest.mark.parametrize(
        ("surge", "unavailable", "replicas", "expected"),
        [
            # TestResolveFenceposts in pkg/controller/deployment/util/deployment_util_test.go of Kubernetes 1.36
            ("0%", "0%", 10, (0, 1)),
            ("39%", "39%", 10, (4, 3)),
            # TestMaxUnavailable there
            ("20%", "50%", 10, (2, 5)),
            ("25%", "25%", 1, (1, 0)),
            ("25%", "25%", 4, (1, 1)),
            ("25%", "25%", 0, (0, 0)),
            ("0%", "1%", 1, (0, 1)),
            ("100%", "100%", 7, (7, 7)),
            ("150%", "0%", 2, (3, 0)),
        ],
    )
    def test_percentages(self, surge: str, unavailable: str, replicas: int, expected: tuple[int, int]) -> None:
        parsed = IntOrPercent.parse(surge), IntOrPercent.parse(unavailable)
        assert parsed[0] is not None
        assert parsed[1] is not None
        assert RolloutBounds(parsed[0], parsed[1]).resolve(replicas) == expected

    def test_unavailable_is_no_more_than_the_replicas(self) -> None:
        assert RolloutBounds(IntOrPercent(0), IntOrPercent(5)).resolve(2) == (0, 2)

    @given(st.integers(0, 1000), st.integers(0, 1 << 31))
    def test_as_kubernetes_computes_it(self, percent: int, replicas: int) -> None:
        # intstr.go computes in float64, exact at this size
        bound = IntOrPercent(percent, percent=True)
        assert bound.of(replicas, round_up=True) == math.ceil(percent * replicas / 100)
        assert bound.of(replicas, round_up=False) == math.floor(percent * replicas / 100)


class TestScaling:
    def test_small_stays(self) -> None:
        found = with_strategy("{}", replicas=2)
        small = scaled(found, at_most=2)
        assert (small.workload, small.sentence) == (found, "")

    def test_percentages_are_resolved_again(self) -> None:
        small = scaled(with_strategy("{}", replicas=10), at_most=2)
        assert (small.workload.replicas, small.workload.max_surge, small.workload.max_unavailable) == (2, 1, 0)
        assert small.sentence == (
            "Deployment default/web: 10 replicas are scaled down to 2; maxSurge (25%) is 1 instead of 3; "
            "maxUnavailable (25%) is 0 instead of 2"
        )

    def test_absolute_bounds_stay_up_to_the_replicas(self) -> None:
        found = with_strategy("{rollingUpdate: {maxSurge: 5, maxUnavailable: 1}}", replicas=50)
        small = scaled(found, at_most=3)
        assert (small.workload.max_surge, small.workload.max_unavailable) == (3, 1)
        assert small.sentence == (
            "Deployment default/web: 50 replicas are scaled down to 3; maxSurge is 3 instead of 5; "
            "maxUnavailable is 1, as before"
        )

    def test_a_large_surge_alone(self) -> None:
        small = scaled(with_strategy('{rollingUpdate: {maxSurge: "300%"}}', replicas=2), at_most=2)
        assert small.workload.max_surge == 2
        assert (
            small.sentence
            == "Deployment default/web: maxSurge (300%) is 2 instead of 6; maxUnavailable (25%) is 0, as before"
        )

    def test_replica_set(self) -> None:
        found = dataclasses.replace(workload(BASE.replace("kind: Deployment", "kind: ReplicaSet")), replicas=100)
        small = scaled(found, at_most=2)
        assert (small.workload.replicas, small.sentence) == (
            2,
            "ReplicaSet default/web: 100 replicas are scaled down to 2",
        )

    @given(st.integers(0, 1 << 31), st.integers(1, 5), st.integers(0, 300), st.integers(0, 100))
    def test_an_update_can_always_move(self, replicas: int, at_most: int, surge: int, unavailable: int) -> None:
        bounds = RolloutBounds(IntOrPercent(surge, percent=True), IntOrPercent(unavailable, percent=True))
        small = scaled(
            dataclasses.replace(with_strategy("{}"), replicas=replicas, bounds=bounds), at_most=at_most
        ).workload
        assert small.replicas == min(replicas, at_most)
        assert small.max_surge <= small.replicas
        assert small.replicas == 0 or small.max_surge + small.max_unavailable > 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("No", False), ("~", None), ("0b101", 5), ("-0o17", -15), ("+1", 1), (".5", 0.5), ("1e3", 1000.0),
        ("2024-01-01", "2024-01-01"), ("1:30", "1:30"), ("nope", "nope"), ("-", "-"), ("0x", "0x"), ("1.2.3", "1.2.3"),
        ("18446744073709551615", (1 << 64) - 1), ("18446744073709551616", float(1 << 64)),
    ],
)  # fmt: skip
def test_scalars(text: str, value: object) -> None:
    found = resolve(text)
    assert found == value
    assert type(found) is type(value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    text = BASE.encode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 20)))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=5), st.sampled_from([b": ", b"\n- ", b"&a ", b"*a", b"<<: ", b"{", b"]", b"~"])
            )
        )
        text = text[:start] + piece + text[end:]
    _read_or_refuse(text)


def _read_or_refuse(data: bytes) -> None:
    with contextlib.suppress(ManifestError):
        read(data, name="web.yaml")
