"""Reading a run that `kubecheck check --save` wrote: a file from elsewhere, of which nothing is taken on trust."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

import msgspec

from kubecheck.cli.errors import InputError
from kubecheck.cli.record import FORMAT_VERSION, Record
from kubecheck.spec.visible import visible_values

if TYPE_CHECKING:
    from kubecheck.cli.record import Run
    from kubecheck.cli.subjects import Subject

LARGEST: Final = 256 << 20
"""Bytes of a saved run that are read; the longest paths that a check finds take a few megabytes."""

_SAVE: Final = "give a file that `kubecheck check … --save FILE` wrote"


def read_run(file: str) -> Record:
    """The record in a file. Raises InputError if it is none, or of a version that is not known."""
    try:
        if os.path.getsize(file) > LARGEST:
            raise InputError(f"{file} is larger than {LARGEST >> 20} MiB: it is no saved run", remedy=_SAVE)
        with open(file, "rb") as source:
            data = source.read()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}", remedy=_SAVE) from error
    try:
        plain = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {_reason(error)}", remedy=_SAVE) from error
    if not isinstance(plain, dict) or plain.get("format") != "kubecheck-record":
        raise InputError(f"{file} is not the record of a check", remedy=_SAVE)
    if plain.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{file} has the record's version {plain.get('format_version')!s:.20}, and this kubecheck reads version {FORMAT_VERSION}",
            remedy="replay it with the kubecheck that wrote it, or check again",
        )
    try:
        record = msgspec.convert(visible_values(plain), Record)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InputError(f"{file} is damaged: {_reason(error)}", remedy=_SAVE) from error
    for each in (record, *record.checks):
        if [step.step for step in each.path] != list(range(len(each.path))):
            raise InputError(f"{file} is damaged: the steps of its path are not numbered from 0", remedy=_SAVE)
        if each.back_to is not None and not 0 <= each.back_to < len(each.path) - 1:
            raise InputError(f"{file} is damaged: its path has no step {each.back_to} to lead back to", remedy=_SAVE)
    return record


def subject_of(run: Run, file: str, target: str | None, *, verb: str = "replay") -> Subject:
    """What was checked, built anew from its target; `target` names it in another place. `verb` is the command that asks.

    Raises InputError if it is not there, or if it is Python code that the user has not named.
    """
    from kubecheck.cli.subjects import ScopeOptions, subjects

    if target is None:
        target = run.target
        if target == "-":
            raise InputError(
                f"{file} was saved from a manifest on standard input", remedy=f"name it: kubecheck {verb} {file} MANIFEST"
            )
        if ".py" in target and (os.path.isabs(target) or os.path.normpath(target).startswith("..")):
            raise InputError(
                f"{file} is about {target}, and a spec is code that would be run",
                remedy=f"if you trust it, name it: kubecheck {verb} {file} {target}",
            )
        path = target[: target.index(".py") + 3] if ".py" in target else target
        if path.endswith((".py", ".yaml", ".yml", ".json")) and not os.path.exists(path):
            raise InputError(f"{file} is about {path}, which is not there", remedy=f"name it: kubecheck {verb} {file} FILE")
    options = ScopeOptions(**{name: getattr(run.options, name) for name in run.options.__struct_fields__})
    found = {subject.identity: subject for subject in subjects(target, options)}
    if run.name not in found:
        raise InputError(f"{target} has no {run.name} any more, only {', '.join(found)}", remedy="check it again")
    return found[run.name]


def options_of(run: Run) -> list[str]:
    """The options that size the spec of a saved run, as they are typed."""
    words: list[str] = []
    for name in ("replicas", "pods", "nodes", "crashes", "lag", "release"):
        value = getattr(run.options, name)
        words += [] if value is None else [f"--{name}", str(value)]
    words += [word for feature in run.options.without for word in ("--without", feature)]
    words += [word for feature in run.options.having for word in ("--with", feature)]
    words += [word for name, value in run.options.settings.items() for word in ("--set", f"{name}={value}")]
    return words


def check_again(run: Run, target: str | None) -> str:
    """The command line that checks it again, of `target` if that is another place. For a run whose subject could be built.

    It is made of what the subject was built from, and of nothing that the file only says: who copies it runs `kubecheck check`, which
    writes no file, on what has just been replayed.
    """
    name = run.target if target is None else target
    if name.startswith("-") and name != "-":
        name = os.path.join(os.curdir, name)  # a file of that name, and no option
    return shlex.join(["kubecheck", "check", name, *options_of(run)])


def _reason(error: BaseException) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)

