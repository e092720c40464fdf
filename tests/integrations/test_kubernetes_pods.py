"""Pods that hold GPUs are allocations of the twin, for as long as they do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from integrations.kubernetes.feed_pods import OVER, PREFIX, gpus_asked, main, name_of
from tests.conftest import ROOT
from tests.fakes.slurm import free_ports

FOLDER = ROOT / "integrations" / "kubernetes"


def pod(name: str, node: str | None, gpus: int, **about: Any) -> dict[str, Any]:
    """Return a pod as an API server lists it."""
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    spec: dict[str, Any] = {"containers": [{"name": "c", "resources": {"limits": limits}}]}
    if node is not None:
        spec["nodeName"] = node
    return {"metadata": {"name": name, "namespace": "ml", "uid": "u-1", **about}, "spec": spec}


class Pods(list[dict[str, Any]]):
    """What an API server lists, two to a page."""

    def page(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """Return the page that is asked for."""
        assert query["fieldSelector"] == [OVER]
        start = int(query.get("continue", ["0"])[0])
        more = {"continue": str(start + 2)} if start + 2 < len(self) else {}
        return {"items": self[start : start + 2], "metadata": more}


@pytest.fixture
def cluster(twin: httpx.Client) -> Iterator[tuple[Pods, list[str]]]:
    """Return the pods of an API server, and the words that feed them to the twin."""
    pods = Pods()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            assert asked.path == "/api/v1/pods"
            sent = json.dumps(pods.page(parse_qs(asked.query))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    words = ["--once", "--twin", str(twin.base_url), "--kubernetes", url]
    yield pods, words
    pods.clear()
    assert main(words) == 0
    server.shutdown()
    thread.join()
    server.server_close()


def held(twin: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return the allocations that came from the cluster."""
    items = twin.get("/api/v1/allocations").json()["items"]
    return {one["job"]: one for one in items if one["job"].startswith(PREFIX)}


def test_bound_pods_with_gpus_are_held_and_let_go_with_their_end(
    cluster: tuple[Pods, list[str]], twin: httpx.Client
) -> None:
    pods, words = cluster
    rows = twin.get("/api/v1/nodes?limit=1000").json()["items"]
    here, there = (next(row for row in rows if row["id"] == f"node{n}") for n in (5, 6))
    notes = {"ai-factory-twin/profile": "finetuning"}
    labels = {"batch.kubernetes.io/job-name": "tune"}
    pods += [
        pod("tune-0", "node5", 2, labels=labels, annotations=notes),
        pod("tune-1", "node6", 4, labels=labels, annotations=notes),
        pod("lone", "node5", 1),
        pod("waiting", None, 4),
        pod("web", "node5", 0),
        pod("far", "elsewhere", 8),
    ]
    assert main(words) == 0
    seen = held(twin)
    assert seen.keys() == {"k8s-ml.tune", "k8s-ml.lone"}
    assert set(seen["k8s-ml.tune"]["gpus"]) >= set(there["gpus"])
    assert len(seen["k8s-ml.tune"]["gpus"]) == 6
    assert seen["k8s-ml.tune"]["profile"] == "finetuning"
    both = [gpu for one in seen.values() for gpu in one["gpus"]]
    assert len(set(both)) == len(both) == 7
    assert len(set(both) & set(here["gpus"])) == 3
    assert main(words) == 0
    assert held(twin) == seen, "what is in line is left alone"
    del pods[0]
    assert main(words) == 0
    assert set(held(twin)["k8s-ml.tune"]["gpus"]) == set(there["gpus"])
    assert held(twin)["k8s-ml.lone"] == seen["k8s-ml.lone"], "others keep theirs"
    pods.clear()
    assert main(words) == 0
    assert held(twin) == {}


def test_gpus_that_another_holds_are_not_taken_and_said(
    cluster: tuple[Pods, list[str]], twin: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    pods, words = cluster
    rows = twin.get("/api/v1/nodes?limit=1000").json()["items"]
    here = next(row for row in rows if row["id"] == "node7")
    other = {"job": "other", "gpus": here["gpus"][:3], "start_s": 0.0}
    assert twin.post("/api/v1/allocations", json=other).status_code == 200
    try:
        pods.append(pod("two", "node7", 2))
        assert main(words) == 0
        assert held(twin)["k8s-ml.two"]["gpus"] == here["gpus"][3:]
        assert "2 GPUs asked for, 1 not held by others" in caplog.text
    finally:
        twin.delete("/api/v1/allocations/other")


def test_an_api_server_that_is_away_is_said_and_changes_nothing(
    cluster: tuple[Pods, list[str]], twin: httpx.Client
) -> None:
    pods, words = cluster
    pods.append(pod("one", "node5", 1))
    assert main(words) == 0
    away = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert main([*words[:-1], away]) == 1
    assert held(twin).keys() == {"k8s-ml.one"}


def test_gpus_are_those_of_containers_together_or_of_one_before_them() -> None:
    asks = {"resources": {"limits": {"nvidia.com/gpu": "4"}}}
    assert gpus_asked({"containers": [asks, asks]}) == 8
    assert gpus_asked({"containers": [{}], "initContainers": [asks, asks]}) == 4
    assert gpus_asked({"containers": [{"resources": {}}]}) == 0


def test_names_that_are_too_long_are_told_by_their_number() -> None:
    about = pod("n" * 250, "node5", 1)["metadata"]
    assert name_of(about) == "k8s-u-1"
    assert name_of({**about, "name": "n"}) == "k8s-ml.n"


def test_the_deployment_runs_the_module_and_may_only_list_pods() -> None:
    parts = list(yaml.safe_load_all((FOLDER / "feed-pods.yaml").read_text()))
    by_kind = {part["kind"]: part for part in parts}
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    assert by_kind["ClusterRole"]["rules"] == rules
    spec = by_kind["Deployment"]["spec"]["template"]["spec"]
    (one,) = spec["containers"]
    module, mounted = one["command"][-1], one["volumeMounts"][0]["mountPath"]
    assert mounted.removeprefix(one["workingDir"] + "/") == "integrations/kubernetes"
    (maker,) = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["configMapGenerator"]
    assert f"{module.rpartition('.')[2]}.py" in maker["files"]
    assert maker["name"] == spec["volumes"][0]["configMap"]["name"]
    assert spec["serviceAccountName"] == by_kind["ServiceAccount"]["metadata"]["name"]
