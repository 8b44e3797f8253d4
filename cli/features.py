"""`kubecheck features`: the protections that can be switched, which releases have them, and what shows what they are for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kubecheck.model.feature import Feature


@click.command(short_help="List the protections that can be switched off and on.")
@click.option("--release", metavar="VERSION", help="Say which are on in this release of Kubernetes (default 1.36).")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def features(*, release: str | None, as_json: bool) -> None:
    """List the features: the protections that Kubernetes has, each with its issues, the releases that have it, and what it does.

    `--without NAME` of check, graph, explore and bugs run switches one off, `--with NAME` one on that the release does not have.
    """
    from kubecheck.cli.errors import InputError
    from kubecheck.cli.render import console
    from kubecheck.model.features import DEFAULT_RELEASE, FEATURES, FeatureError, parse_release

    release = DEFAULT_RELEASE if release is None else release
    try:
        parse_release(release)
    except FeatureError as error:
        raise InputError(str(error), remedy="change --release") from error
    if as_json:
        import msgspec

        listed = [_plain(feature, release) for feature in FEATURES.values()]
        click.echo(msgspec.json.format(msgspec.json.encode(listed), indent=2))
        return
    from rich.text import Text

    with console(sys.stdout) as out:
        out.print(Text(f"Kubernetes {release.removeprefix('v')}: what is on and what is off\n", style="dim"))
        for feature in FEATURES.values():
            for line in _lines(feature, release):
                out.print(line)


def bugs_of(feature: Feature) -> list[str]:
    """The names of the known bugs that are there without it."""
    from kubecheck.model.bugs import all_bugs

    return [bug.name for bug in all_bugs().values() if bug.feature == feature.name]


def scenarios_of(feature: Feature) -> list[str]:
    """The scenarios of model/registry/ that have it; those of a cluster have every feature of a cluster."""
    from kubecheck.model.scenarios import REGISTRY

    return [name for name, scenario in REGISTRY.items() if feature.name in scenario.scope.features()]


def _plain(feature: Feature, release: str) -> dict[str, Any]:
    return {
        "name": feature.name,
        "on": feature.is_on(release),
        "releases": [{"first": span.first, "last": span.last} for span in feature.releases],
        "since": feature.when,
        "issues": list(feature.issues),
        "source": feature.source,
        "sentence": feature.sentence,
        "bugs": bugs_of(feature),
        "scenarios": scenarios_of(feature),
        "properties": list(feature.protects),
    }


def _lines(feature: Feature, release: str) -> list[RenderableType]:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    on = feature.is_on(release)
    head = Table.grid(padding=(0, 2, 0, 0))
    for width in (3, None, None, None):
        head.add_column(overflow="fold", width=width)
    head.add_row(
        Text("on" if on else "off", style="green" if on else "yellow"),
        Text(feature.name, style="bold"),
        Text(feature.when),
        Text(", ".join(feature.issues) or "no issue is known", style="dim"),
    )
    found: list[RenderableType] = [head, Padding(Text(feature.sentence), (0, 0, 0, 5))]
    shown = [
        ("bugs without it", bugs_of(feature)),
        ("scenarios", scenarios_of(feature)),
        ("protects", feature.protects),
        ("source", [feature.source]),
    ]
    told = [f"{what}: {', '.join(names)}" for what, names in shown if names]
    return [*found, *(Padding(Text(line, style="dim"), (0, 0, 0, 5)) for line in told)]
