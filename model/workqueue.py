"""The work queue of a controller: what each key's state is, and what an error and an event do to it.

Facts, from staging/src/k8s.io/client-go/util/workqueue (queue.go, rate_limiting_queue.go) and a controller's processNextWorkItem:
- A key is in the queue once, however often it is added; it is never processed twice at a time; added during its processing, it is
  processed again afterwards.
- After a sync that failed the key is added again, with a delay (AddRateLimited); after one that succeeded its failures are forgotten.
- Every informer event about an object or what it owns adds the key; so does a resync, at any time.

How it is kept small: a key is not stored as queued. It counts as queued whenever its sync would make a request. That is what a queue
amounts to when every event adds the key and a resync may add it at any time: a sync that makes no request cannot be seen by
anybody, and one that makes a request can run. What a resync would hide, an error that is not followed by a requeue, is stored: DROPPED.
"""

from __future__ import annotations

import enum

from kubecheck.model.apiserver import Answer
from kubecheck.model.scope import ClusterScope


class Work(enum.Enum):
    """A key of a work queue.

    READY: is processed whenever there is something to do. CONFLICTED and BACKOFF: so too, and its last sync failed, with 409
    Conflict or with another error. DROPPED: its last sync failed and nobody put it back; it waits for an event.
    """

    READY = "ready"
    CONFLICTED = "conflicted"
    BACKOFF = "backoff"
    DROPPED = "dropped"


def after_request(scope: ClusterScope, answer: Answer) -> Work:
    """The key after a sync that ended with this answer."""
    if answer is Answer.OK:
        return Work.READY
    if not scope.features.requeue_on_error:
        return Work.DROPPED
    return Work.CONFLICTED if answer is Answer.CONFLICT else Work.BACKOFF
