"""The source text of a spec's functions: the syntax tree of a function, and positions in it."""

from __future__ import annotations

import ast
import linecache
from functools import lru_cache
from types import FunctionType
from typing import NoReturn

from kubecheck.spec.errors import Position, SpecError


@lru_cache(maxsize=256)
def _functions(filename: str, text: str) -> dict[int, ast.FunctionDef]:
    """Every `def` of a file by its first line, decorators included, as CPython counts `co_firstlineno`."""
    found = {}
    for node in ast.walk(ast.parse(text, filename)):
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found[first] = node
    return found


def tree(function: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function; SpecError KC002 if its source cannot be found."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename))
    node = _functions(code.co_filename, text).get(code.co_firstlineno) if text else None
    if node is None or node.name != function.__name__:
        raise SpecError(
            "KC002",
            f"the source of {function.__name__} cannot be read (from {code.co_filename})",
            remedy="define it with `def` in a file; not with lambda, exec, or at the prompt",
        )
    return node


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
