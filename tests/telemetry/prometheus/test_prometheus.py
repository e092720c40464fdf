"""A real Prometheus server scrapes 8,000 synthetic GPUs and writes them to our receiver."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.board import Board
from telemetry.prometheus.remote_write import Receiver
from telemetry.prometheus.seating import Seating
from tests.fakes.exporter import OLD, Exporter, exposition

NODES, GPUS = 1000, 8
AXES = {
    "gpu": tuple(f"n{n}-gpu{g}" for n in range(NODES) for g in range(GPUS)),
    "node": tuple(f"n{n}" for n in range(NODES)),
}
LONGEST_S = 60.0


@pytest.fixture
def prometheus() -> str:
    """Return the server's command; skip, or fail where it is required, if there is none."""
    found = shutil.which("prometheus")
    if found is None:
        if "prometheus" in os.environ.get("TWIN_REQUIRE", "").split(","):
            pytest.fail("no prometheus server here, and TWIN_REQUIRE asks for one")
        pytest.skip("no prometheus server here")
    return found


class Inbox:
    """A port that hands the bodies of POST requests to a receiver."""

    def __init__(self, receiver: Receiver) -> None:
        self.refused: list[str] = []
        inbox = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    receiver.take(body, time.time())
                    self.send_response_only(204)
                except InputError as error:
                    inbox.refused.append(str(error))
                    self.send_response_only(400)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *said: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v1/write"

    def __enter__(self) -> "Inbox":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def running(prometheus: str, tmp_path: Path) -> Iterator[tuple[Receiver, Board, Inbox]]:
    board = Board(AXES, 60.0)
    receiver = Receiver(board, Seating(AXES, [n for n in range(NODES) for _ in range(GPUS)]))
    with Exporter(exposition(NODES, GPUS)) as exporter, Inbox(receiver) as inbox:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 5s, scrape_timeout: 4s}\n"
            f"scrape_configs: [{{job_name: dcgm, honor_labels: true, static_configs:"
            f" [{{targets: ['127.0.0.1:{exporter.port}']}}]}}]\n"
            f"remote_write: [{{url: '{inbox.url}',"
            " queue_config: {max_samples_per_send: 5000}}]\n"
        )
        server = subprocess.Popen(
            [
                prometheus,
                f"--config.file={config}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield receiver, board, inbox
        finally:
            server.kill()
            server.wait()


@pytest.mark.slow
def test_every_gpu_arrives_with_its_value(running: tuple[Receiver, Board, Inbox]) -> None:
    receiver, board, inbox = running
    wanted = NODES * GPUS * len(OLD)
    until = time.monotonic() + LONGEST_S
    while receiver.samples < wanted and time.monotonic() < until:
        time.sleep(0.2)
    assert receiver.samples >= wanted
    assert inbox.refused == []
    now_s = time.time()
    seen = board.frame(now_s)
    rise = 1.0 + 0.001 * (np.arange(NODES * GPUS) % 10)
    np.testing.assert_allclose(seen.values["gpu_temp_c"], 60.0 * rise, rtol=1e-5)
    np.testing.assert_allclose(seen.values["sm_clock_hz"], 1.98e9 * rise, rtol=1e-5)
    assert float(np.max(seen.age_s["gpu_temp_c"])) < 30.0
    assert receiver.ignored["device not known"] == 0
