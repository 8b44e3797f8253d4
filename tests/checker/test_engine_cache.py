"""What is cached on disk is code that will be run: a damaged or foreign entry is discarded, never trusted."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kubecheck import checker
from kubecheck.checker.cache import Cache, cache_folder
from kubecheck.checker.engine import compiled
from kubecheck.checker.engine.explore import explore
from kubecheck.checker.report import Limits, Verdict
from tests.benchmarks.stale_replicas import stale_replicas
from tests.checker.engine_toys import counter


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "own")


def entry(cache: Cache) -> Path:
    """The one entry there is."""
    (found,) = cache.folder.iterdir()
    return found


def test_what_was_put_is_got(cache: Cache) -> None:
    assert cache.get("key") is None
    cache.put("key", b"payload")
    cache.put("other", b"")
    assert cache.get("key") == b"payload"
    assert cache.get("other") == b""
    cache.put("key", b"newer")
    assert Cache(cache.folder).get("key") == b"newer"


def test_the_folder_is_private(cache: Cache) -> None:
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    cache.put("key", b"payload")
    assert entry(cache).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_a_changed_bit_discards_an_entry(cache: Cache, position: int) -> None:
    cache.put("key", b"a payload of some length")
    content = bytearray(entry(cache).read_bytes())
    content[position] ^= 1
    entry(cache).write_bytes(content)
    assert cache.get("key") is None
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("length", [0, 10, 49, 50, 55])
def test_a_cut_entry_is_discarded(cache: Cache, length: int) -> None:
    cache.put("key", b"payload")
    entry(cache).write_bytes(entry(cache).read_bytes()[:length])
    assert cache.get("key") is None
    assert list(cache.folder.iterdir()) == []


def test_an_entry_under_another_name_is_discarded(cache: Cache) -> None:
    cache.put("key", b"payload")
    entry(cache).rename(cache.folder / hashlib.sha256(b"wanted").hexdigest())
    assert cache.get("wanted") is None
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_an_entry_that_others_can_write_is_discarded(cache: Cache, mode: int) -> None:
    cache.put("key", b"payload")
    entry(cache).chmod(mode)
    assert cache.get("key") is None
    assert list(cache.folder.iterdir()) == []


def test_a_link_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    cache.put("key", b"payload")
    path = entry(cache)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.get("key") is None
    assert (tmp_path / "elsewhere").exists()
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_that_others_can_enter_is_not_used(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(0o700)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(mode)
    cache = Cache(folder)
    cache.put("key", b"payload")
    assert cache.get("key") is None
    assert list(folder.iterdir()) == []


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Cache(tmp_path / "own").put("key", b"payload")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert Cache(tmp_path / "own").get("key") is None


def test_an_entry_of_somebody_else_is_discarded(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("key", b"payload")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache.get("key") is None


def test_a_folder_that_cannot_be_made_is_an_empty_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "folder")
    cache.put("key", b"payload")
    assert cache.get("key") is None


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "small", size_limit=1000)
    now = 1_000_000_000
    for number in range(3):
        cache.put(str(number), bytes(250))
        os.utime(cache.folder / hashlib.sha256(str(number).encode()).hexdigest(), (now + number, now + number))
    assert cache.get("0") == bytes(250)  # used now
    cache.put("3", bytes(250))
    assert cache.get("1") is None
    assert [cache.get(key) for key in ("0", "2", "3")] == [bytes(250)] * 3
    assert sum(path.stat().st_size for path in cache.folder.iterdir()) <= 1000


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/kubecheck")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder({}) == Path("/home/me/.cache/kubecheck")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}) == Path("/home/me/.cache/kubecheck")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder({}) == Path("/home/me/Library/Caches/kubecheck")


def test_kernels_are_compiled_once_and_again_when_their_entry_is_damaged(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_code = compiled._compile(compiled.Kernels, 2, -1)
    times: list[int] = []

    def counted(kind: type, words: int, hash_mask: int) -> bytes:
        assert kind is compiled.Kernels
        times.append(words)
        return machine_code

    monkeypatch.setattr(compiled, "_compile", counted)
    compiled.load_kernels(2, cache=cache)
    compiled.load_kernels(2, cache=cache)
    assert times == [2]
    content = entry(cache).read_bytes()
    entry(cache).write_bytes(content[:-100] + bytes(100))
    kernels = compiled.load_kernels(2, cache=cache)
    assert times == [2, 2]
    assert explore(counter(4), kernels, limits=Limits()).store.distinct == 4**4
    assert entry(cache).read_bytes() == content


def test_kernels_need_neither_numba_nor_python(tmp_path: Path) -> None:
    """They run without the interpreter's lock, and are read from the cache by processes that never import Numba."""
    script = (
        "import sys; from pathlib import Path\n"
        "from kubecheck.checker.cache import Cache\n"
        "from kubecheck.checker.engine.compiled import load_kernels\n"
        "load_kernels(2, cache=Cache(Path(sys.argv[1]) / 'cache'))\n"
        "print('numba' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    answers = [subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert answers == ["True\n", "False\n"]


def test_kernels_are_compiled_where_numba_is_told_not_to() -> None:
    code = (
        "from kubecheck.checker.engine.compiled import load_kernels\nimport numba\n"
        "load_kernels(1)\nassert numba.config.DISABLE_JIT == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_DISABLE_JIT": "1"})


def test_the_record_is_imported_without_the_engine() -> None:
    script = (
        "import sys; import kubecheck.checker as c; c.Limits, c.Verdict, c.Report\n"
        "print(sorted({'numba', 'numpy', 'llvmlite'} & set(sys.modules)))\n"
        "from kubecheck.checker import check; import kubecheck.checker.checking; assert callable(c.check)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_a_check_without_a_cache_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    spec = stale_replicas(pods=1, nodes=1, desired=1, writes=1, failures=0)
    assert checker.check(spec, cache=False).verdict is Verdict.HOLDS
    assert list(tmp_path.iterdir()) == []
    assert checker.check(spec, cache=True).verdict is Verdict.HOLDS
    assert len(list((tmp_path / "kubecheck").iterdir())) == 2  # the kernels and the spec
    own = Cache(tmp_path / "mine")
    assert checker.check(spec, cache=own).verdict is Verdict.HOLDS
    assert len(list(own.folder.iterdir())) == 2


@pytest.mark.parametrize("what", ["get_host_cpu_name", "get_host_cpu_features"])
def test_code_for_another_processor_is_another_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A home folder may be shared by machines; code for the features of one may be none for the other."""
    from kubecheck.checker import native

    machine = native._target_machine()
    here = compiled._key(compiled.Kernels, 2, 7), native._key("text", machine)
    assert (compiled._key(compiled.Kernels, 2, 7), native._key("text", machine)) == here
    real = getattr(native.llvm, what)()
    other = f"not-{real}" if isinstance(real, str) else type(real)({**real, "one-more": True})
    monkeypatch.setattr(native.llvm, what, lambda: other)
    assert compiled._key(compiled.Kernels, 2, 7) != here[0]
    assert native._key("text", machine) != here[1]
