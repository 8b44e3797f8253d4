"""What is read when a spec is compiled must be a constant: CPython finds it anew in every state, the native execution has it once for all.

Three questions are asked of what a spec's functions read, or call with constants only. Is it known to look at something else than its
arguments (chance, the clock, the environment, a file)? Does it give the same when it is asked twice? Is it still the same when the check is
over? Whatever these miss, the reference execution of a sample of states can still show (checker/audit.py).
"""

from __future__ import annotations

import builtins
import enum
import functools
import inspect
import io
import os
import random
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from kubecheck.spec.errors import Position, SpecError
from kubecheck.spec.types import Type
from kubecheck.spec.values import Record, SortMeta

# modules whose functions look at chance, at time, at the machine, at the process or at other threads
_CHANCE: Final = frozenset({"random", "_random", "secrets", "uuid"})
_OUTSIDE: Final = frozenset(
    """
    time os posix nt posixpath ntpath genericpath io _io socket _socket subprocess tempfile pathlib glob shutil logging platform getpass
    threading _thread multiprocessing asyncio _asyncio concurrent queue _queue select signal _signal contextvars _contextvars sched mmap
    gc weakref _weakref ctypes _ctypes locale _locale resource sqlite3 urllib http sysconfig site importlib atexit
    """.split()
)
_CLOCKS: Final = frozenset({"now", "utcnow", "today", "fromtimestamp", "astimezone"})  # of datetime
_PROCESS: Final = frozenset({"argv", "path", "modules", "stdin", "stdout", "stderr", "exc_info", "getrefcount", "_getframe"})  # of sys
_BUILTINS: Final = frozenset(
    {"id", "hash", "input", "open", "exec", "eval", "compile", "__import__", "globals", "locals", "vars", "iter", "next", "aiter", "anext"}
    | {"breakpoint", "setattr", "delattr", "exit", "quit"}
)  # fmt: skip
_WITHIN: Final = frozenset({"iter", "next", "vars", "setattr", "print"})  # a function's own affair, as long as it gives the same twice
_ATOMS: Final = (bool, int, str, bytes, type(None), enum.Enum, type, types.ModuleType, types.CodeType, Type)
_NODES: Final = 2000  # parts of an object that are compared; what lies deeper is told apart by identity
_STANDARD: Final = os.path.dirname(os.__file__)

CHANCE: Final = "make the choice a parameter of the action: every value of it is tried"
ONCE: Final = "read it once where the spec is built, and keep it in a name; what changes belongs into the state"


def impure(value: Any) -> tuple[str, str] | None:
    """Why a value is known to be none that a function of the state can depend on, and what to do instead; None if nothing is known."""
    if isinstance(value, random.Random):
        return "depends on chance, not on the state", CHANCE
    if isinstance(value, io.IOBase):
        return "is a file", ONCE
    if isinstance(value, Iterator):
        return "is an iterator, which is used up when it is run over", "make it a tuple"
    if isinstance(value, types.ModuleType | enum.Enum | str | int | None):
        return None
    if not callable(value):
        return ("is the environment of the process", ONCE) if type(value).__module__ == "os" else None
    if isinstance(value, functools.partial):
        return impure(value.func)
    wrapped = getattr(value, "__wrapped__", None)
    if callable(wrapped) and (found := impure(wrapped)) is not None:
        return found
    if isinstance(value, types.FunctionType):
        return of_python(value) or _inside(value, set())
    if isinstance(value, types.MethodType):
        return impure(value.__func__) or (impure(value.__self__) if not isinstance(value.__self__, type) else None)
    owner = getattr(value, "__self__", None)
    if isinstance(owner, types.ModuleType):
        return _of_module(owner.__name__, value.__name__)
    if owner is not None and not isinstance(owner, type) and (found := impure(owner)) is not None:
        return found
    holder = owner if isinstance(owner, type) else value if isinstance(value, type) else type(owner) if owner is not None else value
    name = getattr(value, "__name__", "")
    return _of_module(str(getattr(holder, "__module__", None) or ""), name)


def of_python(function: types.FunctionType) -> tuple[str, str] | None:
    """The same of a function that comes with Python."""
    return _of_module(function.__module__ or "", function.__name__)


def from_module(module: types.ModuleType, name: str, value: Any) -> tuple[str, str] | None:
    """The same of what is read from a module."""
    if isinstance(value, types.ModuleType):
        return None
    return _of_module(module.__name__, name)


def computed(holder: Any, name: str) -> tuple[str, str] | None:
    """The same of an attribute that a function of the author's computes: a property, or any at all by `__getattr__`."""
    kind = type(holder)
    found = inspect.getattr_static(kind, name, None)
    if found is None and not isinstance(holder, type):
        found = inspect.getattr_static(kind, "__getattr__", None)
    getter = found.fget if isinstance(found, property) else getattr(found, "func", found)
    if isinstance(getter, types.FunctionType) and (getter.__name__ == "__getattr__" or getter is not found):
        return _inside(getter, set())
    return None


def _of_module(module: str, name: str) -> tuple[str, str] | None:
    root = module.split(".")[0]
    if not _is_pythons(root):
        return None
    if root in _CHANCE or (root == "numpy" and "random" in module):
        return "depends on chance, not on the state", CHANCE
    if root in _OUTSIDE or (root in ("datetime", "_datetime") and name in _CLOCKS) or (root == "sys" and name in _PROCESS):
        return f"depends on what is outside of the spec ({root}), not on the state", ONCE
    if root == "builtins" and name in _BUILTINS:
        return f"is no function of the state ({name})", ONCE
    return None


def _is_pythons(root: str) -> bool:
    """Whether a module comes with Python (or is NumPy), and is not the author's own of that name."""
    if root == "numpy":
        return True
    file = getattr(sys.modules.get(root), "__file__", None)
    return root in sys.stdlib_module_names and (file is None or file.startswith(_STANDARD))


