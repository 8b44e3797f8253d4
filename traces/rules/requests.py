"""Rules of requests: what takes effect, what does not, and who may ask for what."""

from __future__ import annotations

import enum
from collections import OrderedDict
from typing import Final

import msgspec

from kubecheck.traces.event import Event, Kind, Level, Stage
from kubecheck.traces.history import Change, History, Key, Record, Step, display_key, empties_finalizers, key_of, slim
from kubecheck.traces.order import WRITES, interval, namespace_of
from kubecheck.traces.rules.roles import allowed, role_of
from kubecheck.traces.rules.rule import BEFORE, LEVEL, SERVER, UNLOGGED, Rule
from kubecheck.traces.shapes import as_dict
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

    def arrived(self, event: Event) -> None:
        """The decision against the answer."""
        if event.kind is not Kind.REQUEST or event.code is None or event.stage is Stage.RECEIVED:
            return
        if event.user is None:
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

    def arrived(self, event: Event) -> None:
        """Successful writes without a name."""
        if event.kind is not Kind.REQUEST or event.user != "system:anonymous" or event.code is None:
            return
        self.judge()
        if event.ok and event.verb in WRITES and event.group != "authorization.k8s.io":
            self.violated(f"an anonymous request wrote {event.resource}", [event.uri or ""], event)


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

    def arrived(self, event: Event) -> None:
        """A successful write against the table of roles."""
        if event.kind is not Kind.REQUEST or event.verb not in WRITES or not event.ok or event.resource is None:
            return
        role = role_of(event)
        if role is None:
            return
        self.judge()
        if not allowed(role, event):
            what = event.resource + (f"/{event.subresource}" if event.subresource else "")
            self.violated(f"{event.user} may not {event.verb} {what} by the default policy and did",
                          ["/".join(part for part in (what, event.namespace, event.name) if part)], event)


class Nature(enum.Enum):
    """What a version that no answer tells changed: it says which requests may have written it."""

    BOUND = "bound"
    MARKED = "marked for deletion"
    REMOVED = "removed"
    CHANGED = "changed"
    UNKNOWN = "unknown"


class Missing(msgspec.Struct, frozen=True):
    """A version whose writer is looked for."""

    event: Event
    """Where it is told."""
    nature: Nature
    before: Event | None
    """The version before it."""


