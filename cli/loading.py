"""Specs in a user's file: FILE.py[:SPEC], with parameters from --set.

A spec file is an ordinary Python module. Its functions annotated `-> Spec` are its specs, their parameters are what
--set sets. Whatever the file raises while it is read becomes an error with the file and line, never a traceback; what never
ends is ended (SECONDS), and threads and processes that it leaves behind do not keep the command from ending.
"""

from __future__ import annotations

import enum
import importlib.util
import inspect
import io
import linecache
import os
import signal
import sys
import threading
import tokenize
import traceback
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from kubecheck.cli.errors import InputError, did_you_mean, is_ours
from kubecheck.spec import Spec, SpecError
from kubecheck.spec.errors import marked

SpecFunction = Callable[..., Spec]

SECONDS: Final = 60.0
"""How long a file may take to be imported and its spec to be built, unless the environment's KUBECHECK_SPEC_SECONDS says otherwise."""

_GRACE: Final = 3.0  # then what catches the end of its time is ended with the process

_MOST_SHOWN: Final = 60  # characters of a text from the command line

_MOST_SAID: Final = 1000  # characters of what an exception of the file says

_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def load_spec(file: str, name: str | None, settings: Mapping[str, str]) -> Spec:
    """Run a spec function of a file. Raises InputError, or SpecError from the spec itself.

    `name` may be None if the file has one spec only. `settings` are the texts of --set, by parameter.
    """
    with _in_time(file), _alone(file):
        found = spec_functions(load_module(file))
        function = _choose(file, found, name)
        arguments = _arguments(function, settings)
        found_spec = _guarded(file, lambda: function(**arguments))
    if not isinstance(found_spec, Spec):
        what = "nothing" if found_spec is None else f"a value of type {type(found_spec).__name__}"
        raise InputError(f"{file}: {function.__name__} returns {what}, and no Spec", remedy="end it with `return spec`")
    return found_spec


class _TimeOver(BaseException):
    """Raised in the user's code when its time is over; no `except Exception` of theirs takes it."""


@contextmanager
def _in_time(file: str) -> Iterator[None]:
    """Ends what runs in it after its time, with an InputError. Only in the main thread, and where there are signals."""
    seconds = _seconds()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    text = f"{file} was not imported and its spec not built within {seconds:g} s"
    remedy = "take the endless loop away, or give it longer: KUBECHECK_SPEC_SECONDS=600"
    over = InputError(text, remedy=remedy)
    rings = 0

    def ring(_: int, __: types.FrameType | None) -> None:
        nonlocal rings
        rings += 1
        if rings > 1:  # it was told, and went on
            os.write(2, f"error: {over}\n".encode(errors="replace"))
            os._exit(2)
        raise _TimeOver

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, _GRACE)
    try:
        yield
    except _TimeOver:
        raise over from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _seconds() -> float:
    text = os.environ.get("KUBECHECK_SPEC_SECONDS", "")
    try:
        seconds = float(text or SECONDS)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 1e6:
        raise InputError(f"KUBECHECK_SPEC_SECONDS is {shortened(text)!r}", remedy="give seconds, for example 600")
    return seconds


@contextmanager
def _alone(file: str) -> Iterator[None]:
    """Raises InputError if threads or processes that Python would wait for have come to be; a fork that comes out ends here."""
    process = os.getpid()
    before = set(threading.enumerate())
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    multiprocessing = sys.modules.get("multiprocessing")
    children = multiprocessing.active_children() if multiprocessing is not None else []
    if left or children:
        what = f"thread {left[0].name}" if left else f"process {children[0].name}"
        for child in children:
            child.terminate()
        raise InputError(
            f"{file} starts a {what}, which still runs when its spec is built",
            remedy="a spec is checked alone: end it (join) before, or leave it out",
        )


def shortened(text: str) -> str:
    """A text from the command line, or its beginning if it is long."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}… ({len(text):,} characters)"


def load_module(file: str) -> types.ModuleType:
    """Import a file under a name of its own. Raises InputError."""
    path = os.path.abspath(file)
    if not os.path.isfile(path):
        reason = "is a folder" if os.path.isdir(path) else "does not exist"
        raise InputError(f"{file} {reason}", remedy="give the path of a Python file with specs")
    name = f"kubecheck_user_{os.path.splitext(os.path.basename(path))[0]}"
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise InputError(f"{file} is no Python file", remedy="the name of a spec file ends in .py")
    loader, module = found.loader, importlib.util.module_from_spec(found)
    # the file may import its neighbours, as a script may; annotations are resolved through sys.modules
    if os.path.dirname(path) not in sys.path:
        sys.path.insert(0, os.path.dirname(path))
    sys.modules[name] = module
    _guarded(file, lambda: _readable(file))
    _guarded(file, lambda: loader.exec_module(module))
    return module


def _readable(file: str) -> None:
    """Raises InputError for what Python's compiler would take in part, or refuse without a place."""
    with open(file, "rb") as whole:
        data = whole.read()
    try:
        try:
            text = data.decode(tokenize.detect_encoding(io.BytesIO(data).readline)[0])  # which the file may name
        except SyntaxError:  # there is no such encoding, or the first lines are no UTF-8
            data.decode()
            raise
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{file}:{line}: a byte that is no {error.encoding.upper()}",
            remedy="save the file as UTF-8, or name its encoding in the first line: # coding: latin-1",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{file}:{line}: a NUL character", remedy="a spec file is text")


