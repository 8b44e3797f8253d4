"""What the API server checks of Jobs and CronJobs: pkg/apis/batch/validation/validation.go and pkg/registry/batch/job/strategy.go.

Not checked are the indexes of Indexed jobs.
"""

from __future__ import annotations

import re
from typing import Any, Final

from kubecheck.model.conformance import names, pods
from kubecheck.model.conformance.label_selectors import selector_problems, selects
from kubecheck.model.conformance.workloads import negative

Json = Any
Problems = list[str]

_OWN_LABELS: Final = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)
JOB_UID: Final = "uid-of-the-job"  # what stands for the uid in the labels that the server makes
_MOST_PARALLEL: Final = 100_000
_IMMUTABLE: Final = (
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
_SCHEDULING: Final = ("nodeSelector", "tolerations", "schedulingGates", "affinity")


def contents(new: Json) -> Problems:
    """ValidateJob."""
    spec, meta = new.get("spec") or {}, new.get("metadata") or {}
    found = _generated(spec, meta.get("name") or "") + job_spec(spec, "spec")
    if spec.get("selector") is None:
        found.append("spec.selector: required")
    else:
        found += selector_problems(spec["selector"], "spec.selector")
        own = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
        if not selects(spec["selector"], own):
            found.append("spec.template.metadata.labels: `selector` does not match template `labels`")
    if spec.get("completionMode") == "Indexed" and (spec.get("completions") or 0) > 0:
        host = f"{meta.get('name')}-{spec['completions'] - 1}"
        if not names.is_label(host):
            found.append(f"metadata.name: will not be able to create pod with invalid DNS label: {host}")
    return found


def _generated(spec: Json, name: str) -> Problems:
    """validateGeneratedSelector: the labels and the selector are those that the server would make."""
    if spec.get("manualSelector") or spec.get("selector") is None:
        return []
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    wanted = {label: name if label.endswith("name") else JOB_UID for label in _OWN_LABELS}
    found = [f"spec.template.metadata.labels.{k}: must be {v!r}" for k, v in wanted.items() if labels.get(k) != v]
    if not selects(spec["selector"], wanted):
        found.append("spec.selector: `selector` not auto-generated")
    return found


def job_spec(spec: Json, path: str) -> Problems:
    """validateJobSpec."""
    found = negative(
        spec, path, "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
        "backoffLimitPerIndex", "maxFailedIndexes",
    )  # fmt: skip
    mode = spec.get("completionMode")
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        found.append(f"{path}.backoffLimitPerIndex: required when maxFailedIndexes is specified")
    if mode not in ("NonIndexed", "Indexed", None):
        found.append(f"{path}.completionMode: supported values: NonIndexed, Indexed")
    if mode == "Indexed":
        if spec.get("completions") is None:
            found.append(f"{path}.completions: required when completion mode is Indexed")
        if (spec.get("parallelism") or 0) > _MOST_PARALLEL:
            found.append(f"{path}.parallelism: must be less than or equal to {_MOST_PARALLEL}")
        if (spec.get("maxFailedIndexes") or 0) > (spec.get("completions") or 0):
            found.append(f"{path}.maxFailedIndexes: must be less than or equal to completions")
    else:
        banned = ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")
        found += [f"{path}.{n}: requires indexed completion mode" for n in banned if spec.get(n) is not None]
    managed_by = spec.get("managedBy")
    if managed_by is not None and ("/" not in managed_by or not names.is_qualified(managed_by)):
        found.append(f"{path}.managedBy: must be a domain-prefixed path")
    fails = spec.get("podFailurePolicy") is not None
    if spec.get("podReplacementPolicy") not in (("Failed",) if fails else ("Failed", "TerminatingOrFailed", None)):
        found.append(f"{path}.podReplacementPolicy: unsupported value")
    found += pods.template(spec.get("template") or {}, f"{path}.template")
    policy = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    if policy not in ("OnFailure", "Never") or (fails and policy != "Never"):
        found.append(f"{path}.template.spec.restartPolicy: valid values: OnFailure, Never")
    return found


def change(new: Json, old: Json) -> Problems:
    """ValidateJobSpecUpdate."""
    spec, was = new["spec"], old["spec"]
    found = [f"spec.{name}: field is immutable" for name in _IMMUTABLE if spec.get(name) != was.get(name)]
    if spec.get("completions") != was.get("completions"):
        if was.get("completionMode") != "Indexed":
            found.append("spec.completions: field is immutable")
        elif spec.get("completions") != spec.get("parallelism"):
            found.append("spec.completions: can only be modified in tandem with spec.parallelism")
    if _fixed(spec["template"], old, spec["template"]) != _fixed(was["template"], old, spec["template"]):
        found.append("spec.template: field is immutable")
    return found


def _fixed(template: Json, old: Json, new: Json) -> Json:
    """What of a template may not change: all of it, but for where the pods of a suspended job that has no running pods may go."""
    if not _is_open(old):
        return template
    spec = {k: v for k, v in template.get("spec", {}).items() if k not in _SCHEDULING}
    for group in ("containers", "initContainers"):
        others = [c.get("name") for c in (new.get("spec") or {}).get(group) or []]
        if [c.get("name") for c in spec.get(group) or []] == others:
            spec[group] = [{k: v for k, v in c.items() if k != "resources"} for c in spec.get(group) or []]
    affinity = (template.get("spec") or {}).get("affinity") or {}
    return {"spec": spec, "affinity": {k: v for k, v in affinity.items() if k != "nodeAffinity"}}


def _is_open(old: Json) -> bool:
    """shouldAllowMutablePodTemplate: the job is suspended, and its status says that nothing of it runs."""
    status = old.get("status") or {}
    suspended = bool((old.get("spec") or {}).get("suspend"))
    told = any(c.get("type") == "Suspended" and c.get("status") == "True" for c in status.get("conditions") or [])
    return suspended and not status.get("active") and (status.get("startTime") is None or told)


def status(new: Json, old: Json) -> Problems:
    """ValidateJobStatusUpdate, for what getStatusValidationOptions looks at when it changes."""
    now, was, spec = new.get("status") or {}, old.get("status") or {}, new.get("spec") or {}
    found = negative(now, "status", "active", "succeeded", "failed", "ready", "terminating")

    def holds(one: Json, *types: str) -> bool:
        return any(c.get("type") in types and c.get("status") == "True" for c in one.get("conditions") or [])

    def begins(*types: str) -> bool:
        return holds(now, *types) != holds(was, *types)

    complete, failed = holds(now, "Complete"), holds(now, "Failed")
    finished, ended = complete or failed, begins("Complete", "Failed")
    if (begins("Complete") or begins("Failed")) and complete and failed:
        found.append("status.conditions: cannot set Complete=True and Failed=true conditions")
    if begins("Failed") and failed and not holds(now, "FailureTarget"):
        found.append("status.conditions: cannot set Failed=True condition without the FailureTarget=true condition")
    if (begins("Complete") or begins("SuccessCriteriaMet")) and complete and not holds(now, "SuccessCriteriaMet"):
        found.append(
            "status.conditions: cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        )
    if (begins("Complete") or begins("FailureTarget")) and complete and holds(now, "FailureTarget"):
        found.append("status.conditions: cannot set Complete=True and FailureTarget=true conditions")
    if (ended or now.get("active") != was.get("active")) and finished and (now.get("active") or 0) > 0:
        found.append("status.active: active>0 is invalid for finished job")
    nothing_to_do = spec.get("suspend") and spec.get("completions") == 0
    if (
        (ended or now.get("startTime") != was.get("startTime"))
        and finished
        and not now.get("startTime")
        and not nothing_to_do
    ):
        found.append("status.startTime: startTime is required for finished job")
    timed = begins("Complete") or now.get("completionTime") != was.get("completionTime")
    if timed and (now.get("completionTime") is not None) != complete:
        found.append("status.completionTime: goes with the Complete=True condition")
    start, end = now.get("startTime") or "", now.get("completionTime") or ""
    if timed and start and end and end < start:
        found.append("status.completionTime: must be equal to or after `startTime`")
    if (ended or now.get("terminating") != was.get("terminating")) and finished and (now.get("terminating") or 0) > 0:
        found.append("status.terminating: terminating>0 is invalid for finished job")
    if now.get("ready") != was.get("ready") and (now.get("ready") or 0) > (now.get("active") or 0):
        found.append("status.ready: cannot set more ready pods than active")
    if holds(now, "SuccessCriteriaMet") and holds(now, "Failed", "FailureTarget"):
        found.append("status.conditions: cannot set SuccessCriteriaMet=True and Failed or FailureTarget")
    for name in ("Failed", "Complete", "FailureTarget", "SuccessCriteriaMet"):
        if holds(was, name) and not holds(now, name):
            found.append(f"status.conditions: cannot disable the terminal {name}=True condition")
    if (now.get("failed") or 0) < (was.get("failed") or 0):
        found.append("status.failed: cannot decrease the failed counter")
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    if (now.get("succeeded") or 0) < (was.get("succeeded") or 0) and not elastic:
        found.append("status.succeeded: cannot decrease the succeeded counter")
    if (
        None not in (now.get("completionTime"), was.get("completionTime"))
        and now["completionTime"] != was["completionTime"]
    ):
        found.append("status.completionTime: field is immutable")
    if (
        was.get("startTime") is not None
        and now.get("startTime") != was["startTime"]
        and not spec.get("suspend")
        and not begins("Suspended")
    ):
        found.append("status.startTime: field is immutable for unsuspended job once set")
    if (
        now.get("completedIndexes") != was.get("completedIndexes")
        and now.get("completedIndexes")
        and spec.get("completionMode") != "Indexed"
    ):
        found.append("status.completedIndexes: cannot set non-empty completedIndexes when non-indexed completion mode")
    return found


def cron_job(new: Json, *, creation: bool) -> Problems:
    """ValidateCronJobCreate and ValidateCronJobUpdate."""
    spec = new.get("spec") or {}
    found = negative(spec, "spec", "startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit")
    if not spec.get("schedule") or "TZ" in spec["schedule"]:
        found.append("spec.schedule: required, and without a time zone")
    elif not _is_schedule(spec["schedule"]):
        found.append("spec.schedule: no schedule")
    if spec.get("concurrencyPolicy") not in ("Allow", "Forbid", "Replace"):
        found.append("spec.concurrencyPolicy: supported values: Allow, Forbid, Replace")
    inner = (spec.get("jobTemplate") or {}).get("spec") or {}
    found += job_spec(inner, "spec.jobTemplate.spec")
    if inner.get("manualSelector"):
        found.append("spec.jobTemplate.spec.manualSelector: unsupported value")
    if creation and len((new.get("metadata") or {}).get("name") or "") > 52:
        found.append("metadata.name: must be no more than 52 characters")
    return found


_DESCRIPTORS: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY: Final = re.compile(r"@every ([0-9]+(\.[0-9]*)?(ns|us|ms|s|m|h))+")
_MONTHS: Final = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS: Final = "sun mon tue wed thu fri sat".split()
# The least and the greatest number of each field, and its names.
_FIELDS: Final[tuple[tuple[int, int, list[str]], ...]] = (
    (0, 59, []), (0, 23, []), (1, 31, []), (1, 12, ["", *_MONTHS]), (0, 6, _DAYS),
)  # fmt: skip
_PART: Final = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/([0-9]+))?")


def _is_schedule(text: str) -> bool:
    """ParseStandard of github.com/robfig/cron/v3."""
    if text.startswith("@"):
        return text in _DESCRIPTORS or _EVERY.fullmatch(text) is not None
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(
        _is_part(part, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True) for part in field.split(",")
    )


def _is_part(text: str, least: int, most: int, called: list[str]) -> bool:
    match = _PART.fullmatch(text)
    if match is None or match[3] == "0" or (match[1] in "*?" and match[2]):
        return False
    numbers = [_number(name, called) for name in match.groups()[:2] if name not in (None, "*", "?")]
    return all(n is not None and least <= n <= most for n in numbers) and numbers == sorted(n or 0 for n in numbers)


def _number(text: str, called: list[str]) -> int | None:
    if text.isdigit():
        return int(text)
    return called.index(text.lower()) if text.lower() in called else None
