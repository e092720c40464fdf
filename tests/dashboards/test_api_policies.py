"""Policies are seen by all, changed by operators, armed by admins, and every change is told."""

import json
from pathlib import Path

import httpx

from controllers.parameters import made
from controllers.policies.power_budget import PowerBudget
from dashboards.api.policy_routes import PolicyChange
from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.web import build
from tests.dashboards.conftest import bearer, until_ready
from tests.fakes.serving import CalledFrom, serving
from tests.fakes.small_world import SmallWorld

PATH = "/api/v1/policies/thermal_guard"


def test_every_policy_with_its_parameters_is_shown(client: httpx.Client) -> None:
    names = [one["name"] for one in client.get("/api/v1/policies").json()["items"]]
    assert names == ["hold", "thermal_guard"]
    one = client.get(PATH).json()
    assert one["mode"] == "advise"
    assert set(one["parameters"]) == set(one["schema"]["properties"])
    assert client.get("/api/v1/policies/magic").status_code == 404


def test_an_operator_changes_mode_and_parameters(
    guarded: httpx.Client, tokens: dict[str, str], audit: Audit
) -> None:
    name = next(iter(guarded.get(PATH, headers=bearer(tokens["viewer"])).json()["parameters"]))
    value = guarded.get(PATH, headers=bearer(tokens["viewer"])).json()["parameters"][name]
    change = {"mode": "shadow", "parameters": {name: value}, "reason": "night shift"}
    answer = guarded.put(PATH, json=change, headers=bearer(tokens["operator"]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["mode"] == "shadow"
    assert answer.json()["journal"][-1]["who"] == "the-operator"
    last = json.loads(audit.path.read_text().splitlines()[-1])
    assert (last["who"], last["reason"]) == ("the-operator", "night shift")
    assert (last["before"]["mode"], last["after"]["mode"]) == ("advise", "shadow")


def test_arming_needs_an_admin(guarded: httpx.Client, tokens: dict[str, str]) -> None:
    arm = {"mode": "armed"}
    assert guarded.put(PATH, json=arm, headers=bearer(tokens["operator"])).status_code == 403
    assert guarded.put(PATH, json=arm, headers=bearer(tokens["admin"])).status_code == 200
    parameters = guarded.get(PATH, headers=bearer(tokens["viewer"])).json()["parameters"]
    tune = {"parameters": parameters}
    assert guarded.put(PATH, json=tune, headers=bearer(tokens["operator"])).status_code == 403
    disarm = guarded.put(PATH, json={"mode": "off"}, headers=bearer(tokens["operator"]))
    assert disarm.status_code == 200


def test_a_bad_change_names_what_is_wrong_and_changes_nothing(
    guarded: httpx.Client, tokens: dict[str, str]
) -> None:
    before = guarded.get(PATH, headers=bearer(tokens["viewer"])).json()["parameters"]
    for change, word in (
        ({"parameters": {"gian": 1}}, "gian"),
        ({"parameters": {"limit_c": True}}, "limit_c: expected a number, got True"),
        ({"mode": "auto"}, "mode"),
        ({"modus": "off"}, "modus"),
    ):
        answer = guarded.put(PATH, json=change, headers=bearer(tokens["operator"]))
        assert answer.status_code == 422
        assert word in answer.json()["detail"]
    assert guarded.get(PATH, headers=bearer(tokens["viewer"])).json()["parameters"] == before


def test_truth_values_and_numbers_come_through_as_what_they_are() -> None:
    change = PolicyChange.model_validate_json('{"parameters": {"n_minus_1": true, "margin": 1}}')
    assert change.parameters is not None
    budget = made(PowerBudget, change.parameters)
    assert (budget.n_minus_1, budget.margin) == (True, 1.0)


def test_a_mode_for_a_rack_and_a_while_is_shown_and_arming_it_needs_an_admin(
    guarded: httpx.Client, tokens: dict[str, str]
) -> None:
    scopes = guarded.get("/api/v1/holds", headers=bearer(tokens["viewer"])).json()["scopes"]
    change = {"mode": "armed", "scope": scopes[-1], "expires_s": 60.0}
    assert guarded.put(PATH, json=change, headers=bearer(tokens["operator"])).status_code == 403
    answer = guarded.put(PATH, json=change, headers=bearer(tokens["admin"])).json()
    (site, rack) = answer["scopes"]
    assert (site["scope"], site["until_s"]) == ("site", None)
    assert (rack["scope"], rack["mode"]) == (scopes[-1], "armed")
    assert rack["until_s"] > answer["time_s"]
    tune = {"parameters": answer["parameters"]}
    assert guarded.put(PATH, json=tune, headers=bearer(tokens["operator"])).status_code == 403
    wrong = {"mode": "off", "scope": "attic"}
    assert guarded.put(PATH, json=wrong, headers=bearer(tokens["operator"])).status_code == 422
    off = guarded.put(PATH, json={"mode": "advise"}, headers=bearer(tokens["operator"])).json()
    assert [one["scope"] for one in off["scopes"]] == ["site"]


def test_an_operator_holds_a_part_and_lets_it_go(
    guarded: httpx.Client, tokens: dict[str, str], audit: Audit
) -> None:
    path, operator = "/api/v1/holds/site", bearer(tokens["operator"])
    assert guarded.put(path, json={}, headers=bearer(tokens["scheduler"])).status_code == 403
    held = guarded.put(path, json={"reason": "work", "expires_s": 600}, headers=operator).json()
    assert [(one["scope"], one["who"]) for one in held["items"]] == [("site", "the-operator")]
    assert json.loads(audit.path.read_text().splitlines()[-1])["what"] == "hold site"
    assert guarded.put("/api/v1/holds/attic", json={}, headers=operator).status_code == 422
    assert guarded.delete(path, headers=operator).json()["items"] == []
    assert guarded.delete(path, headers=operator).status_code == 404


def test_only_an_admin_turns_on_a_rack_and_only_one_that_is_shut_down(
    token_file: Path, tokens: dict[str, str], audit: Audit
) -> None:
    feed = Feed(SmallWorld(interval_s=0.1))
    supervisor, rack = feed.world.supervisor, feed.plant.rack_names[0]
    path, admin = f"/api/v1/racks-off/{rack}", bearer(tokens["admin"])
    app = CalledFrom(build(feed, audit, TokenBook(token_file)), "192.0.2.7")
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as guarded:
        until_ready(guarded)
        assert guarded.delete(path, headers=admin).status_code == 404
        memory = supervisor.memory()
        dark = memory.orders.written._replace(racks_off=frozenset({rack}))
        supervisor.restore(memory._replace(orders=memory.orders._replace(written=dark)))
        shown = guarded.get("/api/v1/racks-off", headers=bearer(tokens["viewer"])).json()
        assert shown["items"] == [rack]
        assert guarded.delete(path, headers=bearer(tokens["operator"])).status_code == 403
        answer = guarded.delete(path, headers=admin, params={"reason": "pipe mended"}).json()
        assert answer["items"] == []
        told = json.loads(audit.path.read_text().splitlines()[-1])
        assert (told["what"], told["before"], told["after"]) == (f"turn on {rack}", [rack], [])
        assert guarded.delete(path, headers=admin).status_code == 404


def test_without_a_facility_no_setpoint_can_be_asked(client: httpx.Client) -> None:
    answer = client.get("/api/v1/setpoints")
    assert answer.status_code == 404
    assert "--setpoints" in answer.json()["detail"]
