"""The rule that nobody writes past the API server."""

from __future__ import annotations

from typing import Final

from kubecheck.traces.event import Event, Kind
from kubecheck.traces.keys import display_key
from kubecheck.traces.provenance import Provenance
from kubecheck.traces.rules.rule import Rule


class ThroughApi(Rule):
    """Nobody writes past the API server."""

    name = "requests.through-api"
    sentence = (
        "What was refused, or a dry run, wrote nothing; and every version of an object that a stream delivers, a read answers or a write "
        "names was written by a successful request in the log, if its header says that it has all of them, or else the version is listed "
        "as open: a line may be lost."
    )
    source = (
        "staging/src/k8s.io/apiserver/pkg/server/config.go DefaultBuildHandlerChain; only kube-apiserver has etcd's address and "
        "keys (what it does itself is not judged: see history.py removed_by_server)"
    )
    nothing = "the log does not keep all writes of any object"

    def delivered(self, event: Event) -> None:
        """A delivery whose version a request wrote."""
        record = self.history.record(event)
        known = record.find(event.version) if record is not None and event.version is not None else None
        if known is not None and known.event.kind is Kind.REQUEST:
            self.judge()

    def concluded(self, provenance: Provenance) -> None:
        """What nothing in the log explains."""
        self.judged += provenance.written
        self.not_judged.update(provenance.untold)
        for found in provenance.unwritten:
            missing = found.missing
            others: list[Event | tuple[Event, str]] = []
            if found.refused is not None:
                others.append((found.refused, "refused, or a dry run"))
            if missing.before is not None:
                others.append((missing.before, "the version before"))
            self.judge()
            wrong = (f"resourceVersion {found.number} of {display_key(found.key)} was written by no request in the log (are the logs of "
                     "all API servers there?)")
            told = found.refused is not None and found.refused.version == found.number  # by the very request that wrote nothing
            if told or self.history.promised:
                self.violated(wrong, [found.key], missing.event, *others)
            elif len(self.open) < _OPEN:
                refused = f"; a request for it was refused, or a dry run: {found.refused.where}" if found.refused is not None else ""
                self.open.append(f"{wrong}: {missing.event.where}{refused}")


_OPEN: Final = 100


RULES: tuple[type[Rule], ...] = (ThroughApi,)
