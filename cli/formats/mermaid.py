"""A path as a Mermaid sequence diagram, which GitHub, GitLab and many wikis draw.

A component's step is a message to itself, or, in a cluster, to the API server if it wrote an object; a note has what changed. A loop is
drawn as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubecheck.cli.cluster_words import is_cluster
from kubecheck.cli.rows import Row, lanes, rows
from kubecheck.cli.why import shown_reason, why_lines
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubecheck.cli.formats.checked import Checks


def mermaid(checks: Checks) -> bytes:
    """The path that the report shows, as the source of a diagram; without a path, a diagram that says so."""
    return ("\n".join(_lines(checks)) + "\n").encode()


def _lines(checks: Checks) -> Iterator[str]:
    report = checks.decisive.report
    found = rows(report.path)
    names = lanes(found, cluster=is_cluster(report.path)) or [report.spec]
    yield "sequenceDiagram"
    yield f"  title {_text(checks.decisive.subject.title)}"
    for number, name in enumerate(names):
        yield f"  participant p{number} as {_text(name)}"
    everybody = "p0" if len(names) == 1 else f"p0,p{len(names) - 1}"
    for row in found:
        if report.back_to is not None and row.number == report.back_to + 1:
            yield "  loop for ever"
        yield from _step(row, names, everybody)
    if report.back_to is not None:
        yield "  end"
    end = why_lines(report) if report.path else []
    conclusion = (shown_reason(report) or report.verdict.value).splitlines()[0]
    yield f"  Note over {everybody}: {_text(f'{report.verdict.value}: {conclusion}')}"
    if end:
        yield f"  Note over {everybody}: {'<br/>'.join(_text(line.strip()) for line in end)}"


def _step(row: Row, names: list[str], everybody: str) -> Iterator[str]:
    changes = "<br/>".join(_text(change) for change in row.changes)
    if not row.lane:
        yield f"  Note over {everybody}: {_text(row.action)}{f'<br/>{changes}' if changes else ''}"
        return
    mover = names.index(row.lane)
    other = names.index("api-server") if row.revision and "api-server" in names else mover
    arrow = "-x" if row.kind == "fault" else "->>"
    yield f"  p{mover}{arrow}p{other}: {row.number}. {_text(row.action)}"
    if changes:
        yield f"  Note over p{other}: {changes}"


_ENTITIES = str.maketrans({"#": "#35;", ";": "#59;", "<": "#lt;", ">": "#gt;", "%": "#37;", "$": "#36;", "\\": "#92;"})


def _text(text: str) -> str:
    """Text that Mermaid takes as it is: what it would read as syntax is written as an entity."""
    return " ".join(visible(text).replace("->", "→").split()).translate(_ENTITIES)
