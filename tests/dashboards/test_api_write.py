"""Remote writes over HTTP: taken from sources, shown a tick later, refused with a reason."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controllers.wish import Wish
from controllers.worlds import World, open_world
from dashboards.audit import Audit
from dashboards.auth import TokenBook, add_token
from dashboards.feed import Feed
from dashboards.web import build
from tests.dashboards.conftest import until_ready
from tests.fakes.remote_write import body
from tests.fakes.serving import serving

ROLES = ("source", "viewer", "operator", "admin")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Return a server's world that waits for remote writes."""
    made = open_world(Wish("hgx-h200", "remote-write", dt_s=0.2))
    yield made
    assert made.live is not None
    made.live.close()


@pytest.fixture(scope="module")
def callers(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, httpx.Client]]:
    """Return a caller for each role."""
    folder = tmp_path_factory.mktemp("write")
    file = folder / "tokens.json"
    tokens = {role: add_token(file, f"the-{role}", role) for role in ROLES}
    app = build(Feed(world), Audit(folder / "audit.jsonl"), TokenBook(file), trust_loopback=False)
    with serving(app) as port:
        made = {
            role: httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}
            )
            for role, token in tokens.items()
        }
        until_ready(made["viewer"])
        yield made
        for client in made.values():
            client.close()


def sent(temp_c: float) -> bytes:
    labels = {"__name__": "DCGM_FI_DEV_GPU_TEMP", "Hostname": "node0", "gpu": "3"}
    return body([(labels, [(temp_c, int(time.time() * 1e3))])])


def test_what_is_written_is_measured_a_tick_later(callers: dict[str, httpx.Client]) -> None:
    assert callers["source"].post("/api/v1/write", content=sent(61.5)).status_code == 204
    until = time.monotonic() + 10.0
    shown = None
    while shown != 61.5 and time.monotonic() < until:
        time.sleep(0.1)
        answer = callers["viewer"].get("/api/v1/gpus/gpu3").json()
        shown = answer.get("measured", {}).get("gpu_temp_c")
    assert shown == 61.5, answer
    assert answer["mode"] == "LIVE"


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("operator", 403), ("source", 204), ("admin", 204)]
)
def test_only_sources_and_admins_write(
    callers: dict[str, httpx.Client], role: str, status: int
) -> None:
    assert callers[role].post("/api/v1/write", content=sent(60.0)).status_code == status


def test_a_source_reads_nothing(callers: dict[str, httpx.Client]) -> None:
    assert callers["source"].get("/api/v1/kpi").status_code == 403


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"not snappy at all", {}, 400),
        (sent(60.0)[:-4], {}, 400),
        (b"\xff\xff\xff\x7f" + b"\0" * 10, {}, 400),
        (b"\0" * (17 * 1024 * 1024), {}, 413),
        (sent(60.0), {"Content-Encoding": "gzip"}, 415),
        (
            sent(60.0),
            {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
            415,
        ),
        (sent(60.0), {"X-Prometheus-Remote-Write-Version": "2.0.0"}, 415),
    ],
    ids=["empty", "plain", "cut", "endless", "large", "gzip", "second protocol", "second version"],
)
def test_other_bodies_are_refused_with_a_reason(
    callers: dict[str, httpx.Client], content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = callers["source"].post("/api/v1/write", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert callers["source"].post("/api/v1/write", content=sent(60.0)).status_code == 204


def test_a_world_without_a_receiver_says_how_to_get_one(
    client: httpx.Client, tmp_path: Path
) -> None:
    assert client.post("/api/v1/write", content=b"").status_code == 403
