"""Two API servers, each with watch caches of its own."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="two-api-servers",
    sentence="In a rollout the controllers' watches break and are opened again at another API server, whose cache of pods lags.",
    scope=ClusterScope(
        replicas=1,
        templates=2,
        image_changes=1,
        api_servers=2,
        broken_watches=1,
        lag_pods=2,
        cache_lag_pods=2,
        deployment_status=False,
    ),
    expected=Holds(states=6405, transitions=20_916, depth=35),
)
