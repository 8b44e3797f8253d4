"""The source text of a spec's functions: the syntax tree of a function, and positions in it."""

from __future__ import annotations

import ast
import inspect
import itertools
import linecache
import sys
from functools import lru_cache
from types import FunctionType
from typing import NoReturn

from kubecheck.spec.errors import Position, SpecError


@lru_cache(maxsize=256)
def _functions(filename: str, text: str) -> dict[int, ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every `def` of a file by its first line, decorators included, as CPython counts `co_firstlineno`."""
    found = {}
    for node in ast.walk(ast.parse(text, filename)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[first] = node
    return found


def tree(function: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function; SpecError KC002 if its source cannot be found, KC001 if it is async or a generator."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename))
    node = _functions(code.co_filename, text).get(code.co_firstlineno) if text else None
    if node is None or node.name != code.co_name:  # a function may be called otherwise than its `def`
        raise SpecError(
            "KC002",
            f"the source of {function.__name__} cannot be read (from {code.co_filename})",
            remedy="define it with `def` in a file; not with lambda, exec, or at the prompt",
        )
    at = position(code.co_filename, node)
    head = Position(at.file, at.line, at.column, at.line, at.column + 3)
    if isinstance(node, ast.AsyncFunctionDef):
        fail("KC001", "`async def` is not in the language", head, "write a plain function")
    if inspect.isgeneratorfunction(function):
        fail("KC001", f"{function.__name__} is a generator", head, "write a function without `yield`")
    return node


def field_position(cls: type, name: str) -> Position | None:
    """Where a class annotates a field; None if its source cannot be found."""
    for base in cls.__mro__:
        if name not in inspect.get_annotations(base):
            continue
        filename = getattr(sys.modules.get(base.__module__), "__file__", None) or ""
        text = "".join(linecache.getlines(filename))
        for node in ast.walk(ast.parse(text, filename)) if text else ():
            if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                for s in node.body:
                    if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name) and s.target.id == name:
                        return position(filename, s)
    return None


def caller() -> Position | None:
    """Where the author's code, the innermost that is not the language's own, stands now."""
    frame = sys._getframe(1)
    own = __file__.rsplit("/", 1)[0]
    while frame.f_code.co_filename.startswith((own, "<")):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    filename = frame.f_code.co_filename
    line, end_line, column, end_column = next(
        itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None), (None,) * 4
    )
    if line is None or column is None:
        return Position(filename, frame.f_lineno, 1, frame.f_lineno, 1)
    end = _characters(filename, end_line or line, end_column or column)
    return Position(filename, line, _characters(filename, line, column) + 1, end_line or line, end + 1)


def position(filename: str, node: ast.AST) -> Position:
    """Where a syntax node stands; columns count characters from 1."""
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column
    start = _characters(filename, line, column)
    return Position(filename, line, start + 1, end_line, _characters(filename, end_line, end_column) + 1)


def _characters(filename: str, line: int, offset: int) -> int:
    """`ast` counts UTF-8 bytes; people count characters."""
    text = linecache.getline(filename, line)
    return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))


def fail(code: str, message: str, at: Position, remedy: str = "") -> NoReturn:
    """Raises a SpecError with a position."""
    raise SpecError(code, message, position=at, remedy=remedy)


def class_position(cls: type, name: str | None) -> Position | None:
    """Where a class defines a name; where its `class` statement is, if it does not itself; None if its source cannot be found."""
    filename = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
    text = "".join(linecache.getlines(filename))
    for node in ast.walk(ast.parse(text, filename)) if text else ():
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            for s in node.body:
                if isinstance(s, ast.FunctionDef | ast.ClassDef) and s.name == name:
                    return _head(filename, s)
                targets = s.targets if isinstance(s, ast.Assign) else [s.target] if isinstance(s, ast.AnnAssign) else []
                if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                    return position(filename, s)
            return _head(filename, node)
    return None


def _head(filename: str, node: ast.FunctionDef | ast.ClassDef) -> Position:
    """The first word and the name of a definition."""
    at = position(filename, node)
    word = "class" if isinstance(node, ast.ClassDef) else "def"
    return Position(at.file, at.line, at.column, at.line, at.column + len(f"{word} {node.name}"))
