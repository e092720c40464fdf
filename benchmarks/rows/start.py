"""How long a newcomer waits for the first page, the environment being installed."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from benchmarks.row import Row

LONGEST_S = 60.0


def rows(only: str = "") -> Iterator[Row]:
    """Measure from the command to the first page."""
    if only in ("", "first_page"):
        yield Row.at_most("first_page", first_page_s(), "s", 8.0)


def first_page_s() -> float:
    """Return seconds from starting `twin serve` to a ready server's first page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began_s = time.perf_counter()
    command = "from dashboards.cli import run; run()"
    server = subprocess.Popen(
        [sys.executable, "-c", command, "serve", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for path in ("/readyz", "/"):
            _until_there(f"http://127.0.0.1:{port}{path}")
        return time.perf_counter() - began_s
    finally:
        server.terminate()
        server.wait(10)


def _until_there(url: str) -> None:
    end_s = time.perf_counter() + LONGEST_S
    while time.perf_counter() < end_s:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {LONGEST_S:.0f} s")
