"""The command `kubecheck`: finds the verb, runs it, turns whatever happens into an exit code.

Verbs are imported when they are asked for, so that `kubecheck --help` needs none of the rooms below.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from kubecheck.cli import errors, output

if TYPE_CHECKING:
    from collections.abc import Sequence

# verb: the module that has it, its attribute, its line in the help
_VERBS: Final = {
    "check": ("kubecheck.cli.check", "check", "Explore a manifest, a spec or a scenario exhaustively."),
    "replay": ("kubecheck.cli.replay", "replay", "Take the path of a saved run again."),
    "explore": ("kubecheck.cli.explorer.command", "explore", "Walk through what a system can do, in the browser."),
    "scenarios": ("kubecheck.cli.scenarios", "scenarios", "List the built-in scenarios."),
    "bugs": ("kubecheck.cli.bugs", "bugs", "Known bugs of Kubernetes, with and without their fixes."),
    "features": ("kubecheck.cli.features", "features", "The protections that can be switched off and on."),
    "graph": ("kubecheck.cli.graphs.command", "graph", "Draw what a system can do, or write it as JSON or GraphML."),
    "spec": ("kubecheck.cli.spec_show", "spec", "Look inside a spec: layout, actions, generated code."),
    "validate": ("kubecheck.cli.validate", "validate", "Hold recorded traces against the rules."),
    "conform": ("kubecheck.cli.conform", "conform", "Hold the model's API server against recorded answers of a real one."),
    "rules": ("kubecheck.cli.rules", "rules", "List the rules that traces are judged by."),
}

COMPLETE: Final = "_KUBECHECK_COMPLETE"
"""Set by a shell that completes a command line, see docs/check.md; the name is click's."""

_BAD_INPUT, _INCOMPLETE, _FAULT = 2, 3, 70  # as in exit_codes.py, which needs a room below; a test compares them


class Verbs(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of a user's journey."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        if cmd_name not in _VERBS:
            return None
        module, attribute, _ = _VERBS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, without importing any verb."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in _VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, with a suggestion for a verb that does not exist."""
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            remedy = errors.did_you_mean(args[0], _VERBS, otherwise=f"one of {', '.join(_VERBS)}")
            if os.path.exists(args[0]) or args[0].endswith((".yaml", ".yml", ".json", ".py")):
                remedy = f"did you mean `kubecheck check {args[0]}`?"
            raise errors.InputError(f"there is no command {args[0]}", remedy=remedy)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from kubecheck.cli.versions import kubecheck_version

        click.echo(f"kubecheck {kubecheck_version()}")
        ctx.exit()


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def kubecheck() -> None:
    """Explore every interleaving of a small Kubernetes cluster, and get an honest verdict.

    \b
      kubecheck check web.yaml            a Deployment or ReplicaSet, as kubectl would take it
      kubecheck check spec.py --set n=3   a specification of your own
      kubecheck scenarios                 what can go wrong in a cluster, ready to run
      kubecheck validate audit.log        what a cluster recorded, held against the rules

    Exit codes: 0 holds, 1 violated, 2 bad input, 3 incomplete, 70 a fault of kubecheck's own.
    """


def main(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code."""
    try:
        result: Any = kubecheck.main(
            list(arguments), prog_name="kubecheck", standalone_mode=False, obj=tuple(arguments)
        )
        return int(result or 0)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        output.say(error.format_message(), err=True)
        return _BAD_INPUT
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "kubecheck"
        output.say(f"error: {_line(error.format_message())}\n  help: see `{where} --help`", err=True)
        return _BAD_INPUT
    except click.ClickException as error:
        output.say(f"error: {_line(error.format_message())}", err=True)
        return _BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        output.say("interrupted before there was a verdict", err=True)
        return _INCOMPLETE
    except (BrokenPipeError, SystemExit) as error:  # click makes the first into the second
        if COMPLETE in os.environ and isinstance(error, SystemExit):
            return 0 if error.code in (0, None) else _BAD_INPUT  # a shell asked what may come next, and was answered
        output.mute()  # whoever read the output has gone, and there is no verdict to answer with
        return _INCOMPLETE
    except OSError as error:
        output.say(f"error: {_line(str(error.strerror or error))}", err=True)
        return _BAD_INPUT
    except Exception as error:
        if errors.is_bad_input(error):
            output.say(f"error: {error}", err=True)
            return _BAD_INPUT
        output.say(errors.fault_report(error, arguments), err=True)
        return _FAULT


def _line(text: str) -> str:
    from kubecheck.spec.visible import visible

    return visible(text)


def run() -> NoReturn:
    """The console script."""
    output.open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows ? and does not end the check
    code = main(sys.argv[1:])
    # Python waits for threads and processes at its end. Those that a spec's file has left behind were told of.
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    multiprocessing = sys.modules.get("multiprocessing")
    if others or (multiprocessing is not None and multiprocessing.active_children()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
