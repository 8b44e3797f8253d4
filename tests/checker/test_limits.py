"""A limit that is met gives INCOMPLETE with the reason and what was covered, and nothing is counted that was not done."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from kubecheck import checker
from kubecheck.checker import Limits, Progress, Verdict
from kubecheck.checker.engine import explore as engine
from kubecheck.checker.engine.memory import free_memory
from kubecheck.checker.interrupt import interruptible
from kubecheck.spec import Spec
from tests.benchmarks.stale_replicas import stale_replicas
from tests.checker.engine_toys import counter, kernels, run, search

MB = 1 << 20


def consistent(found: engine.Exploration) -> None:
    """What must hold of every search, wherever it stopped."""
    assert sum(found.levels) == found.store.distinct
    assert 0 not in found.levels
    assert found.expanded <= found.store.distinct
    assert found.generated == 1 + sum(found.fired)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_depth(depth: int) -> None:
    found = run(counter(6), limits=Limits(depth=depth), threads=2)
    assert found.stopped.startswith(f"the depth limit of {depth} steps is reached (states {depth} steps away were not expanded")
    assert not found.complete
    assert found.levels == search(counter(6), depth=depth).levels
    assert found.expanded == sum(found.levels[:-1])
    consistent(found)


def test_a_depth_that_suffices_is_no_limit() -> None:
    found = run(counter(6), limits=Limits(depth=21))
    assert found.complete
    assert found.stopped == ""


def test_time() -> None:
    found = run(counter(6), limits=Limits(seconds=1e-9))
    assert found.stopped == "the time limit of 1e-09 s is reached"
    assert found.levels == [1]
    assert found.expanded == 0
    consistent(found)


@pytest.mark.parametrize("megabytes", [1, 2, 4])
@pytest.mark.parametrize("threads", [1, 2])
def test_memory(megabytes: int, threads: int) -> None:
    found = run(counter(22), limits=Limits(memory_bytes=megabytes * MB), threads=threads)
    assert found.stopped == f"the memory limit of {megabytes}.0 MB is reached"
    assert not found.complete
    assert found.store.distinct > 1000
    assert found.memory_bytes <= megabytes * MB
    assert found.store.bytes_held() <= megabytes * MB
    consistent(found)


def test_initial_states_that_do_not_fit_are_not_a_search_at_all() -> None:
    toy = counter(2)
    toy.initial = [(i, 0) for i in range(200_000)]
    expected = r"the memory limit of 1\.0 MB is reached before the search began: the initial states do not fit"
    with pytest.raises(engine.MemoryTooSmallError, match=expected):
        run(toy, limits=Limits(memory_bytes=MB))


def test_a_machine_that_runs_out_of_memory_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([1 << 33, 1 << 33, 1 << 33])
    monkeypatch.setattr(engine, "_TICK", 0.0)
    monkeypatch.setattr(engine, "_LEVELS", 1)
    monkeypatch.setattr(engine, "free_memory", lambda: next(answers, MB))
    found = run(counter(6))
    assert found.stopped == "the machine has hardly any free memory left"
    assert len(found.levels) == 3
    consistent(found)


def test_an_interrupt_ends_the_search_between_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LEVELS", 1)
    asked = 0

    def interrupted() -> bool:
        nonlocal asked
        asked += 1
        return asked > 3

    toy = counter(6)
    found = engine.explore(toy, kernels(2), limits=Limits(), threads=2, interrupted=interrupted)
    assert found.stopped == "interrupted"
    assert len(found.levels) == 4
    consistent(found)


@pytest.mark.parametrize("call", [1, 2, 3, 8, 21, 40, 1000])
def test_a_keyboard_interrupt_anywhere_leaves_what_was_done_before(call: int) -> None:
    """The driver is interrupted in the middle of a batch: that batch does not count."""
    calls = 0

    def interrupted_at_last(kernel: Callable[[int, int], int]) -> Callable[[int, int], int]:
        def run_kernel(shared: int, local: int) -> int:
            nonlocal calls
            result = kernel(shared, local)
            calls += 1
            if calls == call:
                raise KeyboardInterrupt
            return result

        return run_kernel

    real = kernels(2)
    expand, insert = interrupted_at_last(real.expand), interrupted_at_last(real.insert)
    ours = SimpleNamespace(seed=real.seed, expand=expand, insert=insert, descend=lambda shared, local: 0)
    found = engine.explore(counter(6), ours, limits=Limits())  # type: ignore[arg-type]
    # One insertion for the initial state, then an expansion and an insertion for each of 21 levels.
    levels = search(counter(6)).levels
    assert found.stopped == ("interrupted" if call <= 43 else "")
    assert found.levels == levels[: min(call // 2, 21)]
    assert found.expanded == (sum(found.levels[:-1]) if found.stopped else 6**4)
    assert found.generated == sum(found.fired) + len(found.levels[:1])
    assert sum(found.levels) == found.store.distinct


@pytest.mark.parametrize("levels", [1, 4, 20])
def test_a_batch_that_was_cut_is_in_no_tally(levels: int) -> None:
    """The kernel has counted the steps of the level, and then the driver is interrupted."""
    calls = 0

    def expand(shared: int, local: int) -> int:
        nonlocal calls
        counted = real.expand(shared, local)
        calls += 1
        if calls == levels + 1:
            raise KeyboardInterrupt
        return counted

    real = kernels(2)
    ours = SimpleNamespace(seed=real.seed, expand=expand, insert=real.insert, descend=lambda shared, local: 0)
    cut = engine.explore(counter(6), ours, limits=Limits())  # type: ignore[arg-type]
    whole = run(counter(6), limits=Limits(depth=levels))
    assert cut.stopped == "interrupted"
    assert (cut.generated, cut.fired, cut.new, cut.premise, cut.quiescent, cut.expanded, cut.levels) == (
        whole.generated, whole.fired, whole.new, whole.premise, whole.quiescent, whole.expanded, whole.levels,
    )


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_a_keyboard_interrupt_after_a_small_level(monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """It was done, but nobody has written it down."""
    monkeypatch.setattr(engine, "_LEVELS", 1)
    calls = 0

    def descend(shared: int, local: int) -> int:
        nonlocal calls
        calls += 1
        result = real.descend(shared, local)
        if calls == call:
            raise KeyboardInterrupt
        return result

    real = kernels(2)
    ours = SimpleNamespace(seed=real.seed, expand=real.expand, insert=real.insert, descend=descend)
    found = engine.explore(counter(6), ours, limits=Limits())  # type: ignore[arg-type]
    assert found.stopped == "interrupted"
    assert found.levels == search(counter(6)).levels[:call]
    assert found.expanded == sum(found.levels[:-1])
    consistent(found)


def test_ctrl_c_is_a_question_and_the_second_one_an_exception() -> None:
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruptible() as interrupted:
            assert not interrupted()
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted()
            with pytest.raises(KeyboardInterrupt):
                _thread.interrupt_main()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_somebody_elses_handler_is_left_alone() -> None:
    def own(number: int, frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGINT, own)
    try:
        with interruptible() as interrupted:
            assert signal.getsignal(signal.SIGINT) is own
            assert not interrupted()
    finally:
        signal.signal(signal.SIGINT, before)


# ---- as a user meets them


def spec() -> Spec:
    return stale_replicas(pods=2, nodes=2, desired=2, writes=2, failures=1)


def test_a_report_of_an_incomplete_check_says_what_was_covered() -> None:
    report = checker.check(spec(), limits=Limits(depth=4), threads=1)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == (
        "the depth limit of 4 steps is reached (states 4 steps away were not expanded, so not judged for quiescence)"
    )
    assert report.depth == 4
    assert len(report.levels) == 5
    assert report.states.distinct == sum(report.levels)
    assert report.states.frontier == report.levels[-1]
    assert {p.verdict for p in report.properties} == {Verdict.INCOMPLETE}
    assert report.properties[0].detail == f"not violated by the {report.states.expanded:,} states that were explored"
    assert report.warnings == []


def test_ctrl_c_during_a_check_gives_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_TICK", 0.0)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def press(progress: Progress) -> None:
        if progress.depth == 3:
            os.kill(os.getpid(), signal.SIGINT)

    try:
        report = checker.check(spec(), progress=press)
    finally:
        signal.signal(signal.SIGINT, before)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == "interrupted"
    assert report.states.distinct == sum(report.levels)
    assert 0 < report.states.expanded < report.states.distinct


def test_progress_tells_complete_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_TICK", 0.0)
    monkeypatch.setattr(engine, "_LEVELS", 1)
    told: list[Progress] = []
    report = checker.check(spec(), progress=told.append, threads=2)
    assert report.verdict is Verdict.HOLDS
    # Told before each batch; what is told of the frontier is the level that is being expanded.
    assert {p.depth: p.frontier for p in told} == dict(enumerate(report.levels))
    assert {p.depth: p.previous_frontier for p in told} == dict(enumerate([0, *report.levels[:-1]]))
    assert [p.depth for p in told] == sorted(p.depth for p in told)
    assert all(0 < p.memory_bytes <= p.memory_limit for p in told)
    assert [p.generated for p in told] == sorted(p.generated for p in told)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: checker.check(spec(), threads=0), "threads must be at least 1, not 0"),
        (lambda: checker.check(spec(), limits=Limits(seconds=0)), "the limit seconds must be positive, not 0"),
        (lambda: checker.check(spec(), limits=Limits(memory_bytes=-1)), "the limit memory_bytes must be positive, not -1"),
        (lambda: checker.check(spec(), limits=Limits(depth=-1)), "the limit depth must not be negative, but is -1"),
    ],
)
def test_limits_that_are_none(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# ---- how much is free


def machine(tmp_path: Path, *, available_kb: int, cgroup: str, files: dict[str, str]) -> int:
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available_kb} kB\nHugePages_Total: 0\n")
    (proc / "self" / "cgroup").write_text(cgroup)
    for name, text in files.items():
        (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroups / name).write_text(text)
    return free_memory(proc=proc, cgroups=cgroups)


def test_free_memory_without_control_groups(tmp_path: Path) -> None:
    assert machine(tmp_path, available_kb=4000, cgroup="0::/\n", files={}) == 4000 * 1024


def test_free_memory_is_bound_by_each_group_up_to_the_root(tmp_path: Path) -> None:
    files = {
        "a/memory.max": "9000000",
        "a/memory.current": "6000000",
        "a/memory.stat": "anon 1\ninactive_file 500000\n",
        "a/b/memory.max": "max",
        "a/b/memory.current": "100",
    }
    assert machine(tmp_path, available_kb=4000, cgroup="0::/a/b\n", files=files) == 3_500_000


def test_free_memory_in_a_container_that_sees_its_own_root_only(tmp_path: Path) -> None:
    files = {"memory.max": "2000000", "memory.current": "500000", "memory.stat": ""}
    assert machine(tmp_path, available_kb=4000, cgroup="0::/docker/f00\n", files=files) == 1_500_000


def test_free_memory_in_the_older_control_groups(tmp_path: Path) -> None:
    files = {
        "memory/x/memory.limit_in_bytes": "3000000",
        "memory/x/memory.usage_in_bytes": "1000000",
        "memory/x/memory.stat": "total_inactive_file 250000\n",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/memory.usage_in_bytes": "1",
        "memory/memory.stat": "",
    }
    groups = "5:cpu,cpuacct:/x\n4:memory:/x\n0::/x\n"
    assert machine(tmp_path, available_kb=4000, cgroup=groups, files=files) == 2_250_000


def test_free_memory_elsewhere(tmp_path: Path) -> None:
    assert free_memory(proc=tmp_path / "none") > 0
    assert free_memory() > 0
