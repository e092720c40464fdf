"""A load generator for placement over HTTP, and the real server on the busy campus."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.busy_campus import job_gpus
from site_models.compile import compile_site

RATE_HZ, LASTS_S, CONNECTIONS = 200.0, 10.0, 16
SIZES = (8, 72, 1024)
STARTS_S = 240.0


class Served(NamedTuple):
    """A server that runs in a process of its own."""

    port: int
    process: int

    def busy_s(self) -> float:
        """Return the time of one core that it has taken so far, loop and requests together [s].

        What a machine busy with other work does not change as much as waiting times. NaN where
        the system does not tell it as Linux does.
        """
        try:
            told = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8")
        except OSError:
            return float("nan")
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def campus_server() -> Iterator[Served]:
    """Start the server on the campus with its 1 Hz loop and its jobs told; yield where it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "dashboards.cli", "serve", "--site", "campus-100k"]
    command += ["--source", "idle", "--port", str(port), "--trust-loopback"]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_until_ready(port, server)
            _tell_jobs(port)
            yield Served(port, server.pid)
        finally:
            server.terminate()
            server.wait(30.0)


def latencies_s(port: int, unlike: bool = False) -> list[float]:
    """Return the time from when each request was due to its whole answer [s].

    An open loop: requests are due at their rate whether or not earlier ones are answered.
    They ask for three sizes in turn, as job arrays do; where `unlike`, each for an exchange of its
    own, so that no answer serves two.
    """
    return asyncio.run(_loaded(port, unlike))


async def _loaded(port: int, unlike: bool) -> list[float]:
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    found: list[float] = []
    senders = [asyncio.create_task(_sender(port, due, found)) for _ in range(CONNECTIONS)]
    count = int(RATE_HZ * LASTS_S)
    sizes_bytes = [1e9 + k * unlike for k in range(count)]
    bodies = [_request_bytes(SIZES[k % len(SIZES)], sizes_bytes[k]) for k in range(count)]
    await asyncio.sleep(1.0)
    began_s = time.perf_counter()
    for k in range(count):
        at_s = began_s + k / RATE_HZ
        await asyncio.sleep(max(at_s - time.perf_counter(), 0.0))
        due.put_nowait((at_s, bodies[k]))
    for _ in senders:
        due.put_nowait(None)
    await asyncio.gather(*senders)
    return found


async def _sender(
    port: int, due: "asyncio.Queue[tuple[float, bytes] | None]", found: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (one := await due.get()) is not None:
        at_s, body = one
        writer.write(body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(head.decode("latin-1"))
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        found.append(time.perf_counter() - at_s)
    writer.close()


def _request_bytes(gpus: int, size_bytes: float) -> bytes:
    asked = {"job": "asked", "gpus": gpus, "duration_s": 3600.0}
    collective = {"op": "all_reduce", "bytes": size_bytes, "per_step_s": 0.5}
    body = json.dumps(asked | {"collective": collective}).encode()
    head = "POST /api/v1/placement HTTP/1.1\r\nhost: localhost\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _wait_until_ready(port: int, server: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + STARTS_S
    while time.monotonic() < until_s and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5.0):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError("the server did not become ready")


def _tell_jobs(port: int) -> None:
    plant = compile_site("campus-100k")
    for k, gpus in enumerate(job_gpus(plant)):
        told: dict[str, Any] = {"job": f"job{k}", "start_s": 0.0}
        told["gpus"] = [plant.gpu_names[gpu] for gpu in gpus.tolist()]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/allocations",
            json.dumps(told).encode(),
            {"content-type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30.0).close()
