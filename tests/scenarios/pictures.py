"""docs/scenarios.md: every scenario with its sentence, what a check finds, and a picture made by `kubecheck graph`.

    python -m tests.scenarios.pictures [NAME…]     draws the pictures (all of them take some minutes) and writes the page

A violated scenario is shown by its shortest path, one that holds by a quotient: states merged by a few numbers. The page has a digest
of each picture in Graphviz's language, from which test_scenarios.py sees whether a quick one is still as the command makes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import io
import re
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

from kubecheck.cli.main import main as kubecheck
from kubecheck.model.scenarios import ALL, REGISTRY, Violates
from tests.scenarios import pins

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGE: Final = DOCS / "scenarios.md"
PICTURES: Final = DOCS / "pictures" / "scenarios"

SIZES_AND_READY: Final = "sum(r.replicas for r in replica_sets), count(p.ready for p in pods)"
PODS: Final = "count(p.exists for p in pods), count(p.ready for p in pods)"
WATCHES: Final = "any(i.stage is Stage.WATCH for i in c)"
BY: Final = {
    "apply": PODS,
    "containers": "count(p.exists for p in pods), sum(r for r in runtime.running)",
    "full-nodes": PODS,
    "node-cut-off": "network.outages, count(p.exists for p in pods), count(p.ready for p in pods)",
    "scheduler-restart": "count(p.node is not None for p in pods), count(p is not None for p in assumed)",
    "stateful-node-cut-off": PODS,
    "request-chain": "etcd.uid(), last_request.verb",
    "lists-and-watches": f"count({WATCHES} for c in informers), max(max(i.last for i in c) for c in informers)",
    "two-resources": "etcd.revision(), sum(count(i.stage is Stage.WATCH for i in c) for c in informers)",
    "garbage-collection": "others.deleted, count(o.exists for o in objects), count(o.deleting for o in objects)",
    "seeded-requests": "etcd.revision(), cache.last",
    "namespace-deletion": "namespace.life, count(o.there for o in objects), count(o.going for o in objects)",
}

HEAD: Final = """# Scenarios

Each is a file in model/scenarios/ with a scope and what a check of it must find; `kubecheck check NAME` checks it again and says whether it
found that. A picture of one that is violated is its shortest path; of one that holds, all of its states, merged by the numbers in the
nodes. docs/graph.md explains the pictures, docs/scope.md the fields of scopes.

This page is written by `python -m tests.scenarios.pictures`; the command below a picture draws it, too.
"""


def arguments(name: str) -> list[str]:
    """What `kubecheck graph` is told, without where to write."""
    if isinstance(ALL[name].expected, Violates):
        return ["graph", name, "--view", "path", "--alternatives", "0"]
    return ["graph", name, "--view", "quotient", "--by", BY.get(name, SIZES_AND_READY)]


def drawn(name: str, *files: Path) -> str:
    """Draws the scenario into files and gives the digest of the picture in Graphviz's language."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        dot = Path(folder) / "picture.dot"
        outputs = [text for file in (dot, *files) for text in ("-o", str(file))]
        code = kubecheck([*arguments(name), "-q", *outputs])
        assert code == 0, f"kubecheck {' '.join(arguments(name))}: exit code {code}"
        return hashlib.sha256(dot.read_bytes()).hexdigest()[:16]


def section(name: str, digest: str) -> str:
    """What the page says of a scenario."""
    scenario = ALL[name]
    module = import_module(f"kubecheck.model.scenarios.{pins.file_of(name).stem}")
    title, _, more = inspect.cleandoc(module.__doc__ or "").partition("\n\n")
    told = f"\n{more}\n" if more else ""
    command = " ".join(f'"{word}"' if " " in word else word for word in arguments(name))
    return (
        f"\n### {name}\n\n{title} {scenario.sentence}\n{told}\nA check finds: {scenario.expected}.\n\n"
        f"![{name}](pictures/scenarios/{name}.svg)\n\n`kubecheck {command}` <!-- {name}: {digest} -->\n"
    )


def digests() -> dict[str, str]:
    """The digests in the page."""
    text = PAGE.read_text() if PAGE.exists() else ""
    return {match[1]: match[2] for match in re.finditer(r"<!-- ([\w.-]+): ([0-9a-f]{16}) -->", text)}


def page(known: dict[str, str]) -> str:
    """The page, with these digests."""
    text = HEAD + "\n## Clusters\n"
    for name in ALL:
        if name == next(iter(REGISTRY)):
            text += "\n## The API server and what is built on it\n"
        text += section(name, known[name])
    return text


def main(names: list[str]) -> None:
    """Draw the pictures and write the page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    known = digests()
    for name in names or ALL:
        known[name] = drawn(name, PICTURES / f"{name}.svg")
        sys.stdout.write(f"{name}: {(PICTURES / f'{name}.svg').stat().st_size:,} bytes\n")
        sys.stdout.flush()
    PAGE.write_text(page(known))


if __name__ == "__main__":
    main(sys.argv[1:])
