"""Advice over HTTP is the advice of the one engine; allocations are kept and audited."""

import json
import time
from typing import Any
from urllib.parse import quote

import httpx

from controllers.placement.models import Request
from controllers.placement.rank import rank
from dashboards.audit import Audit
from dashboards.feed import Feed

ASK: dict[str, Any] = {"job": "train", "gpus": 4, "duration_s": 600}


def test_the_answer_is_what_the_engine_says(client: httpx.Client, feed: Feed) -> None:
    answer = client.post("/api/v1/placement", json=ASK).json()
    summary = feed.summary
    assert summary is not None
    same = rank(
        feed.plant,
        summary.state,
        summary.snapshot.inputs,
        feed.world.allocations,
        Request(**ASK),
        feed.now_s(),
    )
    assert len(answer["advice"]) == len(same.advice) > 0
    assert set(answer) == {"time_s", "age_s", "advice", "rejected"}
    assert set(answer["advice"][0]) == {
        "nodes", "gpus", "reservation", "score", "predicted", "reasons",
    }  # fmt: skip


def test_a_list_of_requests_answers_a_list(client: httpx.Client) -> None:
    answer = client.post("/api/v1/placement", json=[ASK, {**ASK, "gpus": 16}])
    assert [len(one["advice"][0]["gpus"]) for one in answer.json()] == [4, 16]


def test_no_feasible_place_is_an_answer_not_an_error(client: httpx.Client) -> None:
    answer = client.post("/api/v1/placement", json={**ASK, "gpus": 49})
    assert answer.status_code == 200
    assert answer.json()["advice"] == []
    assert answer.json()["rejected"]


def test_a_bad_request_is_a_422_naming_the_key(client: httpx.Client) -> None:
    for change, word in (({"gpus": -1}, "gpus"), ({"gpu": 1}, "gpu"), ({"job": ""}, "job")):
        answer = client.post("/api/v1/placement", json={**ASK, **change})
        assert answer.status_code == 422
        assert word in answer.json()["detail"]
    unknown = client.post("/api/v1/placement", json={**ASK, "gpu_model": "h900"})
    assert unknown.status_code == 422
    assert unknown.headers["content-type"] == "application/problem+json"


def test_a_job_is_released_by_whatever_name_it_was_told(client: httpx.Client) -> None:
    for job in ("ml/train-0", "/lead", "a b?c", "50%2F"):
        told = {"job": job, "gpus": ["gpu5"], "start_s": 0.0}
        assert client.post("/api/v1/allocations", json=told).status_code == 200
        path = f"/api/v1/allocations/{quote(job, safe='')}"
        assert client.delete(path).status_code == 204
        assert client.delete(path).status_code == 404


def test_an_allocation_is_kept_idempotent_and_freed(client: httpx.Client, audit: Audit) -> None:
    told = {"job": "a", "gpus": ["gpu0", "gpu1"], "start_s": time.time(), "end_s": None}
    first = client.post("/api/v1/allocations", json=told)
    again = client.post("/api/v1/allocations", json=told)
    assert first.status_code == again.status_code == 200
    conflict = client.post("/api/v1/allocations", json={**told, "job": "b"})
    assert conflict.status_code == 409
    assert "held by job 'a'" in conflict.json()["detail"]
    jobs = client.get("/api/v1/allocations").json()["items"]
    assert [job["gpus"] for job in jobs if job["job"] == "a"] == [["gpu0", "gpu1"]]
    assert client.delete("/api/v1/allocations/a").status_code == 204
    assert client.delete("/api/v1/allocations/a").status_code == 404
    lines = [json.loads(line) for line in audit.path.read_text().splitlines()]
    writes = [line for line in lines if line["what"].endswith("job a")]
    assert [(line["who"], line["what"]) for line in writes] == [
        ("loopback", "allocate job a"),
        ("loopback", "release job a"),
    ]
    assert writes[0]["before"] is None
    assert writes[0]["after"]["gpus"] == ["gpu0", "gpu1"]


def test_a_reservation_is_taken_over_once(client: httpx.Client, audit: Audit) -> None:
    asked = {**ASK, "job": "later", "reserve_s": 60}
    best = client.post("/api/v1/placement", json=asked).json()["advice"][0]
    told = {"job": "later", "gpus": best["gpus"], "start_s": time.time(),
            "reservation": best["reservation"]}  # fmt: skip
    refused = {**told, "job": "other", "reservation": None}
    assert client.post("/api/v1/allocations", json=refused).status_code == 409
    assert client.post("/api/v1/allocations", json=told).status_code == 200
    assert client.delete("/api/v1/allocations/later").status_code == 204
    assert "reserve for job later" in audit.path.read_text()


def test_a_jobs_use_is_listed_while_it_runs_and_after(client: httpx.Client) -> None:
    told = {"job": "billed", "gpus": ["gpu2"], "start_s": 0.0, "end_s": None, "profile": "prefill"}
    assert client.post("/api/v1/allocations", json=told).status_code == 200
    until_s = time.time() + 10.0
    rows: list[Any] = []
    while not rows and time.time() < until_s:
        time.sleep(0.05)
        items = client.get("/api/v1/jobs").json()["items"]
        rows = [row for row in items if row["job"] == "billed" and row["gpu_j"] > 0.0]
    assert (rows[0]["profile"], rows[0]["gpus"], rows[0]["steps"]) == ("prefill", 1, None)
    assert client.delete("/api/v1/allocations/billed").status_code == 204
    assert client.get("/api/v1/jobs?fields=job").json()["total"] >= 1
