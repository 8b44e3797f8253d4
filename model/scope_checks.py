"""Which scopes make sense: each field on its own, and what a cluster's fields need of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kubecheck.model.rollout_bounds import IntOrPercent

if TYPE_CHECKING:
    from kubecheck.model.scope import ClusterScope

NOTHING: Mapping[str, int] = MappingProxyType({})

MOST_PODS = 12
MOST_EVENTS = 7
COUNTED = ("conflicts", "conflicts_of_deployments", "conflicts_of_pods", "crashes", "scheduler_crashes", "pod_failures", "completions")
"""Budgets of which more than MOST_EVENTS is a mistake, not an exploration."""

NO_MEMORY = "a kubelet of pods with random names remembers nothing that its runtime and the API server do not tell it again"


class ScopeError(ValueError):
    """A scope that makes no sense: `field` is the name of the field, the message says what it holds and what it may hold.

    `add` is another field with a value, NAME=VALUE, if it is that one which is missing.
    """

    def __init__(self, field: str, message: str, *, add: str = "") -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.add = add


def check_fields(scope: Any, *, least: Mapping[str, int] = NOTHING) -> None:
    """Each field of a dataclass on its own: whole numbers of 0 or more, or of `least`, and truth values. Raises ScopeError."""
    for f in fields(scope):
        value = getattr(scope, f.name)
        if f.type in ("int", "int | None") and value is not None:
            if not isinstance(value, int) or isinstance(value, bool):
                raise ScopeError(f.name, f"is {value!r}, and must be a whole number")
            if value < least.get(f.name, 0):
                raise ScopeError(f.name, f"is {value}, and must be {least.get(f.name, 0)} or more")
        elif f.type == "bool" and not isinstance(value, bool):
            raise ScopeError(f.name, f"is {value!r}, and must be true or false")


def check_together(scope: ClusterScope) -> None:
    """What fields need of each other. Raises ScopeError."""
    _check_workload(scope)
    _check_names(scope)
    _check_cluster(scope)
    _check_staleness(scope)


def _check_workload(scope: ClusterScope) -> None:
    surge, unavailable = scope.bounds.surge, scope.bounds.unavailable
    if scope.is_deployment and not scope.recreate and surge.value == 0 and unavailable.value == 0:
        raise ScopeError("max_unavailable", "is 0, and may not be when max_surge is 0 too: no update could ever move")
    if scope.templates < 1:
        raise ScopeError("templates", "is 0, and must be 1 or more")
    if scope.image_changes and scope.templates < 2:
        message = "needs templates of 2 or more: there is no other image to change to"
        raise ScopeError("image_changes", message, add="templates=2")
    if not scope.is_deployment and (scope.templates > 1 or scope.paused or scope.recreate):
        raise ScopeError("kind", f"is {scope.kind}, which has one template, no strategy and no pause")
    if scope.least_replicas is not None and scope.least_replicas > scope.replicas:
        raise ScopeError(
            "least_replicas", f"is {scope.least_replicas}, more than the {scope.replicas} replicas at first"
        )
    if scope.most_replicas is not None and scope.most_replicas < scope.replicas:
        raise ScopeError("most_replicas", f"is {scope.most_replicas}, less than the {scope.replicas} replicas at first")
    if scope.conflicts_of_deployments and not scope.is_deployment:
        raise ScopeError("conflicts_of_deployments", f"is {scope.conflicts_of_deployments}, and there is no Deployment")
    if scope.edits and not (scope.is_deployment and scope.least != scope.most):
        add = _another_number(scope) if scope.is_deployment else ""
        raise ScopeError("edits", "needs a Deployment, and least_replicas or most_replicas to change to", add=add)
    if scope.foreground and not scope.deletes:
        raise ScopeError("foreground", "needs deletes of 1 or more", add="deletes=1")
    if scope.scales and scope.least == scope.most:
        raise ScopeError(
            "scales",
            f"is {scope.scales}, but least_replicas and most_replicas leave only {scope.most} to scale to",
            add=_another_number(scope),
        )
    if not scope.scales and not scope.edits and scope.least != scope.most:
        field = "least_replicas" if scope.least < scope.replicas else "most_replicas"
        raise ScopeError(field, "needs scales of 1 or more", add="scales=1")
    if scope.resumes > (1 if scope.paused else 0):
        raise ScopeError(
            "resumes", f"is {scope.resumes}, and may be 1 at most, for a Deployment that is applied paused"
        )
    if scope.applies not in (1, 2):
        raise ScopeError("applies", f"is {scope.applies}, and must be 1 or 2")
    if scope.applies > 1 and scope.is_deployment:
        raise ScopeError("applies", f"is {scope.applies}, and may be more than 1 only for a ReplicaSet")
    if scope.deletes > scope.applies and not scope.is_pods:
        raise ScopeError(
            "deletes", f"is {scope.deletes}, and may be {scope.applies} at most: what is gone is not deleted"
        )
    if scope.applies > 1 and scope.lag_pods and not scope.lag_replica_sets:
        message = "is 2, and with lag_pods needs lag_replica_sets, whose events end expectations"
        raise ScopeError("applies", message, add="lag_replica_sets=1")
    if scope.applies > 1 and scope.deletes == 0:
        raise ScopeError(
            "applies",
            f"is {scope.applies}, and needs deletes of 1 or more: what exists is not applied again",
            add="deletes=1",
        )


def _another_number(scope: ClusterScope) -> str:
    """A number of replicas to change to."""
    return f"least_replicas={scope.replicas - 1}" if scope.replicas else "most_replicas=1"


def _check_names(scope: ClusterScope) -> None:
    """What is there only for pods with names of their own, and what is not there for them."""
    only = ("recreations", "pinned", "kubelet_restarts", "completions")
    never = (
        "scales",
        "edits",
        "foreground",
        "applies",
        "crashes",
        "conflicts",
        "conflicts_of_deployments",
        "broken_watches",
        "expiries",
        "resyncs",
        "pods",
    )
    lags = ("lag_deployments", "lag_replica_sets", "lag_pods", "cache_lag_deployments", "cache_lag_replica_sets")
    if not scope.is_pods:
        for name in only:
            if getattr(scope, name):
                why = f": {NO_MEMORY}" if name == "kubelet_restarts" else ""
                raise ScopeError(name, f"is {getattr(scope, name)}, and may be more than 0 only for kind Pod{why}")
        return
    defaults = {f.name: f.default for f in fields(scope)}
    for name in (*never, *lags, "api_server_crashes", "container_steps", "generations"):
        if getattr(scope, name) != defaults[name]:
            raise ScopeError(name, f"is {getattr(scope, name)}, and may not be set for kind Pod")
    if scope.replicas < 1:
        raise ScopeError("replicas", "is 0, and must be 1 or more for kind Pod")
    if scope.pinned > scope.recreations:
        raise ScopeError("pinned", f"is {scope.pinned}, and may be {scope.recreations} at most, as recreations is")
    if scope.kubelet_restarts and not (scope.cache_lag_pods or scope.named_pods_end):
        raise ScopeError(
            "kubelet_restarts",
            "needs api_servers=2 and cache_lag_pods, or completions or pod_failures: else a kubelet is told again all that it forgets",
        )


def _check_cluster(scope: ClusterScope) -> None:
    if scope.nodes < 1:
        raise ScopeError("nodes", "is 0, and must be 1 or more")
    if scope.registered is not None and scope.registered > scope.nodes:
        raise ScopeError("registered", f"is {scope.registered}, more than the {scope.nodes} nodes")
    if scope.pod_slots > MOST_PODS:
        raise ScopeError(
            "pods", f"comes to {scope.pod_slots} pods at one time, and at most {MOST_PODS} can be explored"
        )
    if not scope.is_pods and scope.pod_slots < scope.most_wanted + scope.pod_failures:
        need = scope.most_wanted + scope.pod_failures
        raise ScopeError(
            "pods", f"is {scope.pod_slots}, but {need} may be wanted at one time (replicas, surge, failed pods)"
        )
    if scope.capacity is not None and scope.capacity < 1:
        raise ScopeError("capacity", "is 0, and must be 1 or more")
    for name in COUNTED:
        if getattr(scope, name) > MOST_EVENTS:
            raise ScopeError(name, f"is {getattr(scope, name)}, and may be {MOST_EVENTS} at most")


def _check_staleness(scope: ClusterScope) -> None:
    if scope.api_servers not in (1, 2):
        raise ScopeError("api_servers", f"is {scope.api_servers}, and must be 1 or 2")
    for name, lag in (
        ("cache_lag_deployments", scope.lag_deployments),
        ("cache_lag_replica_sets", scope.lag_replica_sets),
        ("cache_lag_pods", scope.lag_pods),
    ):
        own = getattr(scope, name)
        if own and not scope.two_servers:
            message = "needs api_servers=2: it is the second one's watch cache that lags"
            raise ScopeError(name, message, add="api_servers=2")
        if own > lag and not scope.is_pods:
            what = name.removeprefix("cache_")
            raise ScopeError(
                name,
                f"is {own}, and may be {what} ({lag}) at most: a client cannot be ahead of the cache it watches",
            )
    if scope.api_server_crashes and not scope.two_servers:
        raise ScopeError(
            "api_server_crashes",
            "needs api_servers=2; of a single one nobody sees more than lost_responses and request_failures",
            add="api_servers=2",
        )
    if scope.scheduler_servers and scope.cache_lag_pods > scope.lag_scheduler:
        raise ScopeError(
            "cache_lag_pods",
            f"is {scope.cache_lag_pods}, and may be lag_scheduler ({scope.lag_scheduler}) at most where the scheduler may list there",
        )
    if scope.scheduler_crashes and not scope.lag_scheduler:
        message = "needs lag_scheduler of 1 or more: else the scheduler has nothing to forget"
        raise ScopeError("scheduler_crashes", message, add="lag_scheduler=1")
    if scope.scheduler_relists and not scope.lag_scheduler:
        message = "needs lag_scheduler of 1 or more: else nothing is missed"
        raise ScopeError("scheduler_relists", message, add="lag_scheduler=1")
    if scope.expiries and not (scope.features.expectations and scope.lag_pods):
        raise ScopeError("expiries", "needs lag_pods of 1 or more and the feature expectations: else nothing expires")
    if scope.broken_watches and not (scope.controllers_lag and scope.two_servers):
        raise ScopeError(
            "broken_watches", "needs api_servers=2 and a lag of the controller manager; else it changes nothing"
        )
    if not scope.features.requeue_on_error and not (
        scope.lag_replica_sets and scope.lag_pods and (scope.lag_deployments or not scope.is_deployment)
    ):
        needed = "lag_replica_sets and lag_pods" + (" and lag_deployments" if scope.is_deployment else "")
        raise ScopeError(
            "without",
            f"requeue-on-error can be off only with {needed} of 1 or more: a key that was dropped wakes up with an event",
        )
    if scope.resyncs and scope.features.requeue_on_error and not scope.keys_rest:
        raise ScopeError(
            "resyncs",
            "needs strategy Recreate and image_changes, or expiries, or no requeue-on-error: else each key has an event",
        )


def bound(field: str, written: int | str) -> IntOrPercent:
    """A number of pods or a percentage, as it was written for `field`. Raises ScopeError."""
    if isinstance(written, int) and not isinstance(written, bool):
        if written < 0:
            raise ScopeError(field, f"is {written}, and must be 0 or more")
        return IntOrPercent(written)
    parsed = IntOrPercent.parse(written) if isinstance(written, str) else None
    if parsed is None and isinstance(written, str) and written.isdigit():
        return IntOrPercent(int(written))
    if parsed is None:
        raise ScopeError(field, f"is {written!r}, and must be a number of pods or a percentage such as 25%")
    return parsed
