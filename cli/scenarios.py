"""`kubecheck scenarios`: the built-in scenarios, one line each."""

from __future__ import annotations

import sys

import click


@click.command(short_help="List the built-in scenarios.")
def scenarios() -> None:
    """List the built-in scenarios, one line each: verdict, states, what it is about. `kubecheck check NAME` runs one."""
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import console
    from kubecheck.cli.units import count
    from kubecheck.model.scenarios import ALL, Holds

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for name, scenario in ALL.items():
        known = scenario.expected
        size = f"{count(known.states)} states" if isinstance(known, Holds) else f"{known.steps} steps"
        table.add_row(name, Text(scenario.verdict), size, Text(scenario.sentence))
    with console(sys.stdout) as out:
        out.print(table)
