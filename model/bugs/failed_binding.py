"""A failed binding leaves the pod assumed where it is not; it is then bound elsewhere (kubernetes/kubernetes#28883).

plugin/pkg/scheduler of 1.3: the error of a second AssumePod was logged and passed over, so that the cache keeps the first node.
"""

from kubecheck.model.bugs.bug import Bug
from kubecheck.model.scope import ClusterScope, Kind

SCOPE = ClusterScope(kind=Kind.REPLICA_SET, replicas=1, nodes=2, capacity=1, lag_scheduler=2, request_failures=1)

BUG = Bug(
    name="failed-binding",
    issues=("kubernetes#28883",),
    mechanism="A binding fails, the pod stays assumed on that node, and is bound to another one: the cache counts it where it is not.",
    violates="pods_count_where_they_are",
    releases="1.3",
    fix="ForgetPod after a failed binding.",
    feature="scheduler-forget",
    scope=SCOPE,
)
