"""A state of any spec as tables: its parts, with their plain places and their arrays. For specs that nobody has drawn a picture for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kubecheck.cli.explorer.protocol import Cell, Part, Table
from kubecheck.spec import Spec
from kubecheck.spec.reference import Snapshot, show
from kubecheck.spec.types import ArrayType, Data, RecordType, Type

_MOST_ROWS = 200


def parts(spec: Spec, state: Snapshot) -> list[Part]:
    """The parts in the order of the spec. Places without bits, which cannot change, are left out."""
    found = []
    for f, data in zip(spec.root.fields, state, strict=True):
        cells, tables = _split(f.type, data, "", f.name)
        if cells or tables:
            found.append(Part(title=f.name.replace("_", " ").strip(), cells=cells, tables=tables))
    return found


def _split(t: Type, data: Data, title: str, path: str) -> tuple[list[Cell], list[Table]]:
    cells: list[Cell] = []
    tables: list[Table] = []
    if not isinstance(t, RecordType):
        return [Cell(path=_plain(path), value=show(t, data), quiet=data == t.default)], []
    for f, value in zip(t.fields, data, strict=True):
        name = f"{title}.{f.name}" if title else f.name
        if not f.type.bits:
            continue
        if isinstance(f.type, ArrayType):
            tables.append(_table(f.type, value, _plain(name)))
        elif isinstance(f.type, RecordType):
            inner, arrays = _split(f.type, value, name, name)
            cells += inner
            tables += arrays
        else:
            cells.append(Cell(path=_plain(name), value=show(f.type, value), quiet=value == f.default))
    return cells, tables


def _table(t: ArrayType, data: Data, title: str) -> Table:
    found = list(itertools.islice(_rows(t, data, ()), _MOST_ROWS + 1))
    rows = found[:_MOST_ROWS]
    return Table(
        title=f"{title} (the first {_MOST_ROWS})" if len(found) > len(rows) else title,
        columns=[cell.path for cell in rows[0][1]] if rows else [],
        rows=[row for _, row in rows],
        keys=[", ".join(keys) for keys, _ in rows],
    )


def _rows(t: Type, data: Data, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Cell]]]:
    """The elements of an array, or of an array of arrays, each with its keys."""
    if isinstance(t, ArrayType):
        for key, element in zip(t.key.values(), data, strict=True):
            yield from _rows(t.element, element, (*keys, show(t.key, key)))
    else:
        yield keys, list(_leaves(t, data, ""))


def _leaves(t: Type, data: Data, path: str) -> Iterator[Cell]:
    if isinstance(t, RecordType):
        for f, value in zip(t.fields, data, strict=True):
            if f.type.bits:
                yield from _leaves(f.type, value, f"{path}.{f.name}" if path else f.name)
    else:
        yield Cell(path=_plain(path) or "value", value=show(t, data), quiet=data == t.default)


def _plain(path: str) -> str:
    """A path without the underscores that make fields private."""
    return ".".join(part.lstrip("_") for part in path.split("."))
