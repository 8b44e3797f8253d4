"""Two users who write the same Deployment."""

from kubecheck.model.scenarios.scenario import Holds, Scenario
from kubecheck.model.scope import ClusterScope

SCENARIO = Scenario(
    name="racing-users",
    sentence="One user changes the image while another edits the replicas in what he had read before.",
    scope=ClusterScope(replicas=1, templates=2, image_changes=1, edits=1, most_replicas=2),
    expected=Holds(states=57_143, transitions=191_681, depth=34),
)
