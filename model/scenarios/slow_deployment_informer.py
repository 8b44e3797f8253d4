"""Writers of one Deployment, and a controller that reports on an old copy of it."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="slow-deployment-informer",
    sentence="A Deployment is changed and annotated while its controller sees it two writes late and reports the generation that it sees.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        conflicts_of_deployments=1,
        lag_deployments=2,
        generations=True,
    ),
    expected=Holds(states=21_355, transitions=77_888, depth=27),
)
