"""The audit notices what native code, packing and the search do wrong: faults are planted in each, and no verdict comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llvmlite import ir as ll

from kubecheck.checker import InternalError, Limits, Report, Verdict, check
from kubecheck.checker.engine import explore
from kubecheck.checker.native import generate, module
from kubecheck.checker.native.emit import I1, I64, Emitter
from kubecheck.cli.main import main
from kubecheck.spec import Spec, SpecError
from tests.spec.comparing import load

MODULE = """\
from __future__ import annotations
import enum
from typing import Annotated
from kubecheck.spec import Array, MaxLen, Range, Record, Seq, Set, Sort, Spec, State, count, first, present, require

I = Annotated[int, Range(-3, 4)]

class Phase(enum.Enum):
    OFF = 0
    ON = 1
    DONE = 2

class Node(Sort, size=2):
    '''Some.'''

class Work(Record):
    phase: Phase = Phase.OFF
    tries: Annotated[int, Range(0, 2)] = 0

class S(State):
    n: I
    at: Node | None = None
    work: Array[Node, Work]
    marked: Set[Node]
    queue: Annotated[Seq[Phase], MaxLen(1)]

CALLS = [0]

def build() -> Spec:
    '''A spec that holds.'''
    spec = Spec("audited", S)

    @spec.initial
    def start(s: S, n: I) -> None:
        require(n < 0)
        s.n = n

    @spec.action(actor="a")
    def up(s: S, node: Node) -> None:
        require(s.n + 2 * s.work[node].tries < 6 and s.n < 4)
        s.n += 1
        s.at = node
        s.work[node].phase = Phase.ON

    @spec.action(actor="a", kind="environment")
    def down(s: S) -> None:
        node = present(s.at)
        require(s.n > -2 or node in s.marked)
        s.n = (s.n - 3) // 2
        s.marked = (s.marked | {node}) - {Node(0)}
        s.at = None
        s.work[node] = s.work[node].next(phase=Phase.DONE, tries=min(1, s.work[node].tries + 1))

    @spec.action(actor="b", kind="environment")
    def note(s: S) -> None:
        require(len(s.queue) < 1 and count(w.phase is Phase.DONE for w in s.work) > 0)
        s.queue = s.queue + (s.work[Node(1)].phase,)

    @spec.invariant
    def small(s: S) -> bool:
        return s.n % 3 <= 2 and all(not w.tries > 1 for w in s.work) and -3 <= s.n <= 4

    @spec.invariant
    def first_is_seldom_marked(s: S, node: Node) -> bool:
        require(node in s.marked)
        return node != Node(0)

    @spec.step_invariant
    def tries_grow(before: S, after: S, node: Node) -> bool:
        return after.work[node].tries >= before.work[node].tries

    @spec.reachable
    def one_queued(s: S) -> bool:
        return len(s.queue) == 1

    @spec.quiescent
    def quiet_is_high(s: S) -> bool:
        return s.n > -4

    return spec
