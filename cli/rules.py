"""`kubecheck rules`: the rules that traces are judged by."""

from __future__ import annotations

import sys

import click

from kubecheck.cli import completion


@click.command(short_help="List the rules that traces are judged by.")
@click.argument("subject", nargs=-1, shell_complete=completion.rules)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def rules(subject: tuple[str, ...], *, as_json: bool) -> None:
    """List the rules of `kubecheck validate`: what always holds, where that is from, and which audit level tells it.

    SUBJECT is a rule or what stands before its dot (store, watch, pods …); without one, all are listed.
    """
    from rich.padding import Padding
    from rich.text import Text

    from kubecheck.cli.errors import InputError
    from kubecheck.cli.render import console
    from kubecheck.traces.rules.registry import UnknownRuleError, choose

    try:
        chosen = choose(only=subject)
    except UnknownRuleError as error:
        raise InputError(str(error), remedy=error.remedy) from error
    if as_json:
        import msgspec

        listed = [
            {"name": r.name, "sentence": r.sentence, "source": r.source, "level": r.level.name.replace("_", "").lower()}
            for r in chosen
        ]
        click.echo(msgspec.json.format(msgspec.json.encode(listed), indent=2))
        return
    levels = {"METADATA": "Metadata", "REQUEST": "Request", "REQUEST_RESPONSE": "RequestResponse"}
    with console(sys.stdout) as out:
        for rule in chosen:
            out.print(Text.assemble((rule.name, "bold"), f"  (from level {levels[rule.level.name]})"))
            out.print(Padding(Text(rule.sentence), (0, 0, 0, 4)))
            out.print(Padding(Text(rule.source, style="dim"), (0, 0, 0, 4)))
