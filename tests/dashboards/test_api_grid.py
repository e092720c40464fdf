"""Load targets over HTTP: who may, what is refused, what is reported."""

import json
from itertools import pairwise
from typing import Any

import httpx
import pytest

from dashboards.audit import Audit
from tests.dashboards.conftest import bearer

PATH, REPORT = "/api/v1/grid/loadtarget", "/api/v1/grid/report"


def wish(client: httpx.Client, headers: dict[str, str], **other: Any) -> dict[str, Any]:
    """Return a target from now on for an hour."""
    now_s = client.get(PATH, headers=headers).json()["time_s"]
    return {"power_w": 40_000.0, "end_s": now_s + 3600.0, "reason": "hot evening", **other}


def test_an_operator_sets_a_target_sees_it_and_takes_it_back(
    guarded: httpx.Client, tokens: dict[str, str], audit: Audit
) -> None:
    operator, viewer = bearer(tokens["operator"]), bearer(tokens["viewer"])
    told = guarded.post(PATH, json=wish(guarded, operator), headers=operator)
    assert told.status_code == 200, told.text
    key = told.json()["key"]
    assert (told.json()["status"], told.json()["source"]) == ("in force", "the-operator")
    assert told.json()["followed_by"] is None
    shown = guarded.get(PATH, headers=viewer).json()
    assert [one["key"] for one in shown["items"]] == [key]
    assert set(shown["now"]) >= {"site_power_w", "baseline_w", "delivered_w", "target_w", "basis"}
    last = json.loads(audit.path.read_text().splitlines()[-1])
    assert (last["who"], last["what"]) == ("the-operator", f"load target {key}")
    assert guarded.delete(f"{PATH}/{key}", headers=operator).json()["status"] == "cancelled"
    assert guarded.delete(f"{PATH}/{key}", headers=operator).status_code == 404
    assert guarded.get(PATH, headers=viewer).json()["items"][0]["status"] == "cancelled"


@pytest.mark.parametrize("role", ["viewer", "scheduler"])
def test_others_may_look_and_not_ask(
    guarded: httpx.Client, tokens: dict[str, str], role: str
) -> None:
    headers = bearer(tokens[role])
    body = wish(guarded, headers)
    assert guarded.post(PATH, json=body, headers=headers).status_code == 403
    assert guarded.delete(f"{PATH}/any", headers=headers).status_code == 403
    assert guarded.get(REPORT, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"power_w": 0.0}, "power_w"),
        ({"power_w": -1.0}, "power_w"),
        ({"power_w": "much"}, "power_w"),
        ({"end_s": 1.0}, "end_s"),
        ({"end_s": None}, "end_s"),
        ({"end_s": 9e12}, "end_s"),
        ({"start_s": 5e9}, "end_s"),
        ({"power": 1.0}, "power"),
        ({"reason": 501 * "x"}, "reason"),
    ],
)
def test_a_target_that_cannot_be_is_a_422_that_names_the_key(
    guarded: httpx.Client, tokens: dict[str, str], other: dict[str, Any], word: str
) -> None:
    headers = bearer(tokens["operator"])
    before = guarded.get(PATH, headers=headers).json()["total"]
    answer = guarded.post(PATH, json=wish(guarded, headers, **other), headers=headers)
    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]
    assert guarded.get(PATH, headers=headers).json()["total"] == before


def test_not_a_number_is_refused(guarded: httpx.Client, tokens: dict[str, str]) -> None:
    body = b'{"power_w": NaN, "end_s": 1e12}'
    headers = {**bearer(tokens["operator"]), "content-type": "application/json"}
    assert guarded.post(PATH, content=body, headers=headers).status_code == 422


def test_the_report_is_a_line_a_second(client: httpx.Client) -> None:
    rows = client.get(REPORT, params={"seconds": 3600}).json()["items"]
    times = [row["time_s"] for row in rows]
    assert all(b - a >= 1.0 - 1e-6 for a, b in pairwise(times))
    assert client.get(REPORT, params={"seconds": 0}).status_code == 422
