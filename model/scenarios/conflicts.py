"""Two writers of one object, and a controller that reads old copies of it."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="conflicts",
    sentence="Somebody annotates ReplicaSets during a rollout; the controllers see ReplicaSets two writes late.",
    scope=ClusterScope(
        replicas=2, templates=2, image_changes=1, conflicts=1, lag_replica_sets=2, deployment_status=False
    ),
    expected=Holds(states=365_039, transitions=1_270_506, depth=36),
)
