"""Two schedulers never get the same GPU, however many ask at once."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from dashboards.feed import Feed

CALLS, CALLERS = 1000, 16


def test_a_thousand_reservations_at_once_hand_out_each_gpu_once(
    client: httpx.Client, feed: Feed
) -> None:
    def ask(call: int) -> dict[str, list[str]]:
        body = {"job": f"j{call}", "gpus": 1 + call % 2, "gpu_power_w": 500.0, "limit": 1,
                "duration_s": 600, "reserve_s": 600}  # fmt: skip
        answer = client.post("/api/v1/placement", json=body, timeout=60.0)
        assert answer.status_code == 200
        return {one["reservation"]: one["gpus"] for one in answer.json()["advice"]}

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(ask, range(CALLS)))
    held = {token: gpus for answer in answers for token, gpus in answer.items()}
    given = Counter(gpu for gpus in held.values() for gpu in gpus)
    assert len(given) == 48, "and none is left over"
    assert set(given.values()) == {1}
    assert float(feed.world.allocations.free_share(feed.now_s()).sum()) == 0.0
    for token in held:
        assert client.delete(f"/api/v1/reservations/{token}").status_code == 204
    assert float(feed.world.allocations.free_share(feed.now_s()).sum()) == 48.0


def test_racing_allocations_of_the_same_gpus_have_one_winner(client: httpx.Client) -> None:
    def tell(call: int) -> int:
        told = {"job": f"r{call}", "gpus": ["gpu4", "gpu5"], "start_s": time.time()}
        return client.post("/api/v1/allocations", json=told, timeout=60.0).status_code

    with ThreadPoolExecutor(CALLERS) as pool:
        assert Counter(pool.map(tell, range(50))) == {200: 1, 409: 49}
    (job,) = client.get("/api/v1/allocations").json()["items"]
    assert client.delete(f"/api/v1/allocations/{job['job']}").status_code == 204


def test_a_token_is_spent_once_and_can_be_given_back(client: httpx.Client) -> None:
    ask = {"job": "a", "gpus": 2, "reserve_s": 60}
    best = client.post("/api/v1/placement", json=ask).json()["advice"][0]
    told = {"job": "a", "gpus": best["gpus"], "start_s": 0.0, "reservation": best["reservation"]}
    assert client.post("/api/v1/allocations", json=told).status_code == 200
    gone = client.delete(f"/api/v1/reservations/{best['reservation']}")
    assert (gone.status_code, gone.headers["content-type"]) == (404, "application/problem+json")
    again = client.post("/api/v1/allocations", json={**told, "job": "b"})
    assert again.status_code == 409
    assert client.delete("/api/v1/allocations/a").status_code == 204


def test_a_batch_that_reserves_does_not_offer_a_gpu_twice(client: httpx.Client) -> None:
    batch = [{"job": f"b{i}", "gpus": 4, "reserve_s": 60, "limit": 1} for i in range(4)]
    answers = client.post("/api/v1/placement", json=batch).json()
    gpus = [gpu for answer in answers for gpu in answer["advice"][0]["gpus"]]
    assert len(gpus) == len(set(gpus)) == 16
    for answer in answers:
        token = answer["advice"][0]["reservation"]
        assert client.delete(f"/api/v1/reservations/{token}").status_code == 204


def test_stale_advice_can_be_refused(client: httpx.Client) -> None:
    answer = client.post("/api/v1/placement", json={"job": "a", "gpus": 1, "max_age_s": 0}).json()
    assert answer["advice"] == []
    assert any("old" in reason for reason in answer["rejected"])
