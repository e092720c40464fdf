"""Takes what Prometheus servers send: the receiver behind `POST /api/v1/write`."""

from collections.abc import Callable

from site_models.plant import Plant
from telemetry.board import Board
from telemetry.prometheus.remote_write import Receiver
from telemetry.prometheus.remote_write_wire import scanned
from telemetry.prometheus.seating import Seating

SCHEME = "remote-write"
LIVE = True


def feeder(argument: str, plant: Plant, board: Board, now_s: Callable[[], float]) -> "Listener":
    """Return the receiver; the HTTP route hands it the bodies."""
    return Listener(board, Seating(board.axes, plant.arrays.gpus.node.tolist()), now_s)


class Listener:
    """A feeder without a thread of its own: the server that has the route calls `take`."""

    label = "Prometheus remote-write"

    def __init__(self, board: Board, seating: Seating, now_s: Callable[[], float]) -> None:
        scanned(b"")  # Compiles the scanner, which nobody's request may wait for.
        self.receiver = Receiver(board, seating)
        self._now_s = now_s

    def start(self) -> None:
        """Nothing to begin: bodies come when they come."""

    def stop(self) -> None:
        """Nothing to end."""

    def take(self, body: bytes) -> int:
        """Put a body's samples on the board; return how many; InputError for a bad body."""
        return self.receiver.take(body, self._now_s())