def _inside(function: types.FunctionType, seen: set[types.CodeType]) -> tuple[str, str] | None:
    """The same of what a function of the author's calls, which CPython runs when the spec is compiled."""
    if function.__code__ in seen:
        return None
    seen.add(function.__code__)
    codes = [function.__code__]
    for code in codes:
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
    names = {name for code in codes for name in code.co_names}
    around = dict(zip(function.__code__.co_freevars, map(_content, function.__closure__ or ()), strict=True))
    for name in names | set(around):
        value = around[name] if name in around else function.__globals__.get(name, vars(builtins).get(name))
        if isinstance(value, types.ModuleType):
            for attribute in names:
                inner = getattr(value, attribute, None)
                if inner is not None and (why := from_module(value, attribute, inner)) is not None:
                    return why
        elif isinstance(value, types.FunctionType):
            if (why := _inside(value, seen)) is not None:
                return why
        elif callable(value) and name not in _WITHIN and (why := impure(value)) is not None:
            return why
    return None


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same to whatever looks at them."""
    if a is b:
        return True
    if isinstance(a, types.MethodType) and isinstance(b, types.MethodType):
        return a.__func__ is b.__func__ and a.__self__ is b.__self__
    if isinstance(a, types.BuiltinFunctionType) and isinstance(b, types.BuiltinFunctionType):
        return a.__name__ == b.__name__ and a.__self__ is b.__self__
    if type(a) is not type(b):
        return False
    return bool(frozen(a) == frozen(b))


def frozen(value: Any) -> Any:
    """What a value is now, so that a change can be seen: containers and objects with all that they hold, up to a size."""
    return _frozen(value, {}, [_NODES])


def _frozen(value: Any, seen: dict[int, int], left: list[int]) -> Any:
    if isinstance(value, _ATOMS):
        return (type(value).__name__, value) if isinstance(value, int | str | bytes) and not isinstance(value, enum.Enum) else id(value)
    if isinstance(value, float | complex):
        return repr(value)
    if id(value) in seen:
        return ("again", seen[id(value)])
    left[0] -= 1
    if left[0] < 0:
        return id(value)
    seen[id(value)] = len(seen)

    def inner(part: Any) -> Any:
        return _frozen(part, seen, left)

    kind = type(value)
    if isinstance(value, types.FunctionType):
        cells = [_content(c) for c in value.__closure__ or ()]
        read = [value.__globals__[n] for n in value.__code__.co_names if n in value.__globals__]
        parts = [p for p in (*cells, *read) if not isinstance(p, types.FunctionType | type | types.ModuleType)]
        return (id(value.__code__), inner(value.__defaults__), *map(inner, parts))
    if isinstance(value, types.MethodType):
        return (inner(value.__func__), inner(value.__self__))
    if isinstance(value, types.BuiltinFunctionType):
        return (value.__name__, inner(value.__self__))
    if isinstance(value, functools.partial):
        return (kind, inner(value.func), inner(value.args), inner(value.keywords), *_attributes(value, inner))
    if isinstance(value, dict):
        return (kind, *((inner(k), inner(v)) for k, v in value.items()), *_attributes(value, inner))
    if isinstance(value, set | frozenset):
        return (kind, frozenset(map(inner, value)), *_attributes(value, inner))
    if isinstance(value, list | tuple):
        return (kind, *map(inner, value), *_attributes(value, inner))
    if isinstance(value, Record):  # what it was made of: it completes itself for each scope
        return (kind, inner(value._raw if value._raw is not None else value._data))
    attributes = _attributes(value, inner)
    if attributes or isinstance(kind, SortMeta):
        return (kind, *attributes)
    if getattr(kind, "__eq__") is not getattr(object, "__eq__") and getattr(kind, "__hash__", None) is not None:  # noqa: B009
        return ("equal", value)
    try:
        return (kind, *map(inner, value)) if hasattr(kind, "__len__") and hasattr(kind, "__iter__") else id(value)
    except Exception:  # a container that cannot be run over now
        return id(value)


def _attributes(value: Any, inner: Callable[[Any], Any]) -> tuple[Any, ...]:
    found = [(n, inner(v)) for n, v in getattr(value, "__dict__", {}).items()]
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                member = inspect.getattr_static(cls, name, None)
                try:
                    found.append((name, inner(member.__get__(value) if member is not None else None)))
                except AttributeError:
                    continue
    return tuple(found)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None


@dataclass(frozen=True)
class _Constant:
    text: str
    at: Position
    again: Callable[[], Any]
    was: Any


class Constants:
    """What was read while a spec was compiled, so that it can be asked later whether it is still the same."""

    def __init__(self) -> None:
        self._kept: dict[Any, _Constant] = {}

    def add(self, key: Any, text: str, at: Position, again: Callable[[], Any], value: Any) -> None:
        """Remembers what was read, and how; the first of a key."""
        if key not in self._kept:
            self._kept[key] = _Constant(text, at, again, frozen(value))

    def check(self) -> None:
        """SpecError KC233 if something has changed since."""
        for constant in self._kept.values():
            try:
                now = frozen(constant.again())
            except Exception as e:  # the author's code may raise anything
                changed(constant.text, constant.at, f"it raises {type(e).__name__} now")
            if now != constant.was:
                changed(constant.text, constant.at, "it has changed since the spec was compiled")


def changed(text: str, at: Position, what: str) -> NoReturn:
    """Raises the error of something that is no constant."""
    message = f"{text} is read when the spec is compiled, and must be a constant: {what}"
    raise SpecError("KC233", message, position=at, remedy="what changes belongs into the state; a choice is a parameter of the action")
