"""Rules of Jobs: how many pods, what is counted, and what is let go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kubecheck.traces.event import Event, Kind
from kubecheck.traces.history import History
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.reasons import BEFORE, NOT_TOLD
from kubecheck.traces.rules.controllers import FORGOTTEN, SERVICE_ACCOUNT, Creations
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_int, as_list, as_text
from kubecheck.traces.versions import Change, Record, Step
from kubecheck.traces.workloads import Pod, Size, Workloads


class JobSize(Creations):
    """Not too many pods of a Job."""

    name = "controllers.job-parallelism"
    every_write = True
    sentence = "A Job's controller does not create a pod beyond parallelism, nor more than its completions still need."
    source = "pkg/controller/job/job_controller.go manageJob"
    nothing = "no pod of a Job is created in the log"
    owner_kind = "Job"

    def created(self, event: Event, size: Size, own: list[Pod], views: list[Mapping[str, Any]]) -> None:
        """Own active pods and this one against parallelism."""
        self.judge()
        most = max((as_int(view.get("parallelism", 1)) or 0 for view in views), default=0)
        if len(own) + 1 <= most < len(own) + len(self.older) + 1:
            self.cannot_tell(FORGOTTEN)
            return
        if len(own) + 1 > most:
            self.presumed(self.counts(size, own),
                          f"job {size.key[3]} has parallelism {most} and its controller created a pod more: {len(own)} that the "
                          "same process created were active",
                          [f"pods/{event.namespace}/{event.name}", size.key, *(pod.key for pod in own)], event, size.sizes[-1][2])
            return
        wanted = [as_int(view.get("completions")) for view in views]
        if None in wanted:
            return  # a work queue has no number of completions
        done = size.status.get("succeeded", 0)
        if done + len(own) + 1 > max(number or 0 for number in wanted):
            self.presumed(self.counts(size, own),
                          f"job {size.key[3]} needs {max(number or 0 for number in wanted)} completions, has {done} and "
                          f"{len(own)} pods active, and got another",
                          [f"pods/{event.namespace}/{event.name}", size.key, *(pod.key for pod in own)], event, size.sizes[-1][2])


class JobCompletions(Rule):
    """What a Job counts."""

    name = "controllers.job-completions"
    sentence = (
        "A Job's succeeded never goes back (unless completions are lowered), its status counts no more than "
        "the completions of an "
        "Indexed Job, and it is Complete only when they are reached."
    )
    source = (
        "pkg/controller/job/job_controller.go trackJobStatusAndRemoveFinalizers, enactJobFinished, syncJob; "
        "KEP-2307"
    )
    nothing = "no Job in the log"
    resources = frozenset(("jobs",))

    def step(self, step: Step) -> None:
        """Status before and after."""
        record, after, before = step.record, step.after, step.before
        if record.key[:2] != ("batch", "jobs") or after.uid is None:
            return
        body = after.body
        if body is None or not body.tells("spec", "status"):
            return
        spec, status = as_dict(body.get("spec")), as_dict(body.get("status"))
        self.judge()
        others = [before.event] if before is not None else []
        succeeded, completions = as_int(status.get("succeeded")) or 0, as_int(spec.get("completions"))
        old = self.workloads.owners.get(after.uid)
        lowered = completions is not None and before is not None and before.body is not None and completions < (
            as_int(as_dict(before.body.get("spec")).get("completions")) or 0
        )
        if old is not None and old.status.get("succeeded", 0) > succeeded and not (lowered or _resized(old)):
            self.violated(f"succeeded of {record} went back from {old.status['succeeded']} to {succeeded}", [record.key],
                          after.event, *others)
        if completions is not None and succeeded > completions and after.event.subresource == "status" and (
            spec.get("completionMode") == "Indexed"  # others count what succeeds, and stale caches may have started one too many
        ):
            self.violated(f"{record} counts {succeeded} succeeded of {completions} completions", [record.key], after.event, *others)
        complete = any(isinstance(condition, dict) and condition.get("type") == "Complete" and condition.get("status") == "True"
                       for condition in as_list(status.get("conditions")))
        if complete and completions is not None and succeeded < completions and "successPolicy" not in spec:
            self.violated(f"{record} is Complete with {succeeded} of {completions} completions", [record.key], after.event, *others)


class JobFinalizer(Rule):
    """A Job's pods are counted before they may go."""

    name = "controllers.job-tracking"
    every_write = True
    sentence = (
        "The finalizer batch.kubernetes.io/job-tracking of an ended pod is taken off only when the status of "
        "a Job (not Indexed, without podFailurePolicy, not ended) names it, and of a pod that has not ended only when "
        "it is being deleted."
    )
    source = (
        "KEP-2307; pkg/controller/job/job_controller.go trackJobStatusAndRemoveFinalizers, canRemoveFinalizer, "
        "flushUncountedAndRemoveFinalizers"
    )
    nothing = "no finalizer of a Job's pod is taken off in the log"
    resources = frozenset(("jobs", "pods"))

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._uncounted: dict[str, set[str]] = {}
        """uid of a Job -> uids of pods that its status has named."""
        self._untold: set[str] = set()
        """uids of Jobs of which a version does not tell the status."""

    def removed(self, record: Record, event: Event) -> None:
        """Forgets a Job that is gone."""
        if record.uid is not None:
            self._uncounted.pop(record.uid, None)
            self._untold.discard(record.uid)

    def step(self, step: Step) -> None:
        """Uncounted lists of Jobs; finalizers of pods before and after."""
        record, after, before = step.record, step.after, step.before
        meta, uid = after.meta, after.uid
        if uid is None:
            return
        if record.key[:2] == ("batch", "jobs"):
            body = after.body
            told = as_dict(as_dict(as_dict(body).get("status")).get("uncountedTerminatedPods"))
            named = self._uncounted.setdefault(uid, set())
            if after.change is not Change.CREATE and not (body is not None and body.tells("status")) and (
                after.event.kind is Kind.DELIVERY or after.event.subresource == "status"
            ):
                self._untold.add(uid)
            for uids in told.values():
                named.update(uid for uid in as_list(uids) if isinstance(uid, str))
            return
        if record.key[:2] != ("", "pods") or before is None or before.meta is None or meta is None or (
            meta.controller is None):
            return
        if meta.controller.kind != "Job" or FINALIZER not in (before.meta.finalizers or ()) or FINALIZER in (meta.finalizers or ()):
            return
        pod = self.workloads.pods.get(uid)
        # the request changes no status: the phase in its answer is the present one, whatever the log has of it
        phase = as_text(as_dict(as_dict(after.body).get("status")).get("phase")) or (
            pod.phase if pod is not None and pod.phase in _TERMINAL else None)
        ended = phase in ("Succeeded", "Failed")
        if pod is None or (not ended and (
            phase is None or meta.deletion_timestamp is not None or after.event.user != SERVICE_ACCOUNT + "job-controller"
        )):
            return
        job = self.workloads.owners.get(meta.controller.uid)
        if job is None or job.deleting or job.removed or meta.controller.uid not in self._uncounted:
            self.cannot_tell(BEFORE)
            return
        if meta.controller.uid in self._untold:
            self.cannot_tell(NOT_TOLD)
            return
        if job.spec.get("completionMode") == "Indexed" or "podFailurePolicy" in job.spec or self._ended(
            job, _ENDS if ended else _INTERIM
        ):
            self.cannot_tell("counted by its index, ignored by a policy, or left behind by a Job that has ended")
            return
        self.judge()
        if not ended:
            self.presumed(self._lives(job, after.number), f"{record} lost the finalizer of job {meta.controller.name} while it was {phase}",
                          [record.key, job.key], after.event, before.event)
        elif uid not in self._uncounted[meta.controller.uid]:
            lives = self._lives(job, after.number)
            self.presumed(lambda provenance: lives(provenance) and provenance.kept.wrote(
                              SERVICE_ACCOUNT + "job-controller", "batch", "jobs", "status"),
                          f"{record} ended and lost its finalizer before the status of job {meta.controller.name} named it",
                          [record.key, job.key], after.event, before.event)


    def _lives(self, job: Size, number: int) -> Callable[[Provenance], bool]:
        """Was the Job surely not being deleted? It is told of later and is not; or the log keeps who deletes Jobs."""

        def lives(provenance: Provenance) -> bool:
            record = self.history.records.get(job.key)
            if record is not None and record.uid == job.uid and any(
                version.number > number and version.meta is not None and version.meta.deletion_timestamp is None
                for version in record.versions
            ):
                return True
            return provenance.kept.marks(job.key) and provenance.kept.people and provenance.lossless

        return lives

    def _ended(self, job: Size, conditions: tuple[str, ...]) -> bool:
        record = self.history.records.get(job.key)
        status = as_dict(as_dict(record.last.body).get("status")) if record is not None and record.last is not None else {}
        return any(as_dict(condition).get("type") in conditions and as_dict(condition).get("status") == "True"
                   for condition in as_list(status.get("conditions")))


def _resized(job: Size) -> bool:
    """Did the completions of a Job change (an elastic Indexed Job)?"""
    return len({as_int(spec.get("completions")) for _, spec, _ in job.sizes}) > 1


_TERMINAL: Final = ("Succeeded", "Failed")
FINALIZER: Final = "batch.kubernetes.io/job-tracking"
_ENDS: Final = ("Complete", "Failed")
_INTERIM: Final = (*_ENDS, "FailureTarget", "SuccessCriteriaMet")
"""Conditions of a Job that has ended, or is about to: it may let go of pods that have not."""


RULES: tuple[type[Rule], ...] = (JobSize, JobCompletions, JobFinalizer)
