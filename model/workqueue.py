"""The work queue of a controller: which keys are in it, what a sync that failed and an event do to them.

Facts, from staging/src/k8s.io/client-go/util/workqueue (queue.go, rate_limiting_queue.go) and a controller's processNextWorkItem:
- A key is in the queue once, however often it is added; it is never processed twice at a time; added during its processing, it is
  processed again afterwards.
- After a sync that failed the key is added again, with a delay (AddRateLimited); after one that succeeded its failures are forgotten.
- Only what a controller has registered a handler for adds a key, and the handler may pass an event over; informer.py and apiserver.py
  (`_put_…`) have the handlers. A resync adds all keys, after 12 to 24 hours (cmd/kube-controller-manager/app/controllermanager.go,
  ResyncPeriod): a budget, `resyncs`.

How it is kept small: a key that is in the queue is processed whenever its sync would make a request; a sync that makes none cannot be seen
by anybody. It leaves the queue, IDLE, only where its absence can be told: where something that no handler tells of may give it
work (deployment_controller.py, forget_until_next_event), where its error was not followed by a requeue, and where time alone
gives it work (expectations that expire). Everywhere else each change that could give it work adds it, too.

No `from __future__ import annotations` here: with it a class that is made in a function cannot name the function's parameters.
"""

import enum
from typing import Any, Protocol, TypeVar

from kubecheck.model.answers import Answer
from kubecheck.model.scope import ClusterScope
from kubecheck.spec import Array, Sort, State

K = TypeVar("K", bound="Sort")  # quoted: a Sort has a truth value only within a spec


class Work(enum.Enum):
    """A key of a work queue.

    READY: it is in the queue, or a sync of it is in progress. CONFLICTED and BACKOFF: so too, and its last sync failed, with 409
    Conflict or with another error. IDLE: it is not, and waits for an event or a resync.
    """

    READY = "ready"
    CONFLICTED = "conflicted"
    BACKOFF = "backoff"
    IDLE = "idle"


class WorkQueue(Protocol[K]):
    """What `work_queue` makes: the keys of one controller, and how each of them is."""

    keys: Array[K, Work]

    def has(self, name: K) -> bool:
        """Whether the key may be processed."""

    def add(self, name: K) -> None:
        """An event, or a resync: the key is in the queue."""

    def add_all(self) -> None:
        """A new list: each object is an event."""

    def forget(self, name: K) -> None:
        """The key leaves the queue until the next event."""

    def after(self, scope: ClusterScope, name: K, answer: Answer) -> None:
        """A request was answered so: the sync goes on, or it has failed and the key is added again, with a delay."""


def work_queue(key: type[K]) -> Any:
    """The State class of a WorkQueue with these keys, a Sort. At first all are in it: a controller lists when it starts."""

    class Queue(State):
        """See WorkQueue."""

        keys: Array[key, Work]  # type: ignore[valid-type]

        def has(self, name: key) -> bool:  # type: ignore[valid-type]
            return self.keys[name] is not Work.IDLE

        def add(self, name: key) -> None:  # type: ignore[valid-type]
            self.keys[name] = Work.READY

        def add_all(self) -> None:
            for name in key:
                self.keys[name] = Work.READY

        def forget(self, name: key) -> None:  # type: ignore[valid-type]
            self.keys[name] = Work.IDLE

        def after(self, scope: ClusterScope, name: key, answer: Answer) -> None:  # type: ignore[valid-type]
            if answer is Answer.OK:
                self.keys[name] = Work.READY
            elif not scope.features.requeue_on_error:
                self.keys[name] = Work.IDLE
            else:
                self.keys[name] = Work.CONFLICTED if answer is Answer.CONFLICT else Work.BACKOFF

    return Queue
