"""The trace language: what it reads, what it says of a bad line, and that printing and reading are inverse."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubecheck.traces.event import Delivery, Event, Header, Kind, Level, Malformed, Stage
from kubecheck.traces.readers import printer, text
from kubecheck.traces.readers import records as r
from kubecheck.traces.readers.clock import timestamp
from kubecheck.traces.readers.files import Input

HEADER = "kubecheck-trace 1\n"


def events(lines: str, *, header: str = HEADER) -> list[Event]:
    items = text.parse(header + lines)
    assert not [item for item in items if isinstance(item, Malformed)]
    return [item for item in items if isinstance(item, Event)]


def event(line: str) -> Event:
    (found,) = events(line)
    return found


def test_header() -> None:
    (header,) = text.parse(
        'kubecheck-trace 1  # version\n# nothing\n\nserver api-1 "api 2"\nnode node-1\nnode node-2\n'
        'component scheduler user="system:kube-scheduler" agent=kube-scheduler/v1\ncomponent kcm\nlevel Metadata\ncomplete\n'.replace(
            "kube-scheduler/v1", '"kube-scheduler/v1"'
        )
    )
    assert isinstance(header, Header)
    assert header.servers == ("api-1", "api 2")
    assert header.nodes == ("node-1", "node-2")
    assert [(c.name, c.user, c.agent) for c in header.components] == [
        ("scheduler", "system:kube-scheduler", "kube-scheduler/v1"),
        ("kcm", None, None),
    ]
    assert (header.level, header.complete) == (Level.METADATA, True)


def test_request() -> None:
    found = event(
        "17 2026-11-23T03:00:56.2Z..2026-11-23T03:00:57Z client-a update deployments.apps/status default/web dry-run=true"
        ' if rv=330 uid=u1 {status.replicas=2 status.conditions=[{type=Ready status="True"}]}'
        ' -> 409 Conflict "the object has been modified"'
    )
    assert found.kind is Kind.REQUEST
    assert (found.sequence, found.received, found.completed) == (17, 1795402856200000, 1795402857000000)
    assert (found.user, found.verb, found.group, found.resource, found.subresource) == (
        "client-a", "update", "apps", "deployments", "status",
    )  # fmt: skip
    assert (found.namespace, found.name, found.dry_run) == ("default", "web", True)
    assert (found.precondition_version, found.precondition_uid) == ("330", "u1")
    assert (found.code, found.reason, found.message) == (409, "Conflict", "the object has been modified")
    assert found.request_object() == {"status": {"replicas": 2, "conditions": [{"type": "Ready", "status": "True"}]}}
    assert found.response is None
    assert (found.stage, found.level) == (Stage.COMPLETE, Level.REQUEST_RESPONSE)


def test_answer() -> None:
    found = event("a create pods default/ {} -> 201 rv=7 uid=u1 kind=Pod generation=1 {metadata.name=web-x spec.a=1}")
    assert found.response_object() == {
        "kind": "Pod",
        "metadata": {"resourceVersion": "7", "uid": "u1", "generation": 1, "name": "web-x"},
        "spec": {"a": 1},
    }
    assert (found.version, found.uid, found.name, found.answer_kind) == (7, "u1", "web-x", "Pod")


def test_no_answer() -> None:
    found = event("a delete pods default/web")
    assert (found.code, found.stage) == (None, Stage.RECEIVED)


def test_components_and_servers() -> None:
    header = f'{HEADER}server api-1 api-2\ncomponent sched user="system:kube-scheduler" agent=v1\n'
    first, second = events("sched get nodes n1\nother get nodes n1 server=api-2\n", header=header)
    assert (first.component, first.user, first.agent, first.server) == ("sched", "system:kube-scheduler", "v1", "api-1")
    assert (second.component, second.user, second.agent, second.server) == (None, "other", None, "api-2")


def test_delivery() -> None:
    lines = (
        'w <- BOOKMARK pods rv=5 {metadata.annotations."k8s.io/initial-events-end"="true"}\n'
        "w <- ADDED pods default/web rv=7 uid=u {spec.nodeName=n}\nv <- DELETED nodes n rv=8 connection=2 told=kcm\n"
        "w <- ERROR {kind=Status code=410 reason=Expired}\n"
    )
    mark, added, deleted, error = events(lines)
    assert (mark.delivery, mark.initial_end, mark.position) == (Delivery.BOOKMARK, True, 0)
    assert (added.delivery, added.namespace, added.name, added.version) == (Delivery.ADDED, "default", "web", 7)
    assert (added.stream, added.position) == ("w", 1)
    assert (deleted.position, deleted.connection, deleted.user) == (0, 2, "kcm")
    assert (error.delivery, error.code, error.reason, error.answer) == (Delivery.ERROR, 410, "Expired", None)


def test_crash_and_restart() -> None:
    crash, restart = events("3 kubelet crash\n2026-11-23T03:00:56Z kubelet restart\n")
    assert (crash.kind, crash.component, crash.sequence) == (Kind.CRASH, "kubelet", 3)
    assert (restart.kind, restart.component, restart.received) == (Kind.RESTART, "kubelet", 1795402856000000)


def test_words_that_need_quotes() -> None:
    found = event('"node" get pods/"if" "true"/"17" {a="1" b=1 c=true d="true" e=null f=10.88.1.2 g="é\\u0000"}')
    assert (found.user, found.verb, found.subresource, found.namespace, found.name) == ("node", "get", "if", "true", "17")
    assert found.request_object() == {
        "a": "1", "b": 1, "c": True, "d": "true", "e": None, "f": "10.88.1.2", "g": "é\0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("a get", 6, None),
        ("a get pods default/web if {}", 27, "found `{`, expected a field (name=)"),
        ('a get "pods', 7, "a string without an end, or with a \\ that JSON does not have"),
        ("a get pods x stag=1", 14, "stag= cannot stand here: did you mean stage=?"),
        ("a get pods x -> 200 {a.b=1 a=2}", 28, "a is given twice"),
        ("a get pods x -> 200 {a=1 a.b=2}", 26, "a has a value already"),
        ("w <- ADDE pods a/b", 6, "ADDE: a delivery is ADDED, MODIFIED, DELETED, BOOKMARK, ERROR"),
        ("a get pods x -> 1e999", 17, "1e999 is too big a number"),
        ("a get pods x -> 2.5", 17, "2.5 is not a whole number"),
        ("a get pods x level=All", 14, "level is Metadata, Request, RequestResponse"),
        ("2026-11-23T03:00:56Z.. kcm crash", 24, "one time, not an interval: this is a moment"),
        ("a get pods x {a=$}", 17, None),
        ("w <- ADDED pods rv=1", None, "ADDED without metadata.name"),
        ("2026-13-23T03:00:56.25Z a get pods x", 1, "'2026-13-23T03:00:56.25Z' is not a time like 2026-11-23T03:00:56.203590Z"),
        ("7 2026-11-23T03:00:56Z..2026-11-23T03:00:61.000000Z a get pods x", 25,
         "'2026-11-23T03:00:61.000000Z' is not a time like 2026-11-23T03:00:56.203590Z"),
        ("2026-11-23T03:00:56 a get pods x", 1, "2026-11-23T03:00:56 has no Z: a time ends in Z, for it is UTC"),
        ("5 2026-11-23T03:00:56.5+01:00 a get pods x", 3, "2026-11-23T03:00:56.5+01:00 has no Z: a time ends in Z, for it is UTC"),
        ("a get pods x -> 2o1", 17, "2o1: an answer begins with its code (200) or a reason (Conflict); a reason that Kubernetes does not "
                                    'have is written in quotes, "like this"'),
        ("a get pods x -> Conflitc", 17, "Conflitc: an answer begins with its code (200) or a reason (Conflict); did you mean Conflict?"),
        ("a get pods x -> 999", 17, "999: the code of an answer is 100 to 599, as HTTP has it"),
        ("a get pods x -> 99", 17, "99: the code of an answer is 100 to 599, as HTTP has it"),
        ("a updaet pods x", 3, "updaet is no verb for an object: did you mean update?"),
        ("a frobnicate pods x", 3,
         "frobnicate is no verb for an object: get, list, watch, create, update, patch, delete, deletecollection"),
        ("a GET", 3, "GET: a verb is a word in lower case"),
        ("a get Pods x", 7, "Pods: a resource is written like pods or deployments.apps, plural and in lower case"),
        ("a get pods x -> 200 rv=abc", 21, "rv=abc: a resourceVersion is a number"),
        ("a update pods x if rv=v7", 20, "rv=v7: a resourceVersion is a number"),
        ("a get pods x read=new", 14, "read=new: a resourceVersion is a number"),
        ("w <- ADDED pods a/b rv=x1", 21, "rv=x1: a resourceVersion is a number"),
        ("a get pods x -> 200 {metadata.resourceVersion=abc}", None, "metadata.resourceVersion is abc: a resourceVersion is a number"),
        (r'a get pods x {a="\ud800"}', 17, r'"\ud800": half a character (a lone surrogate)'),
        (r'a get pods x {"\ud800"=1}', 15, r'"\ud800": half a character (a lone surrogate)'),
        ("a get pods x -> 200 " + "[" * 101, 121, "nested too deeply: more than 100 brackets inside each other"),
        ("a get pods x {" + "a." * 100 + "a=1}", 15, "nested too deeply: a path of more than 100 fields"),
        ("  server api-1", 3, "a line of the header after the first event: it belongs before"),
    ],
)
def test_bad_lines(line: str, column: int | None, message: str | None) -> None:
    items = text.parse(f"{HEADER}a get pods y\n{line}\na get pods z\n", file="t")
    bad = [item for item in items if isinstance(item, Malformed)]
    if message is None and not bad:
        assert line == "a get"  # a request for what is no object: /healthz
        return
    (found,) = bad
    assert (found.file, found.line, found.column) == ("t", 3, column)
    assert message is None or found.message == message
    assert found.text == line or (len(line) > 160 and "…" in found.text)
    assert found.caret == (None if column is None else column - 1) or len(line) > 160
    assert [item.name for item in items if isinstance(item, Event)] == ["y", "z"], "the rest is read"


def test_an_unexpected_word_names_what_was_expected() -> None:
    bad, _ = text.parse(f"{HEADER}a get pods x y\n")
    assert isinstance(bad, Malformed)
    assert bad.column == 14
    assert bad.message.startswith("found `y`, expected ")
    assert "`->`" in bad.message
    assert "a field (name=)" in bad.message


def test_reasons_without_a_code_are_those_of_kubernetes_or_in_quotes() -> None:
    known, quoted = events('a get pods x -> Timeout\na get pods x -> "2o1" "why"\n')
    assert (known.code, known.reason) == (None, "Timeout")
    assert (quoted.code, quoted.reason, quoted.message) == (None, "2o1", "why")


def test_a_line_that_is_too_long_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "long.trace"
    file.write_text(f"{HEADER}a get pods y\na get pods x {{a={'b' * (512 << 10)}}}\na get pods z\n")
    items = list(text.read(Input(str(file))))
    (bad,) = [item for item in items if isinstance(item, Malformed)]
    assert (bad.line, bad.message) == (3, "the line is longer than 512 KiB: skipped")
    assert [item.name for item in items if isinstance(item, Event)] == ["y", "z"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("kubecheck-trace 2\n", "version 2 of the format: this kubecheck reads version 1"),
        ("node a\nkubecheck-trace 1\n", "`kubecheck-trace` is the first line"),
        ("kubecheck-trace 1\ncomponent a\ncomponent a\n", "component a is named twice"),
        ("a get pods x\n", "an event before the header: a trace begins with `kubecheck-trace 1`"),
    ],
)
def test_bad_headers(lines: str, message: str) -> None:
    assert message in [item.message for item in text.parse(lines) if isinstance(item, Malformed)]


# --- round trip ---

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_WORD = st.sampled_from(["web-1", "system:node:n", "node", "crash", "if", "true", "1", "1e5", "2026-11-23T03:00:56Z", "a.b"]) | _TEXT
_NAME = _WORD.filter(bool)
_RESOURCE = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
_GROUP = st.just("") | st.from_regex(r"[a-z0-9]([-.a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
_VERSION = st.none() | st.from_regex(r"[0-9]{0,20}", fullmatch=True)
_LEAF = st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | _WORD
_VALUE = st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=3), max_leaves=8)
_OBJECT = st.dictionaries(st.sampled_from(["kind", "spec", "data", "metadata"]) | _TEXT, _VALUE, max_size=4).map(
    lambda made: {key: value for key, value in made.items() if key not in {"kind", "metadata"}}
)
_META = st.fixed_dictionaries(
    {},
    optional={
        "name": _NAME, "namespace": _NAME, "uid": _WORD,
        "resourceVersion": st.from_regex(r"[0-9]{0,20}", fullmatch=True), "generation": st.integers(0, 99),
        "labels": st.dictionaries(_WORD, _WORD, max_size=2), "finalizers": st.lists(_WORD, max_size=2),
    },
)  # fmt: skip
_KIND = st.fixed_dictionaries({}, optional={"kind": st.sampled_from(["Pod", "PodList", ""]), "metadata": _META})
_BODY = st.builds(lambda body, kind: msgspec.Raw(msgspec.json.encode(body | kind)), _OBJECT, _KIND)
_PATCH = st.lists(_VALUE, max_size=2).map(lambda body: msgspec.Raw(msgspec.json.encode(body)))
_TIME = st.integers(0, 4102444800_000000).map(timestamp)
_OPTIONAL = st.none() | _WORD


@st.composite
def requests(draw: st.DrawFn) -> r.RequestRecord:
    resource = draw(st.none() | _RESOURCE)
    group, subresource = (draw(_GROUP), draw(_WORD)) if resource is not None else ("", "")
    version, uid, read, match = draw(_VERSION), draw(_OPTIONAL), draw(_VERSION), draw(_OPTIONAL)
    return r.RequestRecord(
        actor=draw(_WORD),
        verb=draw(st.sampled_from(r.VERBS) if resource is not None else st.from_regex("[a-z]{1,8}", fullmatch=True)),
        resource=resource,
        group=group,
        subresource=subresource,
        namespace=draw(_WORD) if resource is not None else "",
        name=draw(_OPTIONAL) if resource is not None else None,
        uid=draw(_OPTIONAL),
        precondition=None if version is None and uid is None else r.Precondition(resource_version=version, uid=uid),
        dry_run=draw(st.booleans()),
        read=None if read is None and match is None else r.Read(resource_version=read, match=match),
        request=draw(st.just(r.ABSENT) | _BODY | _PATCH),
        code=draw(st.none() | st.integers(100, 599)),
        reason=draw(st.none() | _NAME),
        message=draw(st.none() | _TEXT),
        response=draw(st.just(r.ABSENT) | _BODY),
        received=draw(st.none() | _TIME),
        completed=draw(st.none() | _TIME),
        sequence=draw(st.none() | st.integers(0, 10**9)),
        server=draw(_OPTIONAL),
        groups=tuple(draw(st.lists(_WORD, max_size=2))),
        agent=draw(_OPTIONAL),
        user_uid=draw(_OPTIONAL),
        credential=draw(_OPTIONAL),
        impersonated=draw(_OPTIONAL),
        audit_id=draw(_OPTIONAL),
        stage=draw(st.none() | st.sampled_from(Stage)),
        level=draw(st.none() | st.sampled_from(["Metadata", "Request", "RequestResponse"])),
        decision=draw(_OPTIONAL),
        grant=draw(_OPTIONAL),
        uri=draw(_OPTIONAL),
    )


@st.composite
def deliveries(draw: st.DrawFn) -> r.DeliveryRecord:
    resource = draw(st.none() | _RESOURCE)
    return r.DeliveryRecord(
        stream=draw(_WORD),
        type=draw(st.sampled_from(Delivery)),
        object=draw(_BODY),
        resource=resource,
        group=draw(_GROUP) if resource is not None else "",
        received=draw(st.none() | _TIME),
        sequence=draw(st.none() | st.integers(0, 10**9)),
        server=draw(_OPTIONAL),
        connection=draw(st.integers(0, 5)),
        actor=draw(_OPTIONAL),
    )


_FAULT = {"component": _WORD, "received": st.none() | _TIME, "sequence": st.none() | st.integers(0, 99)}
_RECORD = (
    requests() | deliveries() | st.builds(r.CrashRecord, **_FAULT) | st.builds(r.RestartRecord, **_FAULT)  # type: ignore[arg-type]
)


def plain(record: r.Record) -> dict[str, object]:
    return {key: _plain(value) for key, value in msgspec.structs.asdict(record).items()}


def _plain(value: object) -> object:
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value


@given(_RECORD)
def test_what_is_printed_reads_the_same(record: r.Record) -> None:
    printed = printer.print_records([record])
    (back,) = text.parse_records(printed)
    assert type(back) is type(record)
    assert plain(back) == plain(record)


_COMPONENTS = st.lists(
    st.builds(r.ComponentRecord, name=_WORD, user=_OPTIONAL, agent=_OPTIONAL), max_size=3, unique_by=lambda c: c.name
)


@given(
    st.builds(
        r.HeaderRecord, version=st.just(1), servers=st.lists(_WORD, max_size=2).map(tuple),
        nodes=st.lists(_WORD, max_size=2).map(tuple), components=_COMPONENTS.map(tuple), complete=st.booleans(),
        level=st.sampled_from(["Metadata", "Request", "RequestResponse"]),
    )
)  # fmt: skip
def test_headers_read_the_same(header: r.HeaderRecord) -> None:
    assert text.parse_records(printer.print_records([header])) == [header]


@given(st.text(max_size=60))
def test_any_text_gives_items_and_no_exception(anything: str) -> None:
    lines = anything.encode("utf-8", "replace").decode()
    assert len(text.parse(HEADER + lines)) >= 1
