"""The table "The promises of the registry" of docs/model.md: `python -m tests.model.registry.promises` writes it.

A row is a property of a spec of model/registry/: what it says, by the sentence in its source, and what it is violated without, by the
controls and the known bugs that the tests run. What the table needs is only put together here; test_promises.py holds the page against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kubecheck.model.bugs import all_bugs
from kubecheck.model.registry.cluster import plain_cluster
from kubecheck.model.registry.collecting import CollectingScope, collecting
from kubecheck.model.registry.namespace_deletion import namespace_deletion
from kubecheck.model.registry.seeding import seeded
from kubecheck.model.registry.watching import WatchingScope, watching
from kubecheck.spec import PropertyKind, Spec
from tests.model.registry import test_garbage_collection, test_namespace_deletion, test_plain_objects, test_watching
from tests.model.test_bugs_registry import PINNED

PAGE = Path(__file__).parents[3] / "docs" / "model.md"
BEGIN = "<!-- promises of the registry: written by tests/model/registry/promises.py -->\n"
END = "<!-- end of promises -->\n"
HEAD = "| property | says | violated without |\n|---|---|---|\n"


def specs() -> Iterator[Spec]:
    """Specs that have all promises among them: some are declared only where something can break them."""
    yield plain_cluster()
    yield seeded()
    yield watching(WatchingScope(servers=2, broken_watches=1, client_restarts=1, server_restarts=1))
    yield watching(WatchingScope(others=1, watch_others=True, servers=2, server_restarts=1, writes=2))
    for scope in [CollectingScope(), *(scope for scope, _ in test_garbage_collection.LARGER.values())]:
        yield collecting(scope)
    yield namespace_deletion()
    for name in PINNED:
        yield all_bugs()[name].broken()


def promises() -> dict[str, str]:
    """Each promise with what it says, in the order of the specs; what some run must show is none."""
    found: dict[str, str] = {}
    for spec in specs():
        for prop in spec.properties:
            if prop.kind is not PropertyKind.REACHABLE:
                found.setdefault(prop.name, prop.sentence)
    return found


def broken() -> dict[str, list[str]]:
    """What each is violated without, and after how many steps."""
    found: dict[str, list[str]] = {}

    def add(promise: str, without: str, steps: int) -> None:
        found.setdefault(promise, []).append(f"{without}: {steps} step{'s' if steps > 1 else ''}")

    for name, (_, promise, _story) in test_plain_objects.CONTROLS.items():
        found.setdefault(promise, []).append(name)  # by a story that is told, not searched for
    for control in test_watching.CONTROLS:
        add(control.violates, " and ".join(control.without), control.steps)
    for case in test_garbage_collection.CONTROLS:
        add(case.violates, case.without, case.steps)
    for promise, (feature, steps) in test_namespace_deletion.CONTROLS.items():
        add(promise, feature, steps)
    for name, (steps, *_) in PINNED.items():
        bug = all_bugs()[name]
        add(bug.violates, f"{bug.feature} (bug {name})", steps)
    add("deletions_end", "a garbage collector that knows of foreground deletion", 5)
    add("deleted_namespaces_go", "owners that take their finalizers off", 4)
    return found


def table() -> str:
    """The table."""
    without = broken()
    rows = (f"| {name} | {says} | {'<br>'.join(without.get(name, []))} |\n" for name, says in promises().items())
    return HEAD + "".join(rows)


def written() -> str:
    """The table as it stands in the page."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Write the table."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
