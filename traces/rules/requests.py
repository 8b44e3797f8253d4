"""Rules of requests: what takes effect, what does not, and who may ask for what."""

from __future__ import annotations

from typing import Final

from kubecheck.traces.effects import WRITES
from kubecheck.traces.event import Event, Kind, Level, Stage, Told
from kubecheck.traces.history import History
from kubecheck.traces.keys import store_of
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.rules.pods import NODE_USER
from kubecheck.traces.rules.roles import READS, allowed, granted_besides, role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_text
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
    sentence = "An anonymous user reads what is public (health, version) and writes nothing, unless somebody has allowed it."
    source = (
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go clusterRoles, clusterRoleBindings "
        "(system:public-info-viewer)"
    )
    level = Level.METADATA
    nothing = "no anonymous request in the log"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._served: list[Event] = []
        self._granted = False
        """Somebody other than the API server itself (and the controller that sums up roles) has written a role or a binding of one."""
        self._bootstrapped = False
        """The API server itself has: the log's policy keeps such writes."""

    def arrived(self, event: Event) -> None:
        """What was answered to nobody in particular; judged when it is known whether somebody granted it."""
        if event.group == "rbac.authorization.k8s.io" and event.verb in WRITES and event.ok:
            if event.user == "system:apiserver":
                self._bootstrapped = True
            elif event.user != "system:serviceaccount:kube-system:clusterrole-aggregation-controller":
                self._granted = True
        if event.kind is not Kind.REQUEST or event.user != "system:anonymous" or event.code is None:
            return
        wrote = event.verb in WRITES and event.group != "authorization.k8s.io"
        if event.ok and (wrote or (event.resource is not None and event.verb in ("get", "list", "watch"))):
            if len(self._served) < 1_000:
                self._served.append(slim(event))
        else:
            self.judge()

    def concluded(self, provenance: Provenance) -> None:
        """What was served, if the log is known to hold everything that could have allowed it."""
        for event in self._served:
            if granted_besides(event) or self._granted or not (self._bootstrapped and self.history.complete and provenance.has_all):
                self.cannot_tell("a role may have allowed it, or the cluster allows everything")
                continue
            self.judge()
            did = "wrote" if event.verb in WRITES else "read"
            self.violated(f"an anonymous request {did} {event.resource}, which nobody had allowed", [event.uri or ""], event)


class Role(Rule):
    """What components may call."""

    name = "requests.role"
    sentence = (
        "Each component only calls what its role of the default policy lets it call; kubelets only read, write and create what is "
        "theirs (pods: mirror pods)."
    )
    source = (
        "plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go NodeRules, clusterRoles, "
        "controller_policy.go buildControllerRoles; plugin/pkg/auth/authorizer/node/node_authorizer.go Authorize; "
        "plugin/pkg/admission/noderestriction/admission.go admitPodCreate"
    )
    level = Level.METADATA
    nothing = "no call by a component whose role is known"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._told: set[tuple[str, str | None]] = set()
        """(server, auditID) of the watches that were called violations: each is told twice, when it starts and when it ends."""

    def arrived(self, event: Event) -> None:
        """A request that succeeded against the table of roles. One that was refused is no violation, whatever it asked for."""
        if event.kind is not Kind.REQUEST or event.resource is None or not event.ok:
            return
        role = role_of(event)
        if role is None:
            return
        if event.verb not in WRITES and event.verb not in READS:
            return
        if granted_besides(event):
            self.cannot_tell("allowed by a role that is not of the default policy")
            return
        self.judge()
        what = event.resource + (f"/{event.subresource}" if event.subresource else "")
        name = "/".join(part for part in (what, event.namespace, event.name) if part)
        if not allowed(role, event):
            told = (event.server, event.audit_id)
            if event.verb == "watch" and event.audit_id is not None:
                if told in self._told:
                    return
                if len(self._told) < _WATCHES:
                    self._told.add(told)
            self.violated(f"{event.user} may not {event.verb} {name} by the default policy and did", [name], event)
        elif event.verb == "create" and what == "pods" and (event.user or "").startswith(NODE_USER) and not is_mirror(event):
            self.violated(f"{event.user} created {name}, which is no mirror pod of its node", [name], event)


_WATCHES: Final = 10_000
MIRROR: Final = "kubernetes.io/config.mirror"


def is_mirror(event: Event) -> bool:
    """Is the pod that was created a kubelet's own, of a file? Yes, too, if its body is not in the log."""
    if event.answer is not None and event.told <= Told.PART:
        return True  # it may be
    body = as_dict(event.response_object()) or as_dict(event.request_object())
    meta = as_dict(body.get("metadata"))
    node = as_text(as_dict(body.get("spec")).get("nodeName"))
    if not meta:
        return True
    return MIRROR in as_dict(meta.get("annotations")) and node in (None, (event.user or "")[len(NODE_USER):])


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
            told = (store_of(*record.key[:2]), event.version) in self.history.by_version
            if not told and self.history.covered(record.key) and not self.history.restarts:
                self.violated(f"a dry run on {record} answers resourceVersion {event.version}, which nothing else tells of",
                              [record.key], event, *([record.last.event] if record.last is not None else []))


RULES: tuple[type[Rule], ...] = (Authorised, Anonymous, Role, DryRun)
