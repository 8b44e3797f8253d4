"""`kubecheck spec show`: what a spec is made of, and the code that is generated from it."""

from __future__ import annotations

import click

from kubecheck.cli import completion
from kubecheck.cli.errors import InputError, did_you_mean
from kubecheck.cli.output import say
from kubecheck.cli.subjects import ScopeOptions, settings, subjects


@click.group()
def spec() -> None:
    """Look inside a spec."""


@spec.command()
@click.argument("target", metavar="SPEC", shell_complete=completion.targets)
@click.option("--ir", is_flag=True, help="Print the typed intermediate representation.")
@click.option("--llvm", is_flag=True, help="Print the generated LLVM code.")
@click.option("--action", metavar="NAME", help="Print one action only.")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="Set a parameter of the spec.")
def show(target: str, ir: bool, llvm: bool, action: str | None, pairs: tuple[str, ...]) -> None:
    """Print a spec's state layout in bits, its actions with what they read and write, its properties.

    SPEC is FILE.py or FILE.py:SPEC, a manifest, or the name of a scenario.
    """
    if ir and llvm:
        raise click.UsageError("--ir and --llvm exclude each other")
    for subject in subjects(target, ScopeOptions(settings=settings(pairs))):
        found = subject.build()
        names = [a.name for a in found.actions]
        if action is not None and action not in names:
            raise InputError(
                f"{found.name} has no action {action}",
                remedy=did_you_mean(action, names, otherwise=f"it has {', '.join(names)}"),
            )
        if llvm:
            from kubecheck.checker import native

            say(native.llvm_text(found, action=action))
        elif ir:
            from kubecheck.spec import show as shown

            say(shown.ir(found, action=action))
        else:
            from kubecheck.spec import show as shown

            say(shown.describe(found, action=action))
