"""docs/traces.md: its two examples are one trace, in both formats, and it conforms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest

from kubecheck.cli.validate import validate as command
from kubecheck.traces.event import Event, Header
from kubecheck.traces.findings import Verdict
from kubecheck.traces.order import DEFAULT_WINDOW, HELD_BYTES, IN_FLIGHT
from kubecheck.traces.readers import jsonl, text
from kubecheck.traces.readers.files import Input, Limits
from kubecheck.traces.readers.json_errors import DEPTH
from kubecheck.traces.readers.recognise import Format, recognise
from kubecheck.traces.validate import validate

PAGE = (Path(__file__).parents[2] / "docs" / "traces.md").read_text()


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(found, str)
    return found


def told(item: object) -> dict[str, object]:
    assert isinstance(item, Event | Header)
    made = {k: json.loads(bytes(v)) if isinstance(v, msgspec.Raw) else v for k, v in msgspec.structs.asdict(item).items()}
    return {key: value for key, value in made.items() if key not in {"file", "line"}}


def test_the_examples_are_one_trace_and_it_conforms(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(example("jsonl"))
    from_json = list(jsonl.read(Input(str(tmp_path / "t.jsonl"))))
    from_text = text.parse(example("trace"))
    assert [told(item) for item in from_text] == [told(item) for item in from_json]
    assert len(from_text) == 10
    validation = validate([from_text])
    assert validation.verdict is Verdict.CONFORMS
    assert validation.malformed_count == 0


@pytest.mark.parametrize(("language", "form"), [("trace", Format.TEXT), ("jsonl", Format.JSON_LINES)])
def test_the_examples_are_recognised(language: str, form: Format) -> None:
    assert recognise(example(language).encode()) is form


def test_the_json_lines_are_in_the_schema() -> None:
    for line in example("jsonl").splitlines():
        jsonschema.validate(json.loads(line), json.loads(jsonl.shipped_schema()))


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"limited to {Limits().line >> 20} MiB" in PAGE
    assert f"(text: {text._LINE_LIMIT >> 10} KiB)" in PAGE
    assert f"files to {Limits().ratio} bytes unpacked" in PAGE
    assert f"nesting to {DEPTH} brackets" in PAGE
    assert f"window ({DEFAULT_WINDOW:,} events)" in PAGE
    assert f"{HELD_BYTES >> 20} MiB of bodies" in PAGE
    assert f"More than {IN_FLIGHT:,} requests of one log" in PAGE


def test_every_option_is_documented() -> None:
    for option in (name for parameter in command.params for name in parameter.opts if name.startswith("--")):
        assert f"`{option}" in PAGE, option
