"""A rolling update that is undone on the way."""

from kubecheck.model.scenarios.scenario import Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="rollback",
    sentence="The image of a Deployment is changed and changed back, one pod may be missing meanwhile.",
    scope=ClusterScope(
        replicas=2, templates=2, image_changes=2, max_surge=0, max_unavailable=1, deployment_status=False
    ),
)
