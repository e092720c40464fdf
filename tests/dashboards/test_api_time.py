"""History holds what was shown, and the stream tells each tick once."""

import json
import time

import httpx
import numpy as np
import pytest


def series(client: httpx.Client, query: str) -> dict[str, list[float]]:
    answer = client.get(f"/api/v1/history?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, list[float]] = answer.json()["series"]
    return found


@pytest.mark.parametrize(
    "query", ["signal=site_it_power_w", "signal=rack_power_w&id=r1", "signal=gpu_temp_c&id=gpu40"]
)
def test_history_of_every_axis_runs_forward(client: httpx.Client, query: str) -> None:
    time.sleep(0.3)
    found = series(client, query)
    assert len(found["time_s"]) == len(found["value"]) >= 2
    assert np.all(np.diff(found["time_s"]) > 0.0)


def test_history_is_cut_and_averaged_as_asked(client: httpx.Client) -> None:
    time.sleep(0.8)
    every = series(client, "signal=site_pue")["time_s"]
    cut = series(client, f"signal=site_pue&from={every[1]}&to={every[3]}")["time_s"]
    assert cut == every[1:4]
    binned = series(client, f"signal=site_pue&to={every[-1]}&step=1000")["time_s"]
    assert len(binned) <= 2


def test_a_bad_history_question_says_what_was_expected(client: httpx.Client) -> None:
    answer = client.get("/api/v1/history?signal=mood")
    assert answer.status_code == 422
    assert "site_it_power_w" in answer.json()["detail"]
    assert client.get("/api/v1/history?signal=gpu_temp_c").status_code == 422
    assert client.get("/api/v1/history?signal=gpu_temp_c&id=gpu99").status_code == 404
    assert client.get("/api/v1/history?signal=site_pue&from=nan").status_code == 422


def test_the_stream_tells_each_tick_once(client: httpx.Client) -> None:
    ticks: list[int] = []
    with client.stream("GET", "/api/v1/stream", timeout=5.0) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                assert told["site_it_power_w"] > 0.0
                ticks.append(told["tick"])
            if len(ticks) == 4:
                break
    assert ticks == sorted(set(ticks))


def test_the_look_ahead_starts_where_the_site_is_and_its_bands_hold_it(
    client: httpx.Client,
) -> None:
    answer = client.get("/api/v1/forecast?minutes=2&id=gpu40", timeout=300.0)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    found = told["series"]
    assert found["time_s"] == [told["from_s"] + 10.0 * k for k in range(1, 13)]
    low, middle, high = (found[f"gpu_temp{band}_c"] for band in ("_low", "", "_high"))
    assert np.all(np.array(low) < middle)
    assert np.all(np.array(middle) < high)
    assert high[-1] - low[-1] > high[0] - low[0]
    again = client.get("/api/v1/forecast?minutes=2").json()
    assert again["from_s"] == told["from_s"]
    assert again["series"]["gpu_temp_c"][-1] >= middle[-1]
    assert min(again["series"]["facility_power_w"]) > 0.0


@pytest.mark.parametrize("minutes", ["0", "-1", "61", "nan", "soon"])
def test_a_look_ahead_of_no_sensible_length_is_refused(client: httpx.Client, minutes: str) -> None:
    assert client.get(f"/api/v1/forecast?minutes={minutes}").status_code == 422
    assert client.get("/api/v1/forecast?id=gpu99").status_code == 404
