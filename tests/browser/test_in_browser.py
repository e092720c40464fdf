"""What a person sees: pages that live, that know their age, and that come back."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.web import build
from tests.browser.conftest import Watched
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld

WITHIN_MS = 20_000
CUT_OFF = """() => [...document.querySelectorAll(".card-detail, .card-number, .card-title")]
  .filter(node => node.scrollWidth > node.clientWidth + 1
    || node.scrollHeight > node.clientHeight + 3)
  .map(node => node.textContent)"""
"""Texts of cards that are wider or higher than their room."""


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return Audit(tmp_path_factory.mktemp("audit") / "audit.jsonl")


@pytest.fixture(scope="module")
def host(audit: Audit) -> Iterator[str]:
    app = build(Feed(SmallWorld()), audit, TokenBook(None), trust_loopback=True)
    with serving(app) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def watched(browser: Browser, host: str) -> Iterator[Watched]:
    """Return a fresh page; afterwards nothing may have gone wrong on it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context.new_page(), host)
    yield watched
    errors, outside = tuple(watched.errors), tuple(watched.outside)
    context.close()  # cuts off what was asked for just then, which is no fault of the page
    assert errors == ()
    assert outside == ()


def changes(page: Page, selector: str, within_s: float = 3.0) -> bool:
    """Say whether the text of an element changes in time."""
    first, end_s = page.text_content(selector), time.monotonic() + within_s
    while time.monotonic() < end_s:
        if page.text_content(selector) != first:
            return True
        page.wait_for_timeout(50)
    return False


@pytest.mark.parametrize(
    ("path", "live"),
    [
        ("/", "#site-cards .card-value"),
        ("/rack?id=r1", "#rack-cards .card-value"),
        ("/placement", "#place-floor a.tile:nth-of-type(2) .tile-text"),
    ],
)
def test_values_change_within_three_seconds(
    watched: Watched, host: str, path: str, live: str
) -> None:
    page = watched.page
    page.goto(f"http://{host}{path}")
    page.wait_for_selector(live, timeout=WITHIN_MS)
    expect(page.locator("#mode")).to_have_text("↻ REPLAY")
    expect(page.locator("#age")).to_contain_text("data age")
    page.wait_for_function("document.querySelector('.tile-text').textContent !== ''")
    assert changes(page, live)
    assert changes(page, "#clock")


