"""True logs of which something is not told, or told in another form: nothing is called violated; and what is wrong next to it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubecheck.traces.event import Event, Malformed, Told
from kubecheck.traces.findings import RuleResult, Verdict
from kubecheck.traces.readers import text
from kubecheck.traces.readers.folder import find
from kubecheck.traces.validate import validate
from tests.traces.cases.head import COMPLETE, HEAD, whole

TRUE = Path(__file__).parent / "true"


@pytest.mark.parametrize("log", sorted(path.name for path in TRUE.iterdir()))
def test_a_true_log_is_not_called_violated(log: str) -> None:
    found = validate(find([str(TRUE / log)]).sources)
    assert not found.violations
    assert found.malformed_count == 0
    assert found.summary.events > 0


def rule(name: str, log: str) -> RuleResult:
    return next(found for found in validate([text.parse(log)]).rules if found.name == name)


def violated(log: str) -> set[str]:
    return {found.rule for found in validate([text.parse(log)]).violations}


MADE = "1 ann create configmaps t/c -> 201 rv=5 uid=u kind=ConfigMap {data.k=v}\n"
SCALED = (
    "1 ann create deployments.apps t/d -> 201 rv=5 uid=d kind=Deployment generation=1 {metadata.finalizers=[f] spec.replicas=1}\n"
    "2 ann update deployments.apps/scale t/d if rv=5 -> 200 rv=6 uid=d kind=Scale {metadata.creationTimestamp=\"2026-01-01T00:00:00Z\" "
    "spec.replicas=2}\n"
)
TRUE_LINES = {
    "a version alone": MADE + "2 ann get configmaps t/c -> 200 rv=5 uid=u\n3 ann update configmaps t/c if rv=5 -> 200 rv=7 uid=u\n",
    "a status alone": "1 ann create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.nodeName=n status.phase=Pending}\n"
    "2 ann patch pods/status t/p -> 200 rv=6 uid=u {status.phase=Running status.conditions=[{type=Ready status=\"True\"}]}\n",
    "a specification alone": "1 ann create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.nodeName=n status.phase=Pending}\n"
    "2 ann patch pods/status t/p -> 200 rv=6 uid=u {status.phase=Succeeded}\n"
    "3 ann update pods t/p if rv=6 -> 200 rv=7 uid=u {spec.nodeName=n}\n",
    "labels once": "1 ann create jobs.batch t/j -> 201 rv=5 uid=j {spec.selector.matchLabels.a=b}\n"
    "2 ann update jobs.batch t/j if rv=5 -> 200 rv=6 uid=j {status.active=1}\n",
    "a deletion without its answer": MADE + "2 bob delete configmaps t/c -> 200\n3 ann update configmaps t/c -> 200 rv=9 uid=u\n",
    "a deletion with a version alone": MADE + "2 bob delete configmaps t/c -> 200 rv=7 uid=u\n3 ann create configmaps t/c -> 201 rv=9\n",
    "a creation without its answer": MADE + "2 bob delete configmaps t/c -> 200 kind=Status\n3 ann create configmaps t/c -> 201\n"
    "4 ann update configmaps t/c -> 200 rv=9 uid=w\n",
    "the last finalizer taken off by a write that tells nothing": MADE + "2 bob delete configmaps t/c -> 200\n"
    "3 ann patch configmaps t/c -> 200\n4 ann get configmaps t/c -> 404 NotFound\n5 ann create configmaps t/c -> 201 rv=9 uid=w\n",
    "a name in the line only": MADE + "w <- ADDED configmaps t/c rv=5 uid=u {data.k=v}\n",
    "a kind on one line only": MADE + "2 ann get configmaps t/c -> 200 rv=5 uid=u {data.k=v}\n",
    "a Scale beside its Deployment": SCALED
    + "3 ann update deployments.apps/scale t/d if rv=6 -> 200 rv=6 uid=d kind=Scale {spec.replicas=2}\n"
    "w <- MODIFIED deployments.apps t/d rv=6 uid=d {kind=Deployment metadata.finalizers=[f] spec.replicas=2}\n",
    "another object of that name, without uids": "1 ann create configmaps t/c -> 201 rv=5 {metadata.finalizers=[f] data.k=v}\n"
    "2 bob delete configmaps t/c -> 200\n3 ann update configmaps t/c -> 200 rv=9 {data.k=w}\n",
}


@pytest.mark.parametrize("told", TRUE_LINES)
def test_what_is_not_told_is_not_empty(told: str) -> None:
    assert not violated(HEAD + TRUE_LINES[told])


@pytest.mark.parametrize(("name", "log"), [
    ("store.revision-unique", HEAD + MADE + "2 ann get configmaps t/c -> 200 rv=5 uid=u {data.k=w}\n"),
    ("store.immutable-fields", HEAD + "1 ann create jobs.batch t/j -> 201 rv=5 uid=j {spec.selector.matchLabels.a=b}\n"
     "2 ann update jobs.batch t/j if rv=5 -> 200 rv=6 uid=j {spec.selector.matchLabels.a=c}\n"),
    ("store.change-existing", HEAD + MADE + "2 bob delete configmaps t/c -> 200 kind=Status\n"
     "3 ann update configmaps t/c -> 200 rv=9 uid=u\n"),
    ("watch.agreement", HEAD + MADE + "w <- ADDED configmaps t/c rv=5 uid=u {data.k=w}\n"),
    ("store.deletion", whole(HEAD + MADE + "2 bob delete configmaps t/c -> 200 rv=6 uid=u {metadata.finalizers=[f] "
                             'metadata.deletionTimestamp="2026-01-01T00:00:00Z"}\n3 ann update configmaps t/c if rv=6 -> 200 rv=7 uid=u '
                             "{metadata.finalizers=[f]}\n")),
])  # fmt: skip
def test_what_is_told_on_both_lines_is_compared(name: str, log: str) -> None:
    assert name in violated(log)


@pytest.mark.parametrize(("name", "log"), [
    ("store.revision-unique", HEAD + MADE.replace("1 ann", "2 ann")),
    ("store.no-op", HEAD + MADE + "2 ann update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap\n"),
    ("store.create-absent", HEAD + MADE),
])
def test_a_rule_counts_what_it_compared(name: str, log: str) -> None:
    assert rule(name, log).judged == 0


@pytest.mark.parametrize(("answer", "told"), [
    ("201", Told.NOTHING), ("201 kind=Status", Told.NOTHING), ("201 rv=5 uid=u kind=Pod", Told.IDENTITY),
    ("201 rv=5 {metadata.name=p}", Told.IDENTITY), ("201 rv=5 {spec.nodeName=n}", Told.PART), ("201 rv=5 {metadata.labels.a=b}", Told.PART),
    ('201 rv=5 {metadata.creationTimestamp="2026-01-01T00:00:00Z"}', Told.WHOLE), ("201 rv=5 kind=Scale {spec.replicas=1}", Told.IDENTITY),
    ("201 rv=5 kind=PartialObjectMetadata {metadata.labels.a=b}", Told.METADATA),
])  # fmt: skip
def test_how_much_an_answer_tells(answer: str, told: Told) -> None:
    (event,) = [one for one in text.parse(f"{HEAD}1 ann create pods t/p -> {answer}\n") if isinstance(one, Event)]
    assert event.told is told


def test_a_kind_with_a_counter_of_its_own_is_found() -> None:
    """Leases in another etcd; one write of a wrong revision among them is found all the same."""
    lines = [f"{2 * n} ann create configmaps t/c{n} -> 201 rv={100 + n} uid=c{n}\n"
             f"{2 * n + 1} ann create leases.coordination.k8s.io t/l{n} -> 201 rv={n} uid=l{n}\n" for n in range(1, 9)]
    assert not violated(HEAD + "".join(lines))
    wrong = [line if n != 4 else line.replace("rv=105", "rv=3") for n, line in enumerate(
        f"{n} ann create {'configmaps' if n % 2 else 'secrets'} t/c{n} -> 201 rv={100 + n} uid=c{n}\n" for n in range(1, 13))]
    assert violated(HEAD + "".join(wrong)) == {"store.revision-order"}


def test_what_never_was_asks_for_nearly_all_revisions() -> None:
    """A namespace that nothing tells of: in a log that promises all, and in one of which most revisions are missing."""
    first = "1 server create namespaces kube-system -> 201 rv=2 uid=k kind=Namespace\n"
    lost = '2 ann create configmaps shop/c -> 201 rv={rv} uid=c\n'
    assert "store.creation" in violated(COMPLETE + first + lost.format(rv=900))
    assert violated(HEAD + first + lost.format(rv=3)) == {"store.creation"}
    assert not violated(HEAD + first + lost.format(rv=900))


BOUND = (
    "1 rs create pods t/p -> 201 rv=5 uid=u kind=Pod {spec.schedulerName=default-scheduler status.phase=Pending}\n"
    "2 sched create pods/binding t/p {target.name=node-1} -> 201 kind=Status\n"
    "3 node-2 patch pods/status t/p if uid=u -> 200 rv=7 uid=u kind=Pod {spec.schedulerName=default-scheduler "
    "spec.nodeName=node-1 status.phase=Running}\n"
)


def test_a_witness_is_the_line_that_says_so() -> None:
    (found,) = rule("pods.status-by-its-kubelet", COMPLETE + BOUND).violations
    binding = COMPLETE.count("\n") + 2
    assert [seen.line for seen in found.witnesses] == [binding + 1, binding]
    assert found.witnesses[1].note == "bound to node-1"


@pytest.mark.parametrize(("line", "message"), [
    ("1 ann create deployments t/d -> 201 rv=5",
     'there are no deployments in the core group: write deployments.apps (in JSON lines "group": "apps")'),
    ("1 ann create pods.apps t/d -> 201 rv=5", 'there are no pods in API group apps: write pods (in JSON lines "group": "")'),
    ("w <- ADDED leases t/d rv=5",
     'there are no leases in the core group: write leases.coordination.k8s.io (in JSON lines "group": "coordination.k8s.io")'),
    ("2026-05-04T08:00:09Z..2026-05-04T08:00:01Z ann create pods t/p -> 201 rv=5",
     "completed (2026-05-04T08:00:01Z) is before received (2026-05-04T08:00:09Z)"),
    (f'1 ann get pods t/p -> 200 rv="{"9" * 4301}"', "rv= has 4,301 digits: no resourceVersion has more than 19"),
    (f"1 ann update pods t/p if rv={'9' * 20} -> 409", f"{'9' * 20} is too big a number"),
    (f"1 ann create pods t/p {{a={'9' * 5000}}}", f"{'9' * 60} is too big a number"),
])
def test_lines_that_cannot_be(line: str, message: str) -> None:
    (bad,) = [one for one in text.parse(f"{HEAD}{line}\n") if isinstance(one, Malformed)]
    assert bad.message == message


def test_words_may_end_in_a_dash() -> None:
    (event,) = [one for one in text.parse(f"{HEAD}1 ann create pods t/ {{metadata.generateName=web-}} -> 201 rv=1 kind=Pod\n")
                if isinstance(one, Event)]
    assert event.request_object() == {"metadata": {"generateName": "web-"}}
    (event,) = [one for one in text.parse(f"{HEAD}1 ann get pods t/a->201\n") if isinstance(one, Event)]
    assert (event.name, event.code) == ("a", 201)


def test_what_was_mended_is_judged_elsewhere() -> None:
    """The negative control of the true logs: a log is not spared because something in it is not told."""
    found = rule("store.lost-update", HEAD + MADE + "2 ann update configmaps t/c if rv=5 -> 200 rv=7 uid=u\n"
                 "3 bob update configmaps t/c if rv=5 -> 200 rv=9 uid=u\n")
    assert found.verdict is Verdict.VIOLATED


def lease(line: int, agent: str, holder: str, transitions: int, second: int) -> str:
    """A write of the lease of an operator."""
    return (f'{line} operator update leases.coordination.k8s.io t/l agent="{agent}" -> 200 rv={line + 1} uid=l kind=Lease '
            f"{{spec.holderIdentity={holder} spec.leaseDurationSeconds=15 spec.leaseTransitions={transitions} "
            f'spec.acquireTime="2026-01-01T00:00:{second:02d}Z" spec.renewTime="2026-01-01T00:00:{second:02d}Z"}}\n')


@pytest.mark.parametrize(("agent", "verdict"), [("op/v1 leader-election", Verdict.VIOLATED), ("kube-rs/0.9", Verdict.NOT_JUDGED)])
def test_other_libraries_elect_as_they_like(agent: str, verdict: Verdict) -> None:
    log = HEAD + lease(1, agent, "a", 0, 1) + lease(2, agent, "b", 7, 2)
    assert rule("controllers.leader-election", log).verdict is verdict
