"""`kubecheck explore`: walk through what a system can do, in the browser."""

from __future__ import annotations

import dataclasses
import os
import shlex
import sys
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from kubecheck.cli import completion
from kubecheck.cli.errors import InputError
from kubecheck.cli.options import scope_options
from kubecheck.cli.output import say
from kubecheck.cli.subjects import ScopeOptions, Subject, subjects
from kubecheck.cli.switches import warn
from kubecheck.spec.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kubecheck.checker.cache import Cache
    from kubecheck.cli.explorer.session import Session
    from kubecheck.cli.record import Record

PORT: Final = 8642
"""Where the page is unless another port is asked for: always the same, so that an address from an issue opens."""


@click.command(short_help="Walk through what a system can do, in the browser.")
@click.argument("target", shell_complete=completion.targets)
@click.argument("file", required=False, shell_complete=completion.targets)
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help=f"The port on 127.0.0.1; 0 takes a free one. [{PORT}]")
@click.option("--no-browser", is_flag=True, help="Open no browser, only print the address.")
@click.option("--path", "path_given", metavar="PATH", help="Begin with this path, as the address has it: 0.3.1")
@click.option(
    "--export",
    "export_file",
    metavar="FILE.html",
    help="Write a path and its surroundings into one file, - for standard output; serve nothing.",
)
@click.option("--depth", type=click.IntRange(min=0), metavar="N", help="With --export: steps beside the path. [1]")
@click.option("--workload", metavar="NAME", help="Which workload of a manifest, if it has several.")
@scope_options
@click.option("--no-cache", is_flag=True, help="Compile anew, and keep nothing on disk.")
def explore(
    target: str,
    *,
    file: str | None,
    port: int | None,
    no_browser: bool,
    path_given: str | None,
    export_file: str | None,
    depth: int | None,
    workload: str | None,
    scope: ScopeOptions,
    no_cache: bool,
) -> int:
    """Open TARGET in the browser: its state, what is possible, what each step changes.

    TARGET is what `kubecheck check` takes, or a run that `kubecheck check … --save` wrote, which begins with its path. FILE names the
    manifest or spec of a saved run where it is now; a spec outside of the current folder must be named, since it is code. States are
    computed when they are looked at. The page comes from 127.0.0.1 and needs no network; Ctrl-C ends it.

    \b
    --export writes a path into a file of its own, for an issue:
      of a saved run        its path
      with --path           that one
      else                  the shortest path to a violation, or to the last thing that should be possible
    """
    if depth is not None and export_file is None:
        raise InputError("--depth belongs to --export", remedy="give --export FILE.html, too")
    if export_file is not None:
        for option, given in (("--port", port is not None), ("--no-browser", no_browser)):
            if given:
                raise InputError(f"{option} does not go with --export, which serves nothing", remedy="leave one of them out")
        if export_file != "-":
            _check_writable(export_file, target)
    saved = _saved(target, scope, path_given)
    if file is not None and saved is None:
        raise InputError(f"{target} is no saved run: {file} is one argument too many", remedy="FILE says where the spec of a saved run is")
    subject = _subject(target, saved, scope, workload, file)
    warn(subject)
    command = _typed()
    if export_file is not None:
        command, subject = _for_others(target, saved, file, subject, command)
    session = _session(subject, target, command=command, cache=not no_cache)
    begin = _saved_beginning(session, saved) if saved is not None else _given_beginning(session, path_given)
    if export_file is not None:
        begin = begin or _checked_beginning(session, cache=not no_cache)
        if saved is not None and saved.run is not None and os.path.isabs(saved.run.target):
            begin = dataclasses.replace(begin, note=begin.note.replace(os.path.dirname(saved.run.target) + os.sep, ""))
        return _export(session, begin, file=export_file, depth=1 if depth is None else depth)
    return _serve(session, begin or _Beginning((0,)), port=port, browser=not no_browser)


@dataclass(frozen=True)
class _Beginning:
    """The path that is shown first, and where it is from."""

    choices: tuple[int, ...]
    note: str = ""


def _saved(target: str, scope: ScopeOptions, path_given: str | None) -> Record | None:
    """The run in TARGET, None if it is something else: manifests may end in .json, too."""
    if not target.endswith(".json") or not os.path.isfile(target):
        return None
    from kubecheck.cli.saved_runs import read_run

    with open(target, "rb") as file:
        if b'"kubecheck-record"' not in file.read(1 << 16):
            return None
    if given := [*scope.given(), *scope.settings]:
        raise InputError(f"{target} is a saved run, which has its scope in it: --{given[0]} cannot change it", remedy="leave it out")
    if path_given is not None:
        raise InputError(f"{target} is a saved run, which has its own path", remedy="leave --path out")
    return read_run(target)


