"""What former leaders still write: an observation, as nothing in Kubernetes prevents it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from kubecheck.traces.event import Event
from kubecheck.traces.history import History
from kubecheck.traces.keys import Key, display_key
from kubecheck.traces.order import interval, surely_before
from kubecheck.traces.rules.roles import role_of
from kubecheck.traces.rules.rule import Rule
from kubecheck.traces.shapes import as_dict, as_text
from kubecheck.traces.versions import Record, Step, slim
from kubecheck.traces.workloads import Workloads, process_of

_LEASE: Final[Key] = ("coordination.k8s.io", "leases", "kube-system", "kube-controller-manager")
_ACCOUNT: Final = "system:serviceaccount:kube-system:"
_PROCESSES: Final = 4_096


class _Term:
    """A time after a lease was taken."""

    def __init__(self, taken: Event, before: str, after: str, former: frozenset[str]) -> None:
        self.taken = taken
        self.before = before
        self.after = after
        self.former = former
        """Processes that had written before, for others than the new holder."""
        self.writes = 0
        self.users: set[str] = set()
        self.last: Event | None = None


class FormerLeader(Rule):
    """A manager that lost its lease."""

    name = "controllers.former-leader"
    sentence = (
        "After the lease of the controller managers has changed hands, processes that wrote for its former holders write no more; what "
        "they still wrote is listed as open, as nothing but their own clocks prevents it."
    )
    source = (
        "staging/src/k8s.io/client-go/tools/leaderelection/leaderelection.go (\"does not guarantee that only one client is acting as a "
        "leader (a.k.a. fencing)\"), renew; cmd/kube-controller-manager/app/controllermanager.go (OnStoppedLeading exits)"
    )
    nothing = "the lease of the controller managers does not change hands in the log, or processes are not told apart"

    def __init__(self, history: History, workloads: Workloads) -> None:
        super().__init__(history, workloads)
        self._holder = ""
        self._seen: OrderedDict[str, str] = OrderedDict()
        """Process -> the holder in whose term it wrote first; the last `_PROCESSES`."""
        self._term: _Term | None = None

    def step(self, step: Step) -> None:
        """The lease: who holds it."""
        if step.record.key != _LEASE or step.after.body is None:
            return
        holder = as_text(as_dict(step.after.body.get("spec")).get("holderIdentity")) or ""
        if not holder or holder == self._holder:
            return
        if self._holder:
            self._close()
            former = frozenset(process for process, of in self._seen.items() if of != holder)
            self._term = _Term(slim(step.after.event), self._holder, holder, former)
        self._holder = holder

    def before_write(self, event: Event, record: Record | None) -> None:
        """A write by a controller: by whose process?"""
        if not self._holder or not (event.user or "").startswith(_ACCOUNT) or role_of(event) is None:
            return
        process = process_of(event)
        if process is None:
            return
        term = self._term
        if process not in self._seen:
            if term is not None and not surely_before(term.taken, event):
                return  # of which of the two it is cannot be told
            self._seen[process] = self._holder
            if len(self._seen) > _PROCESSES:
                self._seen.popitem(last=False)
        if term is None:
            return
        self.judge()
        if process in term.former and surely_before(term.taken, event):
            term.writes += 1
            term.users.add((event.user or "").removeprefix(_ACCOUNT))
            term.last = slim(event)

    def finished(self) -> None:
        """The last term."""
        self._close()

    def _close(self) -> None:
        term, self._term = self._term, None
        if term is None or term.last is None:
            return
        taken, until = interval(term.taken), interval(term.last)
        late = f" within {(until[0] - taken[1]) / 1e6:.1f} s" if taken and until and term.last.received is not None else ""
        self.open.append(
            f"{display_key(_LEASE)} went from {term.before} to {term.after}, and processes of former holders "
            f"({', '.join(sorted(term.users))}) wrote {term.writes} times more{late}, last at {term.last.where}"
        )


RULES: tuple[type[Rule], ...] = (FormerLeader,)
