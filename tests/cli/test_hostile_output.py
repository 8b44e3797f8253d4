"""Names and values that would write on a terminal, forge a line or end a document, through everything that writes them."""

from __future__ import annotations

import io
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from rich.text import Text

from kubecheck.cli.main import main
from kubecheck.cli.output import json_bytes
from kubecheck.cli.progress import shown_on
from kubecheck.cli.render import grid
from kubecheck.cli.terminal import Terminal
from kubecheck.spec.visible import data_json, shown_json, visible, visible_lines

HOSTILE = (
    "a\n[ok] forged\r\x0b\x0c\x1c\x85\u2028\u2029[ok] forged\x1b]0;title\x07\x1b[8m\x1b]8;;http://x\x1b\\\x9b31m\x00\x7f\u202e\u2066\u200b\ufeff\ud800\ufffe"
    "]]> --> <script>alert(1)</script> [bold red]markup[/] :smile: [text](http://evil) \"'`$(id) %%{init}%% #quot; \\N \\l {a|b}"
)

SPEC = f"""
from typing import Annotated
from kubecheck.spec import Array, Range, Sort, Spec, State, require

H = {HOSTILE!a}

class Pod(Sort, size="n", label=H):
    pass

class Main(State):
    count: Array[Pod, Annotated[int, Range(0, 2)]]
    last: Pod | None = None

def hostile(*, n: int = 2, note: str = H, most: int = 1) -> Spec:
    spec = Spec(H, Main, scope={{"n": n, "note": note}})

    @spec.action(actor=H)
    def go(s: Main, pod: Pod) -> None:
        s.count[pod] += 1
        s.last = pod

    go.__doc__ = H

    @spec.invariant
    def few(s: Main, pod: Pod) -> bool:
        return s.count[pod] <= most

    @spec.summary
    def told(s: Main) -> list[str]:
        return [H[H.index(chr(27)):], str(s.count)]

    return spec
"""

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def shows_only(text: str, margin: str = " │|") -> None:
    """No character but what shows; no line that only the input has made. Lines of a log are quoted, with a margin of blanks."""
    bad = {c for c in text if not (c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs")}
    assert not bad, [f"U+{ord(c):04X}" for c in sorted(bad)]
    assert not [line for line in text.splitlines() if line.lstrip(margin).startswith("[ok] forged")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hostile.py").write_text(SPEC.replace("    go.__doc__ = H\n", "").replace(
        "def go(s: Main, pod: Pod) -> None:\n", f"def go(s: Main, pod: Pod) -> None:\n        {_docstring()}\n"
    ))  # fmt: skip
    return tmp_path


def _docstring() -> str:
    """One line, as the first line of a docstring is what is shown."""
    return ascii(HOSTILE.replace("\n", "").replace("\r", ""))


class TestText:
    def test_visible(self) -> None:
        assert visible("a\n\x1b[8m\u202e\ud800\u2028é\xa0漢") == r"a\n\x1b[8m\u202e\ud800\u2028é" + "\xa0漢"
        assert visible_lines("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"
        shows_only(visible(HOSTILE))

    def test_json(self) -> None:
        data = {"a\x1b": [HOSTILE.replace("\ud800", ""), "back\\u001b\\slash", 'quote" \\" \b\f\t\r\n', "\U000e0001\U0001f600"]}
        text = msgspec.json.encode(data).decode()
        assert json.loads(data_json(text)) == data
        shows_only(data_json(text))
        shown = json.loads(shown_json(text))
        assert shown == {"a\\x1b": [visible_lines(v).replace("\r", "\\r") for v in data["a\x1b"]]}

    def test_half_characters_are_no_fault(self) -> None:
        assert json.loads(json_bytes({"a": "\ud800", "b": ["x\udcff"]})) == {"a": "\\ud800", "b": ["x\\udcff"]}

    def test_a_terminal_reads_no_markup_and_writes_only_its_own_styles(self) -> None:
        out = io.StringIO()
        terminal = Terminal(out, width=400)
        terminal._force_terminal = True
        terminal.print(Text(HOSTILE.replace("\n", ""), style="bold red"))
        terminal.print(HOSTILE.replace("\n", ""))
        terminal.print(grid([("name", HOSTILE)]))
        text = STYLE.sub("", out.getvalue())
        shows_only(text)
        assert text.count("[bold red]markup[/] :smile:") == 3
        assert text.count("[ok] forged") == 6

    def test_progress(self) -> None:
        class Tty(io.StringIO):
            def isatty(self) -> bool:
                return True

        for out in (Tty(), io.StringIO()):
            with shown_on(out, quiet=False, what=HOSTILE):
                pass
            shows_only(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", out.getvalue()))


class TestSpec:
    """Its names, docstrings, labels, scope and summaries."""

    def test_the_terminal(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        typed = HOSTILE.replace("\0", "").replace("\ud800", "\udc80")  # as a shell can give it
        for arguments in (
            ["check", "hostile.py", "-q", "--full", "--profile"], ["check", "hostile.py", "-q", "--set", "most=2"],
            ["spec", "show", "hostile.py"],
            ["check", "hostile.py", "-q", "--set", "n=1", "--depth", "1"], ["check", typed], [typed], ["check", f"--{typed}"],
            ["check", "hostile.py", "--set", f"most={typed}"], ["check", "hostile.py", "--set", f"{typed}=1"], ["bugs", typed],
            ["graph", "hostile.py", "--by", typed, "-q"], ["graph", "hostile.py", "--by", "note", "-q"], ["explore", typed],
            ["graph", "hostile.py", "--property", typed, "-q"], ["check", "hostile.py", "--time", typed],
            ["check", "hostile.py", f"--format={typed}"], ["features", "--release", typed], ["replay", typed],
            ["validate", typed],
        ):  # fmt: skip
            code = main(arguments)
            out, err = capsys.readouterr()
            assert code != 70, err
            shows_only(out)
            shows_only(err)

    @pytest.mark.parametrize("form", ["json", "junit", "sarif", "itf", "mermaid"])
    def test_reports(self, folder: Path, form: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        assert main(["check", "hostile.py", "-q", "--format", f"{form}=out", "--format", "json=rec.json"]) == 1
        capsysbinary.readouterr()
        assert main(["check", "hostile.py", "-q", "--format", form]) == 1
        printed = capsysbinary.readouterr().out
        data = Path("out").read_bytes()
        for each in (data, printed):
            shows_only(each.decode())
        if form == "junit":
            root = ET.fromstring(data)
            assert all(v.count("\n") == 0 for element in root.iter() for v in element.attrib.values())
            [failure] = root.iter("failure")
            assert "[ok] forged" in (failure.text or "")
        elif form == "mermaid":
            assert not re.search(r"<script|%%\{|\$\$", data.decode())
            assert len(data.splitlines()) < 12
        else:
            found = json.loads(data)
            if form == "sarif":
                assert "](" not in json.dumps(found)
            if form == "json":  # data stays data, but for half a character
                assert found["spec"] == HOSTILE.replace("\ud800", "\\ud800")

    @pytest.mark.parametrize("name", ["out.dot", "out.json", "out.graphml"])
    @pytest.mark.parametrize("view", ["full", "path", "quotient"])
    def test_pictures_and_data(self, folder: Path, name: str, view: str, capsys: pytest.CaptureFixture[str]) -> None:
        by = ["--by", "last, count[Pod(0)]"] if view == "quotient" else []
        assert main(["graph", "hostile.py", "--view", view, *by, "-o", name, "-q"]) == 0, capsys.readouterr().err
        data = Path(name).read_text()
        shows_only(data)
        if name == "out.json":
            assert json.loads(data)["graph"]["spec"] == HOSTILE.replace("\ud800", "\\ud800")
        elif name == "out.graphml":
            ET.fromstring(data)
        else:
            name, _, rest = data.partition("{\n")
            assert re.fullmatch(r'digraph "([^"\\]|\\.)*" ', name)
            assert "<script" not in rest

    def test_the_page(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["explore", "hostile.py", "--export", "out.html", "--depth", "1"]) == 0, capsys.readouterr().err
        page = Path("out.html").read_text()
        data = page[page.index("explorer_data = ") :]
        data = data[len("explorer_data = ") : data.index(";</script>")]
        assert "<" not in data
        shows_only(data)
        texts: list[str] = []

        def walk(value: object) -> None:
            if isinstance(value, str):
                texts.append(value)
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
                walk(part)

        walk(json.loads(data))
        assert any("\\u202e" in text for text in texts)
        for text in texts:
            assert not {c for c in text if not (c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs")}
        [title] = re.findall("<title>(.*?)</title>", page, re.DOTALL)
        shows_only(title)
        assert "\n" not in title
        assert "<" not in title

    def test_a_saved_run(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["check", "hostile.py", "-q", "--save", "run.json"]) == 1
        saved = json.loads(Path("run.json").read_text())
        for target in ([], ["hostile.py"]):
            capsys.readouterr()
            main(["replay", "run.json", *target, "--full"])
            for text in capsys.readouterr():
                shows_only(text)

        def forged(value: object) -> object:
            if isinstance(value, str):
                return value + HOSTILE.replace("\ud800", "")
            if isinstance(value, list):
                return [forged(v) for v in value]
            return {name: forged(v) for name, v in value.items()} if isinstance(value, dict) else value

        for part in ("path", "reason", "reproduce", "found", "scope", "versions", "target", "warnings", "why", "properties", "run"):
            kept = {k: v for k, v in saved["run"].items() if k in ("target", "name", "options")} if part == "run" else {}
            changed = forged(saved[part])
            Path("run.json").write_text(json.dumps(saved | {part: changed | kept if isinstance(changed, dict) else changed}))
            assert main(["replay", "run.json"]) != 70
            for text in capsys.readouterr():
                shows_only(text)


def _quoted(text: str) -> str:
    """As YAML has it between double quotes."""
    return "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in text.replace("\ud800", ""))


MANIFEST = """
apiVersion: v1
kind: "{h}"
metadata: {{name: "{h}", namespace: "{h}"}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: web, labels: {{app: web}}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: a, image: b}}]}}
"""


def test_a_manifest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    h = _quoted(HOSTILE)
    texts = [MANIFEST.format(h=h), MANIFEST.replace("name: a, image: b", "name: a, image: b, {h}: 1").format(h=h)]
    for place in ("name: web,", "app: web}}", "replicas: 1", "apps/v1", "ReplicaSet", "image: b"):
        texts.append(MANIFEST.replace(place, f'{place.partition(":")[0]}: "{{h}}"' if ":" in place else f'"{place}{{h}}"').format(h=h))
    texts.append(MANIFEST.format(h=HOSTILE.replace("\ud800", "")))  # as it is
    for number, text in enumerate(texts):
        Path("web.yaml").write_text(text)
        code = main(["check", "web.yaml", "-q", "--format", "junit=out.xml", "--format", "sarif=out.sarif", "--format", "json=out.json"])
        out, err = capsys.readouterr()
        assert code in ((0,) if number == 0 else (0, 2)), err
        shows_only(out)
        shows_only(err)
        for name in ("out.xml", "out.sarif", "out.json"):
            if Path(name).exists():
                shows_only(Path(name).read_text())
                Path(name).unlink()


def test_a_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = HOSTILE.replace("\ud800", "")
    event = {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": hostile, "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/{hostile}/pods", "verb": "create", "user": {"username": hostile, "groups": [hostile]},
        "sourceIPs": [hostile], "userAgent": hostile, "responseStatus": {"code": 201, "message": hostile},
        "objectRef": {"resource": "pods", "namespace": hostile, "name": hostile, "apiVersion": "v1"},
        "requestObject": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": hostile, "namespace": hostile}},
        "responseObject": {
            "kind": "Pod", "apiVersion": "v1",
            "metadata": {"name": hostile + "2", "namespace": hostile, "uid": hostile, "resourceVersion": "5"},
        },
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z", "stageTimestamp": "2026-01-01T00:00:00.100000Z",
    }  # fmt: skip
    second = {**event, "responseObject": {**event["responseObject"], "kind": hostile}, "requestReceivedTimestamp": hostile}  # type: ignore[dict-item]
    lines = [json.dumps(e, ensure_ascii=a) for e in (event, second, event) for a in (True, False)]
    Path("audit.log").write_text("\n".join([*lines, hostile, "{" + hostile, '{"kind": "' + "\x1b]0;x\x07"]) + "\n", "utf-8")
    for arguments in (["--verbose"], ["--json", "-"], ["--junit", "-"], ["--format", "audit"], ["--format", "text"], ["--format", "watch"]):
        code = main(["validate", "audit.log", *arguments])
        out, err = capsys.readouterr()
        assert code != 70, err
        shows_only(out, margin="")
        shows_only(err)


def test_nobody_writes_past_the_one_place() -> None:
    """Text goes out through cli/output.py and cli/terminal.py, which escape; bytes that others write were made by functions of these."""
    rooms = Path(__file__).parents[2]
    found = []
    for room in ("cli", "traces", "checker", "spec", "model"):
        for path in sorted((rooms / room).rglob("*.py")):
            for line in path.read_text("utf-8").splitlines():
                if re.search(r"click\.(s?echo|secho)\(|\bConsole\(|sys\.std(out|err)\.write\(|from_markup\(|\bprint\(", line):
                    found.append(f"{path.relative_to(rooms).as_posix()}: {line.strip()}")
    allowed = (
        "cli/output.py: click.echo(visible_lines(text), err=err)",
        "cli/terminal.py: class Terminal(Console):",
        "cli/progress.py: print(prefix + describe(progress), file=stream, flush=True)",
    )
    ours = ("cli/check.py", "cli/validate.py", "cli/graphs/command.py", "cli/rules.py", "cli/features.py", "cli/main.py")
    generators = ("cli/explorer/vendor.py", "traces/rules/document.py")
    others = [each for each in found if each not in allowed and not re.search(r"out\.print\(|def \w*print\(", each)]
    assert not [each for each in others if each.partition(":")[0] not in ours + generators], others