def _subject(target: str, saved: Record | None, scope: ScopeOptions, workload: str | None, file: str | None) -> Subject:
    if saved is None:
        return _only(subjects(target, scope), workload)
    from kubecheck.cli.saved_runs import subject_of

    if saved.run is None:
        raise InputError(f"{target} does not say what was checked", remedy="save it with `kubecheck check … --save FILE`")
    return subject_of(saved.run, target, file, verb="explore")


def _only(found: Sequence[Subject], workload: str | None) -> Subject:
    names = [subject.name for subject in found]
    if workload is not None and workload not in names:
        raise InputError(f"there is no workload {workload}", remedy=f"there is {', '.join(names)}")
    if workload is None and len(found) > 1:
        raise InputError(f"the manifest has {len(found)} workloads: {', '.join(names)}", remedy=f"name one: --workload {names[0]}")
    return found[0] if workload is None else found[names.index(workload)]


def _typed() -> list[str]:
    """The words of this command line, without those that say what is done with the page."""
    words = list(click.get_current_context().find_root().obj)
    skipped = {"--export": 1, "--depth": 1, "--port": 1, "--path": 1, "--no-browser": 0, "--no-cache": 0}
    kept: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name in skipped:
            del words[: 0 if equals else skipped[name]]
        else:
            kept.append(word)
    return kept


def _for_others(
    target: str, saved: Record | None, file: str | None, subject: Subject, command: list[str]
) -> tuple[list[str], Subject]:
    """Command and subject as somebody on another machine can use them: what a saved run was made from, no path of this machine."""
    if saved is not None and saved.run is not None:
        from kubecheck.cli.saved_runs import options_of

        original = saved.run.target if saved.run.target != "-" else file or "-"
        words = ["explore", _portable(original), *options_of(saved.run)]
        words += ["--workload", saved.run.name] if saved.checks else []
        return words, dataclasses.replace(subject, title=subject.title.replace(file or saved.run.target, _portable(original)))
    words = [_portable(word) if word == target else word for word in command]
    return words, dataclasses.replace(subject, title=subject.title.replace(target, _portable(target)))


def _portable(target: str) -> str:
    """A file's path from here; of one that is not below here, its name."""
    if not os.path.isabs(target):
        return target
    below = os.path.relpath(target)
    return os.path.basename(target) if below.startswith(os.pardir) else below


def _session(subject: Subject, target: str, *, command: list[str], cache: bool) -> Session:
    from kubecheck.cli.explorer.session import Session

    session = Session(subject.build(), subject, command=f"kubecheck {shlex.join(command)}", cache=_store(cache=cache))
    if not session.stepper.initial():
        raise InputError(f"{target} has no initial state", remedy="its initial conditions exclude every state")
    return session


def _store(*, cache: bool) -> Cache | bool:
    """The cache of compiled specs; whoever waits at a terminal is told when something has to be compiled."""
    from kubecheck.checker.cache import Cache, cache_folder

    if not cache:
        _say_compiling()
        return False

    class Telling(Cache):
        told = False

        def get(self, key: str) -> bytes | None:
            found = super().get(key)
            if found is None and not self.told:
                self.told = True
                _say_compiling()
            return found

    return Telling(cache_folder())


def _say_compiling() -> None:
    if sys.stderr.isatty():
        say("compiling …", err=True)


def _given_beginning(session: Session, text: str | None) -> _Beginning | None:
    from kubecheck.checker.stepper import ChoiceError
    from kubecheck.cli.explorer.server import RefusedError, parse_path

    if text is None:
        return None
    try:
        choices = parse_path(text)
        session.rows(choices)
    except RefusedError as error:
        raise InputError(f"--path: {error.problem.message}", remedy=error.problem.remedy) from None
    except ChoiceError as error:
        raise InputError(f"--path {text}: {error}", remedy="the path belongs to another spec or other options") from None
    return _Beginning(choices)


def _saved_beginning(session: Session, saved: Record) -> _Beginning:
    """The path of a saved run, as far as it still exists, and what has changed since."""
    from kubecheck.checker.retrace import retrace
    from kubecheck.cli.spec_changes import changes_since

    assert saved.run is not None
    changed = changes_since(saved, saved.run, session.spec)
    notes = [f"the spec is not as it was when the run was saved: {'; '.join(changed)}"] if changed else []
    if not saved.path:
        return _Beginning((0,), "; ".join([f"the saved run has no path: its verdict was {saved.verdict.value}", *notes]))
    found = retrace(session.spec, saved.path)
    if found.gone is not None:
        notes.insert(0, f"the saved path no longer exists from step {found.gone.step} on: {found.gone.reason}")
    elif not notes:
        notes.append(f"the path of the saved run, whose verdict was: {saved.reason}")
    return _Beginning(session.stepper.choices(found.states) if found.states else (0,), "; ".join(notes))


