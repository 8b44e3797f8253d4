"""`kubecheck graph`: draw what a system can do, or write it as data."""

from __future__ import annotations

import importlib.resources
import re
import shlex
import sys
from typing import TYPE_CHECKING, Final

import click

from kubecheck.cli import completion
from kubecheck.cli.errors import InputError
from kubecheck.cli.options import limit_options, scope_options
from kubecheck.cli.subjects import ScopeOptions, Subject, one_of, subjects
from kubecheck.cli.switches import warn

if TYPE_CHECKING:
    from kubecheck.checker.graph.graph import Graph
    from kubecheck.cli.graphs.files import Written

_VIEWS: Final = ("path", "around", "quotient", "full")


def _print_schema(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(importlib.resources.files("kubecheck.cli.graphs").joinpath("graph.schema.json").read_text("utf-8"), nl=False)
        ctx.exit()


@click.command()
@click.argument("target", shell_complete=completion.targets)
@click.argument("state", required=False)
@click.option(
    "--output",
    "-o",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="FILE.svg, .png, .pdf, .dot, .json or .graphml; - prints DOT. May be repeated. [default: TARGET.svg]",
)
@click.option("--view", type=click.Choice(_VIEWS), help="What to show, see above.")
@click.option("--property", "wanted", metavar="NAME", help="The path to a violation or to a witness of this property.")
@click.option(
    "--alternatives", type=click.IntRange(min=0), metavar="N", help="Other steps shown at each state of a path. [4]"
)
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="Steps forth and back from STATE. [2]")
@click.option("--by", metavar="[NAME=]EXPR[,…]", help="Merge states in which these have the same values.")
@click.option("--merge-symmetric", is_flag=True, help="Show states once that differ only in names of symmetric sorts.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Nodes, at most. [300 in a picture, 1,000,000 in data]"
)
@click.option("--workload", metavar="NAME", help="Which workload of a manifest, if it has several.")
@scope_options
@limit_options
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@click.option("--no-cache", is_flag=True, help="Compile anew, and keep nothing on disk.")
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of -o FILE.json, and do nothing else.",
)
def graph(
    target: str,
    state: str | None,
    *,
    outputs: tuple[str, ...],
    view: str | None,
    wanted: str | None,
    alternatives: int | None,
    depth: int | None,
    by: str | None,
    merge_symmetric: bool,
    limit: int | None,
    workload: str | None,
    scope: ScopeOptions,
    time_limit: float | None,
    memory: int | None,
    threads: int | None,
    quiet: bool,
    no_cache: bool,
) -> int:
    """Draw what TARGET can do. What is left out is counted, in the picture too.

    \b
    --view path          the shortest path to a violation (or a witness), and what else could
                         have happened at each step; the default where there is a violation
    --view around STATE  STATE is a number (breadth first) or a condition: the first such state
    --view quotient      with --by: states merged by what one looks at
    --view full          every state, where these are few; the default where nothing is wrong

    TARGET is what `kubecheck check` takes. Expressions are those of a spec, over the names of its state, for example
    --by "count(p.ready for p in pods)".
    """
    from kubecheck.checker.report import Limits
    from kubecheck.cli.graphs.files import Output, check_files, write
    from kubecheck.cli.graphs.views import Request, draw

    chosen = _view(view, state=state, by=by, wanted=wanted, alternatives=alternatives, depth=depth)
    if merge_symmetric and chosen == "quotient":
        raise InputError(
            "--merge-symmetric does not go with --view quotient",
            remedy="a quotient merges states by --by: give an expression that names no member",
        )
    subject = one_of(subjects(target, scope), workload)
    warn(subject)
    files = [Output.named(name) for name in outputs or (f"{_file_name(subject.name)}.svg",)]
    check_files(files, target)
    request = Request(
        view=chosen,
        state=state,
        wanted=wanted,
        alternatives=alternatives,
        depth=depth,
        by=by,
        merge_symmetric=merge_symmetric,
        limit=limit,
        picture=any(file.is_picture for file in files),
        limits=Limits(seconds=time_limit, memory_bytes=memory),
        threads=threads,
        quiet=quiet,
        cache=not no_cache,
    )
    drawn = draw(subject.build(), request)
    written = write(drawn, files, explore=_explore(target, scope, workload))
    if "-" not in outputs:
        _tell(subject, drawn, written)
    return 0


def _view(
    view: str | None,
    *,
    state: str | None,
    by: str | None,
    wanted: str | None,
    alternatives: int | None,
    depth: int | None,
) -> str:
    """The view that is meant, "" for the default; an option that belongs to one view means that view. Raises InputError."""
    means: dict[str, dict[str, object]] = {
        "around": {"STATE": state, "--depth": depth},
        "quotient": {"--by": by},
        "path": {"--property": wanted, "--alternatives": alternatives},
    }
    given = {name: option for option, its in means.items() for name, value in its.items() if value is not None}
    chosen = view or next(iter(given.values()), "")
    for name, its in given.items():
        if its != chosen:
            raise InputError(f"{name} does not go with --view {chosen}", remedy=f"{name} belongs to --view {its}")
    if chosen == "around" and state is None:
        raise InputError("--view around needs a state", remedy="give its number, for example: --view around 0")
    if chosen == "quotient" and by is None:
        raise InputError(
            "--view quotient needs --by",
            remedy='give what states are merged by, for example --by "count(p.ready for p in pods)"',
        )
    return chosen


def _explore(target: str, scope: ScopeOptions, workload: str | None) -> str:
    """The command that shows the same system in a browser."""
    words = ["kubecheck", "explore", target]
    for name in ("replicas", "pods", "nodes", "crashes", "lag", "release"):
        if (value := getattr(scope, name)) is not None:
            words += [f"--{name}", str(value)]
    words += [word for feature in scope.without for word in ("--without", feature)]
    words += [word for name, text in scope.settings.items() for word in ("--set", f"{name}={text}")]
    return shlex.join([*words, *([] if workload is None else ["--workload", workload])])


def _tell(subject: Subject, drawn: Graph, written: Written) -> None:
    from rich.table import Table
    from rich.text import Text

    from kubecheck.cli.render import console

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, min_width=12)
    table.add_column(overflow="fold")
    table.add_row("graph of", Text(subject.title))
    table.add_row("shown", Text(drawn.title))
    for sentence in drawn.coverage.sentences():
        table.add_row("", Text(sentence))
    for note in drawn.notes:
        table.add_row("note", Text(note))
    for note in written.notes:
        table.add_row("note", Text(note))
    for file in written.files:
        table.add_row("written", Text(file))
    with console(sys.stdout) as out:
        out.print(table)


def _file_name(name: str) -> str:
    """A name as that of a file in this folder, whatever is in it."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:100] or "graph"
