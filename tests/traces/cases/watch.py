"""Rules of watch streams."""

from __future__ import annotations

from tests.traces.cases.head import HEAD, NOTHING, Case

WRITES = (
    "1 alice create configmaps t/c -> 201 rv=5 uid=u kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=1}\n"
    "2 alice update configmaps t/c if rv=5 -> 200 rv=6 uid=u kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=2}\n"
)
ENDED = 'w <- BOOKMARK configmaps rv=4 {metadata.annotations."k8s.io/initial-events-end"="true"}\n'
FIRST = "w <- ADDED configmaps t/c rv=5 uid=u {kind=ConfigMap data.x=1}\n"
SECOND = "w <- MODIFIED configmaps t/c rv=6 uid=u {kind=ConfigMap data.x=2}\n"
EXPIRED = 'w <- ERROR configmaps {kind=Status code=410 reason=Expired message="too old resource version"}\n'
AGAIN = (
    "w <- ADDED configmaps t/c rv=6 uid=u {kind=ConfigMap data.x=2}\n"
    'w <- BOOKMARK configmaps rv=6 {metadata.annotations."k8s.io/initial-events-end"="true"}\n'
)
OTHER = "3 alice update configmaps t/c if rv=6 -> 200 rv=7 uid=u kind=ConfigMap {metadata.name=c metadata.namespace=t data.x=3}\n"
THIRD = "w <- MODIFIED configmaps t/c rv=7 uid=u {kind=ConfigMap data.x=3}\n"



def on_one(line: str) -> str:
    """The delivery with its connection told."""
    return line.replace(" {", " connection=1 {", 1)


CASES = {
    "watch.order": Case(
        HEAD + WRITES + ENDED + FIRST + SECOND, HEAD + WRITES + ENDED + FIRST + SECOND + SECOND, HEAD + WRITES
    ),
    "watch.no-gap": Case(
        HEAD + WRITES + OTHER + ENDED + FIRST + SECOND + THIRD,
        HEAD + WRITES + OTHER + ENDED + FIRST + THIRD,
        HEAD + WRITES,
    ),
    "watch.agreement": Case(
        HEAD + WRITES + ENDED + FIRST + SECOND,
        HEAD + WRITES + ENDED + FIRST + SECOND.replace("x=2", "x=9"),
        HEAD + ENDED + FIRST,
    ),
    "watch.not-from-the-future": Case(
        HEAD + WRITES + "1 " + FIRST + "3 " + SECOND,
        HEAD + WRITES + "1 " + FIRST + "1 " + SECOND,
        HEAD + WRITES + FIRST + SECOND,
    ),
    "watch.relist": Case(
        HEAD + WRITES + ENDED + FIRST + SECOND + EXPIRED + AGAIN,
        HEAD + WRITES + ENDED + FIRST + on_one(EXPIRED) + on_one(SECOND),
        HEAD + WRITES + ENDED + FIRST + SECOND,
    ),
    "watch.bookmark": Case(
        HEAD + WRITES + ENDED + FIRST + SECOND + "w <- BOOKMARK configmaps rv=7\n",
        HEAD + WRITES + ENDED + FIRST + "w <- BOOKMARK configmaps rv=6\n" + SECOND,
        NOTHING,
    ),
}
