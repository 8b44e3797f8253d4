"""Every command has a page that names its options and exit codes; that examples print what they show is tested with the README's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.formats.outputs import Format
from kubecheck.cli.main import kubecheck

DOCS = Path(__file__).parents[2] / "docs"

PAGES: Final = {
    "check": "check.md",
    "replay": "replay.md",
    "explore": "explore.md",
    "scenarios": "list-scenarios.md",
    "bugs": "bugs.md",
    "bugs run": "bugs.md",
    "features": "features.md",
    "graph": "graph.md",
    "spec": "spec-show.md",
    "spec show": "spec-show.md",
    "validate": "traces.md",
    "conform": "conformance.md",
    "rules": "rules.md",
}

ENDS: Final = {
    "check": (0, 1, 2, 3, 70),
    "replay": (0, 1, 2, 3),
    "explore": (0, 2),
    "scenarios": (0,),
    "bugs": (0,),
    "bugs run": (0, 1, 2, 3),
    "features": (0, 2),
    "graph": (0, 2, 70),
    "spec": (0, 2),
    "spec show": (0, 2),
    "validate": (0, 1, 2, 3),
    "conform": (0, 1, 2, 3),
    "rules": (0, 2),
}
"""What each may end with; 70, a fault of kubecheck's own, is said where it is said of all, in check.md and `kubecheck --help`."""


def commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands below one, by what a user types."""
    if name:
        yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            assert inner is not None
            yield from commands(inner, f"{name} {word}".strip())


ALL = dict(commands(kubecheck))


def options(command: click.Command) -> list[str]:
    return [name for p in command.params if isinstance(p, click.Option) for name in p.opts if name.startswith("--")]


def exit_codes(text: str) -> set[int]:
    """The numbers in what a page says of exit codes: the section of that name, or the paragraphs that have the words."""
    section = re.search(r"^## Exit codes?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    told = section[1] if section else "\n".join(p for p in text.split("\n\n") if re.search("[Ee]xit codes?", p))
    return {int(number) for number in re.findall(r"(?<![\w.])\d+(?!\w|\.\d)", told)}


def missing(name: str) -> list[str]:
    """What a command's page does not say."""
    page = DOCS / PAGES[name]
    if not page.exists():
        return [f"there is no docs/{PAGES[name]}"]
    text = page.read_text()
    found = [option for option in options(ALL[name]) if not re.search(rf"`{option}[` =\[]", text)]
    found += [f"exit code {code}" for code in ENDS[name] if code not in exit_codes(text)]
    return found if f"kubecheck {name}" in text else [f"kubecheck {name}", *found]


def test_every_command_has_a_page() -> None:
    assert PAGES.keys() == ENDS.keys() == ALL.keys()
    assert {code for its in ENDS.values() for code in its} == {int(code) for code in ExitCode}


def test_the_readme_leads_to_every_page() -> None:
    readme = (DOCS.parent / "README.md").read_text()
    pages = {page for page in PAGES.values() if (DOCS / page).exists()}
    assert [page for page in sorted(pages) if f"(docs/{page})" not in readme] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_option_and_exit_code_is_named(name: str) -> None:
    assert missing(name) == []


@pytest.mark.parametrize("page", ["check.md", "replay.md", "graph.md", "list-scenarios.md", "bugs.md", "features.md", "spec-show.md"])
def test_no_option_is_named_that_there_is_not(page: str) -> None:
    known = {option for command in ALL.values() for option in options(command)} | {"--help"}
    assert [name for name in re.findall(r"`(--[a-z-]+)", (DOCS / page).read_text()) if name not in known] == []


def test_every_format_is_described() -> None:
    text = (DOCS / "formats.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [form.value for form in Format]
    assert [form for form in Format if f"| `{form}` |" not in text] == []


class TestThisTest:
    """That it can fail."""

    def test_numbers_elsewhere_are_no_exit_codes(self) -> None:
        assert exit_codes("1 pod, 2 nodes.\n\nThe exit code is 3.") == {3}
        assert exit_codes("9\n\n## Exit codes\n\n0: good. 70: bad\n\n## More\n\n5") == {0, 70}
        assert exit_codes("1.5, v2, 3 of them") == set()
