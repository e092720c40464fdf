"""What-ifs over HTTP: queued at once, played beside the loop, fetched, refused by their key."""

import json
import time
from typing import Any

import httpx
import pytest

from controllers.accounts.charges import Charges
from dashboards.audit import Audit
from dashboards.whatifs import FullError, WhatIfs, asked_of
from tests.dashboards.conftest import bearer
from tests.fakes.small_world import SmallWorld, small_snapshot

PATH = "/api/v1/whatif"
QUIET = {"duration_s": 5, "events": []}
WORLD = SmallWorld()
CDU = WORLD.plant.axis("cdu")[0]


def finished(client: httpx.Client, name: str, within_s: float = 60.0) -> Any:
    """Wait until a what-if has ended and return it."""
    end_s = time.monotonic() + within_s
    while (told := client.get(f"{PATH}/{name}").json())["status"] in ("queued", "running"):
        assert time.monotonic() < end_s, told
        time.sleep(0.05)
    return told


def asked(duration_s: float = 5.0) -> Any:
    snapshot = small_snapshot(WORLD.plant, 3, 0.5, WORLD.supervisor)
    return asked_of({"duration_s": duration_s}, None, ["hold"], snapshot)


def test_a_what_if_is_answered_at_once_and_found_when_it_is_done(
    client: httpx.Client, audit: Audit
) -> None:
    trip = {"at_s": 1, "kind": "pump_trip", "target": CDU}
    before_s = client.get("/api/v1/kpi").json()["time_s"]
    answer = client.post(PATH, json={"duration_s": 8, "events": [trip]})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["onset"]["time_s"] >= before_s
    assert told["href"] == f"{PATH}/{told['id']}"
    done = finished(client, told["id"])
    assert (done["status"], done["why"]) == ("done", None), done
    assert done["simulated_s"] == pytest.approx(8.0)
    assert done["events"][0]["kind"] == "pump_trip"
    assert {"energy_j", "pue", "gpu_temp_max_c"} <= done["kpi"].keys()
    assert done["account"]["figures"]["cost"]["value"] is None
    assert len(done["digest"]) == 64
    last = json.loads(audit.path.read_text().splitlines()[-1])
    assert last["what"] == f"what-if {told['id']}"


def test_it_needs_a_scheduler(guarded: httpx.Client, tokens: dict[str, str]) -> None:
    for role, status in (("viewer", 403), ("scheduler", 202), ("operator", 202)):
        answer = guarded.post(PATH, json=QUIET, headers=bearer(tokens[role]))
        assert answer.status_code == status, answer.text
    assert guarded.post(PATH, json=QUIET).status_code == 401
    name = answer.json()["id"]
    assert guarded.get(f"{PATH}/{name}", headers=bearer(tokens["viewer"])).status_code == 200


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({}, "duration_s: missing"),
        ({"scenario": "/etc/passwd"}, "'/etc/passwd', expected one of: breaker_trip"),
        ({"scenario": "pump_trip"}, "is of 'pilot'"),
        ({"duration_s": 1e9}, "duration_s: 1e+09, expected at most"),
        ({"duration_s": 9, "colour": 1}, "colour"),
        ({"duration_s": 9, "policies": ["magic"]}, "policy 'magic"),
        (
            {"duration_s": 9, "events": [{"at_s": 1, "kind": "pump_trip", "target": "p9"}]},
            "events.0.target: 'p9'",
        ),
        (
            {"duration_s": 9, "events": [{"at_s": -1, "kind": "pump_trip", "target": "*"}]},
            "events.0.at_s",
        ),
        (
            {"duration_s": 9, "events": [{"at_s": 9, "kind": "pump_trip", "target": "*"}]},
            "before the end at 9 s",
        ),
        ({"duration_s": 9, "jobs": [{"name": "x", "racks": ["z"], "share": 1}]}, "jobs.0.racks"),
    ],
)
def test_what_does_not_fit_is_named_by_its_key(
    client: httpx.Client, request_: dict[str, Any], named: str
) -> None:
    answer = client.post(PATH, json=request_)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_an_unknown_what_if_is_a_404(client: httpx.Client) -> None:
    answer = client.get(f"{PATH}/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_no_more_than_a_few_may_wait() -> None:
    what_ifs = WhatIfs(Charges(), waiting=2)
    with pytest.raises(FullError, match="are waiting"):
        for _ in range(5):
            what_ifs.ask(asked(duration_s=600.0))


def test_a_result_is_forgotten_after_a_while() -> None:
    what_ifs, one = WhatIfs(Charges(), kept_s=0.3), asked()
    what_ifs.ask(one)
    end_s = time.monotonic() + 60.0
    while one.status != "done":
        assert time.monotonic() < end_s, one.why
        time.sleep(0.02)
    assert one.play is None
    time.sleep(0.4)
    assert what_ifs.get(one.id) is None


def test_one_that_fails_says_why_and_the_next_is_played() -> None:
    what_ifs, bad, good = WhatIfs(Charges()), asked(), asked()
    bad.play = None
    what_ifs.ask(bad)
    what_ifs.ask(good)
    end_s = time.monotonic() + 60.0
    while good.status not in ("done", "failed"):
        assert time.monotonic() < end_s
        time.sleep(0.02)
    assert (bad.status, good.status) == ("failed", "done")
    assert bad.why