def _checked_beginning(session: Session, *, cache: bool) -> _Beginning:
    """The path that a check finds: to a violation, to a value that leaves its type; else to what the last of the reachables shows."""
    from kubecheck import checker
    from kubecheck.checker.retrace import retrace
    from kubecheck.checker.stepper import SearchLimits
    from kubecheck.cli.why import round_title
    from kubecheck.spec import PropertyKind

    report = checker.check(session.spec, cache=cache)
    verdict = f"verdict: {report.verdict.value}"
    if report.path:
        error = report.verdict is checker.Verdict.ERROR
        where = "a value that leaves its type" if error else f"a violation of {report.found}"
        choices = session.stepper.choices(retrace(session.spec, report.path).states)
        if report.back_to is not None:
            return _Beginning(choices, f"{verdict}; {round_title(report.back_to, len(report.path) - 1)}")
        return _Beginning(choices, f"{verdict}; the shortest path to {where}")
    shown = [p for p in session.spec.properties if p.kind is PropertyKind.REACHABLE]
    if not shown:
        return _Beginning((0,), f"{verdict}; there is no path to show")
    limits = SearchLimits(states=max(report.states.distinct, 1), seconds=600)
    found = session.stepper.find_property(shown[-1], limits=limits)
    if found.choices is None:
        return _Beginning((0,), f"{verdict}; no path to a state that shows {shown[-1].name} was found")
    return _Beginning(found.choices, f"{verdict}; the shortest path to a state that shows {shown[-1].name}")


def _check_writable(file: str, target: str) -> None:
    folder = os.path.dirname(file) or "."
    if os.path.isdir(file) or not os.access(file if os.path.exists(file) else folder, os.W_OK):
        raise InputError(f"{file} cannot be written", remedy="give --export a file in a folder that can be written to")
    if os.path.exists(file) and os.path.exists(target) and os.path.samefile(file, target):
        raise InputError(f"{file} is what is to be explored", remedy="give --export a file of its own")


def _export(session: Session, begin: _Beginning, *, file: str, depth: int) -> int:
    from kubecheck.cli.explorer.export import MOST_VIEWS, TooManyViewsError, export
    from kubecheck.cli.units import size

    try:
        text, views = export(session, begin.choices, depth=depth, note=begin.note)
    except TooManyViewsError as error:
        raise InputError(
            f"--depth {depth} is more than the {MOST_VIEWS:,} states that a file may have", remedy=f"--depth {error.fits} fits"
        ) from None
    is_standard = file == "-"
    try:
        if is_standard:
            sys.stdout.buffer.write(text.encode())
            sys.stdout.flush()
        else:
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from error
    steps = len(begin.choices) - 1
    path = f"a path of {steps} step{'' if steps == 1 else 's'}, {depth} beside it"
    where = "standard output" if is_standard else visible(file)
    say(f"{where}: {path}; {views:,} states, {size(len(text.encode()))}", err=is_standard)
    if begin.note:
        say(visible(begin.note), err=is_standard)
    return 0


def _serve(session: Session, begin: _Beginning, *, port: int | None, browser: bool) -> int:
    from kubecheck.checker.stepper import SearchLimits
    from kubecheck.cli.explorer.server import ADDRESS, ExplorerServer

    def server(number: int) -> ExplorerServer:
        return ExplorerServer(session, port=number, start=begin.choices, note=begin.note, limits=SearchLimits())

    try:
        found = server(PORT if port is None else port)
    except OSError as error:
        if port is not None:
            raise InputError(
                f"port {port} of {ADDRESS} cannot be used: {error.strerror or error}", remedy="--port 0 takes a free one"
            ) from error
        found = server(0)
    try:
        with found:
            say(f"exploring {visible(session.subject.title)}")
            say(f"open      {found.url}   (Ctrl-C ends it)")
            sys.stdout.flush()
            if browser and not _has_no_display():
                webbrowser.open(found.url)
            found.serve_forever()
    except KeyboardInterrupt:  # also before it serves: from the address on, Ctrl-C is how one ends it
        say("")
    return 0


def _has_no_display() -> bool:
    """Whether a browser would open in this very terminal, in the way of everything: there is no screen to open one on."""
    return sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
