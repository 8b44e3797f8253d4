"""The project as a whole: rooms import downwards only, and pyproject.toml says what is there."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BELOW: dict[str, set[str]] = {
    "spec": set(),
    "checker": {"spec"},
    "model": {"spec"},
    "traces": {"spec", "checker", "model"},
    "cli": {"spec", "checker", "model", "traces"},
}
IMPORT_NAMES = {"PyYAML": "yaml", "backports.zstd": "backports"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imported(file: Path) -> Iterator[tuple[str, int]]:
    """The modules that a file names in imports, with their lines; relative ones made absolute."""
    package = ("kubecheck", *file.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(), str(file))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module or "") if part)
            yield module, node.lineno
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("room", BELOW)
def test_rooms_import_downwards_only(room: str) -> None:
    upwards = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in sources(room)
        for module, line in imported(file)
        if re.match(r"kubecheck\.\w", module) and module.split(".")[1] not in BELOW[room] | {room}
    ]
    assert not upwards


@pytest.mark.parametrize("room", BELOW)
def test_rooms_are_imported_under_their_name(room: str) -> None:
    """`import spec` works by accident where the checkout is on the path, and nowhere else."""
    bare = [
        f"{file.relative_to(ROOT)}:{line} imports {module}"
        for file in sources(room)
        for module, line in imported(file)
        if module.split(".")[0] in BELOW
    ]
    assert not bare


def test_the_rooms_are_those_that_exist() -> None:
    assert {p.parent.name for p in ROOT.glob("*/py.typed")} == set(BELOW)


def test_packages_are_the_folders_that_exist() -> None:
    folders = {
        ".".join(("kubecheck", *file.parent.relative_to(ROOT).parts)) for room in BELOW for file in sources(room)
    }
    assert set(project()["tool"]["setuptools"]["packages"]) == folders
    assert project()["tool"]["setuptools"]["package-dir"] == {f"kubecheck.{room}": room for room in BELOW}
    assert [p for p in folders if not (ROOT.joinpath(*p.split(".")[1:]) / "__init__.py").exists()] == []


def test_dependencies_are_what_is_imported() -> None:
    declared = {re.split(r"[<>=!~ \[]", d)[0] for d in project()["project"]["dependencies"]}
    used = {module.split(".")[0] for room in BELOW for file in sources(room) for module, _ in imported(file)}
    newer = {"compression"}  # in the standard library of Python 3.14, whose names an older one does not list
    third_party = used - set(sys.stdlib_module_names) - newer - {"kubecheck"}
    assert {IMPORT_NAMES.get(name, name) for name in declared} == third_party


def test_every_file_says_its_subject() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for folder in (*BELOW, "tests", "examples")
        for file in sources(folder)
        if not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert not silent


def test_the_changelog_has_this_version() -> None:
    version = project()["project"]["version"]
    assert re.search(rf"^## \[{re.escape(version)}\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_make_knows_the_rooms() -> None:
    rooms = re.search(r"^ROOMS\s*:=\s*(.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert rooms is not None
    assert set(rooms[1].split()) == set(BELOW)