"""


@pytest.fixture(autouse=True)
def _as_many_states_as_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubecheck.checker.audit.STATES", 300)


def checked(folder: Path, **options: Any) -> Report:
    spec: Spec = load(MODULE, folder).build()
    return check(spec, **options)


def test_without_a_fault(tmp_path: Path) -> None:
    report = checked(tmp_path, audit=300)  # a number that is asked for is not bounded in time
    assert report.verdict is Verdict.HOLDS, report.reason
    assert report.audit is not None
    assert report.audit.complete
    assert report.audit.states == report.audit.of == report.states.distinct > 200
    assert report.audit.steps == report.states.generated - 3


@pytest.mark.parametrize("states", [0, 1, 50, 10**6])
def test_as_many_states_as_are_wanted(states: int, tmp_path: Path) -> None:
    report = checked(tmp_path, audit=states)
    assert report.audit is not None
    assert report.audit.states == min(states, report.states.distinct)


def emits(name: str, fault: Callable[..., Any]) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        whole = getattr(generate.FunctionBody, name)
        patch.setattr(generate.FunctionBody, name, lambda self, *a, **k: fault(self, whole, *a, **k))

    return plant


def replaces(owner: Any, name: str, fault: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(owner, name, fault)


def _floor(self: Any, whole: Any, e: Any) -> Any:
    a, b = self.expr(e.left), self.expr(e.right)
    return self.b.sdiv(a, b) if e.op == "//" else whole(self, e)


def _remainder(self: Any, whole: Any, e: Any) -> Any:
    a, b = self.expr(e.left), self.expr(e.right)
    return self.b.add(self.b.srem(a, b), I64(1)) if e.op == "%" else whole(self, e)


def _longer(self: Any, whole: Any, e: Any) -> Any:
    found = whole(self, e)
    return self.b.add(found, found.type(2))


def _cut(self: Any, t: Any, value: Any) -> Any:
    if value.type.width < 64:
        return value
    packed = self.b.trunc(self.b.sub(value, I64(t.lo)), ll.IntType(max(1, t.bits)))
    return self.b.and_(packed, packed.type(max(1, 2**t.bits - 1) & ~1))


def _signed_away(self: Any, whole: Any, e: Any) -> Any:
    return self.b.icmp_unsigned(e.op, self.expr(e.left), self.expr(e.right))


# in what the generator makes of the IR, and in what the engine calls
IN_CODE = {
    "+ is -": emits(
        "combined", lambda self, whole, op, a, b, c: self.b.sub(a, b) if op == "+" else whole(self, op, a, b, c)
    ),
    "* is +": emits(
        "combined", lambda self, whole, op, a, b, c: self.b.add(a, b) if op == "*" else whole(self, op, a, b, c)
    ),
    "// rounds to zero": emits("_arith", _floor),
    "% is one too many": emits("_arith", _remainder),
    "min is max": emits("_arith", lambda self, whole, e: self.expr(e.right) if e.op == "min" else whole(self, e)),
    "comparison without signs": emits("_compare", _signed_away),
    "< is <=": emits(
        "_compare",
        lambda self, whole, e: (
            self.b.icmp_signed("<=", self.expr(e.left), self.expr(e.right)) if e.op == "<" else whole(self, e)
        ),
    ),
    "and is or": emits("_logic", lambda self, whole, e: self.b.or_(self.expr(e.left), self.expr(e.right))),
    "not is nothing": emits("_not", lambda self, whole, e: self.expr(e.value)),
    "require is ignored": emits("_do_require", lambda self, whole, s: None),
    "present is always there": emits("_unwrap", lambda self, whole, e: self.unwrap(e.value.type, self.expr(e.value))),
    "a set loses nothing": emits(
        "_setop",
        lambda self, whole, e: self.b.or_(self.expr(e.left), self.expr(e.right)) if e.op == "-" else whole(self, e),
    ),
    "next changes nothing": emits("_withfields", lambda self, whole, e: self.expr(e.value)),
    "a sequence takes the wrong element": emits("_seqappend", _longer),
    "a length is one more": emits("_length", lambda self, whole, e: self.b.add(whole(self, e), I64(1))),
    "a count counts nothing": emits(
        "_quantify", lambda self, whole, e: I64(0) if e.kind == "count" else whole(self, e)
    ),
    "a store goes nowhere": emits("_do_store", lambda self, whole, s: None),
    "an element is the first one": emits("item", lambda self, whole, base, array, index: base),
    "the lowest bit is cut": replaces(Emitter, "to_bits", _cut),
    "a range begins at 0": replaces(
        Emitter,
        "from_bits",
        lambda self, t, bits: (self.b.zext(bits, I64) if t.bits else I64(0)) if hasattr(t, "lo") else bits,
    ),
    "what moves is not noticed": replaces(module.Entry, "differs", lambda self, a, b: I1(0)),
    "a violated step is not told": replaces(module.Entry, "count_if", lambda self, condition, counters, index: None),
}


@pytest.mark.parametrize("name", IN_CODE)
def test_faults_in_native_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ends without a verdict; what a violation would show, its replay does not confirm."""
    IN_CODE[name](monkeypatch)
    with pytest.raises(InternalError) as caught:
        checked(tmp_path)
    assert caught.value.evidence


# a property that is false somewhere: the native execution says that it holds
FALSE = {
    "invariant": ("return s.n % 3 <= 2 and", "return s.n < 3 and"),
    "step invariant": ("return after.work[node].tries >= before.work[node].tries", "return after.n >= before.n"),
    "quiescent": ("return s.n > -4", "return s.n > 3 and s.n < 3"),
}


