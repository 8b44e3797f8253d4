"""`kubecheck scenarios`: the built-in scenarios, one line each."""

from __future__ import annotations

import sys

import click


@click.command(short_help="List the built-in scenarios.")
def scenarios() -> None:
    """List the built-in scenarios, one line each. `kubecheck check NAME` runs one."""
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import console
    from kubecheck.model.scenarios import ALL

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, scenario in ALL.items():
        table.add_row(name, Text(str(scenario.verdict)), Text(scenario.sentence))
    with console(sys.stdout) as out:
        out.print(table)
