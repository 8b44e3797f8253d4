"""What a watch cache does with the events that etcd has compacted, and an informer with a broken connection, step by step."""

from __future__ import annotations

from typing import Any

from kubecheck.model.registry.cacher import meets_internal_error, take_in_next, watch_again
from kubecheck.model.registry.watching import WatchingScope, watching
from tests.model.registry.laboratory import Bench, Laboratory


def takes_in(bench: Bench) -> bool:
    return bench.enabled(lambda lab: take_in_next(lab.etcd, lab.cache, bench.resource, bench.window))


def fails(bench: Bench) -> bool:
    return bench.run(lambda lab: meets_internal_error(lab.etcd, lab.cache, bench.resource))


def begins_again(bench: Bench) -> bool:
    return bench.enabled(lambda lab: watch_again(lab.etcd, lab.cache, bench.resource))


def compact(bench: Bench, revision: int) -> None:
    def request(lab: Any) -> None:
        lab.cache.lose(lab.etcd, bench.resource, revision)
        lab.etcd.compact(revision)

    bench.run(request)


def test_a_creation_at_the_compacted_revision_needs_no_previous_object() -> None:
    """staging/src/k8s.io/apiserver/pkg/storage/etcd3/event.go, parseEvent (`if !e.IsCreate() && e.PrevKv == nil`)."""
    bench = Bench(1)
    bench.write(0, seen=False)
    compact(bench, 1)
    assert not fails(bench)
    assert takes_in(bench)
    bench.write(0, seen=False)
    compact(bench, 2)
    assert fails(bench)
    assert not takes_in(bench)
    assert not begins_again(bench)  # what was updated is still there


def test_only_a_cache_that_etcd_does_not_refuse_watches_again() -> None:
    """cacher/cacher.go, startCaching: the reflector watches again after an internal error (kubernetes#111387), but lists after 410.

    etcd refuses a watch whose first revision is before the compacted one (mvcc/watchable_store.go, syncWatchers).
    """
    bench = Bench(1)
    bench.write(0)
    bench.write(0, delete=True, seen=False)
    assert not begins_again(bench)  # there is no error yet
    compact(bench, 2)
    assert begins_again(bench)
    bench = Bench(1)
    bench.write(0)
    bench.write(0, seen=False)
    bench.write(0, delete=True, seen=False)
    compact(bench, 3)
    assert not begins_again(bench)


def test_who_is_about_to_list_lists_though_the_connection_breaks() -> None:
    """reflector.go, ListAndWatchWithContext: it lists until it has a list."""
    lab = Laboratory(watching(WatchingScope(broken_watches=1, server_restarts=1)))
    assert lab.takes("list_resource", client=0, kind=0)
    assert lab.takes("update", slot=0)
    assert lab.takes("restart_server", server=0)
    assert lab.takes("open_watch", client=0, kind=0)  # 410: the watch cache begins with a later list
    assert not lab.takes("open_watch", client=0, kind=0)
    assert lab.takes("break_connection", client=0, kind=0, server=0, lists=False)
    assert not lab.takes("open_watch", client=0, kind=0)
    assert lab.takes("list_resource", client=0, kind=0)
