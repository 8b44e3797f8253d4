"""What a command is about: TARGET on the command line, resolved to one or more specs.

TARGET is a manifest (FILE.yaml, .yml, .json, or - for standard input), a spec in a file (FILE.py or FILE.py:SPEC), or
the name of a built-in scenario.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import functools
import os
import re
import shlex
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kubecheck.cli.errors import InputError, did_you_mean
from kubecheck.cli.loading import load_spec, parse_value, shortened
from kubecheck.cli.switches import idle_switches, switched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kubecheck.model.manifest import LeftOut, Manifest, NotModelled, Workload
    from kubecheck.model.scenarios import Holds, Violates
    from kubecheck.model.scope import ClusterScope
    from kubecheck.spec import Position, Spec

S = typing.TypeVar("S")

MOST_REPLICAS: Final = 2
"""Replicas that a manifest is scaled down to, unless --replicas or --pods says otherwise."""

# What may happen to the cluster that a manifest describes, unless options say otherwise: the image is changed once,
# so that there is a rollout; one component crashes once; the controllers see pods two writes late, for what takes two
# unseen writes is what expectations are for; the nodes register on the way.
MANIFEST_BUDGETS: Final[Mapping[str, int]] = {
    "templates": 2,
    "image_changes": 1,
    "crashes": 1,
    "lag_pods": 2,
    "registered": 0,
}

# Where a change of image cannot roll out: a ReplicaSet has one template for ever, a paused Deployment waits, and
# without replicas there is nothing to replace.
_NO_ROLLOUT: Final[Mapping[str, int]] = {"templates": 1, "image_changes": 0}

# options whose name is a word of Python's
_OPTIONS: Final[Mapping[str, str]] = {"having": "with"}

_MANIFESTS: Final = (".yaml", ".yml", ".json")

_FEW: Final = 12  # fields of a scope that a message names

_NUMBERS: Final = ("pods", "nodes", "crashes")
_LAGS: Final = ("lag_deployments", "lag_replica_sets", "lag_pods", "lag_scheduler")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One spec to look at.

    `target` names it on a command line. Subjects whose `alike` is equal, and not None, are one spec but for the name.

    `title` says what it is, `ours` whether kubecheck's own model wrote it. `scope` is what of a cluster's scope is
    worth showing; empty if the spec's own scope is to be shown, `derived` what of it follows from
    a manifest's ports. `expected` is what is known about a scenario whose scope is
    unchanged. `position` is where a manifest has the workload; None for a spec and a scenario. `workload` is its kind, namespace
    and name there: `name` may come twice. `idle_switches` says of the built spec which of --without and --with change nothing.
    """

    name: str
    title: str
    build: Callable[[], Spec]
    ours: bool = False
    scope: Mapping[str, Any] = field(default_factory=dict)
    expected: Holds | Violates | None = None
    scaling: str = ""
    derived: str = ""
    not_modelled: tuple[NotModelled, ...] = ()
    refused: tuple[NotModelled, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    position: Position | None = None
    workload: str = ""
    target: str = ""
    alike: object = None
    idle_switches: Callable[[Spec], Iterable[str]] = lambda _: ()

    @property
    def identity(self) -> str:
        """What tells it from the other subjects of its target."""
        return self.workload or self.name


@dataclass(frozen=True, kw_only=True)
class ScopeOptions:
    """The options that size a spec; None and empty mean: not given."""

    replicas: int | None = None
    pods: int | None = None
    nodes: int | None = None
    crashes: int | None = None
    lag: int | None = None
    release: str | None = None
    without: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def given(self) -> list[str]:
        """The names of the options given, --set apart."""
        fields = [f.name for f in dataclasses.fields(self) if f.name != "settings"]
        return [_OPTIONS.get(name, name) for name in fields if getattr(self, name) not in (None, ())]


def settings(pairs: Sequence[str]) -> dict[str, str]:
    """The texts of --set, NAME=VALUE each. Raises InputError."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise InputError(
                f"--set {shortened(pair)} is no assignment", remedy="write --set NAME=VALUE, for example --set nodes=2"
            )
        if name.strip() in found:
            raise InputError(f"--set gives {name.strip()} twice", remedy="give it once")
        found[name.strip().replace("-", "_")] = value.strip()
    return found


def all_subjects(targets: Sequence[str], options: ScopeOptions) -> list[Subject]:
    """What several targets mean. Raises InputError, also for a workload that two manifests have, ManifestError or SpecError."""
    found: list[Subject] = []
    manifests: list[str] = []
    for target in targets:
        if _is_manifest(target) or os.path.isdir(target):
            manifests += _manifests(target)
        else:
            found += subjects(target, options)
    return [*found, *_of_manifests(manifests, options)] if manifests else found


def subjects(target: str, options: ScopeOptions) -> list[Subject]:
    """What `target` means. Raises InputError, ManifestError or SpecError."""
    if _is_manifest(target) or os.path.isdir(target):
        return _of_manifests(_manifests(target), options)
    file = re.fullmatch(r"(.+\.py)(?::(\w*))?", target)
    if file:
        return [_of_file(file[1], file[2] or None, options)]
    if os.path.exists(target) or os.sep in target:
        raise InputError(
            f"{target} is no manifest and no spec", remedy="manifests end in .yaml, .yml or .json, specs in .py"
        )
    return [_of_scenario(target, options)]


def _is_manifest(target: str) -> bool:
    return target == "-" or target.endswith(_MANIFESTS)


def _manifests(target: str) -> list[str]:
    """A manifest, or those of a folder as `kubectl apply -f` takes them: not of folders in it, by name."""
    if not os.path.isdir(target):
        return [target]
    files = sorted(name for name in os.listdir(target) if name.endswith(_MANIFESTS))
    kustomized = next((name for name in files if name.startswith("kustomization.")), None)
    if kustomized is not None:
        raise InputError(
            f"{target} has a {kustomized}, so its files are parts of manifests",
            remedy=f"build them first: `kubectl kustomize {shlex.quote(target)} | kubecheck check -`",
        )
    if not files:
        raise InputError(f"{target} is a folder without manifests", remedy="manifests end in .yaml, .yml or .json")
    return [os.path.join(target, name) for name in files]


def one_of(found: Sequence[Subject], workload: str | None) -> Subject:
    """The workload that is meant, by its name or by all of `Deployment namespace/name`. Raises InputError if it is none, or several."""
    meant = [s for s in found if workload in (None, s.name, s.identity)]
    names = [s.name if [o.name for o in found].count(s.name) == 1 else s.identity for s in found]
    if not meant:
        assert workload is not None
        raise InputError(
            f"there is no workload {workload}",
            remedy=did_you_mean(workload, names, otherwise=f"there is {', '.join(names)}"),
        )
    if len(meant) > 1:
        raise InputError(
            f"the manifest has {len(found)} workloads: {', '.join(names)}",
            remedy=f"name one: --workload {shlex.quote(names[found.index(meant[0])])}",
        )
    return meant[0]


def _of_file(file: str, name: str | None, options: ScopeOptions) -> Subject:
    if given := options.given():
        raise InputError(
            f"--{given[0]} sizes a cluster, and {file} is a spec of its own",
            remedy="give its parameters with --set NAME=VALUE",
        )
    spec = load_spec(file, name, options.settings)
    target = f"{file}:{name}" if name else file
    return Subject(name=spec.name, title=f"{spec.name}, a spec of {file}", build=lambda: spec, target=target)


def _of_scenario(name: str, options: ScopeOptions) -> Subject:
    from kubecheck.model.scenarios import ALL

    if name not in ALL:
        raise InputError(
            f"there is no scenario {name}",
            remedy=did_you_mean(
                name, ALL, otherwise="`kubecheck scenarios` lists them; files end in .yaml, .json or .py"
            ),
        )
    scenario = ALL[name]
    overrides = _scenario_overrides(name, scenario.scope, options)
    title = f"the scenario {name}: {scenario.sentence}"
    if not overrides and not options.without and not options.having:
        return Subject(
            name=name,
            title=title,
            target=name,
            build=scenario.build,
            ours=True,
            scope=main_scope(scenario.scope),
            expected=scenario.expected,
        )
    before = _replace(scenario.scope, overrides)
    scope = switched(before, options)
    changes = overrides | {word: ", ".join(names) for word, names in _switches(options)}
    return Subject(
        name=name,
        title=f"{title} (changed: {_listed(changes)})",
        target=name,
        build=functools.partial(scenario.spec, scope, name=name),
        ours=True,
        scope=main_scope(scope),
        idle_switches=functools.partial(idle_switches, before, options, functools.partial(scenario.spec, name=name)),
    )


def _scenario_overrides(name: str, scope: Any, options: ScopeOptions) -> dict[str, Any]:
    """The fields of a scenario's scope that options set: --set any field, --release its features, the others those of a cluster."""
    from kubecheck.model.scope import ClusterScope

    if isinstance(scope, ClusterScope):
        if options.replicas is not None:
            raise InputError(
                f"--replicas scales a manifest down, and {name} is a scenario",
                remedy=f"use --set replicas={options.replicas}",
            )
        return _overrides(options)
    if given := [option for option in options.given() if option not in ("release", "without", "with")]:
        raise InputError(
            f"--{given[0]} sizes a cluster, and the scenario {name} is no cluster",
            remedy=f"set a field of its scope with --set: {', '.join(settable(type(scope)))}",
        )
    released = _scope(scope.of_release, {"release": options.release}) if options.release is not None else {}
    return released | _set(type(scope), f"the scope of {name}", options.settings)


def _of_manifests(paths: Sequence[str], options: ScopeOptions) -> list[Subject]:
    from kubecheck.model.manifest import read_file

    manifests = [read_file(path) for path in paths]
    if not any(manifest.workloads for manifest in manifests):
        kinds = ", ".join(sorted({other.kind for manifest in manifests for other in manifest.not_modelled}))
        sources = ", ".join(manifest.source for manifest in manifests)
        raise InputError(
            f"{sources} {'has' if len(manifests) == 1 else 'have'} nothing that is modelled, only: {kinds}",
            remedy="give a manifest with a Deployment or a ReplicaSet of apps/v1",
        )
    aside = tuple(other for manifest in manifests if not manifest.workloads for other in manifest.not_modelled)
    seen: dict[str, str] = {}
    found = []
    for path, manifest in zip(paths, manifests, strict=True):
        for workload in manifest.workloads:
            other = seen.setdefault(str(workload), manifest.source)
            if other != manifest.source or paths.count(path) > 1:
                raise InputError(f"{workload} is in {other} and in {manifest.source}", remedy="keep one of the two, or rename one")
            found.append(_of_workload(path, manifest, workload, aside, options))
    return found


def _of_workload(
    path: str, manifest: Manifest, workload: Workload, aside: tuple[NotModelled, ...], options: ScopeOptions
) -> Subject:
    """`aside`: objects of other manifests, which have no workload that would name them."""
    from kubecheck.model.cluster import cluster

    before, scaling, derived = manifest_scope(workload, options)
    scope = switched(before, options)
    return Subject(
        name=workload.name,
        title=f"{workload} of {manifest.source}",
        build=functools.partial(cluster, scope, name=workload.name),
        ours=True,
        scope=main_scope(scope),
        scaling=scaling,
        derived=derived,
        not_modelled=(*manifest.not_modelled, *aside),
        refused=manifest.refused,
        left_out=workload.left_out,
        position=workload.position,
        workload=str(workload),
        target=path,
        alike=scope,
        idle_switches=functools.partial(idle_switches, before, options, functools.partial(cluster, name=workload.name)),
    )


def manifest_scope(workload: Workload, options: ScopeOptions) -> tuple[ClusterScope, str, str]:
    """The small cluster for a workload, before its features are switched, what was scaled down for it, and what follows from its ports.

    Raises InputError.
    """
    from kubecheck.model.manifest import Kind
    from kubecheck.model.scaling import scaled
    from kubecheck.model.scope import ClusterScope

    small = scaled(workload, at_most=_most_replicas(workload, options))
    found = small.workload
    values: dict[str, Any] = {
        "kind": found.kind,
        "replicas": found.replicas,
        "paused": found.paused,
        **MANIFEST_BUDGETS,
    }
    if found.strategy is not None:
        values["strategy"] = found.strategy
    if found.bounds is not None:
        values |= {"max_surge": _written(found.bounds.surge), "max_unavailable": _written(found.bounds.unavailable)}
    if found.kind is Kind.DEPLOYMENT:
        values["deployment_status"] = False  # ten times the states, and nobody but people reads it
    if found.kind is Kind.REPLICA_SET or found.paused or found.replicas == 0:
        values |= _NO_ROLLOUT
    own, given = _of_ports(found) | _of_strategy(found, values), _overrides(options)
    scope = _scope(ClusterScope, values | own | given)
    return scope, small.sentence, _derived(found, {name: value for name, value in own.items() if name not in given})


def _of_ports(workload: Workload) -> dict[str, int]:
    """A pod that takes a port of its node has it alone among its kind; so there is a node for each replica, and none to spare."""
    return {"capacity": 1, "nodes": max(workload.replicas, 1)} if workload.host_ports else {}


def _of_strategy(workload: Workload, values: Mapping[str, Any]) -> dict[str, int]:
    """What a Recreate rollout waits for is seen at once: otherwise Kubernetes breaks what Recreate promises, whatever the manifest says."""
    from kubecheck.model.scope import Strategy

    return {"lag_pods": 0} if workload.strategy is Strategy.RECREATE and values["image_changes"] else {}


def _derived(workload: Workload, values: Mapping[str, int]) -> str:
    if not values:
        return ""
    ports = ", ".join(f"{each.port} (line {each.position.line})" for each in workload.host_ports)
    sizes = {
        "capacity": f"capacity=1: a node has room for one pod that takes its port {ports}",
        "lag_pods": "lag_pods=0: where controllers see pods late, Recreate may run pods of both templates (check overlapping-recreate)",
        "nodes": f"nodes={values.get('nodes')}: "
        + ("one for each replica; --nodes N gives the rollout spare ones" if workload.replicas else "there are no replicas to place"),
    }
    return "; ".join(sizes[name] for name in values)


def main_scope(scope: Any) -> dict[str, Any]:
    """The size of a cluster, and what of its scope is not as usual; of another scope all that can be set."""
    from kubecheck.model.scope import ClusterScope

    if not isinstance(scope, ClusterScope):
        return {name: getattr(scope, name) for name in settable(type(scope))}
    found: dict[str, Any] = {"replicas": scope.replicas, "pods": scope.pod_slots, "nodes": scope.nodes}
    if scope.is_deployment and not scope.recreate:
        found |= {"max_surge": scope.max_surge, "max_unavailable": scope.max_unavailable}
    for f in dataclasses.fields(scope):
        value = getattr(scope, f.name)
        if f.name not in found and f.name != "release" and value != f.default:
            found[f.name] = ", ".join(value) if isinstance(value, tuple) else value
    return found


def _written(bound: Any) -> int | str:
    return str(bound) if bound.percent else bound.value


def _most_replicas(workload: Workload, options: ScopeOptions) -> int:
    """With --pods, as many replicas as fit into the slots together with the surge; else the default."""
    from kubecheck.model.scaling import scaled

    if options.replicas is not None:
        return options.replicas
    if options.pods is None:
        return MOST_REPLICAS
    for replicas in range(min(options.pods, workload.replicas), 0, -1):
        small = scaled(workload, at_most=replicas).workload
        if small.replicas + small.max_surge <= options.pods:
            return replicas
    return min(1, workload.replicas)


def _overrides(options: ScopeOptions) -> dict[str, Any]:
    """The fields of a cluster's scope that options set."""
    from kubecheck.model.scope import ClusterScope

    values: dict[str, Any] = {}
    for name in (*_NUMBERS, "release"):
        if getattr(options, name) is not None:
            values[name] = getattr(options, name)
    if options.lag is not None:
        values |= dict.fromkeys(_LAGS, options.lag)
    return values | _set(ClusterScope, "a cluster's scope", options.settings)


def settable(kind: type[Any]) -> list[str]:
    """The fields of a scope that --set can write: numbers, truth values, names."""
    hints = typing.get_type_hints(kind)
    found = {bool, int, str, int | None, int | str, tuple[str, ...]}
    return [f.name for f in dataclasses.fields(kind) if hints[f.name] in found or isinstance(f.default, enum.Enum)]


def scope_values(kind: type[Any]) -> dict[str, Sequence[str]]:
    """What `settable` gives, each with the values that it may have if these have names."""
    hints = typing.get_type_hints(kind)
    found: dict[str, Sequence[str]] = {}
    for name in settable(kind):
        is_enum = isinstance(hints[name], type) and issubclass(hints[name], enum.Enum)
        found[name] = ("true", "false") if hints[name] is bool else [str(m.value) for m in hints[name]] if is_enum else ()
    return found


def _set(kind: type[Any], what: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that --set gives the fields of a scope."""
    hints, names = typing.get_type_hints(kind), settable(kind)
    values: dict[str, Any] = {}
    for name, text in texts.items():
        if name not in names:
            raise InputError(f"{what} has no {name}", remedy=did_you_mean(name, names, otherwise=_some_of(names, name)))
        values[name] = parse_value(name, hints[name], text)
    return values


def _some_of(names: Sequence[str], name: str) -> str:
    """All fields of a small scope; of a large one those that resemble `name` most, and where all are told."""
    if len(names) <= _FEW:
        return f"it has {', '.join(names)}"
    nearest = difflib.get_close_matches(name, names, n=3, cutoff=0)
    return f"the nearest are {', '.join(nearest)}; docs/scope.md tells all"


def _scope(make: Callable[..., S], values: Mapping[str, Any]) -> S:
    from kubecheck.model.features import FeatureError
    from kubecheck.model.scope_checks import ScopeError

    try:
        return make(**values)
    except ScopeError as error:
        message = str(error).removeprefix(f"{error.field}: ")
        if error.field in ("release", "without"):  # the message is a sentence of its own
            raise InputError(message, remedy=f"change --{error.field}") from error
        option = f"--{error.field}" if error.field in _NUMBERS else f"--set {error.field}=…"
        remedy = f"add --set {error.add}" if error.add and error.add.partition("=")[0] not in values else f"change {option}"
        raise InputError(f"the scope does not fit: {error.field} {message}", remedy=remedy) from error
    except FeatureError as error:
        raise InputError(str(error)) from error


def _switches(options: ScopeOptions) -> list[tuple[str, tuple[str, ...]]]:
    return [(word, names) for word, names in (("without", options.without), ("with", options.having)) if names]


def _replace(scope: S, values: Mapping[str, Any]) -> S:
    return _scope(lambda **changes: dataclasses.replace(scope, **changes), values)  # type: ignore[type-var]


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
