"""The fabric over HTTP: links and their state, what jobs load, who is suspected."""

import time
from dataclasses import replace
from typing import Any

import httpx
import numpy as np

from dashboards.fabric_now import standings, suspected
from tests.fakes.small_plant import small_plant
from twin.fabric.links import with_links


def get(client: httpx.Client, query: str = "") -> Any:
    answer = client.get(f"/api/v1/fabric{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_links_come_in_pages_with_their_state(client: httpx.Client) -> None:
    answer = get(client, "?limit=5&offset=48")
    assert answer["total"] == 52
    assert [item["id"] for item in answer["items"]] == [
        "leaf0:spine0", "leaf0:spine1", "leaf1:spine0", "leaf1:spine1",
    ]  # fmt: skip
    assert {item["state"] for item in answer["items"]} == {"ok"}
    assert get(client, "?state=down")["total"] == 0
    assert client.get("/api/v1/fabric?state=odd").status_code == 422


def test_without_counters_there_are_no_suspects_and_it_says_why(client: httpx.Client) -> None:
    answer = get(client)
    assert answer["suspects"] == []
    assert "no counters" in answer["suspects_why"]
    assert answer["switches"] == {"leaf": 2, "spine": 2, "core": 0}


def test_a_job_across_leafs_loads_both_trunks(client: httpx.Client) -> None:
    told = {"job": "wide", "gpus": ["gpu0", "gpu40"], "start_s": 0.0, "end_s": None}
    assert client.post("/api/v1/allocations", json=told).status_code in (200, 201)
    loads: dict[str, float] = {}
    for _ in range(30):
        time.sleep(0.05)  # a tick of the served world
        answer = get(client)
        loads = {trunk["id"]: trunk["load_bytes_per_s"] for trunk in answer["trunks"]}
        if answer["jobs"]:
            break
    client.delete("/api/v1/allocations/wide")
    assert answer["jobs"][0]["network_bytes_per_s"] == 50e9
    assert loads == {"leaf0": 50e9, "leaf1": 50e9}


def test_states_follow_the_plant_in_force_and_counters_name_suspects() -> None:
    plant = small_plant()
    ill = with_links(with_links(plant, np.array([3]), 0.0), np.array([49]), 0.75)
    standing = standings(plant, ill)
    assert (standing[3], standing[49], standing[0]) == ("down", "degraded", "ok")
    up = np.ones(52)
    up[3] = 0.0
    suspects, why = suspected(plant, {"link_up": up})
    assert [suspect.name for suspect in suspects] == ["gpu3:leaf0"]
    assert why == ""
    assert replace(plant) is not plant