def spec_functions(module: types.ModuleType) -> dict[str, SpecFunction]:
    """The functions of a module that return a Spec, in the order of the file."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and _is_spec(value.__annotations__.get("return"))
    }


def _is_spec(annotation: Any) -> bool:
    return annotation is Spec or (isinstance(annotation, str) and annotation.rpartition(".")[2].strip("'\"") == "Spec")


def _choose(file: str, found: Mapping[str, SpecFunction], name: str | None) -> SpecFunction:
    if not found:
        raise InputError(
            f"{file} has no spec", remedy="write a function that returns one: def my_spec(*, n: int = 2) -> Spec"
        )
    if name is None:
        if len(found) > 1:
            raise InputError(
                f"{file} has several specs: {', '.join(found)}",
                remedy=f"name one, for example {file}:{next(iter(found))}",
            )
        return next(iter(found.values()))
    if name not in found:
        raise InputError(
            f"{file} has no spec {name}", remedy=did_you_mean(name, found, otherwise=f"it has {', '.join(found)}")
        )
    return found[name]


def _arguments(function: SpecFunction, settings: Mapping[str, str]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    for name in settings:
        if name not in parameters:
            known = f"its parameters are {', '.join(parameters)}" if parameters else "it has no parameters"
            raise InputError(
                f"{function.__name__} has no parameter {name}", remedy=did_you_mean(name, parameters, otherwise=known)
            )
    missing = [n for n, p in parameters.items() if p.default is p.empty and n not in settings]
    if missing:
        raise InputError(
            f"{function.__name__} needs a value for {', '.join(missing)}",
            remedy=" ".join(f"--set {name}=…" for name in missing),
        )
    return {name: _value(function, name, parameters[name], text) for name, text in settings.items()}


def _value(function: SpecFunction, name: str, parameter: inspect.Parameter, text: str) -> Any:
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(name, annotation)
        except Exception:  # another annotation of the function may not be resolvable: fall back on the text
            annotation = {"int": int, "bool": bool, "str": str, "float": float}.get(annotation, annotation)
    if annotation is inspect.Parameter.empty and parameter.default not in (inspect.Parameter.empty, None):
        annotation = type(parameter.default)
    return parse_value(f"{name} of {function.__name__}", annotation, text)


def parse_value(what: str, annotation: Any, text: str) -> Any:
    """The text of --set, by the parameter's type: int, bool, float, str, an enum, or one of these and None.

    The elements of a `tuple[str, ...]` are divided by commas. Raises InputError.
    """
    if typing.get_origin(annotation) is tuple and typing.get_args(annotation) == (str, ...):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    options = list(typing.get_args(annotation)) if union else [annotation]
    if types.NoneType in options:
        options.remove(types.NoneType)
        if text.lower() == "none":
            return None
    for kind in options:
        try:
            if kind is bool:
                return _BOOLEANS[text.lower()]
            if kind in (int, float, str) or _is_enum(kind):
                return kind(text)
        except (KeyError, ValueError):
            continue
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    names |= {kind: " or ".join(str(member.value) for member in kind) for kind in options if _is_enum(kind)}
    if not all(kind in names for kind in options):
        raise InputError(
            f"{what} cannot be set: its type is {inspect.formatannotation(annotation)}",
            remedy="--set knows int, bool, float, str and enums",
        )
    raise InputError(f"{what} is {shortened(text)!r}", remedy=f"give {' or '.join(names[kind] for kind in options)}")


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, enum.Enum)


def _guarded(file: str, action: Callable[[], Any]) -> Any:
    """Run the user's code; raises InputError for whatever it raises, but SpecError as it is."""
    try:
        return action()
    except (SpecError, InputError, KeyboardInterrupt, _TimeOver):
        raise
    except SyntaxError as error:
        places = [_shown(error.filename or file), *(str(n) for n in (error.lineno, error.offset) if n)]
        where = ":".join(places)
        lines = _snippet(error.text or "", error.lineno or 1, error.offset or 1, error.end_offset or 0)
        raise InputError(f"{where}: {error.msg}", snippet="\n".join(lines)) from error
    except BaseException as error:  # a SystemExit of the file is an error of the file, too
        _fail(file, error)


def _fail(file: str, error: BaseException) -> NoReturn:
    try:
        said = str(error)
    except Exception as another:  # of a __str__ of theirs
        said = f"(and its text is {type(another).__name__})"
    said = said if len(said) <= _MOST_SAID else f"{said[:_MOST_SAID]}…"
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _is_theirs(frame.filename)]
    if not theirs and isinstance(error, RecursionError):  # of Python's parser, which does not say where
        raise InputError(f"{file}: an expression is nested too deeply", remedy="name its parts") from error
    if not theirs:
        raise InputError(f"{file}: {what}") from error
    # the innermost line of the user's own is where to look, even if a library raised it further in
    own = [frame for frame in theirs if os.path.dirname(frame.filename) == os.path.dirname(os.path.abspath(file))]
    frame = (own or theirs)[-1]
    column, end = (frame.colno or 0) + 1, (frame.end_colno or 0) + 1
    text = linecache.getline(frame.filename, frame.lineno or 1)
    lines = _snippet(text, frame.lineno or 1, column, end if frame.end_lineno == frame.lineno else 0)
    raise InputError(f"{_shown(frame.filename)}:{frame.lineno}:{column}: {what}", snippet="\n".join(lines)) from error


def _is_theirs(file: str) -> bool:
    return not (file.startswith("<") or is_ours(file))


def _shown(file: str) -> str:
    """A path as short as it can be said from here."""
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else relative


def _snippet(text: str, line: int, column: int, end: int) -> list[str]:
    text = text.rstrip("\n")
    return marked(text, line, column, end) if text.strip() else []
