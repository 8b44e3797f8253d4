"""How a watch cache follows etcd: event by event, by progress notifications, or by listing anew.

Facts, from staging/src/k8s.io/apiserver/pkg/storage: cacher/cacher.go (startCaching; the reflector's MaxInternalErrorRetryDuration),
etcd3/watcher.go (startWatching), etcd3/event.go (parseEvent), and etcd's server/storage/mvcc/watchable_store.go:

- The cache is filled by a reflector, as a client's store is. It watches etcd from its resourceVersion on.
- etcd refuses a watch whose first revision is before the compacted one. The write at the compacted revision itself can still be watched,
  but what the object was before it is gone: the event has no PrevKV, and unless it is a creation the API server takes that for an
  internal error. Until 1.24 the reflector listed anew; since (kubernetes#111387) it watches again from the same
  revision, for 30 seconds.
- Before etcd 3.4.34 and 3.5.16 (etcd#18274) a deletion at the compacted revision was not to be watched any more, and nobody was told
  (etcd#18089).
"""

from __future__ import annotations

from kubecheck.model.registry.etcd import Etcd, Operation, Write
from kubecheck.model.registry.resources import Resource
from kubecheck.model.registry.watch_cache import WatchCache
from kubecheck.spec import first, present, require


def next_write(etcd: Etcd, cache: WatchCache, resource: Resource) -> Write | None:
    """The next write in etcd's history that the cache's watch is to deliver."""
    return first(
        w
        for w in etcd.history()
        if w.revision > cache.version() and resource.has_write(w.slot) and not is_passed_over(etcd, cache, w)
    )


def is_passed_over(etcd: Etcd, cache: WatchCache, written: Write) -> bool:
    """Whether it is a deletion that was gone from etcd when the cache began to watch again."""
    return cache.watches_again() and written.revision == etcd.compacted() and written.operation is Operation.DELETE


def has_previous(etcd: Etcd, written: Write) -> bool:
    """Whether the event says what was before (PrevKV), or needs not."""
    return written.revision > etcd.compacted() or written.operation is Operation.CREATE


def take_in_next(etcd: Etcd, cache: WatchCache, resource: Resource, capacity: int) -> None:
    """The cache takes in the next event. Not enabled if there is none, or if etcd cannot deliver it."""
    require(not cache.is_cut_off())
    written = present(next_write(etcd, cache, resource))
    require(has_previous(etcd, written))
    cache.take_in(written, present(written.slot), capacity)


def meets_internal_error(etcd: Etcd, cache: WatchCache, resource: Resource) -> bool:
    """Whether the next event comes without PrevKV."""
    written = next_write(etcd, cache, resource)
    return written is not None and not has_previous(etcd, written)


def watch_again(etcd: Etcd, cache: WatchCache, resource: Resource) -> None:
    """After the internal error the cache watches again from its revision, and etcd has no tombstone there any more."""
    require(not cache.is_cut_off())
    written = present(next_write(etcd, cache, resource))
    require(not has_previous(etcd, written) and written.operation is Operation.DELETE)
    cache.begin_again()
