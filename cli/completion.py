"""What the shell offers at TAB: files that a command reads, scenarios, features, bugs, rules, fields of a scope.

A spec is code, and nothing is run while somebody types: its parameters are read off its source.
"""

from __future__ import annotations

import ast
import glob
import os
import re
from typing import TYPE_CHECKING, Any, Final

from click.shell_completion import split_arg_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import click

_TARGETS: Final = (".yaml", ".yml", ".json", ".py")


def targets(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """TARGET: scenarios, manifests and specs."""
    from kubecheck.model.scenarios import ALL

    return [*_beginning(ALL, incomplete), *_files(incomplete, _TARGETS)]


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Any file; of `FORMAT=FILE`, the part behind the equals sign."""
    return _files(incomplete, ())


def runs(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Files of saved runs."""
    return _files(incomplete, (".json",))


def features(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Features that are not given yet."""
    from kubecheck.model.features import FEATURES

    given = ctx.params.get(param.name or "") or ()
    return [name for name in _beginning(FEATURES, incomplete) if name not in given]


def bugs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Bugs by their names."""
    from kubecheck.model.bugs import all_bugs

    given = ctx.params.get(param.name or "") or ()
    return [name for name in _beginning(all_bugs(), incomplete) if name not in given]


def rules(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Rules that traces are judged by, and their subjects."""
    from kubecheck.traces.rules.registry import choose

    names = [rule.name for rule in choose()]
    return _beginning([*dict.fromkeys(name.partition(".")[0] for name in names), *names], incomplete)


def formats(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """FORMAT[=FILE]."""
    from kubecheck.cli.formats.outputs import Format

    name, equals, file = incomplete.partition("=")
    if equals:
        return [f"{name}={found}" for found in _files(file, ())]
    return _beginning([f.value for f in Format], incomplete)


def settings(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """NAME= of `--set`: the fields of the target's scope, or the parameters of a spec; then the values, where they are few."""
    fields = _settings_of(_target(ctx))
    name, equals, value = incomplete.partition("=")
    if equals:
        return [f"{name}={known}" for known in _beginning(fields.get(name, ()), value)]
    return _beginning([f"{field}=" for field in fields], incomplete)


def _target(ctx: click.Context) -> str:
    """TARGET, which click has not looked at yet where an option before it still lacks its value."""
    from kubecheck.model.scenarios import ALL

    given = ctx.params.get("target") or ctx.params.get("targets")
    if given:
        return given if isinstance(given, str) else str(given[0])
    words = split_arg_string(os.environ.get("COMP_WORDS", ""))
    return next((word for word in words if word in ALL or re.search(r"\.(py(:\w*)?|ya?ml|json)$", word)), "")


def _settings_of(target: str) -> dict[str, Sequence[str]]:
    """The names that `--set` takes for a target, each with its values if they can be listed."""
    from kubecheck.cli.subjects import scope_values
    from kubecheck.model.scenarios import ALL
    from kubecheck.model.scope import ClusterScope

    file, _, name = target.partition(".py")
    if file != target:
        return dict.fromkeys(_parameters(f"{file}.py", name.lstrip(":")), ())
    return scope_values(type(ALL[target].scope) if target in ALL else ClusterScope)


def _parameters(file: str, name: str) -> list[str]:
    """The parameters of the functions in a file that return a Spec, or of the one that is named. Nothing of the file is run."""
    try:
        with open(file, encoding="utf-8") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    found: list[str] = []
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and name in ("", function.name) and _gives_a_spec(function):
            found += [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
    return list(dict.fromkeys(found))


def _gives_a_spec(function: ast.FunctionDef) -> bool:
    returned = ast.unparse(function.returns) if function.returns is not None else ""
    return returned.strip("'\"").rpartition(".")[2] == "Spec"


def _beginning(names: Iterable[Any], incomplete: str) -> list[str]:
    return [str(name) for name in names if str(name).startswith(incomplete)]


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Files with these endings (all, if there are none), and folders, which end in a slash; hidden ones only if they are asked for."""
    found = []
    for path in sorted(glob.glob(f"{glob.escape(os.path.expanduser(incomplete))}*")):
        if os.path.isdir(path):
            found.append(f"{path}{os.sep}")
        elif not endings or path.endswith(endings):
            found.append(path)
    return found