@pytest.mark.parametrize("kind", FALSE)
def test_a_violation_that_native_code_hides(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = FALSE[kind]
    text = MODULE.replace(old, new)
    assert text != MODULE
    spec = load(text, tmp_path).build()
    assert check(spec).verdict is Verdict.VIOLATED
    whole = module.Entry.outcome

    def outcome(self: Any, entry: Any, *arguments: Any) -> Any:
        held, found = whole(self, entry, *arguments)
        return held, (found if entry.declared.kind == "reachable" else I1(0))

    monkeypatch.setattr(module.Entry, "outcome", outcome)
    with pytest.raises(InternalError, match="disagree"):
        check(load(text, tmp_path).build())


def explored(monkeypatch: pytest.MonkeyPatch, fault: Callable[[Any], None]) -> None:
    from kubecheck.checker import checking

    def search(*arguments: Any, **options: Any) -> Any:
        found = explore.explore(*arguments, **options)
        fault(found)
        return found

    monkeypatch.setattr(checking, "explore", search)


def _lose(found: Any) -> None:
    """A state that is not among those of the search: another stands in its place."""
    place = found.store.nth(found.store.distinct // 2)
    found.store._states[place] = found.store._states[found.store.nth(0)]


def _swap(found: Any) -> None:
    """The states before each are others."""
    store = found.store
    for number in range(1, store.distinct):
        place = store.nth(number)
        if store.predecessor(place) is not None:
            store._predecessors[place] = np.uint32(place)


# in what the search kept
IN_SEARCH: dict[str, Callable[[Any], None]] = {
    "a state was lost": _lose,
    "states follow from others": _swap,
    "a level is too small": lambda found: (
        found.levels.__setitem__(1, found.levels[1] - 1) or found.levels.__setitem__(-1, found.levels[-1] + 1)
    ),
    "a premise that was never seen": lambda found: found.premise.__setitem__(0, 0),
    "a reachable that was never seen": lambda found: found.found.clear(),
}


@pytest.mark.parametrize("name", IN_SEARCH)
def test_faults_in_the_search(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    explored(monkeypatch, IN_SEARCH[name])
    with pytest.raises(InternalError):
        checked(tmp_path, audit=10**6)


def test_an_initial_state_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generate.FunctionBody._do_require

    def require(self: Any, s: Any) -> None:
        if self.f.name == "start":
            self.leave_unless(self.b.icmp_signed("<", self.expr(s.condition.left), I64(-1)), 1)
        else:
            whole(self, s)

    monkeypatch.setattr(generate.FunctionBody, "_do_require", require)
    with pytest.raises(InternalError, match="instance 2 of the initial functions"):
        checked(tmp_path)


def test_a_constant_that_changes_during_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The executions disagree then, and the fault is the spec's: it is told as such."""
    loaded = load(MODULE.replace("s.n += 1", "s.n += STEP[0]").replace("CALLS = [0]", "STEP = [1]"), tmp_path)
    spec = loaded.build()
    explored(monkeypatch, lambda _: loaded.STEP.__setitem__(0, 2))
    with pytest.raises(SpecError, match="KC233: `STEP` is read when the spec is compiled, and must be a constant: it has changed"):
        check(spec)


def test_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`check`, a scenario and `bugs run`: none gives a verdict when the executions disagree."""
    file = tmp_path / "spec.py"
    file.write_text(MODULE)
    assert main(["check", str(file), "-q", "--audit", "40"]) == 0
    assert "audit         40 of 297 states run again by Python, with the same result" in capsys.readouterr().out
    IN_CODE["what moves is not noticed"](monkeypatch)
    for command in (["check", str(file), "-q"], ["check", "apply", "-q"], ["bugs", "run", "ghost-pod", "-q"]):
        assert main(command) == 70, command
        told = capsys.readouterr()
        assert "InternalError" in told.err
        assert "[ok] every" not in told.out


def test_the_sample_is_that_of_a_seed(tmp_path: Path) -> None:
    one, two = (checked(tmp_path, audit=80).audit for _ in range(2))
    assert one is not None
    assert two is not None
    assert (one.states, one.steps, one.seed) == (two.states, two.steps, two.seed)


def test_a_search_that_was_limited_is_compared_too(tmp_path: Path) -> None:
    report = checked(tmp_path, limits=Limits(depth=3))
    assert report.verdict is Verdict.INCOMPLETE
    assert report.audit is not None
    assert report.audit.states > 0


def test_whoever_interrupts_the_audit_gets_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    asked = 0

    def interrupted() -> bool:
        nonlocal asked
        asked += 1
        return asked > 40  # the search asks less often

    monkeypatch.setattr("kubecheck.checker.checking.interruptible", lambda: contextlib.nullcontext(interrupted))
    report = checked(tmp_path)
    assert (report.verdict, report.reason) == (Verdict.INCOMPLETE, "interrupted")
    assert report.audit is not None
    assert 0 < report.audit.states < report.audit.of
    assert not report.audit.complete


def test_the_clock_leaves_states_by_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any time for it, some are compared all the same, and about half of them are not of the first levels."""
    monkeypatch.setattr("kubecheck.checker.audit._SECONDS", 0.0)
    report = checked(tmp_path)
    assert report.verdict is Verdict.HOLDS
    assert report.audit is not None
    assert not report.audit.complete
    assert 40 <= report.audit.states <= 80


def test_an_audit_of_nothing_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "audited.py").write_text(MODULE)
    assert main(["check", str(tmp_path / "audited.py"), "--audit", "0"]) == 0
    assert "audit         nothing was run again by Python (--audit 0)\n" in capsys.readouterr().out
