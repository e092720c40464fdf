"""The API says what the snapshot says: units in names, null for missing, age in every answer."""

import time
from typing import Any

import httpx
import pytest

from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.web import build
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld


def get(client: httpx.Client, path: str) -> Any:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    "path",
    ["/site", "/racks", "/racks/r0", "/gpus", "/gpus/gpu3", "/cdus", "/power", "/fabric", "/kpi"],
)
def test_every_answer_carries_time_age_and_staleness(client: httpx.Client, path: str) -> None:
    answer = get(client, path)
    assert answer["time_s"] > 1.8e9
    assert 0.0 <= answer["age_s"] < 5.0
    assert answer["stale"] is False
    assert answer["mode"] == "REPLAY"


def test_lists_come_in_pages(client: httpx.Client) -> None:
    first = get(client, "/gpus?limit=20")
    rest = get(client, "/gpus?limit=100&offset=20")
    assert (first["total"], len(first["items"]), len(rest["items"])) == (48, 20, 28)
    assert [row["id"] for row in first["items"] + rest["items"]] == [f"gpu{i}" for i in range(48)]


def test_lists_are_filtered_by_place(client: httpx.Client) -> None:
    assert [row["id"] for row in get(client, "/racks?row=row1")["items"]] == ["r2"]
    assert get(client, "/racks?pod=pod0")["total"] == 2
    assert get(client, "/gpus?rack=r2")["total"] == 16


def test_only_the_fields_asked_for(client: httpx.Client) -> None:
    rows = get(client, "/racks?fields=id,rack_power_w")["items"]
    assert all(set(row) == {"id", "rack_power_w"} for row in rows)
    answer = client.get("/api/v1/racks?fields=id,nonsense")
    assert answer.status_code == 422
    assert "'nonsense' is none of id, model" in answer.json()["detail"]


def test_missing_is_null_never_zero(client: httpx.Client) -> None:
    air = get(client, "/racks/r2")
    assert air["rack_return_c"] is None
    assert air["rack_flow_kg_per_s"] is None
    assert air["cdu"] is None


def test_a_gpu_says_what_its_figures_rest_on(client: httpx.Client) -> None:
    gpu = get(client, "/gpus/gpu3")
    assert gpu["basis"] == "measured"
    assert gpu["measured"].keys() == {"gpu_power_w"}
    assert gpu["margin_k"] == pytest.approx(gpu["temp_limit_c"] - gpu["gpu_temp_c"])
    assert (gpu["node"], gpu["rack"], gpu["rail"]) == ("node0", "r0", 3)


def test_the_rack_powers_sum_to_the_site(client: httpx.Client, feed: Feed) -> None:
    summary = feed.summary
    assert summary is not None
    racks = get(client, "/racks?fields=rack_power_w")
    kpi = get(client, "/kpi")
    if racks["time_s"] == kpi["time_s"]:
        total_w = sum(row["rack_power_w"] for row in racks["items"])
        assert total_w == pytest.approx(kpi["site_it_power_w"])


def test_unknown_names_and_paths_are_problem_documents(client: httpx.Client) -> None:
    for path in ("/api/v1/racks/r9", "/api/nope", "/api/v1/gpus?rack=r9"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == 404
    assert client.post("/api/v1/racks").status_code == 405


@pytest.mark.parametrize("path", ["/whatif/1", "/alarms"])
def test_routes_of_later_work_are_absent(client: httpx.Client, path: str) -> None:
    assert client.get(f"/api/v1{path}").status_code == 404


def test_a_bad_query_is_a_422_that_names_it(client: httpx.Client) -> None:
    answer = client.get("/api/v1/gpus?limit=zero")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("limit: ")


def test_before_the_first_snapshot_nothing_is_ready(audit: Audit) -> None:
    app = build(Feed(SmallWorld(ticks=0)), audit, TokenBook(None))
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        answer = client.get("/api/v1/site")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"


def test_when_the_source_has_ended_answers_say_stale(audit: Audit) -> None:
    feed = Feed(SmallWorld(ticks=1, interval_s=0.0))
    with serving(build(feed, audit, TokenBook(None))) as port:
        end_s = time.monotonic() + 5.0
        while not feed.ended and time.monotonic() < end_s:
            time.sleep(0.01)
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/kpi").json()
    assert answer["stale"] is True
