"""`kubecheck graph` from the command line to the file, on specs whose state spaces can be counted by hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from kubecheck.checker.graph.graph import Acting, Coverage, Edge, Graph, Node
from kubecheck.cli.exit_codes import ExitCode
from kubecheck.cli.graphs.data import graphml
from kubecheck.cli.graphs.data import json as graph_json
from kubecheck.cli.graphs.dot import dot
from kubecheck.cli.graphs.style import lines
from kubecheck.cli.main import main

CROSSING = str(Path(__file__).with_name("specs") / "crossing.py")
LAMP = str(Path(__file__).with_name("specs") / "lamp.py")
EXAMPLES = Path(__file__).parents[2] / "examples"
BROKEN = (CROSSING, "--set", "guard=false")
has_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed: pictures are not drawn")


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(("graph", *arguments))
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def drawn(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The DOT that a command line gives on standard output."""
    code, out, err = run(*arguments, "-o", "-", "-q", capsys=capsys)
    assert (code, err) == (0, "")
    return out


def data(*arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The JSON that a command line writes."""
    code, _, err = run(*arguments, "-o", "out.json", "-q", capsys=capsys)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(Path("out.json").read_text())
    return found


class TestViews:
    def test_a_violation_is_shown_by_its_path(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(*BROKEN, capsys=capsys)
        assert found["graph"]["view"] == "path"
        assert found["graph"]["title"] == "the shortest path to a violation of at_most_one_is_green, 2 steps"
        assert [e["action"] for e in found["edges"] if e.get("on_path")] == ["go", "go"]

    def test_a_picture_of_everything_is_for_few_states_unless_it_is_asked_for(self, capsys: pytest.CaptureFixture[str]) -> None:
        many = (CROSSING, "--set", "lights=4", "--set", "turns=8")
        assert "one_is_green, 1 step</b>" in drawn(*many, capsys=capsys)
        assert "<b>crossing: every state</b>" in drawn(*many, "--view", "full", capsys=capsys)
        assert data(*many, capsys=capsys)["graph"]["view"] == "full"

    def test_the_witness_that_is_shown_has_a_fault_in_it(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The shortest way to light needs no fault, and that is no picture of what a fault does."""
        lamp = Path(shutil.copy(LAMP, "."))
        found = data(lamp.name, "--limit", "1", capsys=capsys)
        assert found["graph"]["title"] == "a shortest path with a fault to a witness of is_lit, 3 steps"
        assert [edge["action"] for edge in found["edges"] if edge.get("on_path")] == ["fuse_blows", "mend", "switch_on"]
        lamp.write_text(lamp.read_text().replace('kind="fault"', 'kind="environment"'))
        assert data(lamp.name, "--limit", "1", capsys=capsys)["graph"]["title"] == "a shortest path to a witness of is_lit, 1 step"

    def test_without_a_violation_everything_is_shown_if_it_fits(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, capsys=capsys)
        assert (found["graph"]["view"], len(found["nodes"]), len(found["edges"])) == ("full", 17, 24)

    def test_else_a_witness(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, "--limit", "16", capsys=capsys)
        assert found["graph"]["title"] == "a shortest path to a witness of one_is_green, 1 step"
        assert [n["name"] for n in found["nodes"] if n["role"] == "path"] == ["start", "step 1, shows one_is_green"]

    def test_an_error_is_shown_by_its_path(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, "--set", "overflow=true", "--set", "turns=1", capsys=capsys)
        assert found["graph"]["title"].startswith("the shortest path to where a value leaves its type, ")
        assert [n["error"] for n in found["nodes"] if n.get("error")] == [True] * sum(n.get("error", False) for n in found["nodes"])
        assert next(n for n in reversed(found["nodes"]) if n["role"] == "path")["error"]
        assert not found["graph"]["totals_are_exact"]

    def test_a_property_by_its_name(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(*BROKEN, "--property", "one_is_green", capsys=capsys)
        assert found["graph"]["title"] == "a shortest path to a witness of one_is_green, 1 step"

    def test_around(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, "--view", "around", "3", "--depth", "1", capsys=capsys)
        assert next(n["id"] for n in found["nodes"] if n.get("role") == "centre") == 3
        assert all(3 in (e["source"], e["target"]) for e in found["edges"])

    def test_quotient(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, "--by", "turns, one_is_green", capsys=capsys)
        assert next(n["text"] for n in found["nodes"]) == ["turns = 0", "one_is_green = False"]
        assert sum(n.get("states", 1) for n in found["nodes"]) == 17

    def test_symmetric_states_are_merged_on_request(self, capsys: pytest.CaptureFixture[str]) -> None:
        found = data(CROSSING, "--merge-symmetric", capsys=capsys)
        # a light that is green, or none, at each of 0 to 4 turns: 1 + 3 * 2 + 2
        assert len(found["nodes"]) == 9
        assert "8 symmetric duplicates merged with a state that is shown" in found["graph"]["coverage"]

    def test_a_scenario(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Pictures of clusters say what a cluster looks like."""
        found = data("apply", "--view", "around", "count(p.ready for p in pods) == 2", capsys=capsys)
        centre = next(n for n in found["nodes"] if n.get("role") == "centre")
        assert "replica-set-0: 2 wanted; pod-0 running, pod-1 running" in centre["text"]


class TestDot:
    def test_the_same_input_gives_the_same_bytes(self, capsys: pytest.CaptureFixture[str]) -> None:
        """In processes of their own, so that no order of a set or a hash helps."""
        outputs = {
            subprocess.run(
                [sys.executable, "-m", "kubecheck.cli", "graph", *BROKEN, "-o", "-", "-q", "--threads", threads],
                capture_output=True,
                check=True,
            ).stdout
            for threads in ("1", "2")
        }
        assert outputs == {drawn(*BROKEN, capsys=capsys).encode()}

    def test_the_picture_says_what_it_leaves_out(self, capsys: pytest.CaptureFixture[str]) -> None:
        shown = drawn(*BROKEN, "--alternatives", "0", capsys=capsys)
        assert "<b>crossing: the shortest path to a violation of at_most_one_is_green, 2 steps</b>" in shown
        assert "3 states and 2 edges shown; 25 states and 70 edges left out" in shown

    def test_a_golden_one(self) -> None:
        """Every part of a picture, and texts that are not harmless."""
        graph = Graph(
            spec="toy",
            scope={},
            view="path",
            title="a < b",
            actions=[Acting(name="go", actor="a&b", kind="component"), Acting(name="no", actor="idle", kind="fault")],
            coverage=Coverage(states=2, edges=2, all_states=5, all_edges=9),
            nodes=[
                Node(id=0, name="start", text=['x: "1" \\l\x1b'], initial=True, quiescent=True),
                Node(id=1, name="step 1", text=[], violates=["p"]),
            ],
            edges=[
                Edge(source=0, target=1, actor="a&b", action="go", parameters={"pod": "pod-1", "at": "2"}, on_path=True),
                Edge(source=0, target=1, actor="a&b", action="go", parameters={"pod": "pod-2", "at": "2"}, violates=["q"]),
            ],
        )
        assert dot(graph) == (Path(__file__).parent / "data" / "golden.dot").read_text()

    def test_the_end_of_a_path_says_which_condition_is_false(self, capsys: pytest.CaptureFixture[str]) -> None:
        shown = drawn(*BROKEN, capsys=capsys)
        end = next(line for line in shown.splitlines() if line.startswith("\tn2 "))
        assert "<b>step 2</b>" in end
        assert "<b>violates at_most_one_is_green</b>" in end
        assert '<font color="#A50026">count(colour is Colour.GREEN for colour in s.colour)' in end
        found = data(*BROKEN, capsys=capsys)
        [why] = [node["why"] for node in found["nodes"] if "why" in node]
        assert why[0].startswith("count(colour is Colour.GREEN for colour in s.colour) <= 1 is false  [")
        assert why[1] == (
            "  count(colour is Colour.GREEN for colour in s.colour) is 2 (colour = s.colour[light-0], s.colour[light-1])"
        )
        named = data(*BROKEN, "--property", "at_most_one_is_green", capsys=capsys)
        assert [node["why"] for node in named["nodes"] if "why" in node] == [why]

    def test_a_step_that_violates_is_red_and_where_it_leads_is_marked(self, capsys: pytest.CaptureFixture[str]) -> None:
        shown = drawn("stale-restart-1.33", capsys=capsys).splitlines()
        [step] = [line for line in shown if "->" in line and "violates no_pod_too_many_after_a_restart" in line]
        assert 'color="#A50026"' in step
        assert "penwidth=4" in step
        source, target = re.findall(r"n\d+", step)[:2]
        [end] = [line for line in shown if line.startswith(f"\t{target} ")]
        assert "<b>the step to here violates no_pod_too_many_after_a_restart</b>" in end
        assert 'fillcolor="#FBE3D6"' in end
        assert 'fillcolor="#FBE3D6"' not in next(line for line in shown if line.startswith(f"\t{source} "))

    def test_a_cluster_s_steps_are_told_in_its_words(self, capsys: pytest.CaptureFixture[str]) -> None:
        shown = drawn("stuck-rollout", capsys=capsys)
        assert "pod-0 is created: Pending, of replica-set-0 (rv 4)" in shown
        assert "etcd" not in shown
        assert ' change_image( <br align="left"/> \u00a0\u00a0deployment-0, template=replica-set-1) <br' in shown
        assert " run_pod(pod-0) <br" in shown

    def test_expressions_of_a_quotient_may_have_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        by = "green = count(c is Colour.GREEN for c in colour), turns, late=turns >= 2"
        found = data(CROSSING, "--by", by, capsys=capsys)
        assert found["graph"]["title"] == "states merged by green, turns, late"
        assert found["nodes"][0]["text"] == ["green = 0", "turns = 0", "late = False"]
        assert found["graph"]["notes"][:2] == ["green is count(c is Colour.GREEN for c in colour)", "late is turns >= 2"]
        plain = data(CROSSING, "--by", "count(c is Colour.GREEN for c in colour), turns, turns >= 2", capsys=capsys)
        assert [n.get("states", 1) for n in found["nodes"]] == [n.get("states", 1) for n in plain["nodes"]]

    def test_a_mistake_behind_a_name_is_shown_where_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = run(CROSSING, "--by", "green = turns, x=turnz", "-o", "-", "-q", capsys=capsys)
        assert code == ExitCode.BAD_INPUT
        lines = err.splitlines()
        assert lines[0] == "error: KC207: crossing has no turnz"
        assert lines[2].index("^") == lines[1].index("turnz")

    def test_actors_differ_without_colours(self) -> None:
        styles = list(lines([f"actor {i}" for i in range(20)]).values())
        assert len({(line.style, line.arrowhead) for line in styles}) == 20
        assert len({line.colour for line in styles[:7]}) == 7

    @has_dot
    def test_dot_accepts_hostile_texts(self) -> None:
        import graphviz

        text = "".join(chr(c) for c in range(0x0, 0x180)) + "\\N\\G<br/>\ud800]]>"
        node = Node(id=0, name=text, text=[text])
        graph = Graph(
            spec=f'"{text}',
            scope={},
            view="full",
            title=text,
            actions=[Acting(name=text, actor=text, kind="component")],
            coverage=Coverage(states=1, edges=1, all_states=1, all_edges=1),
            nodes=[node],
            edges=[Edge(source=0, target=0, actor=text, action=text, parameters={text: text})],
        )
        picture = graphviz.Source(dot(graph)).pipe(format="svg")
        assert ET.fromstring(picture).tag.endswith("svg")
        ET.fromstring(b"".join(graphml(graph)))


class TestFiles:
    @has_dot
    def test_several_at_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        names = ["a.svg", "b.png", "c.pdf", "d.dot", "e.json", "f.graphml"]
        code, out, err = run(*BROKEN, *(x for name in names for x in ("-o", name)), "-q", capsys=capsys)
        assert (code, err) == (0, "")
        begins = {"a.svg": b"<?xml", "b.png": b"\x89PNG", "c.pdf": b"%PDF", "d.dot": b"digraph", "e.json": b"{", "f.graphml": b"<?xml"}
        for name in names:
            assert Path(name).read_bytes().startswith(begins[name])
            assert f"written       {name}\n" in out

    @has_dot
    def test_a_file_of_its_own_where_none_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = run(CROSSING, "-q", capsys=capsys)
        assert code == 0
        assert "17 states and 24 edges shown; 0 states and 0 edges left out" in out
        assert Path("crossing.svg").exists()

    def test_json_and_graphml_say_the_same(self, capsys: pytest.CaptureFixture[str]) -> None:
        run(CROSSING, "-o", "out.json", "-o", "out.graphml", "-q", capsys=capsys)
        found = json.loads(Path("out.json").read_text())
        space = {"g": "http://graphml.graphdrawing.org/xmlns"}
        root = ET.parse("out.graphml").getroot()
        nodes = [
            {d.attrib["key"].removeprefix("node-"): d.text for d in node.findall("g:data", space)}
            for node in root.findall(".//g:node", space)
        ]
        assert [json.loads(n["state"] or "") for n in nodes] == [n["state"] for n in found["nodes"]]
        assert [n.get("initial") == "true" for n in nodes] == [n.get("initial", False) for n in found["nodes"]]
        ends = [(e.attrib["source"], e.attrib["target"]) for e in root.findall(".//g:edge", space)]
        assert ends == [(f"n{e['source']}", f"n{e['target']}") for e in found["edges"]]
        declared = {key.attrib["id"] for key in root.findall("g:key", space)}
        assert {d.attrib["key"] for d in root.iter("{http://graphml.graphdrawing.org/xmlns}data")} <= declared

    def test_a_graph_is_written_piece_by_piece(self) -> None:
        """Nodes are asked for as they are written: a graph of a million is never held as text."""
        made = 0

        def nodes() -> Any:
            nonlocal made
            for i in range(50_000):
                made += 1
                yield Node(id=i, name=str(i), text=[])

        coverage = Coverage(states=50_000, edges=0, all_states=50_000, all_edges=0)
        graph = Graph(spec="s", scope={}, view="full", title="", actions=[], coverage=coverage, nodes=nodes(), edges=[])
        pieces = graph_json(graph)
        next(pieces), next(pieces)
        assert made < 10_000
        sizes = [len(piece) for piece in pieces]
        assert made == 50_000
        assert max(sizes) < 1 << 20


class TestSchema:
    """The one that is in the package; `kubecheck graph --schema` prints it."""

    def validator(self, capsys: pytest.CaptureFixture[str]) -> Any:
        code, out, _ = run("--schema", capsys=capsys)
        assert code == 0
        schema = json.loads(out)
        jsonschema.Draft202012Validator.check_schema(schema)
        return jsonschema.Draft202012Validator(_closed(schema))

    @pytest.mark.parametrize(
        "arguments",
        [
            BROKEN,
            (CROSSING,),
            (CROSSING, "--set", "overflow=true", "--set", "turns=1"),
            (CROSSING, "--by", "late = turns >= 2"),
            (CROSSING, "--view", "around", "3"),
            (*BROKEN, "--merge-symmetric", "--view", "full"),
            (*BROKEN, "--limit", "1", "-o", "x.dot"),
        ],
    )
    def test_every_view_is_valid(self, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
        validator = self.validator(capsys)
        assert [error.message for error in validator.iter_errors(data(*arguments, capsys=capsys))] == []

    def test_the_validator_does_refuse(self, capsys: pytest.CaptureFixture[str]) -> None:
        validator, found = self.validator(capsys), data(CROSSING, capsys=capsys)
        found["nodes"][1]["quiescent"] = "yes"
        found["edges"][0]["new"] = 1
        del found["graph"]["version"]
        assert len(list(validator.iter_errors(found))) == 3


def _closed(schema: Any) -> Any:
    """The schema without room for new fields: those that there are must be in it."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    return closed | {"additionalProperties": False} if {"type", "properties"} <= schema.keys() else closed


REFUSED = [
    ((CROSSING, "-o", "a.json", "-o", "./a.json"), "./a.json is wanted twice", "give each --output a file of its own"),
    ((CROSSING, "-o", "-", "-o", "-"), "standard output is wanted twice", "give each --output a file of its own"),
    ((CROSSING, "--view", "full", "--limit", "5"), "crossing has 17 states; a picture shows 5 at most", "--view path, "),
    ((CROSSING, "--view", "full", "--limit", "5", "-o", "x.json"), "crossing has 17 states; a file holds 5 at most", "--view path, "),
    ((CROSSING, "--view", "around"), "--view around needs a state", "give its number, for example: --view around 0"),
    ((CROSSING, "--view", "quotient"), "--view quotient needs --by", "give what states are merged by, "),
    ((CROSSING, "3", "--by", "turns"), "--by does not go with --view around", "--by belongs to --view quotient"),
    ((CROSSING, "--by", "turns", "--merge-symmetric"), "--merge-symmetric does not go with --view quotient", "a quotient merges"),
    ((CROSSING, "99"), "crossing has no state 99: it has 17, 0 to 16", "give a smaller number, or another condition"),
    ((CROSSING, "--by", "turn"), "KC207: crossing has no turn\n  | turn\n  | ^^^^", "did you mean turns?"),
    ((CROSSING, "--by", "turns", "--limit", "2"), "turns takes more than 2 values", "merge by something coarser, or raise --limit"),
    ((CROSSING, "--property", "one_is_gren"), "crossing has no property one_is_gren", "did you mean `one_is_green`?"),
    (
        (CROSSING, "--property", "at_most_one_is_green"),
        "none of the 17 states violates at_most_one_is_green",
        "a path leads to a violation, or to a witness of a reachable property",
    ),
    ((CROSSING, "-o", "x.gif"), "x.gif has no ending that names a format", "end it in .svg, .png, .pdf, .dot, .json, .graphml"),
    ((CROSSING, "-o", "no/x.svg"), "no/x.svg cannot be written", "give --output a file in a folder that can be written to"),
    ((CROSSING, "--workload", "x"), "there is no workload x", "there is crossing"),
    (
        (LAMP, "--merge-symmetric"),
        "lamp has no symmetric sort of more than one member in its state, and calls none alike",
        "leave out --merge-symmetric",
    ),
]


@pytest.mark.parametrize(("arguments", "message", "remedy"), REFUSED)
def test_refused(arguments: tuple[str, ...], message: str, remedy: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(*arguments, "-q", capsys=capsys)
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert err.startswith(f"error: {message}\n  help: {remedy}")
    assert not list(Path().glob("*.svg"))


def test_one_of_several_workloads(capsys: pytest.CaptureFixture[str]) -> None:
    one = (EXAMPLES / "web.yaml").read_text()
    first = next(part for part in one.split("---\n") if "kind: Deployment" in part)
    Path("two.yaml").write_text(f"{first}---\n{first.replace('name: web', 'name: other')}")
    code, _, err = run("two.yaml", "-q", capsys=capsys)
    assert code == ExitCode.BAD_INPUT
    assert err == "error: the manifest has 2 workloads: web, other\n  help: name one: --workload web\n"
    shop = first.replace("name: web", "namespace: shop\n  name: web", 1)
    Path("two.yaml").write_text(f"{first}---\n{shop}")
    code, _, err = run("two.yaml", "-q", "--workload", "web", capsys=capsys)
    assert code == ExitCode.BAD_INPUT
    assert err == (
        "error: the manifest has 2 workloads: Deployment default/web, Deployment shop/web\n"
        "  help: name one: --workload 'Deployment default/web'\n"
    )
    code, out, err = run("two.yaml", "-q", "--workload", "Deployment shop/web", "--view", "around", "0", "-o", "o.dot", capsys=capsys)
    assert (code, err) == (ExitCode.HOLDS, "")
    assert "graph of      Deployment shop/web of two.yaml" in out


def test_edges_are_what_a_check_generates_but_for_the_initial_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/check.md and docs/graph.md say."""
    for target in (CROSSING, LAMP, "apply"):
        main(("check", target, "--json", "checked.json"))
        run(target, "--view", "full", "-o", "graph.json", capsys=capsys)
        checked, graph = (json.loads(Path(tmp_path, name).read_text()) for name in ("checked.json", "graph.json"))
        initial = sum(node.get("initial", False) for node in graph["nodes"])
        assert initial >= 1
        assert (len(graph["nodes"]), len(graph["edges"]) + initial) == (checked["states"]["distinct"], checked["states"]["generated"])
    assert (len(graph["edges"]), checked["states"]["generated"]) == (113, 114)
