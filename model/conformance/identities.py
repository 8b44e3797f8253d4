"""Names for the small numbers of the model: contents, uids, resourceVersions, finalizers, nodes.

The recording names uids and resourceVersions as the real server made them up; a replay makes its own. They are matched where the
recording shows both: the resourceVersion of an answer in a setup is that of the model's answer. What a setup does not show is a uid.
One beside a kind and a name is that of the object of this name. Another one that a request names is that of the object which its own
resourceVersion names; else, for a PUT, that of the object it is sent to, since a client sends back what it read; else that of the first
object of the collection that the setup created and that has no name yet.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from kubecheck.model.registry.objects import FOREGROUND, ORPHAN
from kubecheck.model.registry.requests import Given, Version

Json = Any

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_GREATEST: Final = 2**64


def is_server_made(uid: str) -> bool:
    """Whether a server made this uid up, rather than a client: it is a random UUID (RFC 9562, version 4)."""
    return _UUID.fullmatch(uid) is not None


class Interner:
    """Numbers for values: equal JSON, equal number; 0 is the empty one."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._values: list[Json] = [None]

    def number(self, value: Json) -> int:
        """The number of a value."""
        if value in (None, {}, []):
            return 0
        text = json.dumps(value, sort_keys=True)
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self._values)
            self._values.append(json.loads(text))
        return found

    def value(self, number: int) -> Json:
        """The value of a number; None for the empty one. A fresh copy."""
        return None if number == 0 else json.loads(json.dumps(self._values[number]))


class Names:
    """Numbers for strings, given out in order from `first`; `fixed` ones have theirs."""

    def __init__(self, first: int, fixed: dict[str, int] | None = None) -> None:
        self._numbers = dict(fixed or {})
        self._names = {number: name for name, number in self._numbers.items()}
        self._next = first

    def number(self, name: str) -> int:
        """The number of a name, the next one if it is new."""
        if name not in self._numbers:
            self.bind(name, self._next)
            self._next += 1
        return self._numbers[name]

    def bind(self, name: str, number: int) -> None:
        """Makes this the name of a number."""
        self._numbers[name] = number
        self._names.setdefault(number, name)

    def knows(self, name: str) -> bool:
        """Whether the name has a number."""
        return name in self._numbers

    def name(self, number: int) -> str | None:
        """The name of a number, if it has one."""
        return self._names.get(number)


def finalizer_names() -> Names:
    """The finalizers of the garbage collector have fixed numbers."""
    return Names(2, {"orphan": ORPHAN, "foregroundDeletion": FOREGROUND})


class Revisions:
    """The recording's resourceVersions, and the model's revisions."""

    def __init__(self) -> None:
        self._revisions: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def bind(self, text: str, revision: int) -> None:
        """The recording's resourceVersion of an answer, and the model's."""
        self._revisions[text] = revision
        self._texts[revision] = text

    def text(self, revision: int) -> str:
        """How a client of the recording would write a revision; one that the recording did not show has a text of our own."""
        if revision not in self._texts:
            self.bind(f"9{revision:09d}", revision)
        return self._texts[revision]

    def shown(self) -> list[tuple[int, int]]:
        """The recording's resourceVersions as numbers, with the model's revisions."""
        return [(int(t), r) for t, r in self._revisions.items() if t.isdigit() and t != f"9{r:09d}"]

    def version(self, text: Json) -> Version:
        """A resourceVersion as a request gives it."""
        if text is None or text == "":
            return Version()
        if not isinstance(text, str) or not text.isascii() or not text.isdigit():
            return Version(given=Given.MALFORMED)
        digits = text.lstrip("0")
        if len(digits) > 20 or int(digits or "0") >= _GREATEST:
            return Version(given=Given.MALFORMED)
        if not digits:
            return Version(given=Given.ZERO)
        revision = self._revisions.get(digits)
        if revision is None:
            return Version(given=Given.UNKNOWN)
        return Version(given=Given.NUMBER, number=revision)
