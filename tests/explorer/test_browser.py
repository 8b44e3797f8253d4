"""The page in a real browser: a counterexample clicked through, keys alone, a phone, dark, a file from disk, a pasted address."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubecheck.checker.stepper import SearchLimits
from kubecheck.cli.explorer.export import export
from kubecheck.cli.explorer.server import ExplorerServer
from kubecheck.cli.explorer.session import Session
from kubecheck.cli.subjects import Subject
from tests.checker.test_stepper import counting
from tests.explorer.conftest import serving
from tests.explorer.test_server import SLOW

COUNTEREXAMPLE = "0.0.0.1.1"  # of stuck-rollout: the beginning of a path
APART = "0.0.0.0.0.0.0.0.0.0.0.0.1"  # of stateful-node-cut-off: both pods run on a node that is then cut off, and one is evicted

OpenPage = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Iterator[OpenPage]:
    """Opens an address; fails if the page has an error, asks anybody but its server, or breaks its policy."""
    contexts, wrong = [], []

    def opened(url: str, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        origin = re.match(r"[a-z]+://[^/]*/", url)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda told: wrong.append(told.text) if "Content Security Policy" in told.text else None)
        page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith((origin[0], "data:")) else None)
        page.goto(url)
        page.wait_for_selector(".choices")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def step(page: Any, number: int, of: int) -> None:
    where = page.locator(".where", has_text=re.compile(f"^step {number} of {of}$"))
    where.wait_for()  # a function that the page itself evaluates would break its policy


def texts(page: Any, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).all_inner_texts()
    return [re.sub(r"\s+", " ", text).strip() for text in found]


def test_a_counterexample_is_followed_click_by_click(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    page.click("[data-find=deployment_has_converged]")
    step(page, 10, 10)
    assert texts(page, ".wrong .head")[0].startswith("✗ violated deployment_has_converged: When everything is quiet")
    assert "stored.replicas == replicas is false: stored.replicas is 1, replicas is 0" in page.inner_text(".wrong .why")
    assert texts(page, ".quiescent") == ["Quiescent: no component can change anything any more."]
    assert len(texts(page, ".row")) == 11

    page.click("[data-step='0']")
    step(page, 0, 10)
    assert page.locator(".wrong").count() == 0
    assert texts(page, ".pod") == []
    for number in range(1, 11):
        page.click(".choice.next")
        step(page, number, 10)
        told = texts(page, ".last-step h2")[0]
        assert told.startswith(f"Step {number}: {texts(page, '.row.here .action')[0]}")
        assert page.locator(".cluster .changed").count() > 0
    assert texts(page, ".pod") == ["pod-0 running replica-set-0"]
    assert page.locator(".wrong").count() == 1


def test_another_step_leaves_the_path_and_back_undoes_it(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path={COUNTEREXAMPLE}&at=1")
    step(page, 1, 4)
    other = page.locator(".choice:not(.next)").first
    name = other.locator(".action").inner_text()
    other.click()
    step(page, 2, 2)
    assert texts(page, ".row.here .action") == [name]
    page.go_back()
    step(page, 1, 4)
    page.click("#take-back")
    step(page, 0, 0)


def test_the_address_holds_the_path(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    for number in range(1, 4):
        page.locator("[data-choice]").first.click()
        step(page, number, number)
    page.click("#step-back")
    step(page, 2, 3)
    spec = stuck_server.session.fingerprint
    assert page.url == f"{stuck_server.url}#path=0.0.0.0&at=2&spec={spec}"
    again = open_page(page.url)
    step(again, 2, 3)
    assert texts(again, ".row") == texts(page, ".row")
    assert texts(again, ".cluster") == texts(page, ".cluster")


def test_of_an_address_that_does_not_fit_there_is_as_much_as_fits(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path=0.0.0.99.1&spec=deadbeef")
    step(page, 2, 2)
    assert "step 3: there is no step 99, only 0 to 1" in page.inner_text("div.problem")
    assert page.locator("main").bounding_box()["height"] > 400
    assert "made with another version of the spec or with other options (deadbeef" in texts(page, "p.problem")[0]
    page.click("#to-start")
    step(page, 0, 0)
    assert page.locator(".problem").count() == 0
    page.goto(f"{stuck_server.url}#path=0.98")  # now the page is there already
    page.wait_for_selector("div.problem")
    assert "step 1: there is no step 98, only 0" in page.inner_text("div.problem")


def test_of_an_address_that_is_none_one_begins_at_the_start(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path=nonsense")
    step(page, 0, 0)
    assert "'nonsense' is no path" in page.inner_text("div.problem")
    page = open_page(f"{stuck_server.url}#path=7.1")
    step(page, 0, 0)
    assert "there is no initial state 7, only 0" in page.inner_text("div.problem")


def test_with_the_keyboard_alone(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    press = page.keyboard.press
    page.focus("#copy")
    press("?")
    assert page.locator("#keys").is_visible()
    for _ in range(4):  # the focus stays inside, or goes to the browser's own controls
        press("Tab")
        assert page.evaluate("document.activeElement.id || document.activeElement.tagName") in ("close-help", "BODY")
    press("End")  # keys of the page are not the dialog's
    assert page.locator("#keys").is_visible()
    press("Escape")
    assert not page.locator("#keys").is_visible()
    assert page.evaluate("document.activeElement.id") == "copy"
    press("/")
    page.keyboard.type("count(p.phase is Phase.RUNNING for p in pods) == 1")
    press("Enter")
    page.wait_for_selector("#followed")
    assert texts(page, "#followed")[0].startswith("the shortest path to a state with count(p.phase is Phase.RUNNING")
    page.locator(".row").nth(2).wait_for()
    length = page.locator(".row").count() - 1
    press("Escape")
    press("Home")
    step(page, 0, length)
    press("ArrowRight")
    step(page, 1, length)
    press("End")
    step(page, length, length)
    press("u")
    step(page, length - 1, length - 1)
    press("a")
    press("ArrowDown")
    press("ArrowUp")
    focused = page.evaluate("document.activeElement.querySelector('.action').textContent")
    press("Enter")
    step(page, length, length)
    assert texts(page, ".row.here .action") == [focused]
    # the keyboard is still among the steps, so that Enter goes on
    assert page.evaluate("'choice' in document.activeElement.dataset")


def test_every_control_is_reached_by_tab(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path={COUNTEREXAMPLE}&at=2")
    wanted = page.locator("button:visible:not([disabled]), input:visible, summary:visible").count()
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    body = page.evaluate("[...document.querySelectorAll('*')].indexOf(document.body)")
    assert len(reached - {body}) >= wanted


def test_a_condition_that_is_none_is_explained(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    page.fill("#condition", "count(p.redy for p in pods) == 1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".search .problem")
    assert "its fields are phase, " in page.inner_text(".search .problem")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable(open_page: OpenPage, lagging_server: ExplorerServer, width: int, scheme: str) -> None:
    page = open_page(
        f"{lagging_server.url}#path=0.0.0.0.1.3.0",
        viewport={"width": width, "height": 800 if width > 400 else 844},
        color_scheme=scheme,
    )
    # nothing sticks out to the side
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert texts(page, ".reader .lag-text") == ["at rv 3, 2 writes behind of at most 2"] * 2
    look(page)
    page.click("[data-step='5']")
    step(page, 5, 6)
    look(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_node_that_is_cut_off_is_readable(open_page: OpenPage, apart_server: ExplorerServer, scheme: str) -> None:
    page = open_page(f"{apart_server.url}#path={APART}", color_scheme=scheme)
    assert texts(page, ".node.cut-off h3") == ["node-0 cut off rv 1"]
    assert texts(page, ".node.cut-off .pod") == ["pod-0 running, terminating", "pod-1 running"]
    assert texts(page, ".node.cut-off .worker") == ["pod-0 UID 0: containers run", "pod-1 UID 0: containers run"]
    assert "nodes cut off 1/1" in texts(page, ".budget")
    look(page)


def look(page: Any) -> None:
    """Every text has a contrast of 4.5, every control is 24 pixels wide and high."""
    poor = [(text, round(ratio, 2)) for text, ratio in contrasts(page) if ratio < 4.5]
    assert poor == []
    boxes = [(one.inner_text(), one.bounding_box()) for one in page.locator("button:visible, summary:visible, input:visible").all()]
    assert [text for text, box in boxes if box["width"] < 24 or box["height"] < 24] == []


def contrasts(page: Any) -> list[tuple[str, float]]:
    """The contrast of each text with what is behind it, as WCAG 2.2 defines it; what is disabled is exempt, except steps."""
    script = """() => {
      const parts = (colour) => (colour.match(/[0-9.]+/g) || []).map(Number);
      const light = (colour) => parts(colour).slice(0, 3).map((c) => c / 255)
        .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const behind = (element) => {
        for (let e = element; e; e = e.parentElement) {
          const colour = getComputedStyle(e).backgroundColor;
          if (parts(colour).length === 3 || parts(colour)[3] === 1) return colour;
        }
      };
      const exempt = ".hidden, nav button:disabled, .find:disabled, dialog, script";
      const seen = (element) => element.checkVisibility() && !element.closest(exempt);
      const own = (element) => [...element.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
      return [...document.querySelectorAll("body *")].filter((element) => own(element) && seen(element)).map((element) => {
        for (let e = element; e; e = e.parentElement)
          if (getComputedStyle(e).opacity !== "1") return [`${element.textContent} is translucent`, 0];
        const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
        return [`${element.className}: ${element.textContent}`, (both[0] + 0.05) / (both[1] + 0.05)];
      });
    }"""
    found: list[tuple[str, float]] = [(text, ratio) for text, ratio in page.evaluate(script)]
    assert len(found) > 50
    return found


def test_where_the_system_gives_the_colours(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path={COUNTEREXAMPLE}", forced_colors="active")
    edge = "getComputedStyle(document.querySelector('{}')).outlineStyle"
    assert page.evaluate(edge.format(".object.changed")) == "dashed"
    assert page.evaluate(edge.format(".object:not(.changed)")) == "none"


def test_on_a_phone_what_a_tap_did_is_in_sight_and_what_comes_next_below_it(open_page: OpenPage, stuck: Session) -> None:
    found = stuck.find_property("deployment_has_converged", limits=SearchLimits(seconds=20))
    assert found.path is not None
    choices = tuple(map(int, found.path.split(".")))
    with serving(stuck, start=choices[:-1]) as server:
        page = open_page(f"{server.url}#path={found.path}&at=9", viewport={"width": 390, "height": 844}, has_touch=True)
        step(page, 9, 10)
        top = lambda selector: page.locator(selector).first.bounding_box()["y"]  # noqa: E731
        assert top(".last-step") < top(".choices") < top(".cluster") < top(".properties") < top(".path")
        page.locator(".choice.next").tap()
        step(page, 10, 10)
        nav = page.locator("nav.steps").bounding_box()
        assert nav["y"] + nav["height"] <= top(".last-step") < top(".wrong") < 844 / 2
        assert top(".wrong") < top(".choices")
        # lanes are there, and leave room for the words
        assert page.locator(".cell").first.bounding_box()["width"] < 14
        assert page.locator(".told").first.bounding_box()["width"] > 200


def test_what_a_step_did_is_said(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    page.click("[data-find=deployment_has_converged]")
    step(page, 10, 10)
    assert page.get_attribute("#announced", "role") == "status"
    assert texts(page, "#announced") == [
        "step 10 of 10: scale_deployment(deployment-0, replicas=1) by user; deployment-0: spec.replicas 2 -> 1 (rv 11); "
        "deployment_has_converged is violated; quiescent"
    ]
    page.keyboard.press("Home")
    step(page, 0, 10)
    assert texts(page, "#announced")[0].startswith("step 0 of 10: initial state; ")


def test_headings_leave_no_level_out(open_page: OpenPage, lagging_server: ExplorerServer, commit_server: ExplorerServer) -> None:
    for url in (f"{lagging_server.url}#path=0.0.0.0.1.3.0", f"{commit_server.url}#path=0.0"):
        page = open_page(url)
        levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((heading) => Number(heading.tagName[1]))")
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), levels


def test_lanes_keep_their_names_in_sight_and_have_colours_of_their_own(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url, viewport={"width": 1280, "height": 520})
    page.click("[data-find=deployment_has_converged]")
    step(page, 10, 10)
    names = page.locator(".lane-names").bounding_box()
    column = page.locator(".column.left").bounding_box()
    assert page.evaluate("document.querySelector('.column.left').scrollTop") > 100
    assert column["y"] - 2 <= names["y"] <= column["y"] + 2
    colours = page.evaluate("[...document.querySelectorAll('.lane-name')].map((lane) => getComputedStyle(lane).color)")
    assert len(colours) == 6
    assert len(set(colours)) == 6


def test_a_counterexample_is_left_and_come_back_to(open_page: OpenPage, stuck: Session) -> None:
    found = stuck.find_property("deployment_has_converged", limits=SearchLimits(seconds=20))
    assert found.path is not None
    with serving(stuck, start=tuple(map(int, found.path.split("."))), note="the path of a saved run") as server:
        page = open_page(server.url)
        step(page, 10, 10)  # where something is wrong
        assert texts(page, "#followed") == ["the path of a saved run"]
        assert page.locator("#follow").count() == 0
        page.click("[data-step='4']")
        step(page, 4, 10)
        assert page.locator("#followed").count() == 1
        page.locator(".choice:not(.next)").first.click()
        step(page, 5, 5)
        assert page.locator("#followed").count() == 0
        assert texts(page, "#follow") == ["Back to the counterexample"]
        page.click("#follow")
        step(page, 4, 10)
        assert texts(page, "#followed") == ["the path of a saved run"]


def test_the_path_that_a_search_found_is_come_back_to(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    page.fill("#condition", "count(p.exists for p in pods) == 1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#followed")
    length = page.locator(".row").count() - 1
    page.click("#take-back")
    step(page, length - 1, length - 1)
    assert texts(page, "#follow") == ["Back to the path"]
    page.click("#follow")
    step(page, length - 1, length)


def test_properties_keep_their_order_but_for_what_is_violated(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    declared = [p.name for p in stuck_server.session.spec.properties]
    page = open_page(f"{stuck_server.url}#path={COUNTEREXAMPLE}")
    assert texts(page, ".property .name") == declared
    page.click("[data-find=deployment_has_converged]")
    step(page, 10, 10)
    first = "deployment_has_converged"
    assert texts(page, ".property .name") == [first, *(name for name in declared if name != first)]


def test_a_search_is_cancelled(open_page: OpenPage, stuck_server: ExplorerServer, monkeypatch: pytest.MonkeyPatch) -> None:
    session, ended = stuck_server.session, threading.Event()
    find = session.find

    def watched(condition: str, **options: Any) -> Any:
        found = find(condition, **options)
        ended.set()
        return found

    monkeypatch.setattr(session, "find", watched)
    page = open_page(stuck_server.url)
    page.fill("#condition", SLOW)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel").click()
    page.locator("p.found", has_text="cancelled").wait_for()
    assert ended.wait(10)  # and the server has noticed


def test_nothing_moves_for_those_who_ask_for_it(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    address = f"{stuck_server.url}#path={COUNTEREXAMPLE}"
    script = "getComputedStyle(document.querySelector('.cluster .changed')).animationName"
    assert open_page(address).evaluate(script) == "none"
    assert open_page(address, reduced_motion="no-preference").evaluate(script) == "changed"


def test_a_spec_that_is_no_cluster(open_page: OpenPage, commit_server: ExplorerServer) -> None:
    page = open_page(commit_server.url)
    assert texts(page, ".parts h3") == ["transaction"]
    page.locator("[data-choice]").first.click()
    step(page, 1, 1)
    assert texts(page, ".parts td .changed") == ["prepared"]
    page.click("[data-find=consistent]")
    page.wait_for_selector("p.found")
    assert texts(page, "p.found") == ["a violation of consistent does not exist: all 288 states were seen"]


def test_a_run_may_begin_in_several_ways(open_page: OpenPage) -> None:
    spec = counting()
    session = Session(spec, Subject(name="counting", title="counting", build=lambda: spec), command="x", cache=False)
    with serving(session) as server:
        page = open_page(server.url)
        assert texts(page, ".place-value") == ["0", "False"]
        page.select_option("#initial", "1")
        page.locator(".place-value", has_text="4").wait_for()
        assert page.url.startswith(f"{server.url}#path=1&")
        page.locator("[data-choice]").first.click()
        step(page, 1, 1)
        assert page.locator("#initial").count() == 0
        assert texts(page, ".place-value") == ["5", "False"]


def test_a_file_opens_from_disk(open_page: OpenPage, stuck: Session, tmp_path: Path) -> None:
    file = tmp_path / "stuck.html"
    text, views = export(stuck, tuple(map(int, COUNTEREXAMPLE.split("."))), depth=1, note="by hand")
    file.write_text(text, encoding="utf-8")
    page = open_page(file.as_uri())
    assert views > 5
    step(page, 0, 4)
    assert "kubecheck explore stuck-rollout" in page.inner_text(".exported")
    assert page.locator("#condition, [data-find]").count() == 0
    for number in range(1, 5):
        page.click(".choice.next")
        step(page, number, 4)
    page.click("[data-step='1']")
    step(page, 1, 4)
    page.locator(".choice:not(.next)").first.click()
    step(page, 2, 2)
    # one step beside the path is in the file, two are not
    assert page.locator(".choice:not([disabled])").count() == 0
    assert "not in this file" in texts(page, ".choice")[0]
    page.keyboard.press("?")
    assert "/" not in texts(page, "#keys kbd")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    assert page.evaluate("document.activeElement.id") == "properties-title"
    page = open_page(f"{file.as_uri()}#path={COUNTEREXAMPLE}.0.0&spec=deadbeef")
    step(page, 5, 5)
    assert "step 6 of this path is not in the file" in page.inner_text("div.problem")
    assert "(deadbeef" in page.inner_text("p.problem")
    page.click("#to-start")
    step(page, 0, 4)


def test_the_page_says_when_its_server_is_gone(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    page.locator("[data-choice]").first.click()
    page.wait_for_selector("div.problem")
    assert "is kubecheck explore still running in its terminal?" in page.inner_text("div.problem")


def test_what_is_copied_for_an_issue(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path=0.0", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("c")
    page.wait_for_selector("header p.found")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"    kubecheck explore stuck-rollout\n    {page.url}\n\n1. user: apply_deployment(deployment-0)"
