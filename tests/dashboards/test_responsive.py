"""A slow page never slows the rest of the server."""

import asyncio
import inspect
import threading
import time
from typing import Any

import dash
import httpx
import pytest
from dash import Dash, Input, Output, html
from dash.development.base_component import Component

from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.parts import shell
from dashboards.parts.live import on
from dashboards.parts.page import Page, find_pages
from dashboards.web import build
from tests.dashboards.conftest import until_ready
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld

SLOW_S = 1.0
ASK = {
    "output": "slow-out.children",
    "outputs": {"id": "slow-out", "property": "children"},
    "inputs": [{"id": "slow-in", "property": "n_clicks", "value": 1}],
    "changedPropIds": ["slow-in.n_clicks"],
}


def slow_page() -> Page:
    """Return a page whose callback sleeps, as an author without care would write it."""

    def layout(_feed: Feed, _search: str) -> Component:
        return html.Div([html.Button(id="slow-in"), html.Div(id="slow-out")])

    def register(app: Dash, _feed: Feed) -> None:
        @on(app, Output("slow-out", "children"), Input("slow-in", "n_clicks"))
        def slow(_clicks: int) -> str:
            time.sleep(SLOW_S)
            return "done"

    return Page("/slow", "Slow", 99, layout, register)


def test_a_one_second_callback_does_not_delay_healthz(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = (*find_pages(), slow_page())
    monkeypatch.setattr(shell, "find_pages", lambda: pages)
    answers: list[httpx.Response] = []
    app = build(Feed(SmallWorld()), audit, TokenBook(None))
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        until_ready(client)

        def ask() -> None:
            url = f"http://127.0.0.1:{port}/_dash-update-component"
            answers.append(httpx.post(url, json=ASK, timeout=10.0))

        asking = [threading.Thread(target=ask) for _ in range(3)]
        for one in asking:
            one.start()
        time.sleep(0.2)
        waits_s = []
        while any(one.is_alive() for one in asking):
            began_s = time.perf_counter()
            assert client.get("/healthz").status_code == 200
            waits_s.append(time.perf_counter() - began_s)
            time.sleep(0.02)
        for one in asking:
            one.join()
    assert [answer.json()["response"]["slow-out"]["children"] for answer in answers] == ["done"] * 3
    assert len(waits_s) > 10
    assert max(waits_s) < 0.1, f"the slowest of {len(waits_s)} took {max(waits_s):.3f} s"


def test_no_callback_of_a_page_runs_on_the_event_loop(client: httpx.Client) -> None:
    client.get("/_dash-dependencies")
    registered: dict[str, Any] = dash.get_app().callback_map  # type: ignore[no-untyped-call]
    ours = {name: one["callback"] for name, one in registered.items() if "callback" in one}
    assert ours
    for name, callback in ours.items():
        assert inspect.iscoroutinefunction(callback), f"{name} is synchronous"


def test_what_is_registered_is_the_function_itself_for_tests_and_reuse() -> None:
    app = Dash("plain")

    @on(app, Output("a", "children"), Input("b", "n_clicks"))
    def twice(value: int) -> int:
        return 2 * value

    assert twice(21) == 42
    assert not asyncio.iscoroutinefunction(twice)
