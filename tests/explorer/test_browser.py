"""The page in a real browser: a counterexample clicked through, keys alone, a phone, dark, a file from disk, a pasted address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kubecheck.cli.explorer.export import export
from kubecheck.cli.explorer.server import ExplorerServer
from kubecheck.cli.explorer.session import Session
from kubecheck.cli.subjects import Subject
from tests.checker.test_stepper import counting
from tests.explorer.conftest import serving

COUNTEREXAMPLE = "0.0.0.1.1"  # of stuck-rollout: the beginning of a path

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


def test_an_address_of_another_spec_or_of_no_state_is_told(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(f"{stuck_server.url}#path=0.0&spec=00000000")
    assert "made with another version of the spec" in page.inner_text("p.problem")
    page.goto(f"{stuck_server.url}#path=0.99")
    page.wait_for_selector("div.problem")
    assert "step 1: there is no step 99, only 0" in page.inner_text("div.problem")


def test_with_the_keyboard_alone(open_page: OpenPage, stuck_server: ExplorerServer) -> None:
    page = open_page(stuck_server.url)
    press = page.keyboard.press
    press("?")
    assert page.evaluate("document.activeElement.id") == "close-help"
    press("Escape")
    assert page.locator(".help").count() == 0
    press("/")
    page.keyboard.type("count(p.phase is Phase.RUNNING for p in pods) == 1")
    press("Enter")
    page.wait_for_selector("p.found")
    assert texts(page, "p.found")[0].startswith("the shortest path to a state with count(p.phase is Phase.RUNNING")
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
    assert "did you mean ready?" in page.inner_text(".search .problem")


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
    for selector in ("h1", ".last-step h2", ".wrong .why", ".object .label", ".lag-text", ".property .sentence", ".choice .would"):
        for ratio in contrasts(page, selector):
            assert ratio >= 4.5, selector
    assert texts(page, ".reader .lag-text") == ["2 writes behind of at most 2"] * 2


def contrasts(page: Any, selector: str) -> list[float]:
    """The contrast of some texts with what is behind them, as WCAG 2.2 defines it."""
    script = """(selector) => {
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
      return [...document.querySelectorAll(selector)].slice(0, 5).map((element) => {
        const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
        return (both[0] + 0.05) / (both[1] + 0.05);
      });
    }"""
    found: list[float] = page.evaluate(script, selector)
    assert found, selector
    return found


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
