"""What each view shows, and that what it leaves out is counted."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from kubecheck import checker
from kubecheck.checker.graph.enumeration import Enumeration, TooManyStatesError
from kubecheck.checker.graph.expander import Expander
from kubecheck.checker.graph.expression import Expression
from kubecheck.checker.graph.graph import Coverage, Graph, Role
from kubecheck.checker.graph.labels import Labels, short_names
from kubecheck.checker.graph.neighbourhood import NoSuchStateError, around_view, drawn, full_view
from kubecheck.checker.graph.path import path_to, path_view
from kubecheck.checker.graph.quotient import TooManyClassesError, quotient_view
from kubecheck.checker.graph.symmetry import Symmetry
from kubecheck.checker.graph.totals import Totals, explored, totals
from kubecheck.checker.report import Step
from kubecheck.spec import Spec, SpecError, reference
from tests.cli.specs.crossing import Colour, Crossing, Light, crossing
from tests.spec.toys import Pod, empty

CACHE = checker.Cache(checker.cache_folder())  # as a check has it: the engine's kernels take seconds to compile


def whole(expander: Expander) -> Enumeration:
    states = Enumeration(expander, limit=10_000)
    while not states.complete:
        states.grow()
    return states


def tell(before: Sequence[Step], step: Step) -> list[str]:
    """As the command line does, in other words."""
    assert [s.step for s in before] == list(range(step.step))
    return [f"{change.path} becomes {change.after}" for change in step.changes]


def path_of(spec: Spec, *, alternatives: int = 99, symmetric: bool = False, most: int | None = None) -> Graph:
    report = checker.check(spec)
    expander = Expander(spec)
    counted = totals(explored(expander, limits=checker.Limits(), cache=CACHE))
    symmetry = Symmetry(expander) if symmetric else None
    return path_view(
        expander,
        report.path,
        counted,
        title="the path",
        tell=tell,
        why=["it is wrong"],
        alternatives=alternatives,
        most=most,
        symmetry=symmetry,
    )


class TestCoverage:
    def test_says_what_is_left_out(self) -> None:
        assert Coverage(states=3, edges=1, all_states=1_003, all_edges=2).sentences() == [
            "3 states and 1 edge shown; 1,000 states and 1 edge left out"
        ]

    def test_says_what_else_is_not_there(self) -> None:
        coverage = Coverage(states=1, edges=0, all_states=2, all_edges=5, stopped="interrupted", loops=1, merged=2)
        assert coverage.sentences() == [
            "1 state and 0 edges shown; at least 1 state and at least 5 edges left out",
            "the rest was not counted: interrupted",
            "2 symmetric duplicates merged with a state that is shown",
            "1 step that changes nothing not drawn",
        ]

    def test_where_edges_were_not_counted(self) -> None:
        coverage = Coverage(states=2, edges=1, all_states=10, all_edges=None, stopped="there are more than 10 states")
        assert coverage.sentences() == [
            "2 states and 1 edge shown; at least 8 states and their edges left out",
            "the rest was not counted: there are more than 10 states",
        ]

    def test_of_classes(self) -> None:
        assert Coverage(states=9, edges=8, all_states=9, all_edges=8, classes=2).sentences() == [
            "9 states and 8 edges in 2 classes; 0 states and 0 edges left out"
        ]


class TestTotals:
    def test_are_those_of_the_whole_space_whatever_is_found(self) -> None:
        """A check ends at a violation; what is left out is counted all the same."""
        spec = crossing(guard=False)
        expander = Expander(spec)
        states = whole(expander)
        assert checker.check(spec).states.distinct < len(states)
        found = totals(explored(expander, limits=checker.Limits(), cache=CACHE))
        assert found == Totals(len(states), len(states.edges()[0]))

    def test_are_a_lower_bound_where_the_search_was_stopped(self) -> None:
        expander = Expander(crossing())
        found = totals(explored(expander, limits=checker.Limits(depth=2), cache=CACHE))
        assert found.states < 17
        assert found.stopped.startswith("the depth limit of 2 steps is reached")
        expander = Expander(crossing(lights=2, turns=1, overflow=True))
        assert totals(explored(expander, limits=checker.Limits(), cache=CACHE)).stopped == "a value left its type"

    def test_beyond_so_many_states_they_are_not_counted(self) -> None:
        """How far the search came says nothing: it depends on the machine."""
        expander = Expander(crossing(lights=8, turns=9, guard=False))
        found = explored(expander, limits=checker.Limits(depth=4), cache=CACHE, most=5)
        assert totals(found, most=5) == Totals(5, None, "there are more than 5 states")
        assert totals(found, most=10**6) == totals(found)

    def test_a_limit_that_holds_nothing(self) -> None:
        with pytest.raises(SpecError, match="KC132"):
            explored(Expander(crossing()), limits=checker.Limits(memory_bytes=1), cache=CACHE)


class TestPath:
    def test_is_the_report_s_with_every_other_step_beside_it(self) -> None:
        spec = crossing(guard=False)
        graph = path_of(spec)
        nodes, edges = list(graph.nodes), list(graph.edges)
        report = checker.check(spec)
        path = [node for node in nodes if node.role is Role.PATH]
        assert [node.name for node in path] == ["start", "step 1", "step 2"]
        assert [(e.action, e.parameters) for e in edges if e.on_path] == [(s.action, s.parameters) for s in report.path[1:]]
        assert path[0].initial
        assert path[-1].violates == ["at_most_one_is_green"]
        state = reference.initial_states(spec)[0]
        for node in path[:-1]:
            steps = list(reference.steps(spec, state))
            assert sum(e.source == node.id for e in edges) == len([t for t in steps if t.state != state])
            chosen = next(e for e in edges if e.source == node.id and e.on_path)
            state = next(t.state for t in steps if t.action.name == chosen.action and _shown(spec, t) == chosen.parameters)
        assert graph.coverage.states == len({bytes(node.state) for node in nodes})
        assert graph.coverage.edges == len(edges)
        assert graph.coverage.all_states == len(whole(Expander(spec)))

    def test_what_a_step_beside_the_path_changed_is_told_of_that_step(self) -> None:
        """Two states of the path lead to one beside it, which differs from each in another way: it is drawn for each."""
        spec = crossing(guard=False)

        @spec.action(actor="gremlin", kind="fault")
        def blackout(s: Crossing) -> None:
            for light in Light:
                s.colour[light] = Colour.RED
            s.turns = 4

        graph = path_of(spec)
        nodes = {node.id: node for node in graph.nodes}
        beside = [edge for edge in graph.edges if nodes[edge.target].role is Role.ALTERNATIVE]
        expander = Expander(spec)
        rows = {expander.json(row): expander.unpack(row) for row in whole(expander).states()}
        for edge in beside:
            before, after = (rows[bytes(nodes[end].state).decode()] for end in (edge.source, edge.target))
            told = [f"{path} becomes {new}" for path, _, new in reference.changes(spec, before, after)]
            assert nodes[edge.target].text == told
        states = [bytes(nodes[edge.target].state) for edge in beside]
        assert graph.coverage.states == len({bytes(node.state) for node in nodes.values()})
        dark = [nodes[edge.target].text for edge in beside if edge.action == "blackout"]
        assert dark == [["turns becomes 4"], ["colour[light-0] becomes red", "turns becomes 4"]]
        assert len(set(states)) == len(states) - 1

    def test_the_middle_of_a_long_path_is_one_node(self) -> None:
        spec = crossing(lights=1, turns=5, overflow=True)
        whole_path, folded = path_of(spec), path_of(spec, most=5)
        assert len(list(whole_path.nodes)) == 11
        nodes, edges = list(folded.nodes), list(folded.edges)
        assert [node.name for node in nodes] == [
            "start", "steps 1 to 6", "step 7", "step 8", "step 9", "step 10",
        ]  # fmt: skip
        assert (nodes[1].role, nodes[1].text) == (Role.FOLD, ["6 states that are not drawn"])
        assert [(e.source, e.target, e.action) for e in edges] == [
            (0, 1, "go"), (1, 2, "go"), (2, 3, "stop"), (3, 4, "go"), (4, 5, "stop"),
        ]  # fmt: skip
        assert (folded.coverage.states, folded.coverage.edges) == (5, 5)
        assert [node.name for node in path_of(spec, most=10).nodes] == [node.name for node in whole_path.nodes]

    def test_the_end_says_what_is_wrong(self) -> None:
        told = [node.why for node in path_of(crossing(guard=False)).nodes if node.role is Role.PATH]
        assert told == [[], [], ["it is wrong"]]

    def test_the_path_stays_between_its_alternatives(self) -> None:
        edges = list(path_of(crossing(lights=5, guard=False)).edges)
        for source, group in itertools.groupby(edges, key=lambda e: e.source):
            order = [e.on_path for e in group]
            if source < 2:
                assert abs(2 * order.index(True) - (len(order) - 1)) <= 1, order

    def test_at_most_so_many_alternatives(self) -> None:
        few = path_of(crossing(lights=5, guard=False), alternatives=1)
        for source in (0, 1):
            assert sum(e.source == source for e in few.edges) == 2
        none = path_of(crossing(lights=5, guard=False), alternatives=0)
        assert [node.role for node in none.nodes] == [Role.PATH] * 3

    def test_symmetric_alternatives_are_one(self) -> None:
        plainly, merged = path_of(crossing(guard=False)), path_of(crossing(guard=False), symmetric=True)
        assert len(list(merged.nodes)) < len(list(plainly.nodes))
        assert merged.coverage.merged == len(list(plainly.edges)) - len(list(merged.edges))

    def test_a_step_that_violates_is_marked(self) -> None:
        spec = _turning_back()
        graph = path_of(spec)
        marked = [(e.source, e.target, e.violates) for e in graph.edges if e.violates]
        assert marked == [(1, 2, ["turns_grow"])]

    def test_to_any_property(self) -> None:
        """Also to one whose violation is not the first."""
        expander = Expander(crossing(guard=False))
        found = explored(expander, limits=checker.Limits(), cache=CACHE)
        spec = expander.spec
        assert [s.action for s in path_to(expander, found, spec.find_property("one_is_green"))] == ["", "go"]
        assert len(path_to(expander, found, spec.find_property("at_most_one_is_green"))) == 3
        sound = Expander(crossing())
        held = sound.spec.find_property("at_most_one_is_green")
        assert path_to(sound, explored(sound, limits=checker.Limits(), cache=CACHE), held) == []


class TestFull:
    def test_every_state_and_step(self) -> None:
        expander = Expander(crossing())
        graph = full_view(expander, whole(expander))
        assert len(list(graph.nodes)) == 17
        assert graph.coverage.sentences() == ["17 states and 24 edges shown; 0 states and 0 edges left out"]
        assert [node.id for node in graph.nodes] == list(range(17))
        assert len(list(graph.edges)) == 24

    def test_the_picture_has_the_same_nodes_with_texts(self) -> None:
        expander = Expander(crossing(guard=False))
        data, picture = full_view(expander, whole(expander)), drawn(expander, whole(expander))
        keep = ("id", "depth", "initial", "quiescent", "violates")
        assert [[getattr(n, k) for k in keep] for n in data.nodes] == [[getattr(n, k) for k in keep] for n in picture.nodes]
        assert list(data.edges) == list(picture.edges)
        assert data.coverage == picture.coverage
        assert [n.text for n in picture.nodes][:2] == [[], ["colour[light-0]: green", "turns: 1"]]


class TestAround:
    def around(self, spec: Spec, state: str, *, depth: int, most: int = 99) -> Graph:
        expander = Expander(spec)
        counted = totals(explored(expander, limits=checker.Limits(), cache=CACHE))
        return around_view(expander, Enumeration(expander, limit=10_000), counted, state, depth=depth, most=most)

    def test_shows_what_is_near_both_ways(self) -> None:
        """Against distances by brute force over all edges, taken both ways."""
        expander = Expander(crossing())
        states = whole(expander)
        edges = list(zip(*(column.tolist() for column in states.edges()[:2]), strict=True))
        near = {6}
        for _ in range(2):
            near |= {t for s, t in edges if s in near} | {s for s, t in edges if t in near}
        graph = self.around(crossing(), "6", depth=2)
        assert {node.id for node in graph.nodes} == near
        assert sorted((e.source, e.target) for e in graph.edges) == sorted((s, t) for s, t in edges if {s, t} <= near)
        assert [node.id for node in graph.nodes if node.role is Role.CENTRE] == [6]
        assert graph.coverage.states_left_out == 17 - len(near)

    def test_a_condition_means_the_first_state_where_it_is_true(self) -> None:
        expander = Expander(crossing())
        found = Expression(expander, "turns == 2").values(whole(expander).states())
        first = found.index((True,))
        graph = self.around(crossing(), "turns == 2", depth=0)
        assert [node.id for node in graph.nodes] == [first]
        assert graph.title == f"around state {first}, the first in which turns == 2, 0 steps forth and back"

    def test_the_nearest_are_shown(self) -> None:
        graph = self.around(crossing(), "0", depth=9, most=4)
        assert [node.id for node in graph.nodes] == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("state", "message"),
        [
            ("17", "crossing has no state 17: it has 17, 0 to 16"),
            ("turns > 9", "crossing has no state in which turns > 9 is true: it has 17, 0 to 16"),
        ],
    )
    def test_no_such_state(self, state: str, message: str) -> None:
        with pytest.raises(NoSuchStateError) as raised:
            self.around(crossing(), state, depth=1)
        assert str(raised.value) == message

    def test_where_states_are_merged_a_condition_on_one_member_may_be_true_in_none_that_is_left(self) -> None:
        expander = Expander(crossing())
        states = Enumeration(expander, limit=10_000, canonical=Symmetry(expander).canonical)
        counted = totals(explored(expander, limits=checker.Limits(), cache=CACHE))
        with pytest.raises(NoSuchStateError, match=r"^crossing, with one state for all that differ in names only, has no state in which"):
            around_view(expander, states, counted, "colour[Light(2)] is Colour.GREEN", depth=1, most=9)

    def test_beyond_the_limit(self) -> None:
        expander = Expander(crossing())
        counted = totals(explored(expander, limits=checker.Limits(), cache=CACHE))
        with pytest.raises(TooManyStatesError):
            around_view(expander, Enumeration(expander, limit=5), counted, "16", depth=1, most=9)


class TestQuotient:
    def quotient(self, spec: Spec, by: str, *, most: int = 99) -> Graph:
        expander = Expander(spec)
        found = explored(expander, limits=checker.Limits(), cache=CACHE)
        return quotient_view(expander, Expression(expander, by), found, totals(found), most=most)

    def test_counts_are_those_of_brute_force(self) -> None:
        spec, by = crossing(guard=False), "count(c is Colour.GREEN for c in colour)"
        expander = Expander(spec)
        states = whole(expander)
        values = [value for (value,) in Expression(expander, by).values(states.states())]
        edges = zip(*(column.tolist() for column in states.edges()), strict=True)
        steps = [(values[s], values[t], expander.instance(i)[0].name) for s, t, i in edges]
        graph = self.quotient(spec, by)
        nodes = list(graph.nodes)
        green = {node.id: int(node.text[0].removeprefix(f"{by} = ")) for node in nodes}
        assert {green[n.id]: n.states for n in nodes} == {v: values.count(v) for v in set(values)}
        assert {green[n.id]: n.inside for n in nodes} == {v: sum(s == t == v for s, t, _ in steps) for v in set(values)}
        told = {(green[e.source], green[e.target], e.action): e.count for e in graph.edges}
        assert told == {step: steps.count(step) for step in set(steps) if step[0] != step[1]}
        assert sum(n.states for n in nodes) == graph.coverage.states == len(states)
        assert sum(e.count for e in graph.edges) + sum(n.inside for n in nodes) == graph.coverage.edges == len(steps)

    def test_marks_of_a_class_are_those_of_some_of_its_states(self) -> None:
        nodes = list(self.quotient(crossing(guard=False), "turns").nodes)
        assert [node.initial for node in nodes] == [True, False, False, False, False]
        assert [bool(node.violates) for node in nodes] == [False, False, True, True, True]

    def test_too_many_classes(self) -> None:
        with pytest.raises(TooManyClassesError, match="more than 3 classes"):
            self.quotient(crossing(), "turns", most=3)


class TestLabels:
    def test_what_differs_from_the_first_initial_state(self) -> None:
        spec = crossing()
        states = whole(Expander(spec)).states()
        expander = Expander(spec)
        assert Labels(spec).state(expander.unpack(states[0])) == []
        assert Labels(spec).state(expander.unpack(states[1])) == ["colour[light-0]: green", "turns: 1"]

    def test_a_spec_s_own_summary(self) -> None:
        spec = crossing()

        @spec.summary
        def told(s: Crossing) -> str:
            return f"{s.turns} turns\nof {spec.scope['turns']}"

        assert Labels(spec).state(reference.initial_states(spec)[0]) == ["0 turns", "of 4"]

    def test_a_summary_tells_of_the_whole_state(self) -> None:
        spec = crossing()

        @spec.summary
        def told(s: Crossing, flag: bool) -> str:
            return ""

        with pytest.raises(SpecError, match="KC136: told: a summary tells of a whole state"):
            Labels(spec).state(reference.initial_states(spec)[0])

    def test_look_alikes_are_told_apart(self) -> None:
        spec = crossing()

        @spec.summary
        def told(s: Crossing) -> str:
            return "a crossing"

        expander = Expander(spec)
        states = whole(expander)
        texts = [node.text for node in drawn(expander, states).nodes]
        assert texts[0] == ["a crossing", "colour[light-0]: red", "turns: 0", "colour[light-1]: red"]
        assert texts[1] == ["a crossing", "colour[light-0]: green", "turns: 1", "colour[light-1]: red"]

    def test_what_is_long_tells_nothing_apart_at_a_glance(self) -> None:
        spec = empty(pods=9, nodes=9)
        plain = spec.root.default
        names = {f.name: i for i, f in enumerate(spec.root.fields[0].type.fields)}  # type: ignore[attr-defined]

        def changed(**values: object) -> tuple[object, ...]:
            fields = list(plain[0])
            for name, value in values.items():
                fields[names[name]] = value
            return (tuple(fields), *plain[1:])

        pods = frozenset(spec.types.resolve(Pod).values())
        assert Labels(spec).apart([plain, changed(ready=pods)]) == [["main.ready differs"], ["main.ready differs"]]
        assert Labels(spec).apart([plain, changed(ready=pods, count=3)]) == [["main.count: 0"], ["main.count: 3"]]

    def test_a_long_state_is_shortened(self) -> None:
        spec = empty(pods=9, nodes=9)
        state = spec.root.default
        many = tuple(tuple(True for _ in range(9)) for _ in range(9))
        changed = tuple((*part[:1], many, *part[2:]) if i == 0 else part for i, part in enumerate(state))
        lines = Labels(spec).state(changed)
        assert lines[0] == "grid[node-0][node-0]: True"
        assert lines[7:] == ["… 74 more"]

    def test_short_names(self) -> None:
        assert short_names(["a._b._pods[p-0].phase", "a._b._pods[p-0].node", "a._b.x", "user.x", "_c.user.x", "top"]) == {
            "a._b._pods[p-0].phase": "pods[p-0].phase",
            "a._b._pods[p-0].node": "pods[p-0].node",
            "a._b.x": "b.x",
            "user.x": "user.x",
            "_c.user.x": "c.user.x",
            "top": "top",
        }


def _shown(spec: Spec, taken: reference.Taken) -> dict[str, str]:
    types = {p.name: p.type for p in spec.parameters(taken.action)}
    return {name: reference.show(types[name], value) for name, value in taken.parameters.items()}


def _turning_back() -> Spec:
    """A crossing that may forget how often a light has turned green, which a step invariant forbids."""
    spec = crossing(lights=1, turns=1)

    @spec.action(actor="gremlin", kind="fault")
    def forget(s: Crossing) -> None:
        s.turns = 0

    @spec.step_invariant
    def turns_grow(before: Crossing, after: Crossing) -> bool:
        return after.turns >= before.turns

    return spec
