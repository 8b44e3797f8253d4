"""Options that several verbs have: what sizes a spec, and where a search stops."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from kubecheck.cli import completion
from kubecheck.cli.subjects import ScopeOptions, settings
from kubecheck.cli.units import parse_bytes, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

_COUNT = click.IntRange(min=0)

without_option = click.option(
    "--without",
    metavar="FEATURE",
    multiple=True,
    shell_complete=completion.features,
    help="Switch off one protection; may be repeated.",
)
with_option = click.option(
    "--with",
    "having",
    metavar="FEATURE",
    multiple=True,
    shell_complete=completion.features,
    help="Switch on one that the release does not have; may be repeated.",
)


def scope_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that size a spec; its function gets them as `scope`, a ScopeOptions."""

    @functools.wraps(function)
    def with_scope(
        *args: Any,
        replicas: int | None,
        pods: int | None,
        nodes: int | None,
        crashes: int | None,
        lag: int | None,
        release: str | None,
        without: tuple[str, ...],
        having: tuple[str, ...],
        pairs: tuple[str, ...],
        **others: Any,
    ) -> Any:
        scope = ScopeOptions(
            replicas=replicas,
            pods=pods,
            nodes=nodes,
            crashes=crashes,
            lag=lag,
            release=release,
            without=without,
            having=having,
            settings=settings(pairs),
        )
        return function(*args, scope=scope, **others)

    return _applied(
        with_scope,
        click.option(
            "--replicas", type=_COUNT, metavar="N", help="Scale a manifest down to at most N replicas (default 2)."
        ),
        click.option("--pods", type=_COUNT, metavar="N", help="Pods that can exist at one time."),
        click.option("--nodes", type=_COUNT, metavar="N", help="Nodes."),
        click.option(
            "--crashes",
            type=_COUNT,
            metavar="N",
            help="Crashes of the controller manager between any two of its API calls.",
        ),
        click.option("--lag", type=_COUNT, metavar="N", help="Writes of a kind that an informer may be behind."),
        click.option(
            "--release", metavar="VERSION", help="The Kubernetes release whose protections are on (default 1.36)."
        ),
        without_option,
        with_option,
        click.option(
            "--set",
            "pairs",
            metavar="NAME=VALUE",
            multiple=True,
            shell_complete=completion.settings,
            help="Set a spec's parameter, or any field of the scope.",
        ),
    )


def limit_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the options that stop a search: `time_limit`, `memory`, `threads`."""
    return _applied(
        function,
        click.option(
            "--time",
            "time_limit",
            callback=parse_duration,
            metavar="TIME",
            help="Stop after TIME, for example 30s or 5m.",
        ),
        click.option(
            "--memory",
            callback=parse_bytes,
            metavar="SIZE",
            help="Stay below SIZE, for example 4G (default 70 % of free).",
        ),
        click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads (default: all cores)."),
    )


def _applied(function: Callable[..., Any], *options: Callable[[Any], Any]) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
