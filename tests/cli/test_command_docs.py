"""The pages about commands name every option and every format; that their examples print what they show is tested with the README's."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from kubecheck.cli.check import check
from kubecheck.cli.formats.outputs import Format
from kubecheck.cli.replay import replay

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "command"), [("check.md", check), ("replay.md", replay)])
def test_every_option_is_named(page: str, command: click.Command) -> None:
    text = (DOCS / page).read_text()
    options = [name for p in command.params if isinstance(p, click.Option) for name in p.opts if name.startswith("--")]
    assert [name for name in options if not re.search(rf"`{name}[` ]", text)] == []
    known = {*options, *(name for p in check.params for name in p.opts)}
    assert [name for name in re.findall(r"`(--[a-z-]+)", text) if name not in known] == []


def test_every_format_is_described() -> None:
    text = (DOCS / "formats.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [form.value for form in Format]
    assert [form for form in Format if f"| `{form}` |" not in text] == []
