"""kube-scheduler asks an extender, Trimaran a load-watcher: the twin answers as they expect."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboards.audit import Audit
from dashboards.auth import TokenBook
from dashboards.feed import Feed
from dashboards.web import build
from tests.dashboards.conftest import until_ready
from tests.fakes.serving import serving
from tests.fakes.small_world import SmallWorld

FOLDER = Path(__file__).parent / "kube"
BODIES = sorted(path.stem for path in FOLDER.glob("*.json"))
NAMES = ["node0", "node8", "node9", "elsewhere"]
RESULT = {"Nodes", "NodeNames", "FailedNodes", "FailedAndUnresolvableNodes", "Error"}


def body(name: str, gpus: int | None = None) -> dict[str, Any]:
    """Return a recorded body, its container asking for another number of GPUs."""
    args: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    if gpus is not None:
        pod = args.get("Pod") or args["pod"]
        for kind in ("limits", "requests"):
            pod["spec"]["containers"][0]["resources"][kind]["nvidia.com/gpu"] = str(gpus)
    return args


def kept(answer: httpx.Response) -> list[str]:
    """Return the names that a filter let through, from either form."""
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert set(content) == RESULT
    assert content["Error"] == ""
    if content["NodeNames"] is not None:
        assert content["Nodes"] is None
        return list(content["NodeNames"])
    return [item["metadata"]["name"] for item in content["Nodes"]["items"]]


@pytest.mark.parametrize("name", BODIES)
def test_both_spellings_and_both_forms_are_filtered_alike(client: httpx.Client, name: str) -> None:
    assert kept(client.post("/api/k8s/filter", json=body(name))) == NAMES
    answer = client.post("/api/k8s/filter", json=body(name, gpus=8))
    assert kept(answer) == ["node8", "node9", "elsewhere"]
    failed = answer.json()["FailedAndUnresolvableNodes"]
    assert failed == {"node0": "twin: has 4 GPUs, 8 wanted"}


@pytest.mark.parametrize("name", BODIES)
def test_points_are_whole_and_for_every_node_asked_about(client: httpx.Client, name: str) -> None:
    found = client.post("/api/k8s/prioritize", json=body(name)).json()
    assert [one["Host"] for one in found] == NAMES
    points = {one["Host"]: one["Score"] for one in found}
    assert all(isinstance(value, int) and 0 <= value <= 10 for value in points.values())
    assert max(points.values()) == 10
    assert points["elsewhere"] == 0


def test_nodes_come_back_whole(client: httpx.Client) -> None:
    sent = body("nodes-v1.31", gpus=8)
    nodes = client.post("/api/k8s/filter", json=sent).json()["Nodes"]
    assert nodes["metadata"] == sent["Nodes"]["metadata"]
    assert nodes["items"] == sent["Nodes"]["items"][1:]


def test_a_busy_node_fails_but_could_be_freed(client: httpx.Client) -> None:
    told = {"job": "holder", "gpus": [f"gpu{i}" for i in range(32, 40)], "start_s": 0.0}
    assert client.post("/api/v1/allocations", json=told).status_code == 200
    answer = client.post("/api/k8s/filter", json=body("names-v1.31"))
    assert client.delete("/api/v1/allocations/holder").status_code == 204
    assert kept(answer) == ["node0", "node9", "elsewhere"]
    assert answer.json()["FailedNodes"] == {"node8": "twin: 0 GPUs are free, 4 wanted"}


def test_a_pod_without_gpus_goes_anywhere(client: httpx.Client) -> None:
    sent = body("names-v1.31")
    del sent["Pod"]["spec"]["containers"][0]["resources"]
    assert kept(client.post("/api/k8s/filter", json=sent)) == NAMES
    assert {one["Score"] for one in client.post("/api/k8s/prioritize", json=sent).json()} == {0}


def test_what_cannot_be_read_is_a_problem_naming_it(client: httpx.Client) -> None:
    for path, value, word in (
        (("Pod", "metadata", "annotations"), {"ai-factory-twin/gpu-power-w": "a lot"}, "watts"),
        (("Pod", "metadata", "annotations"), {"ai-factory-twin/gpu-power-w": "-5"}, "above 0"),
        (("NodeNames",), [1], "NodeNames"),
        (("Pod",), "train-0", "Pod"),
    ):
        sent = body("names-v1.31")
        at: Any = sent
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        answer = client.post("/api/k8s/filter", json=sent)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert word in answer.json()["detail"]
    sent = body("names-v1.31")
    sent["Pod"]["spec"]["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] = "half"
    assert "nvidia.com/gpu" in client.post("/api/k8s/prioritize", json=sent).json()["detail"]


def test_it_takes_the_role_scheduler(guarded: httpx.Client, tokens: dict[str, str]) -> None:
    for role, status in (("viewer", 403), ("scheduler", 200)):
        answer = guarded.post(
            "/api/k8s/filter", json=body("names-v1.31"), auth=("kube-scheduler", tokens[role])
        )
        assert answer.status_code == status, "an extender signs in with HTTP Basic"


def test_the_load_watcher_tells_each_node_in_percent(client: httpx.Client, feed: Feed) -> None:
    told = client.get("/api/watcher").json()
    assert list(told) == ["timestamp", "window", "source", "data"], "Go's reader counts the keys"
    assert all(isinstance(told["window"][key], int) for key in ("start", "end"))
    nodes = told["data"]["NodeMetricsMap"]
    assert sorted(nodes) == sorted(feed.plant.node_names)
    kinds = {(one["type"], one["operator"]) for one in nodes["node9"]["metrics"]}
    assert kinds == {(k, o) for k in ("CPU", "Memory") for o in ("AVG", "STD", "Latest")}
    for one in nodes["node9"]["metrics"]:
        assert 0.0 <= one["value"] <= 150.0
    latest = {one["type"]: one["value"] for one in nodes["node0"]["metrics"]
              if one["operator"] == "Latest"}  # fmt: skip
    assert latest["CPU"] > 10.0
    one = client.get("/api/watcher", params={"host": "node3"}).json()
    assert list(one["data"]["NodeMetricsMap"]) == ["node3"]
    assert client.get("/api/watcher", params={"host": "nobody"}).status_code == 404


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a caller of a twin whose telemetry has ended."""
    audit = Audit(tmp_path_factory.mktemp("ended") / "audit.jsonl")
    app = build(Feed(SmallWorld(ticks=2, interval_s=0.01)), audit, TokenBook(None),
                trust_loopback=True)  # fmt: skip
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as caller:
        until_ready(caller)
        yield caller


def test_a_stale_twin_lets_everything_through_and_says_so(ended: httpx.Client) -> None:
    answer = ended.post("/api/k8s/filter", json=body("names-v1.31", gpus=8))
    assert kept(answer) == NAMES
    assert answer.headers["twin-stale"] == "true"
    assert float(answer.headers["twin-age-s"]) >= 0.0
    assert ended.get("/api/watcher").status_code == 503


def test_the_caller_may_ask_for_fresher_telemetry(client: httpx.Client) -> None:
    answer = client.post("/api/k8s/filter?max_age_s=0", json=body("names-v1.31", gpus=8))
    assert kept(answer) == NAMES
    assert answer.headers["twin-stale"] == "false"