class ThroughApi(Rule):
    """Nobody writes past the API server."""

    name = "requests.through-api"
    sentence = (
        "Every version of an object that a stream delivers, a read answers or a write names was written by a "
        "successful request "
        "in the log; what was refused, or a dry run, wrote nothing."
    )
    source = (
        f"{_CHAIN}; only kube-apiserver has etcd's address and keys (what it does itself is not judged: see "
        "rule.py)"
    )
    nothing = "the log does not keep all writes of any object"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._missing: OrderedDict[tuple[Key, int], Missing] = OrderedDict()
        self._refused: OrderedDict[Key, Event] = OrderedDict()
        self._silent: dict[Key, list[Event]] = {}
        """Successful writes of an object whose answers do not tell (all of) what they wrote."""

        self._until = 0
        """The last version that a request told: streams may go on after the audit log has ended."""

    def before_write(self, event: Event, record: Record | None) -> None:
        """How far the audit log goes."""
        self._until = max(self._until, event.version or 0)

    def step(self, step: Step) -> None:
        """A version that only a delivery tells, or one that a write names."""
        record, after = step.record, step.after
        event = after.event
        if event.kind is Kind.DELIVERY:
            self._suspect(record.key, after.number, event, _nature(step), step.before.event if step.before is not None else None)
            return
        if event.verb == "delete":
            self._remember(record.key, event)
            return
        wanted, before = event.precondition_version, step.before
        if wanted and wanted.isdigit() and wanted != "0" and (before is None or before.number < int(wanted)):
            self._suspect(record.key, int(wanted), event, Nature.UNKNOWN, before.event if before is not None else None)

    def delivered(self, event: Event) -> None:
        """A delivery whose version a request wrote."""
        record = self.history.record(event)
        known = record.find(event.version) if record is not None and event.version is not None else None
        if known is not None and known.event.kind is Kind.REQUEST:
            self.judge()

    def placed(self, event: Event, record: Record | None) -> None:
        """What a read answers; requests that were refused, and those that do not tell what they wrote, are "
        "remembered."""
        key = key_of(event) or (event.group, event.resource or "", namespace_of(event), "")
        if event.verb in WRITES:
            if event.dry_run or (event.code is not None and 400 <= event.code < 500):
                self._refused[key] = slim(event)
                if len(self._refused) > 10_000:
                    self._refused.popitem(last=False)
            elif event.ok:
                if event.version is not None:
                    self._missing.pop((key, event.version), None)  # told by a stream before this line was read
                self._remember(key, event)
            return
        if event.verb != "get" or not event.ok or event.subresource or event.version is None:
            return
        if record is not None and record.find(event.version) is not None:
            return
        if record is not None and record.versions and event.version < record.versions[0].number:
            return
        self._suspect(key, event.version, event, Nature.UNKNOWN, None)

    def removed(self, record: Record, event: Event) -> None:
        """A removal that only a delivery tells."""
        if event.kind is Kind.DELIVERY and event.version is not None:
            last = record.last
            self._suspect(record.key, event.version, event, Nature.REMOVED, last.event if last is not None else None)

    def _remember(self, key: Key, event: Event) -> None:
        if event.verb == "delete" or event.subresource in ("binding", "eviction") or event.verb == "deletecollection" or (
            empties_finalizers(event)
        ):
            known = self._silent.setdefault(key, [])
            known.append(slim(event))
            del known[:-16]
            if len(self._silent) > 20_000:
                self._silent.pop(next(iter(self._silent)))

    def _suspect(self, key: Key, number: int, event: Event, nature: Nature, before: Event | None) -> None:
        if not self.history.covered(key):
            self.cannot_tell(LEVEL)
            return
        if not self.history.audited(number):
            self.cannot_tell(BEFORE)
            return
        if self._restarted(key, number, event, before):
            self.cannot_tell(UNLOGGED)
            return
        self._missing.setdefault((key, number), Missing(slim(event), nature, slim(before) if before is not None else None))
        if len(self._missing) > 10_000:
            (old, old_number), missing = self._missing.popitem(last=False)
            self._conclude(old, old_number, missing)

    def _restarted(self, key: Key, number: int, event: Event, before: Event | None) -> bool:
        """May an API server have written it and been killed before it said so?"""
        if not self.history.restarts:
            return False
        record = self.history.records.get(key)
        versions = record.versions if record is not None else ()
        since = next((known.event for known in reversed(versions) if known.number < number and known.event.kind is Kind.REQUEST), None)
        if since is None:
            return True
        if interval(event) is not None:
            return self.history.restarted_between(since, event)
        following = next((known.event for known in versions if known.number > number and known.event.kind is Kind.REQUEST), None)
        return following is None or self.history.restarted_between(since, following)

    def finished(self) -> None:
        """What no request explains by the end of the log."""
        for (key, number), missing in self._missing.items():
            self._conclude(key, number, missing)

    def _conclude(self, key: Key, number: int, missing: Missing) -> None:
        record = self.history.records.get(key)
        known = record.find(number) if record is not None else None
        if known is not None and known.event.kind is Kind.REQUEST:
            self.judge()
            return
        if self.history.servers_missing:
            self.cannot_tell("the log of an API server is missing")
            return
        if number > self._until:
            self.cannot_tell("the audit log ends earlier")
            return
        if missing.nature is not Nature.CHANGED and self.removed_by_server(key):
            self.cannot_tell(SERVER)
            return
        group = (*key[:3], "")
        silent = [*self._silent.get(key, ()), *self._silent.get(group, ()), *self._silent.get((key[0], key[1], "", ""), ())]
        if any(_may_have_written(event, missing.nature) for event in silent):
            self.cannot_tell(UNLOGGED)
            return
        if self.history.unanswered.get(key) or self.history.unanswered.get(group):
            self.cannot_tell(UNLOGGED)
            return
        self.judge()
        refused = self._refused.get(key)
        others: list[Event | tuple[Event, str]] = []
        if refused is not None and refused.version in (None, number):
            others.append((refused, "refused, or a dry run"))
        if missing.before is not None:
            others.append((missing.before, "the version before"))
        self.violated(f"resourceVersion {number} of {display_key(key)} was written by no request in the log (are the logs of all "
                      "API servers there?)", [key],
                      missing.event, *others)


def _nature(step: Step) -> Nature:
    before, after = step.before, step.after
    if after.change is Change.REMOVE:
        return Nature.REMOVED
    if before is None or before.meta is None or after.meta is None:
        return Nature.CHANGED if after.change is Change.CREATE else Nature.UNKNOWN
    one, other = before.meta, after.meta
    if one.deletion_timestamp != other.deletion_timestamp or (
        one.deletion_grace_period_seconds != other.deletion_grace_period_seconds
    ):
        return Nature.MARKED
    if step.record.key[1] == "pods":
        old, new = before.body, after.body
        if old is None or new is None:
            return Nature.UNKNOWN
        if not as_dict(old.get("spec")).get("nodeName") and as_dict(new.get("spec")).get("nodeName"):
            return Nature.BOUND
    return Nature.CHANGED


def _may_have_written(event: Event, nature: Nature) -> bool:
    """May a request that does not tell its version have written one of this nature?"""
    if nature is Nature.UNKNOWN:
        return True
    if event.subresource == "binding":
        return nature is Nature.BOUND
    if event.subresource == "eviction":  # it adds the condition DisruptionTarget before it deletes
        return nature in (Nature.CHANGED, Nature.MARKED, Nature.REMOVED)
    if event.verb in ("delete", "deletecollection"):
        return nature in (Nature.MARKED, Nature.REMOVED)
    return nature is Nature.REMOVED


class DryRun(Rule):
    """Dry runs."""

    name = "requests.dry-run"
    sentence = "A dry run leaves the object as it is: its answer tells no new version."
    source = (
        "staging/src/k8s.io/apiserver/pkg/registry/generic/registry/dryrun.go DryRunnableStorage.Create, "
        "Delete, GuaranteedUpdate"
    )
    nothing = "no dry run in the log"

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


RULES: tuple[type[Rule], ...] = (Authorised, Anonymous, Role, ThroughApi, DryRun)
