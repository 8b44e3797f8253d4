"""A small operator of one's own: it makes a bucket in a cloud for each BucketClaim, and empties the cloud when a claim is deleted.

docs/own-controller.md takes this file apart. The first version has a bug that most operators have at first: it believes its informer,
which has not seen yet what the operator itself has written. Waiting for that does not help after a crash; names that are fixed do.

    kubecheck check examples/operator/bucket_operator.py
    kubecheck check examples/operator/bucket_operator.py --set waits=true
    kubecheck check examples/operator/bucket_operator.py --set fixed_names=true
    kubecheck check examples/operator/bucket_operator.py --set fixed_names=true --set finalizer=false
"""

from __future__ import annotations

from typing import Annotated

from kubecheck.spec import (
    Array,
    MaxLen,
    Module,
    Range,
    Record,
    Seq,
    Set,
    Sort,
    Spec,
    State,
    count,
    first,
    present,
    require,
)


class Claim(Sort, size="claims"):
    """A BucketClaim: the custom resource that users write."""


class Bucket(Sort, size="buckets"):
    """A name of a bucket in the cloud. With fixed names, bucket-0 is the name for claim-0, and so on."""


class BucketClaim(Record):
    """The object in the API server: `bucket` is in its status, `finalizer` and `deleting` in its metadata."""

    exists: bool = False
    deleting: bool = False
    finalizer: bool = False
    bucket: Bucket | None = None


class Write(Record):
    """One version of one claim, on its way to the informer."""

    claim: Claim | None = None
    new: BucketClaim = BucketClaim()


class ApiServer(State):
    """The API server with the etcd behind it, and the writes that the operator's informer has not seen, in their order."""

    claims: Array[Claim, BucketClaim]
    seen: Array[Claim, BucketClaim]
    unseen: Annotated[Seq[Write], MaxLen("lag")]

    def write(self, claim: Claim, new: BucketClaim) -> None:
        """Stores a claim. The informer learns of it later; one that is as far behind as may be is waited for.

        A write that changes nothing makes no new version, and nobody is told.
        """
        if new != self.claims[claim]:
            self.claims[claim] = new
            self.unseen = self.unseen + (Write(claim=claim, new=new),)  # noqa: RUF005 - a Seq grows by +

    def show(self) -> Claim:
        """The informer's store takes the next version, as it was when it was written: none is left out. Which claim it is of."""
        require(len(self.unseen) > 0)
        shown = self.unseen[0]
        claim = present(shown.claim)
        self.unseen = self.unseen[1:]
        self.seen[claim] = shown.new
        return claim

    def is_current(self, claim: Claim) -> bool:
        """Whether the informer has seen the last write to a claim: an update that names what it shows is not refused with 409."""
        return all(write.claim != claim for write in self.unseen)


class Cloud(State):
    """What costs money: the buckets that exist, each with the claim that it was made for."""

    made_for: Array[Bucket, Claim | None]


class Operator(State):
    """The operator's memory, lost when it crashes: the bucket that it has made and not yet written to the claim's status.

    With `waits`, also the claims that it has written and not yet seen written.
    """

    made: Array[Claim, Bucket | None]
    written: Set[Claim]
    crashed: Annotated[int, Range(0, "crashes")]


def buckets_of(cloud: Cloud, claim: Claim) -> int:
    """How many buckets the cloud has for a claim."""
    return count(owner == claim for owner in cloud.made_for)


def users(*, lag: int) -> Module:
    """What users do: they create a claim, and delete it."""
    module = Module("users", ApiServer)

    @module.action(actor="user", kind="environment")
    def create_claim(api: ApiServer, claim: Claim) -> None:
        """A user creates a BucketClaim."""
        require(len(api.unseen) < lag and not api.claims[claim].exists)
        api.write(claim, BucketClaim(exists=True))

    @module.action(actor="user", kind="environment")
    def delete_claim(api: ApiServer, claim: Claim) -> None:
        """A user deletes it: it stays as long as it has a finalizer."""
        stored = api.claims[claim]
        require(len(api.unseen) < lag and stored.exists and not stored.deleting)
        api.write(claim, stored.next(deleting=True) if stored.finalizer else BucketClaim())

    return module


