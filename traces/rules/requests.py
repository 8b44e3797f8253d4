"""Rules of requests: what takes effect, what does not, and who may ask for what."""

from __future__ import annotations

from typing import Final

from kubecheck.traces.effects import WRITES
from kubecheck.traces.event import Event, Kind, Level, Stage
from kubecheck.traces.history import History
from kubecheck.traces.rules.roles import allowed, granted_besides, role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.versions import Record, slim
from kubecheck.traces.workloads import Workloads

_CHAIN: Final = "staging/src/k8s.io/apiserver/pkg/server/config.go DefaultBuildHandlerChain"


class Authorised(Rule):
    """Authentication and authorisation."""

    name = "requests.authorised"
    sentence = (
        "A request succeeds only if it was authenticated and its authorisation decision is allow; forbid is "
        "answered with 403."
    )
    source = (
        f"{_CHAIN}; staging/src/k8s.io/apiserver/pkg/endpoints/filters/authorization.go WithAuthorization, "
        "authentication.go WithAuthentication"
    )
    level = Level.METADATA
    nothing = "no answered request in the log tells how it was authorised"

    def arrived(self, event: Event) -> None:
        """The decision against the answer; nothing to hold against it, and so nothing to judge, where none is told."""
        if event.decision is None and event.user != "":
            return
        if event.kind is not Kind.REQUEST or event.code is None or event.stage is Stage.RECEIVED:
            return
        self.judge()
        name = event.uri or event.resource or "?"
        if event.user == "" and event.code != 401:
            self.violated(f"a request without an authenticated user was answered {event.code}", [name], event)
        elif event.decision == "forbid" and event.code != 403:
            self.violated(f"a request that authorisation forbade was answered {event.code}", [name], event)
        elif event.code == 401 and event.decision == "allow" and event.verb in WRITES and event.version is not None:
            self.violated("an unauthenticated request has an answer with a version", [name], event)


class Anonymous(Rule):
    """Nobody in particular."""

    name = "requests.anonymous"
    sentence = "An anonymous user reads what is public (health, version) and writes nothing."
    source = (
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go clusterRoles, clusterRoleBindings "
        "(system:public-info-viewer)"
    )
    level = Level.METADATA
    nothing = "no anonymous request in the log"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._reads: list[Event] = []
        self._granted = False
        """Somebody other than the API server itself (and the controller that sums up roles) has written a role or a binding of one."""
        self._bootstrapped = False
        """The API server itself has: the log's policy keeps such writes."""

    def arrived(self, event: Event) -> None:
        """Successful writes without a name; reads are judged when it is known whether somebody granted them."""
        if event.group == "rbac.authorization.k8s.io" and event.verb in WRITES and event.ok:
            if event.user == "system:apiserver":
                self._bootstrapped = True
            elif event.user != "system:serviceaccount:kube-system:clusterrole-aggregation-controller":
                self._granted = True
        if event.kind is not Kind.REQUEST or event.user != "system:anonymous" or event.code is None:
            return
        self.judge()
        if event.ok and event.verb in WRITES and event.group != "authorization.k8s.io":
            self.violated(f"an anonymous request wrote {event.resource}", [event.uri or ""], event)
        elif event.ok and event.resource is not None and event.verb in ("get", "list", "watch") and len(self._reads) < 1_000:
            self._reads.append(slim(event))

    def finished(self) -> None:
        """What was read, if the log is known to hold everything that could have allowed it."""
        for event in self._reads:
            if self._granted or not self._bootstrapped or not self.history.complete:
                self.cannot_tell("a role may have allowed it")
                continue
            self.violated(f"an anonymous request read {event.resource}, which nobody had allowed", [event.uri or ""], event)


class Role(Rule):
    """What components may call."""

    name = "requests.role"
    sentence = (
        "Each component only writes what its role of the default policy lets it write; kubelets only what is "
        "theirs."
    )
    source = (
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go NodeRules, clusterRoles, "
        "controller_policy.go buildControllerRoles; plugin/pkg/auth/authorizer/node/node_authorizer.go Authorize"
    )
    level = Level.METADATA
    nothing = "no write by a component whose role is known"
    verbs = WRITES

    def arrived(self, event: Event) -> None:
        """A successful write against the table of roles."""
        if event.kind is not Kind.REQUEST or not event.ok or event.resource is None:
            return
        role = role_of(event)
        if role is None:
            return
        if granted_besides(event):
            self.cannot_tell("allowed by a role that is not of the default policy")
            return
        self.judge()
        if not allowed(role, event):
            what = event.resource + (f"/{event.subresource}" if event.subresource else "")
            self.violated(f"{event.user} may not {event.verb} {what} by the default policy and did",
                          ["/".join(part for part in (what, event.namespace, event.name) if part)], event)


class DryRun(Rule):
    """Dry runs."""

    name = "requests.dry-run"
    sentence = "A dry run leaves the object as it is: its answer tells no new version."
    every_write = True
    source = (
        "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/dryrun.go DryRunnableStorage.Create, "
        "Delete, GuaranteedUpdate"
    )
    nothing = "no dry run in the log"
    verbs = WRITES

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._told: list[tuple[Record, Event]] = []

    def placed(self, event: Event, record: Record | None) -> None:
        """The version that a dry run answers."""
        if not event.dry_run or not event.ok or event.verb not in WRITES:
            return
        self.judge()
        if event.verb == "create" and event.version is not None:
            self.violated("a dry run of a creation answers a resourceVersion", [event.uri or ""], event)
            return
        if record is None or event.version is None or record.last is None or record.unlogged:
            return
        if event.version > record.last.number:
            self._told.append((record, slim(event)))

    def finished(self) -> None:
        """Versions that only a dry run told."""
        for record, event in self._told:
            if event.version not in self.history.by_version and self.history.covered(record.key) and not self.history.restarts:
                self.violated(f"a dry run on {record} answers resourceVersion {event.version}, which nothing else tells of",
                              [record.key], event, *([record.last.event] if record.last is not None else []))


RULES: tuple[type[Rule], ...] = (Authorised, Anonymous, Role, DryRun)
