"""Setups in words: what the recording's tool did that is no request, a compaction or a restart, told in a sentence.

A sentence is carried out clause by clause; one that is not known makes the probe not modelled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from kubecheck.model.conformance.contents import NotModelled
from kubecheck.model.conformance.reader import Reader
from kubecheck.model.conformance.rows import Call, Row

Json = Any

_SPELLED: Final = {"two": 2, "three": 3, "four": 4, "five": 5}


def named(row: Row) -> dict[str, str]:
    """The revisions that the recording has names for."""
    found = (row.extra or {}).get("rvs") or {}
    return {str(name): str(text) for name, text in found.items()}


def names_in(words: str) -> list[str]:
    """The names of the objects that a setup in words speaks of."""
    found = re.search(r"ConfigMaps ((?:[a-z0-9-]+, )*[a-z0-9-]+) listed", words)
    return found.group(1).split(", ") if found else []


def carry_out(server: Reader, row: Row, words: str) -> None:
    """A setup in words: what the recording's tool did between two requests of its own."""
    rest = words.strip()
    while rest:
        for pattern, act in _ACTS:
            match = pattern.match(rest)
            if match:
                act(server, row, match)
                rest = rest[match.end() :].lstrip(" ;,")
                break
        else:
            raise NotModelled("a setup in words: " + words)


def _note(server: Reader, row: Row, name: str, revision: int) -> None:
    """The recording's name for a revision."""
    recorded = named(row).get(name)
    if recorded is not None:
        server.contents.revisions.bind(recorded, revision)


def _write(server: Reader, row: Row, method: str, name: str, body: Json) -> None:
    collection = row.request.path.split("?")[0]
    path = collection if method == "POST" else f"{collection}/{name}"
    kind = "application/merge-patch+json" if method == "PATCH" else None
    reply = server.serve(Call(method=method, path=path, body=body, content_type=kind))
    if reply.code >= 300:
        raise NotModelled(f"a setup in words: {method} {path} is answered {reply.code}")


def _create_and_list(server: Reader, row: Row, match: re.Match[str]) -> None:
    names = match.group(2).split(", ")
    if _SPELLED.get(match.group(1)) != len(names):
        raise NotModelled("a setup in words: " + match.group(0))
    for name in names:
        _write(
            server,
            row,
            "POST",
            "",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}},
        )
    _note(server, row, match.group(3), server.revision())


def _patch_all(server: Reader, row: Row, match: re.Match[str]) -> None:
    del match
    for name in [n for c in row.setup for n in names_in(c.note or "")]:
        _patch(server, row, name)


def _patch(server: Reader, row: Row, name: str) -> None:
    _write(server, row, "PATCH", name, {"data": {"n": str(server.revision())}})


def _patch_one(server: Reader, row: Row, match: re.Match[str]) -> None:
    _patch(server, row, match.group(1))
    _note(server, row, match.group(2), server.revision())


def _delete(server: Reader, row: Row, match: re.Match[str]) -> None:
    _write(server, row, "DELETE", match.group(1), None)
    _note(server, row, match.group(2), server.revision())


def _compact(server: Reader, row: Row, match: re.Match[str]) -> None:
    found = server.contents.revisions.version(named(row).get(match.group(1)))
    server.compact(found.number or server.revision())


def _restart(server: Reader, row: Row, match: re.Match[str]) -> None:
    del row, match
    server.write_elsewhere()  # its own Lease, among others
    server.restart()


_ACTS: Final[tuple[tuple[re.Pattern[str], Callable[[Reader, Row, re.Match[str]], None]], ...]] = (
    (
        re.compile(r"(\w+) ConfigMaps ((?:[a-z0-9-]+, )*[a-z0-9-]+) listed at rv (\w+)( \([^)]*\))?"),
        _create_and_list,
    ),
    (re.compile(r"all patched( \(rv (\w+)\))?"), _patch_all),
    (re.compile(r"([a-z0-9-]+) deleted \(rv (\w+)\)"), _delete),
    (re.compile(r"([a-z0-9-]+) patched(?: again)? \(rv (\w+)\)"), _patch_one),
    (re.compile(r"etcd compacted at rv (\w+)"), _compact),
    (re.compile(r"kube-apiserver killed and started again"), _restart),
)