def operator(*, lag: int, crashes: int, waits: bool, fixed_names: bool, finalizer: bool) -> Module:
    """The operator: each request, to the API server or to the cloud, is a step of its own. It looks at its informer only."""
    module = Module("operator", ApiServer, Cloud, Operator)

    @module.action(actor="informer")
    def see(api: ApiServer, memory: Operator) -> None:
        """The informer shows the next write, and calls the operator's handler."""
        claim = api.show()
        memory.written -= {claim}

    if finalizer:

        @module.action(actor="operator")
        def add_finalizer(api: ApiServer, claim: Claim) -> None:
            """Before it makes anything, the operator adds its finalizer."""
            seen = api.seen[claim]
            require(seen.exists and not seen.deleting and not seen.finalizer)
            require(len(api.unseen) < lag and api.is_current(claim))  # an update of a stale object is refused with 409
            api.write(claim, seen.next(finalizer=True))

    @module.action(actor="operator")
    def make_bucket(api: ApiServer, cloud: Cloud, memory: Operator, claim: Claim) -> None:
        """A claim without a bucket gets one: a request to the cloud."""
        seen = api.seen[claim]
        require(seen.exists and not seen.deleting and seen.finalizer == finalizer)
        require(seen.bucket is None and memory.made[claim] is None)
        require(not waits or claim not in memory.written)
        if fixed_names:
            name = Bucket(claim.index)  # made already? The cloud answers "exists", and it is taken over
        else:
            name = present(first(b for b in Bucket if cloud.made_for[b] is None))
        cloud.made_for[name] = claim
        memory.made[claim] = name

    @module.action(actor="operator")
    def write_status(api: ApiServer, memory: Operator, claim: Claim) -> None:
        """The operator writes the bucket's name to the claim's status."""
        name = present(memory.made[claim])
        stored = api.claims[claim]
        require(len(api.unseen) < lag and api.is_current(claim))
        memory.made[claim] = None
        if stored.exists and not stored.deleting:
            api.write(claim, stored.next(bucket=name))
            if waits:
                memory.written |= {claim}

    @module.action(actor="operator")
    def delete_buckets(api: ApiServer, cloud: Cloud, claim: Claim) -> None:
        """A claim that is being deleted: its bucket is deleted in the cloud."""
        seen = api.seen[claim]
        require(seen.exists and seen.deleting)
        name = Bucket(claim.index) if fixed_names else present(seen.bucket)
        require(cloud.made_for[name] is not None)
        cloud.made_for[name] = None

    @module.action(actor="operator")
    def remove_finalizer(api: ApiServer, cloud: Cloud, memory: Operator, claim: Claim) -> None:
        """Once its bucket is gone, the claim may go."""
        seen = api.seen[claim]
        require(seen.exists and seen.deleting and len(api.unseen) < lag and api.is_current(claim))
        require(memory.made[claim] is None)
        if fixed_names:
            require(cloud.made_for[Bucket(claim.index)] is None)
        else:
            require(seen.bucket is None or cloud.made_for[seen.bucket] is None)
        api.write(claim, BucketClaim())

    if crashes:

        @module.action(actor="operator", kind="fault")
        def crash(api: ApiServer, memory: Operator) -> None:
            """The operator crashes and restarts: it remembers nothing, and its informer lists anew."""
            require(memory.crashed < crashes)
            memory.crashed += 1
            memory.written = memory.written & set()
            api.unseen = api.unseen[len(api.unseen) :]
            for claim in Claim:
                memory.made[claim] = None
                api.seen[claim] = api.claims[claim]

    return module


def bucket_operator(
    *,
    claims: int = 1,
    buckets: int = 2,
    lag: int = 2,
    crashes: int = 1,
    waits: bool = False,
    fixed_names: bool = False,
    finalizer: bool = True,
) -> Spec:
    """The operator, its users, its cloud. `waits` is half a fix, `fixed_names` a whole one; `finalizer` can be taken away."""
    spec = Spec("bucket-operator", scope={"claims": claims, "buckets": max(claims, buckets), "lag": lag, "crashes": crashes})
    spec.include(users(lag=lag))
    spec.include(operator(lag=lag, crashes=crashes, waits=waits, fixed_names=fixed_names, finalizer=finalizer))

    @spec.invariant
    def one_bucket_for_a_claim(cloud: Cloud, claim: Claim) -> bool:
        """No claim has two buckets."""
        return buckets_of(cloud, claim) <= 1

    @spec.quiescent
    def nothing_is_left_behind(api: ApiServer, cloud: Cloud, claim: Claim) -> bool:
        """When everything is quiet, a claim that is gone has left no bucket."""
        require(not api.claims[claim].exists)
        return buckets_of(cloud, claim) == 0

    @spec.quiescent
    def a_claim_has_its_bucket(api: ApiServer, cloud: Cloud, claim: Claim) -> bool:
        """When everything is quiet, a claim that exists names a bucket of its own."""
        require(api.claims[claim].exists)
        name = api.claims[claim].bucket
        return name is not None and cloud.made_for[name] == claim

    @spec.reachable
    def a_bucket_is_ready(api: ApiServer, claim: Claim) -> bool:
        """A claim gets its bucket."""
        return api.claims[claim].bucket is not None

    @spec.reachable
    def a_bucket_is_deleted_again(api: ApiServer, cloud: Cloud, claim: Claim) -> bool:
        """A claim that is being deleted loses its bucket."""
        return api.claims[claim].deleting and api.claims[claim].bucket is not None and buckets_of(cloud, claim) == 0

    @spec.summary
    def picture(api: ApiServer, cloud: Cloud, memory: Operator) -> list[str]:
        """What a node of a graph says."""
        lines = []
        for claim in Claim:
            stored = api.claims[claim]
            if stored.exists:
                bucket = f"bucket {stored.bucket}" if stored.bucket is not None else "no bucket"
                marks = [bucket] + ["finalizer"] * stored.finalizer + ["deleting"] * stored.deleting
                lines.append(f"{claim}: {', '.join(marks)}")
            if memory.made[claim] is not None:
                lines.append(f"operator has made {memory.made[claim]} for {claim}")
        there = [str(bucket) for bucket in Bucket if cloud.made_for[bucket] is not None]
        lines.append(f"cloud: {', '.join(there) or 'empty'}")
        if len(api.unseen):
            lines.append(f"informer {len(api.unseen)} behind")
        return lines

    return spec
