"""The manifests say what the twin serves, and labels follow how nodes stand."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import yaml

from integrations.kubernetes.label_nodes import (
    EFFECTS,
    STATE,
    TOPOLOGY,
    Http,
    fit_label,
    main,
    write,
)
from tests.conftest import ROOT
from tests.fakes.slurm import free_ports
from tests.integrations.conftest import COOL_C, HOT, SLOWED_C

FOLDER = ROOT / "integrations" / "kubernetes"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))
Objects = dict[str, dict[str, Any]]


def parts(name: str) -> list[dict[str, Any]]:
    """Return the objects of a manifest."""
    return [part for part in yaml.safe_load_all((FOLDER / name).read_text()) if part]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_every_manifest_is_whole(path: Any) -> None:
    for part in parts(path.name):
        assert part["apiVersion"]
        assert part["kind"]


def test_the_extender_is_served_where_the_configuration_says(twin: httpx.Client) -> None:
    (config,) = parts("scheduler-config.yaml")
    (extender,) = config["extenders"]
    assert extender["ignorable"] is True
    assert extender["nodeCacheCapable"] is True
    assert extender["managedResources"] == [{"name": "nvidia.com/gpu", "ignoredByScheduler": False}]
    prefix = httpx.URL(extender["urlPrefix"]).path
    for verb in ("filterVerb", "prioritizeVerb"):
        answer = twin.post(f"{prefix}/{extender[verb]}", json={"Pod": {}, "NodeNames": [HOT]})
        assert answer.status_code == 200


def test_trimaran_reads_the_watcher_where_it_is_served(twin: httpx.Client) -> None:
    (config,) = parts("trimaran-config.yaml")
    address = config["profiles"][0]["pluginConfig"][0]["args"]["watcherAddress"]
    told = twin.get(httpx.URL(address).path + "/watcher")
    assert told.json()["data"]["NodeMetricsMap"]


def test_the_deployment_runs_the_script_with_rights_for_nodes_alone() -> None:
    by_kind = {part["kind"]: part for part in parts("label-nodes.yaml")}
    assert by_kind["ClusterRole"]["rules"] == [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "patch"]}
    ]
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == by_kind["ServiceAccount"]["metadata"]["name"]
    (maker,) = parts("kustomization.yaml")[0]["configMapGenerator"]
    assert maker["name"] == pod["volumes"][0]["configMap"]["name"]
    assert all((FOLDER / name).exists() for name in maker["files"])
    script = pod["containers"][0]["command"][1].rpartition("/")[2]
    assert script in maker["files"]


def test_kueues_levels_are_labels_that_are_written() -> None:
    levels = [level["nodeLabel"] for level in parts("kueue-topology.yaml")[0]["spec"]["levels"]]
    assert levels.pop() == "kubernetes.io/hostname"
    assert set(levels) <= set(TOPOLOGY)


class Cluster:
    """An API server that knows nodes, merge patches and versions, and nothing else."""

    def __init__(self, names: list[str]) -> None:
        self.nodes: Objects = {
            name: {
                "metadata": {"name": name, "labels": {"mine": "1"}, "resourceVersion": "1"},
                "spec": {"taints": [{"key": "other", "effect": "NoSchedule"}]},
            }
            for name in names
        }
        self.patches = 0

    def patch(self, name: str, patch: dict[str, Any]) -> int:
        """Apply a merge patch and return the status."""
        node = self.nodes[name]
        version = node["metadata"]["resourceVersion"]
        if patch.get("metadata", {}).get("resourceVersion", version) != version:
            return 409
        for key, value in patch.get("metadata", {}).get("labels", {}).items():
            if value is None:
                node["metadata"]["labels"].pop(key, None)
            else:
                node["metadata"]["labels"][key] = value
        node["spec"] |= patch.get("spec", {})
        node["metadata"]["resourceVersion"] = str(int(version) + 1)
        self.patches += 1
        return 200


@pytest.fixture
def cluster() -> Iterator[tuple[Cluster, str]]:
    """Return nodes, two of them the twin's, and the address of their API server."""
    nodes = Cluster([HOT, "node5", "elsewhere"])

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(200, {"items": list(nodes.nodes.values())})

        def do_PATCH(self) -> None:
            assert self.headers["Content-Type"] == "application/merge-patch+json"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say(nodes.patch(self.path.rpartition("/")[2], body), {})

        def _say(self, status: int, content: Any) -> None:
            sent = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield nodes, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_labels_and_taints_follow_the_heat(
    cluster: tuple[Cluster, str], twin: httpx.Client, node_at: Callable[[float], None]
) -> None:
    nodes, url = cluster
    words = ["--once", "--taint", "--twin", str(twin.base_url), "--kubernetes", url]
    assert main(words) == 0
    hot = nodes.nodes[HOT]
    assert hot["metadata"]["labels"][STATE] == "hot"
    assert hot["metadata"]["labels"]["ai-factory-twin/rack"] == "r1"
    assert hot["metadata"]["labels"]["accelerator.topograph.run/domain"] == "nvl1"
    assert hot["metadata"]["labels"]["mine"] == "1"
    assert [one["effect"] for one in hot["spec"]["taints"]] == ["NoSchedule", EFFECTS["hot"]]
    assert nodes.nodes["node5"]["metadata"]["labels"][STATE] == "cool"
    assert nodes.nodes["elsewhere"]["metadata"]["labels"] == {"mine": "1"}
    patches = nodes.patches
    assert main(words) == 0
    assert nodes.patches == patches, "what is in line is left alone"
    node_at(SLOWED_C)
    assert main(words) == 0
    assert hot["spec"]["taints"][1] == {"key": STATE, "value": "drain", "effect": "NoSchedule"}
    node_at(COOL_C)
    assert main(words) == 0
    assert hot["metadata"]["labels"][STATE] == "cool"
    assert hot["spec"]["taints"] == [{"key": "other", "effect": "NoSchedule"}]


def test_a_change_in_between_is_not_lost(cluster: tuple[Cluster, str], twin: httpx.Client) -> None:
    nodes, url = cluster
    server = Http(url, None)
    told = server.call("GET", "/api/v1/nodes")
    nodes.patch(HOT, {"spec": {"taints": []}})
    stale = type("Stale", (), {"call": lambda _self, method, *rest: told if method == "GET"
                               else server.call(method, *rest)})()  # fmt: skip
    with pytest.raises(OSError, match="409"):
        write(stale, Http(str(twin.base_url), None), taint=True)
    assert nodes.nodes[HOT]["spec"]["taints"] == []


def test_a_twin_that_is_away_is_said_and_changes_nothing(cluster: tuple[Cluster, str]) -> None:
    nodes, url = cluster
    away = f"http://127.0.0.1:{free_ports(1)[0]}"
    assert main(["--once", "--twin", away, "--kubernetes", url]) == 1
    assert nodes.patches == 0


@pytest.mark.parametrize(
    ("name", "label"),
    [("r1", "r1"), ("row 1/left", "row-1-left"), ("-x_", "x"), ("", None), ("a" * 80, "a" * 63)],
)
def test_names_fit_into_labels(name: str, label: str | None) -> None:
    assert fit_label(name) == label
