"""The exported file: what is in it, and that it lets nothing in or out."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from kubecheck.cli.explorer import export as module
from kubecheck.cli.explorer import page
from kubecheck.cli.explorer.export import TooManyViewsError, export
from kubecheck.cli.explorer.session import Session

PATH = (0, 0, 0, 1, 1)


class Elements(HTMLParser):
    """The scripts and styles of a page, and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.addresses: list[str] = []
        self.policy = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [v for name, v in attrs if name in ("src", "href", "action", "data") and v]
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        self._inside = tag if tag in self.texts else ""
        if self._inside:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data


def data_of(text: str) -> dict[str, Any]:
    [found] = re.findall(r"explorer_data = (.*);</script>", text)
    data: dict[str, Any] = json.loads(found)
    return data


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_it_has_the_path_and_so_many_steps_beside_it(stuck: Session, depth: int) -> None:
    text, count = export(stuck, PATH, depth=depth, note="a note")
    data = data_of(text)
    views = data["views"]
    assert len(views) == count
    assert (data["info"]["start"], data["info"]["exported"], data["info"]["note"]) == ("0.0.0.1.1", depth, "a note")
    on_path = [".".join(map(str, PATH[:n])) for n in range(1, len(PATH) + 1)]
    expected, border = set(on_path), set(on_path)
    for _ in range(depth):
        border = {f"{path}.{c['number']}" for path in border for c in views[path]["choices"] if not c["same"]} - expected
        expected |= border
    assert set(views) == expected
    for path in expected:
        assert views[path]["path"] == path
        assert views[path]["row"]["number"] == path.count(".")


def test_its_policy_names_what_is_in_it_and_nothing_else(stuck: Session) -> None:
    found = Elements(export(stuck, PATH, depth=0, note="</script><img src=x onerror=alert(1)>")[0])
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [allowed] = re.findall(rf"{directive} ([^;]*)", found.policy)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in found.texts[tag]]
        assert allowed.split() == [f"'sha256-{digest}'" for digest in digests]
    assert found.policy.startswith("default-src 'none'")
    assert "connect-src" not in found.policy
    assert [a for a in found.addresses if not a.startswith("data:")] == []


def test_text_from_a_spec_cannot_end_the_script(stuck: Session) -> None:
    text = page.exported_page("<b>&", {"evil": "</script><script>alert(1)</script><!--"})
    assert html.escape("<b>&") in text
    [payload, *_] = Elements(text).texts["script"]
    assert json.loads(payload.removeprefix("explorer_data = ").removesuffix(";")) == {"evil": "</script><script>alert(1)</script><!--"}
    assert "<" not in payload


def test_the_same_path_gives_the_same_file(stuck: Session) -> None:
    assert export(stuck, PATH, depth=1, note="")[0] == export(stuck, PATH, depth=1, note="")[0]


def test_more_states_than_a_file_may_have_are_refused(stuck: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_VIEWS", export(stuck, PATH, depth=1, note="")[1])
    assert export(stuck, PATH, depth=1, note="")[1] == module.MOST_VIEWS
    with pytest.raises(TooManyViewsError) as caught:
        export(stuck, PATH, depth=2, note="")
    assert (caught.value.depth, caught.value.fits) == (2, 1)
