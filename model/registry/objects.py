"""API objects as the registry handles them: metadata in full, contents as small numbers that name a content.

A registry (staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go) treats all kinds alike. What differs between kinds is a
`Strategy` (kinds.py), and what labels, spec or status say is nobody's business here: two equal numbers are two equal contents, 0 is the
empty one. A few facts of pods that the registry decides by have fields of their own.

A range or a sort of size 0 takes no bits, so that a spec pays for what its scope uses only. The sizes:

| scope name | what |
|---|---|
| objects | slots: names of one kind in one namespace (several kinds: several runs of slots) |
| revisions | the greatest etcd revision of a run; every write takes the next one |
| uids | the greatest uid; every creation takes the next one. uids that nobody has may be sent by clients: leave room |
| generations | the greatest metadata.generation |
| finalizers | the greatest number of finalizers of an object |
| finalizer_names | the greatest finalizer; 0 and 1 are ORPHAN and FOREGROUND, the garbage collector's |
| contents | the greatest content of labels, annotations, spec, status, owners and managed fields |
| graces | the greatest grace period |
| nodes | the greatest node; 0 is none |
"""

from __future__ import annotations

from typing import Annotated, Final

from kubecheck.spec import MaxLen, Range, Record, Seq, Sort

# The finalizers that DELETE itself adds and takes away (staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go).
ORPHAN: Final = 0
FOREGROUND: Final = 1


class Slot(Sort, size="objects"):
    """A key of etcd: one kind, namespace and name. Lists are in the order of slots, so slots of a kind are in the order of the keys."""


class Stored(Record):
    """An object in etcd. `uid` 0: there is none, and everything else has its default.

    `version` is the resourceVersion, the revision of the last write. `deleting`: it has a deletionTimestamp; `grace` is then its
    deletionGracePeriodSeconds. `owners` are the ownerReferences, `managed` the managedFields (who owns which field).

    Of pods: the `node` that it is bound to, whether its phase is `terminal` (Succeeded or Failed), whether it is `gated`
    (spec.schedulingGates), and `spec_grace`, spec.terminationGracePeriodSeconds. They are parts of the spec and the status. A namespace
    is `gated` while its spec.finalizers has any.
    """

    uid: Annotated[int, Range(0, "uids")] = 0
    version: Annotated[int, Range(0, "revisions")] = 0
    generation: Annotated[int, Range(0, "generations")] = 0
    deleting: bool = False
    grace: Annotated[int, Range(0, "graces")] | None = None
    finalizers: Annotated[Seq[Annotated[int, Range(0, "finalizer_names")]], MaxLen("finalizers")] = Seq()
    owners: Annotated[int, Range(0, "contents")] = 0
    labels: Annotated[int, Range(0, "contents")] = 0
    annotations: Annotated[int, Range(0, "contents")] = 0
    spec: Annotated[int, Range(0, "contents")] = 0
    status: Annotated[int, Range(0, "contents")] = 0
    managed: Annotated[int, Range(0, "contents")] = 0
    node: Annotated[int, Range(0, "nodes")] = 0
    terminal: bool = False
    gated: bool = False
    spec_grace: Annotated[int, Range(0, "graces")] = 0

    @property
    def exists(self) -> bool:
        """Whether there is an object."""
        return self.uid != 0
