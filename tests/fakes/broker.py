"""A real mosquitto on a free port, and a building that speaks the facility bus to it."""

import csv
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

LONGEST_S = 20.0


def broker_command() -> str:
    """Return the server's command; skip, or fail where it is required, if there is none."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        if "mqtt" in os.environ.get("TWIN_REQUIRE", "").split(","):
            pytest.fail("no mosquitto here, and TWIN_REQUIRE asks for one")
        pytest.skip("no mosquitto here")
    return found


def until(
    true: Callable[[], bool], what: str = "it", doing: Callable[[], None] = lambda: None
) -> None:
    """Wait until something is true, `doing` something before each look; fail if it never is."""
    end_s = time.monotonic() + LONGEST_S
    while True:
        doing()
        if true():
            return
        assert time.monotonic() < end_s, f"{what} did not happen"
        time.sleep(0.02)


class Broker:
    """A mosquitto that can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._command = broker_command()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "log_dest none\nset_tcp_nodelay true\n"
        )
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._server = subprocess.Popen([self._command, "-c", str(self._settings)])
        until(self._answers, "an answer of mosquitto")

    def stop(self) -> None:
        """Stop it."""
        if self._server is not None:
            self._server.terminate()
            self._server.wait(10.0)
            self._server = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.5).close()
        except OSError:
            return False
        return True


class Building:
    """A client that publishes as the building system does, and notes what others say."""

    def __init__(self, port: int, listens: str = "BMS/v1/TWIN/#") -> None:
        self.port = port
        self.heard: list[tuple[str, Any]] = []
        self._there = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _, __, m: self.heard.append((m.topic, m.payload))
        self._client.on_subscribe = lambda *_: self._there.set()
        self._client.on_connect = lambda client, *_: client.subscribe(listens, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._there.wait(LONGEST_S)

    def say(
        self,
        topic: str,
        payload: bytes | str | dict[str, Any],
        retain: bool = False,
        wait: bool = True,
    ) -> None:
        """Publish one message and wait for the broker's word, which says all before it too."""
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        sent = self._client.publish(topic, body, qos=1, retain=retain)
        if wait:
            sent.wait_for_publish(LONGEST_S)

    def describe(self, point: str, **said: Any) -> None:
        """Publish a point's metadata, retained."""
        kind, name = point.split("/")[:2]
        whole = {"objectType": kind, "pointType": name, **said}
        self.say(f"BMS/v1/PUB/Metadata/{point}", whole, retain=True)

    def tell(self, point: str, value: float | None, quality: int = 1) -> None:
        """Publish a point's value."""
        stamp = round(1e3 * time.time())
        content = {"value": value, "timestamp": stamp, "quality": quality}
        self.say(f"BMS/v1/PUB/Value/{point}", content)

    def values(self, topic: str) -> list[Any]:
        """Return what was heard on a topic."""
        return [json.loads(payload) for said, payload in self.heard if said == topic]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bus."""
        self.stop()

    def stop(self) -> None:
        """Leave the bus."""
        self._client.disconnect()
        self._client.loop_stop()


def recorded(path: Path, now_ms: int) -> Iterator[tuple[str, bytes]]:
    """Yield the recorded messages' topics and payloads, dated now."""
    with path.open(newline="") as rows:
        for row in csv.DictReader(rows):
            yield row["topic"], re.sub(r"\{\{\w+\}\}", str(now_ms), row["payload"]).encode()
