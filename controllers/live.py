"""Live telemetry put together: any number of sources on one frame, screened, with its health."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.finding import is_live, source_of
from telemetry.frame import Frame
from telemetry.health import Health
from telemetry.live import Feeder, LiveClock, LiveSource, Pumped, board_for
from telemetry.screen import Screened
from telemetry.signals import AXES
from telemetry.source import Source

SLOWEST_FEEDER_S = 10.0
"""Readings outlive three of these: the usual scrape of a large site is every 10 s."""
SHOWN = 12
"""Incidents that are listed one by one."""


class Takes(Protocol):
    """A feeder that is handed bodies from outside: the receiver of remote writes."""

    def take(self, body: bytes) -> int:
        """Return how many readings were taken; InputError for a body that is none."""
        ...


class Live:
    """A live source with what people are told of it. Opened by :func:`open_live`."""

    def __init__(
        self,
        source: Source,
        label: str,
        health: Health,
        inbox: Takes | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.label, self.health, self.inbox, self.close = label, health, inbox, close
        self._source = Screened(source, health)

    @property
    def axes(self) -> Mapping[str, Sequence[str]]:
        """Ids along each axis of the frames."""
        return self._source.axes

    def read(self) -> Frame | None:
        """Wait for the next frame."""
        return self._source.read()

    def troubles(self) -> tuple[str, ...]:
        """Return what is wrong with telemetry now, a line each, the rest as their number."""
        now = self.health.now
        lines = [f"{i.what}: {i.kind}" + (f", {i.why}" if i.why else "") for i in now[:SHOWN]]
        rest = len(now) - SHOWN
        return (*lines, f"{rest} further incidents of telemetry") if rest > 0 else tuple(lines)


def open_live(specs: Sequence[str], plant: Plant, every_s: float) -> Live:
    """Return the live sources of one or more SPECs on one frame.

    One that paces itself (nvml) and is alone keeps its own clock; several write on a board
    from which a frame is taken every `every_s`. InputError for a SPEC that is not live.
    """
    modules = [(source_of(spec.partition(":")[0]), spec) for spec in specs]
    for module, spec in modules:
        if not is_live(module):
            raise InputError(
                f"source {spec!r}: is not live, expected it alone or live ones together"
            )
    if len(specs) == 1 and not hasattr(modules[0][0], "feeder"):
        opened = _opened(modules[0][0], specs[0], plant, every_s)
        close = getattr(opened, "close", lambda: None)
        return Live(opened, opened.label, Health(), close=close)
    axes = {axis: plant.axis(axis) for axis in AXES if axis not in ("link", "job")}
    board = board_for(axes, max(SLOWEST_FEEDER_S, every_s))
    clock = LiveClock()
    feeders: list[Feeder] = []
    for module, spec in modules:
        if hasattr(module, "feeder"):
            argument = spec.partition(":")[2]
            feeders.append(cast(Feeder, module.feeder(argument, plant, board, clock)))
        else:
            opened = _opened(module, spec, plant, every_s)
            feeders.append(Pumped(opened, board, opened.label, clock))
    inboxes = [feeder for feeder in feeders if hasattr(feeder, "take")]
    joined = LiveSource(board, feeders, every_s, clock)
    inbox = cast(Takes, inboxes[0]) if inboxes else None
    return Live(joined, joined.label, board.health, inbox, joined.close)


def _opened(module: Any, spec: str, plant: Plant, every_s: float) -> Any:
    argument = spec.partition(":")[2]
    return module.open_source(argument, plant, 0.0, float("inf"), False, every_s=every_s)
