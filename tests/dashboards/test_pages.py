"""Pages are found, open at their own address, and are complete before any data came."""

import json
import re
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.history import Series
from dashboards.index import Index
from dashboards.pages import site as site_page
from dashboards.parts.cards import Card, strip
from dashboards.parts.chart_points import points, zone_name, zone_offset_s
from dashboards.parts.charts import figure
from dashboards.parts.floor import floor_colours, floor_drawing, floor_signals
from dashboards.parts.gpu_grid import GPU_CHOICES, gpu_colours, gpu_drawing
from dashboards.parts.node_table import node_rows
from dashboards.parts.page import find_pages
from dashboards.parts.rack_cards import rack_cards
from dashboards.parts.site_cards import site_cards
from dashboards.parts.tiles import colours
from dashboards.summary import Summary, summarise
from tests.fakes.small_world import SmallWorld, small_snapshot

WORLD = SmallWorld()
INDEX = Index(WORLD.plant)


def summary(load: float = 0.5) -> Summary:
    return summarise(INDEX, small_snapshot(WORLD.plant, 3, load, WORLD.supervisor), 0.0)


def test_the_pages_of_the_folder_are_found_in_order() -> None:
    found = find_pages()
    files = [path for path in Path("dashboards/pages").glob("*.py") if path.stem != "__init__"]
    assert len(found) == len(files)
    assert [page.path for page in found[:2]] == ["/", "/rack"]
    assert {"/placement", "/fabric", "/jobs"} <= {page.path for page in found}


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: page.title)
def test_a_page_is_whole_before_the_first_snapshot(page: object) -> None:
    feed = Feed(SmallWorld())
    text = json.dumps(page.layout(feed, "").to_plotly_json(), default=lambda c: c.to_plotly_json())  # type: ignore[attr-defined]
    assert "Section" in text


def test_every_page_opens_at_its_own_address_and_no_other(client: httpx.Client) -> None:
    for path in ("/", "/rack", "/rack?id=r1", "/placement", "/fabric", "/jobs"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "<title>small · AI factory twin</title>" in answer.text
    assert client.get("/nowhere").status_code == 404


def test_a_page_that_is_not_drawn_yet_says_so(client: httpx.Client) -> None:
    assert "The page is loading." in client.get("/_dash-layout").text


def test_nothing_is_loaded_from_another_host(client: httpx.Client) -> None:
    for path in ("/", "/api/docs"):
        text = client.get(path).text
        links = re.findall(r"""(?:src|href)=["']?([^"' >]+)""", text)
        assert links
        assert [link for link in links if "//" in link] == []
    for asset in (Path("dashboards/assets")).iterdir():
        outside = re.findall(r"https?://[^\s\"')]+", asset.read_text())
        assert [link for link in outside if "w3.org" not in link] == [], asset.name


def test_the_api_describes_itself_offline(client: httpx.Client) -> None:
    api = client.get("/api/openapi.json").json()
    assert "/v1/placement" in api["paths"]
    assert api["servers"] == [{"url": "/api"}]
    assert client.get("/assets/docs.js").status_code == 200
    for path, verbs in api["paths"].items():
        for verb, one in verbs.items():
            assert one.get("description"), f"{verb} {path} says nothing"


def test_metrics_read_as_prometheus_text(client: httpx.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    sample = re.compile(r'^twin_[a-z0-9_]+(\{[a-z_]+="[^"]*"\})? -?[0-9.e+-]+$')
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    assert all(sample.match(line) for line in lines), lines
    assert 'twin_rack_power_w{rack="r1"}' in answer.text
    assert 'twin_rack_return_c{rack="r2"}' not in answer.text


def test_cards_say_value_limit_and_state() -> None:
    cards = {card.title: card for card in site_cards(INDEX, summary(1.0))}
    gpu = cards["Hottest GPU"]
    assert gpu.unit == "°C"
    assert "limit 88 °C" in gpu.detail or "limit 87 °C" in gpu.detail
    assert set(cards) >= {"IT power", "Facility power", "Power headroom"}
    assert all(len(strip([card])) == 1 for card in cards.values())


def test_a_card_over_its_limit_says_so_in_words_and_shape() -> None:
    from dashboards.findings import Severity

    text = str(strip([Card("T", "91", "°C", "limit 88 °C", 1.1, Severity.OVER)])[0])
    assert "■ over limit" in text


def test_the_rack_page_shows_every_gpu_in_node_order() -> None:
    for rack, count in ((0, 16), (2, 16)):
        drawing = gpu_drawing(INDEX, rack)
        assert len(drawing.tiles) == count
        for signal in GPU_CHOICES:
            shown = colours(gpu_colours(INDEX, summary(), rack, signal))
            assert len(shown["values"]) == len(shown["tips"]) == count
    assert len(rack_cards(INDEX, summary(), 0)) == 7
    assert [row["node"] for row in node_rows(INDEX, summary(), 2)] == ["node8", "node9"]


def test_the_floor_is_missing_where_a_rack_has_no_such_signal() -> None:
    signals = floor_signals(INDEX)
    shown = colours(floor_colours(INDEX, signals["rack_return_c"], summary(), marked=(1,)))
    assert shown["values"][2] is None
    assert shown["marked"] == [1]
    assert len(floor_drawing(INDEX).tiles) == 3


def test_the_printed_limits_of_the_floor_never_move() -> None:
    signals = floor_signals(INDEX)
    for signal in signals.values():
        low, high = signal.low, signal.high
        for load in (0.0, 1.0):
            shown = colours(floor_colours(INDEX, signal, summary(load)))
            assert (shown["low"], shown["high"]) == (low, high)


def test_a_chart_is_patched_with_points_only() -> None:
    panels = site_page.panels(Feed(SmallWorld()))
    lines = sum(len(panel.lines) for panel in panels)
    assert len(figure(panels, "dark")["data"]) == lines
    series = [Series(np.array([1.7e9]), np.array([2.0]))] * lines
    text = json.dumps(points(panels, series, "dark", "UTC").to_plotly_json(), default=str)
    assert '"data"' in text
    assert '"domain"' not in text


def test_times_are_the_sites_and_utc_where_the_zone_is_unknown() -> None:
    assert zone_offset_s("Nowhere/At_all", 1.7e9) == 0.0
    assert zone_name("Nowhere/At_all") == "UTC"


def test_a_line_that_leaves_its_range_widens_it_and_no_other_does() -> None:
    panels = site_page.panels(Feed(SmallWorld()))
    power, hottest = panels
    cool = [Series(np.array([1.7e9]), np.array([value])) for value in (2.0, 1.0, 60.0)]
    hot = [*cool[:2], Series(np.array([1.7e9]), np.array([200.0]))]
    for series, top in ((cool, hottest.high), (hot, 208.0)):
        told = points(panels, series, "dark", "UTC").to_plotly_json()["operations"]
        ranges = {
            one["location"][1]: one["params"]["value"]
            for one in told
            if one["location"][-1] == "range"
        }
        assert ranges == {"yaxis": [power.low, power.high], "yaxis2": [hottest.low, top]}


def test_a_loop_whose_coolant_stands_is_not_shown_as_well() -> None:
    state = summary().state
    still = state._replace(rack_flow_kg_per_s=np.zeros_like(state.rack_flow_kg_per_s))
    shot = replace(summary().snapshot, state=still)
    (card,) = [
        one for one in site_cards(INDEX, summarise(INDEX, shot, 0.0)) if "Coolant" in one.title
    ]
    assert (card.severity, card.flag) == (Severity.OVER, "no flow")
