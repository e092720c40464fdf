"""The facility's message bus over MQTT: the only module that knows paho."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.board import Board
from telemetry.dsx.bus_address import Address, address_of
from telemetry.dsx.density import Density, as_water, densities
from telemetry.dsx.listener import LIFE_S, Listener, Message
from telemetry.dsx.map import BusMap
from telemetry.dsx.points import POINTS
from telemetry.dsx.words import METADATA, PUB, ROOT, VALUE

SCHEME = "mqtt"
LIVE = True
MOST_WAITING = 100_000
"""Messages that may wait to be taken; further ones are dropped and counted."""
KEEPALIVE_S, LONGEST_RETRY_S, ACKNOWLEDGED_S = 15, 30, 2.0


def feeder(argument: str, plant: Plant, board: Board, now_s: Callable[[], float]) -> "Bus":
    """Return what listens to the bus that a SPEC names; InputError where it cannot be."""
    return Bus(address_of(argument), board, now_s, densities(plant))


def subscribed(chart: BusMap) -> tuple[str, ...]:
    """Return the topics of all points that are read: metadata, which is retained, before values."""
    kinds = [f"{kind}/{point}" for kind, point in POINTS]
    kinds += ["/".join(name.split("/")[:2]) for name in chart.points]
    once = tuple(dict.fromkeys(kinds))
    return tuple(f"{ROOT}/{PUB}/{what}/{kind}/#" for what in (METADATA, VALUE) for kind in once)


class Link:
    """A connection to a broker that is kept up from a thread of its own.

    `on_message` and `on_state` are called from that thread; the state is empty while the
    connection stands, else says why not. After each connection the topics are subscribed
    again at `quality`, 0 being without receipts: a mosquitto as it comes queues a thousand
    messages that want one and drops the rest, 19,000 of 20,000 retained ones when tried, and
    the facility's bus repeats itself anyway.
    """

    def __init__(
        self,
        address: Address,
        subscribed: Sequence[str],
        on_message: Callable[[str, bytes], None],
        on_state: Callable[[str], None],
        quality: int = 0,
    ) -> None:
        self._quality = quality
        self._subscribed, self._on_message, self._on_state = subscribed, on_message, on_state
        self._client = paho.Client(CallbackAPIVersion.VERSION2, clean_session=True)
        if address.user:
            self._client.username_pw_set(address.user, address.password)
        if address.tls:
            try:
                self._client.tls_set(ca_certs=address.authority or None)
            except OSError as error:
                raise InputError(f"{address.authority}: cannot be read: {error}") from error
        self._client.reconnect_delay_set(1, LONGEST_RETRY_S)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = lambda *_: self._on_state("cannot be reached")
        self._client.on_disconnect = self._disconnected
        self._client.on_message = lambda _, __, message: self._on_message(
            message.topic, bytes(message.payload)
        )
        self._host, self._port = address.host, address.port

    def start(self) -> None:
        """Begin to connect, and go on trying; returns at once."""
        self._client.connect_async(self._host, self._port, KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect; returns when the thread has ended."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, sure: bool = True, quality: int = 1) -> None:
        """Publish, and where `sure` wait for the broker's word; OSError where it fails.

        `quality` of service counts where `sure`: 1 at least once, 2 exactly once.
        """
        if not self._client.is_connected():
            raise OSError(f"{self._host}:{self._port} is not connected")
        sent = self._client.publish(topic, payload, qos=quality if sure else 0)
        try:
            if sure:
                sent.wait_for_publish(ACKNOWLEDGED_S)
        except (RuntimeError, ValueError) as error:
            raise OSError(str(error)) from error
        if sure and not sent.is_published():
            raise OSError(f"{self._host}:{self._port} does not acknowledge")

    def _connected(self, client: paho.Client, _: Any, __: Any, code: Any, ___: Any) -> None:
        if code.is_failure:
            self._on_state(f"refused: {code}")
            return
        for topic in self._subscribed:
            client.subscribe(topic, qos=self._quality)
        self._on_state("")

    def _disconnected(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        self._on_state(f"connection lost: {code}" if code.is_failure else "disconnected")


class Bus:
    """Feeds a board from the bus; a lost and a silent bus are each told once, and their end."""

    def __init__(
        self,
        address: Address,
        board: Board,
        now_s: Callable[[], float],
        density: Density = as_water,
    ) -> None:
        self._name = f"bus {address.host}:{address.port}"
        self._health, self._now_s = board.health, now_s
        self._listener = Listener(board, address.chart, density, self._name)
        self._waiting: queue.Queue[Message] = queue.Queue(MOST_WAITING)
        self._over = threading.Event()
        self._link = Link(address, subscribed(address.chart), self._arrived, self._state)
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)

    @property
    def label(self) -> str:
        """What a banner says of it."""
        return f"facility {self._name}"

    @property
    def rejected(self) -> Mapping[str, int]:
        """Return how many messages were left out so far, by reason."""
        return dict(self._listener.rejected)

    @property
    def points(self) -> int:
        """Return how many points are read."""
        return self._listener.count

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._link.start()

    def stop(self) -> None:
        """Listen no more."""
        self._over.set()
        self._link.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _arrived(self, topic: str, payload: bytes) -> None:
        try:
            self._waiting.put_nowait((topic, payload))
        except queue.Full:
            why = "messages come faster than they are taken: some dropped"
            self._health.raised("overrun", self._name, why, self._now_s())

    def _state(self, trouble: str) -> None:
        if not self._over.is_set():
            self._health.set(bool(trouble), "lost", self._name, trouble, self._now_s())

    def _run(self) -> None:
        heard_s = self._now_s()
        while not self._over.is_set():
            messages = self._next()
            now_s = self._now_s()
            if messages:
                self._listener.take(messages, now_s)
                heard_s = now_s
                if self._waiting.empty():
                    self._health.cleared("overrun", self._name, now_s)
            silent = now_s - heard_s > LIFE_S
            why = f"nothing heard for {now_s - heard_s:.0f} s"
            self._health.set(silent, "silent", self._name, why, now_s)

    def _next(self) -> list[Message]:
        """Return what has come, after waiting a little for the first."""
        try:
            found = [self._waiting.get(timeout=0.25)]
        except queue.Empty:
            return []
        while len(found) < MOST_WAITING and not self._waiting.empty():
            found.append(self._waiting.get_nowait())
        return found
