"""model/conformance/schema.json, the fields of the kinds: `python -m tests.conformance.schema KUBERNETES` writes it from a source tree.

Of api/openapi-spec/v3 it takes the members of each type, their types, and how patches and applies merge them; of staging/src/k8s.io/api
and apimachinery (types.go) whether a member is no pointer, and whether Go leaves it out of JSON when it is zero. Descriptions stay behind.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMA = HERE.parent.parent / "model" / "conformance" / "schema.json"

# The kinds, each with the package of its type.
KINDS = {
    "core.v1": "Binding ConfigMap Endpoints LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod ResourceQuota Secret "
    "Service ServiceAccount",
    "apps.v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "batch.v1": "CronJob Job",
    "autoscaling.v1": "Scale",
    "autoscaling.v2": "HorizontalPodAutoscaler",
    "policy.v1": "Eviction PodDisruptionBudget",
    "discovery.v1": "EndpointSlice",
    "coordination.v1": "Lease",
    "rbac.v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "networking.v1": "Ingress NetworkPolicy",
    "scheduling.v1": "PriorityClass",
    "storage.v1": "CSINode StorageClass",
    "node.v1": "RuntimeClass",
    "authentication.v1": "SelfSubjectReview TokenRequest TokenReview",
    "authorization.v1": "SelfSubjectAccessReview SubjectAccessReview",
    "meta.v1": "DeleteOptions",
}
_PLAIN = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intstr",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
}
_FIELD = re.compile(r'^\s+(?:(\w+)\s+)?(\S+)\s+`[^`]*json:"([^"]*)"')


class Source:
    """A source tree: the schemas of its OpenAPI documents, and the structs of its Go types."""

    def __init__(self, root: Path) -> None:
        self.schemas: dict[str, Any] = {}
        for file in sorted((root / "api" / "openapi-spec" / "v3").glob("*.json")):
            found = json.loads(file.read_text(encoding="utf-8")).get("components", {}).get("schemas", {})
            self.schemas.update(found)
        self.structs: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        folders = {"meta.v1": "apimachinery/pkg/apis/meta/v1"}
        folders |= {package: "api/" + package.replace(".", "/") for package in KINDS if package != "meta.v1"}
        for package, folder in folders.items():
            for file in (root / "staging" / "src" / "k8s.io" / folder).glob("types*.go"):
                self._read(package, file.read_text(encoding="utf-8"))

    def _read(self, package: str, text: str) -> None:
        for name, body in re.findall(r"^type (\w+) struct \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
            fields = [m.groups() for m in map(_FIELD.match, body.splitlines()) if m]
            self.structs[package, name] = [(kind, tag, field or "") for field, kind, tag in fields]

    def go_member(self, package: str, name: str, member: str) -> tuple[str, str] | None:
        """The Go type of a member and its JSON options, of the struct or of one that it embeds."""
        for kind, tag, _ in self.structs.get((package, name), []):
            if tag.split(",")[0] == member:
                return kind, tag
            if tag in (",inline", "inline"):
                where, _, inner = kind.rpartition(".")
                found = self.go_member(
                    {"metav1": "meta.v1", "v1": "core.v1", "": package}.get(where, where), inner, member
                )
                if found:
                    return found
        return None


def short(name: str) -> str:
    """core.v1.Pod of io.k8s.api.core.v1.Pod."""
    return ".".join(name.split(".")[-3:])


def type_of(schema: Any) -> tuple[str, list[str]]:
    """The type of a schema in a word, and the types that it refers to."""
    reference = schema.get("$ref") or (schema.get("allOf") or [{}])[0].get("$ref")
    if reference:
        full = reference.rsplit("/", 1)[1]
        if full in _PLAIN:
            return _PLAIN[full], []
        return short(full), [full]
    kind = schema.get("type")
    if kind == "array":
        inner, found = type_of(schema["items"])
        return f"[]{inner}", found
    if kind == "object":
        if "additionalProperties" not in schema:
            return "any", []
        inner, found = type_of(schema["additionalProperties"])
        return f"{{}}{inner}", found
    if kind == "integer":
        return schema.get("format", "int64"), []
    if kind == "string" and schema.get("format") == "byte":
        return "bytes", []
    return {"boolean": "bool", "number": "double", "string": "string"}.get(kind or "", "any"), []


def member(source: Source, owner: str, name: str, schema: Any) -> tuple[str, list[str]]:
    """A member in words: its type; `zero` if Go leaves it out when it is zero, `value` if it always has one; how it is merged."""
    word, found = type_of(schema)
    words = [word]
    package, _, struct = owner.rpartition(".")
    go = source.go_member(package, struct, name)
    if go is not None and not go[0].startswith("*"):
        words.append("zero" if "omit" in go[1] else "value")
    strategies = schema.get("x-kubernetes-patch-strategy", "").split(",")
    if "merge" in strategies:
        words.append("merge=" + schema.get("x-kubernetes-patch-merge-key", ""))
    if "retainKeys" in strategies:
        words.append("retain")
    list_type = schema.get("x-kubernetes-list-type")
    if list_type:
        words.append(f"list={list_type}")
    if list_type == "map":
        words.append("keys=" + ",".join(schema["x-kubernetes-list-map-keys"]))
    if schema.get("x-kubernetes-map-type") == "atomic":
        words.append("atomic")
    return " ".join(words), found


def written(source: Source) -> str:
    """The file: the types that the kinds need, one a line."""
    kinds = {kind: f"{package}.{kind}" for package, names in KINDS.items() for kind in names.split()}
    by_short = {short(name): name for name in source.schemas}
    todo = [by_short[name] for name in kinds.values()]
    types: dict[str, dict[str, str]] = {}
    while todo:
        full = todo.pop()
        name = short(full)
        if name in types:
            continue
        schema = source.schemas[full]
        types[name] = {"": "atomic"} if schema.get("x-kubernetes-map-type") == "atomic" else {}
        for child, of in sorted(schema.get("properties", {}).items()):
            types[name][child], found = member(source, name, child, of)
            todo += found
    lines = [f"{json.dumps(name)}: {json.dumps(members, sort_keys=True)}" for name, members in sorted(types.items())]
    return '{"kinds": ' + json.dumps(kinds, sort_keys=True) + ',\n"types": {\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    SCHEMA.write_text(written(Source(Path(sys.argv[1]))), encoding="utf-8")