def test_a_rack_on_the_floor_leads_to_its_page(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/")
    page.wait_for_selector("#site-floor a.tile", timeout=WITHIN_MS)
    page.locator("#site-floor a.tile").nth(1).click()
    page.wait_for_url(f"http://{host}/rack?id=r1")
    expect(page.locator("#rack-chooser")).to_have_value("r1")
    page.wait_for_selector(".ag-row", timeout=WITHIN_MS)
    expect(page.locator("#rack-gpus .tile")).to_have_count(16)
    page.get_by_title("Rack after").click()
    expect(page.locator("#rack-chooser")).to_have_value("r2")
    expect(page.locator("#rack-gpus .tile")).to_have_count(16)


def test_the_map_is_one_stop_of_the_keyboard_and_arrows_go_on(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/")
    page.wait_for_selector("#site-floor a.tile", timeout=WITHIN_MS)
    assert page.locator("#site-floor a.tile[tabindex='0']").count() == 1
    here = "() => document.activeElement.getAttribute('href')"
    page.locator("#site-floor a.tile").first.focus()
    assert page.evaluate(here) == "/rack?id=r0"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(here) == "/rack?id=r1"
    page.keyboard.press("Tab")
    assert page.evaluate("() => !document.activeElement.closest('#site-floor')")
    page.locator("#site-floor a.tile[tabindex='0']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"http://{host}/rack?id=r1")


def test_the_floor_is_coloured_by_the_signal_chosen(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/")
    page.wait_for_selector("#site-floor .legend-title", timeout=WITHIN_MS)
    page.get_by_text("Coolant return", exact=True).first.click()
    expect(page.locator("#site-floor .legend-title")).to_have_text("Coolant return [°C]")
    fill = page.locator("#site-floor .tile rect").nth(2).evaluate("node => node.style.fill")
    assert "url(" in fill, "a rack without coolant is hatched"


def test_both_schemes_reach_plots_and_tables(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/rack?id=r0")
    page.wait_for_selector(".ag-row", timeout=WITHIN_MS)
    ink = "() => getComputedStyle(document.querySelector('.gtitle, .annotation-text')).fill"
    ground = "() => getComputedStyle(document.querySelector('.ag-row')).backgroundColor"
    page.wait_for_selector(".annotation-text", timeout=WITHIN_MS)
    light = page.evaluate(ink), page.evaluate(ground)
    page.get_by_label("Switch between light and dark").click()
    page.wait_for_function(f"before => ({ink})() !== before", arg=light[0])
    assert page.evaluate(ground) != light[1]


def test_the_form_finds_places_and_says_why(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/placement")
    page.fill("#place-gpus", "8")
    page.click("#place-ask")
    expect(page.locator("#place-answer")).to_contain_text("8 GPUs for 4 h", timeout=WITHIN_MS)
    page.wait_for_selector("#place-floor .tile.marked")
    assert "hottest GPU predicted" in page.inner_text("#place-compare")
    for name, button in (("Copy as curl", "#place-copy"), ("Copy as sbatch", "#place-sbatch")):
        page.get_by_role("button", name=name).click()
        expect(page.locator(button)).to_have_text("Copied")
    assert page.url.endswith("/placement?gpus=8")
    page.reload()
    expect(page.locator("#place-answer")).to_contain_text("8 GPUs for 4 h", timeout=WITHIN_MS)
    page.fill("#place-gpus", "1.5")
    page.press("#place-gpus", "Enter")
    expect(page.locator(".mantine-InputWrapper-error")).to_contain_text("neither whole")
    page.fill("#place-gpus", "8")
    page.get_by_text("More about the job").click()
    page.fill("#place-job", "")
    page.click("#place-ask")
    expect(page.locator("#place-problem")).to_have_text("See Name below.")
    expect(page.locator(".mantine-InputWrapper-error")).to_contain_text("expected a value")


def test_two_places_are_compared_on_the_floor_and_in_figures(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/placement")
    page.fill("#place-gpus", "4")
    page.click("#place-ask")
    expect(page.locator("#place-answer")).to_contain_text("4 GPUs for 4 h", timeout=WITHIN_MS)
    expect(page.locator("#place-compare th").nth(2)).to_have_text("B place 2")
    expect(page.locator("#place-floor .legend-title")).to_contain_text("with A")
    page.get_by_title("Compare place 3 as B").click()
    expect(page.locator("#place-compare th").nth(2)).to_have_text("B place 3")
    page.get_by_text("With B", exact=True).click()
    expect(page.locator("#place-floor .legend-title")).to_contain_text("with B")
    badges = page.locator("#place-floor .tile-badge").all_text_contents()
    assert any("B" in badge for badge in badges)
    page.get_by_text("Now", exact=True).click()
    expect(page.locator("#place-floor .legend-title")).not_to_contain_text("with")


def test_an_allocation_is_on_both_pages_about_jobs(watched: Watched, host: str) -> None:
    told = {"job": "wide", "gpus": ["gpu0", "gpu40"], "start_s": 0.0, "end_s": None}
    url = f"http://{host}/api/v1/allocations"
    page = watched.page
    page.goto(f"http://{host}/fabric")
    page.wait_for_selector("#fabric-cards .card-value", timeout=WITHIN_MS)
    assert httpx.post(url, json=told).status_code in (200, 201)
    for path, table in (("/fabric", "#fabric-jobs"), ("/jobs", "#jobs-table")):
        page.goto(f"http://{host}{path}")
        page.wait_for_selector(f"{table} .ag-row", timeout=WITHIN_MS)
        expect(page.locator(f"{table} [col-id=job]").last).to_have_text("wide")
    assert changes(page, "#jobs-power .what")
    httpx.delete(f"{url}/wide")


def test_the_api_page_shows_every_route(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/api/docs")
    page.wait_for_selector("details", timeout=WITHIN_MS)
    assert page.get_by_text("/api/v1/placement", exact=True).count() >= 1


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900), (1920, 1080)])
def test_nothing_sticks_out_sideways(watched: Watched, host: str, width: int, height: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": height})
    for path in ("/", "/rack?id=r0", "/placement", "/fabric", "/jobs", "/control"):
        page.goto(f"http://{host}{path}")
        page.wait_for_selector("section", timeout=WITHIN_MS)
        page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide at {width}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_an_open_page_comes_back_after_a_restart(browser: Browser, audit: Audit) -> None:
    port, page = free_port(), browser.new_page()
    world: Callable[[], Feed] = lambda: Feed(SmallWorld())  # noqa: E731
    with serving(build(world(), audit, TokenBook(None)), port):
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#site-cards .card-value", timeout=WITHIN_MS)
        assert changes(page, "#clock")
    page.wait_for_timeout(1500)
    stopped = page.inner_text("#clock")
    with serving(build(world(), audit, TokenBook(None)), port):
        end_s = time.monotonic() + 25.0
        while page.inner_text("#clock") == stopped:
            assert time.monotonic() < end_s, "the page stays frozen"
            page.wait_for_timeout(200)
        assert changes(page, "#site-cards .card-value")
    page.close()


def test_a_page_whose_server_is_gone_says_how_old_it_is(browser: Browser, audit: Audit) -> None:
    page, feed = browser.new_page(), Feed(SmallWorld(), stale_s=1.0)
    with serving(build(feed, audit, TokenBook(None))) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#site-cards .card-value", timeout=WITHIN_MS)
        page.get_by_role("link", name="Jobs").click()
        page.wait_for_selector("#jobs-table", timeout=WITHIN_MS)
    expect(page.locator("#age")).to_contain_text(
        re.compile(r"server not reached · data age \d"), timeout=WITHIN_MS
    )
    expect(page.locator("body")).to_have_class(re.compile("stale"))
    page.close()


@pytest.mark.parametrize("width", [900, 1280])
def test_no_limit_and_no_heading_is_cut_off(watched: Watched, host: str, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/rack?id=r0", "/fabric", "/jobs", "/control"):
        page.goto(f"http://{host}{path}")
        page.wait_for_selector(".card-detail", timeout=WITHIN_MS)
        page.wait_for_timeout(300)
        cut = page.evaluate(CUT_OFF)
        assert cut == [], f"{path} at {width}"


def test_an_answer_to_an_earlier_question_is_marked(watched: Watched, host: str) -> None:
    page = watched.page
    page.goto(f"http://{host}/placement")
    expect(page.locator("#place-answer table")).to_be_visible(timeout=WITHIN_MS)
    heading = "() => getComputedStyle(document.querySelector('.results h2'), '::after').content"
    assert "before" not in page.evaluate(heading)
    page.fill("#place-gpus", "0")
    page.click("#place-ask")
    expect(page.locator(".mantine-InputWrapper-error")).to_contain_text("above 0")
    assert "of the question before" in page.evaluate(heading)


def test_the_pilot_can_be_pictured(browser: Browser, audit: Audit, shots: Path | None) -> None:
    if shots is None:
        pytest.skip("TWIN_SCREENSHOT is not set")
    from controllers.wish import Wish
    from controllers.worlds import open_world

    feed = Feed(open_world(Wish(site="pilot", speed=60.0, loop=True)))
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with serving(build(feed, audit, TokenBook(None), trust_loopback=True)) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("#site-floor .tile-text", timeout=WITHIN_MS)
        page.wait_for_timeout(30_000)
        page.screenshot(path=shots)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    page.close()
