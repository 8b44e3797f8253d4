"""docs/scope.md: every field of a scope that --set can change, with its default and its sentence, from the source of the scopes.

python -m tests.model.scope_page > docs/scope.md
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

from kubecheck.cli.subjects import settable
from kubecheck.model.scenarios import REGISTRY
from kubecheck.model.scope import ClusterScope

HEAD = """# Scopes

A scope is how large a system is, what may happen to it, and which protections are on. Each field below can be set:

    kubecheck check rollout --set crashes=1 --set lag_pods=2
    kubecheck check examples/web.yaml --set conflicts_of_deployments=1
    kubecheck check lists-and-watches --set compactions=2

A **budget** is a number of events that the environment may spend, at any moment; with 0 the event does not exist and costs
nothing. A **lag** is a number of writes of one kind that a client may not have seen. What contradicts itself is refused, with
the reason. `kubecheck check NAME` shows which fields a scenario sets (the line `scope`); [model.md](model.md) says what some of
them multiply the states by.

This page is written by `python -m tests.model.scope_page` from the sources, and a test compares it.
"""


def fields_of(kind: type[Any]) -> Iterator[tuple[str, str, str, str]]:
    """Section, name, default and sentence of each field, as the source has them."""
    lines = inspect.getsource(kind).splitlines()
    body = ast.parse("\n".join(lines)).body[0]
    assert isinstance(body, ast.ClassDef)
    sections = {number: line.strip().removeprefix("# --- ") for number, line in enumerate(lines, 1) if "# --- " in line}
    for node, after in zip(body.body, body.body[1:], strict=False):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        told = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            told = re.sub(r"\s+", " ", str(after.value.value))
        section = next((text for number, text in sorted(sections.items(), reverse=True) if number < node.lineno), "")
        yield section, node.target.id, shown_default(kind, node.target.id), told


def shown_default(kind: type[Any], name: str) -> str:
    """The default as --set would write it."""
    value = kind.__dataclass_fields__[name].default
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def table(kind: type[Any], names: list[str]) -> str:
    """The fields of a scope, a table a section."""
    text, last = "", None
    for section, name, default, told in fields_of(kind):
        if name not in names:
            continue
        if section != last:
            if section:
                text += f"\n### {section[0].upper()}{section[1:]}\n"
            text += "\n| field | default | what |\n|---|---|---|\n"
            last = section
        text += f"| `{name}` | {default} | {told} |\n"
    return text


def page() -> str:
    """The page."""
    text = HEAD + "\n## Clusters\n\nOf manifests and of all scenarios but those below.\n"
    text += table(ClusterScope, [f for f in settable(ClusterScope) if f not in ("without", "fixes", "release")])
    text += "\n### Which protections are on\n\n| field | default | what |\n|---|---|---|\n"
    for _, name, default, told in fields_of(ClusterScope):
        if name in ("release", "without", "fixes"):
            text += f"| `{name}` | {default} | {told} |\n"
    for name, scenario in REGISTRY.items():
        text += f"\n## {name}\n\n{scenario.sentence}\n"
        kind = type(scenario.scope)
        text += table(kind, settable(kind))
    return text


if __name__ == "__main__":
    sys.stdout.write(page())
