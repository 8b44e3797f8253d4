"""A limit: where a bound of the scope has stopped the system the check is INCOMPLETE, never a pass."""

from __future__ import annotations

from typing import Annotated

from kubecheck.checker import Verdict, check
from kubecheck.spec import Range, Spec, State, require


class Queue(State):
    waiting: Annotated[int, Range(0, "room")]
    to_come: Annotated[int, Range(0, 3)] = 3


def queue(room: int) -> Spec:
    """Three jobs arrive in a queue that the model gives so much room; nobody works on them."""
    spec = Spec("queue", Queue, scope={"room": room})

    @spec.action(actor="sender")
    def send(s: Queue) -> None:
        """A job arrives, if the model has room for it."""
        require(s.to_come > 0 and s.waiting < room)
        s.waiting += 1
        s.to_come -= 1

    @spec.quiescent
    def nothing_is_lost(s: Queue) -> bool:
        """In the end every job that arrived waits."""
        return s.waiting + s.to_come == 3

    @spec.limit
    def there_is_room(s: Queue) -> bool:
        """No job is kept out for want of room: give the queue more."""
        return s.to_come == 0

    return spec


def test_a_bound_that_stops_the_system_is_no_pass() -> None:
    report = check(queue(2))
    assert report.verdict is Verdict.INCOMPLETE
    assert report.reason == (
        "a bound of the scope stopped the system (there_is_room): No job is kept out for want of room: give the queue more"
    )
    assert report.found == "there_is_room"
    assert [step.action for step in report.path] == ["", "send", "send"]
    assert [p.verdict for p in report.properties] == [Verdict.HOLDS, Verdict.INCOMPLETE]
    assert report.states.distinct == 3  # the search went on to the end all the same


def test_with_room_enough_it_holds() -> None:
    assert check(queue(3)).verdict is Verdict.HOLDS
