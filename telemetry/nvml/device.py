"""One GPU through the management library: what it offers, and its readings as signals."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from telemetry.nvml.port import Driver, Identity, NotOfferedError, Wanted
from telemetry.nvml.readings import OLD_POWER, READINGS, Call, Fields, Reading
from telemetry.signals import SIGNALS

POWER_FIELDS = ("gpu_power_w", "gpu_power_avg_w")


class _Chosen(NamedTuple):
    """A reading and the way to it that the device offers."""

    reading: Reading
    way: Fields | Call


class Device:
    """A GPU and what is remembered of it.

    `read` answers in base units by signal; what the device does not offer is not there, what
    failed once or lies outside the signal's range is NaN. Raises GpuLostError, as `driver`
    does. A counter that falls was reset: its rate is NaN once and `resets` counts it.
    """

    def __init__(self, driver: Driver, identity: Identity) -> None:
        self.identity = identity
        self.lost = False
        self.resets = 0
        self._driver = driver
        self._handle: Any = None
        self._chosen: list[_Chosen] = []
        self._asks: dict[bool, tuple[tuple[Wanted, ...], list[_Chosen]]] = {}
        self._counts: dict[str, tuple[float, float]] = {}
        self._energy_j = -math.inf

    @property
    def handle(self) -> Any:
        """What the library calls the device."""
        return self._handle

    @property
    def signals(self) -> tuple[str, ...]:
        """What the device offers, as found by `start`."""
        return tuple(name for chosen in self._chosen for name in chosen.reading.signals)

    @property
    def missing(self) -> tuple[str, ...]:
        """What it does not offer."""
        offered = set(self.signals)
        return tuple(n for reading in READINGS for n in reading.signals if n not in offered)

    def start(self) -> None:
        """Find the device and, the first time, what it offers; GpuLostError."""
        self._handle = self._driver.handle(self.identity.uuid)
        self._counts.clear()
        if not self._chosen:
            chosen = [found for reading in READINGS if (found := self._probed(reading))]
            if not any(name in POWER_FIELDS for c in chosen for name in c.reading.signals):
                chosen += [found for found in (self._probed(OLD_POWER),) if found]
            self._chosen = chosen
            fast = [c for c in chosen if not c.reading.slow]
            self._asks = {False: (_wanted(fast), fast), True: (_wanted(chosen), chosen)}

    def read(self, now_s: float, slow: bool) -> dict[str, float]:
        """Return the readings at `now_s` of a clock that only rises; all if `slow`."""
        wanted, chosen = self._asks[slow]
        fields = iter(self._driver.fields(self._handle, wanted) if wanted else ())
        found: dict[str, float] = {}
        for reading, way in chosen:
            if isinstance(way, Fields):
                told: Sequence[float] = (_summed([next(fields) for _ in way.wanted], way.scale),)
            else:
                told = self._asked(way, len(reading.signals))
            for name, value in zip(reading.signals, told, strict=True):
                kept = self._rate(name, value, now_s) if reading.rate else value
                signal = SIGNALS[name]
                found[name] = kept if signal.low <= kept <= signal.high else math.nan
        self._note_energy(found.get("gpu_energy_j", math.nan))
        return found

    def _probed(self, reading: Reading) -> _Chosen | None:
        for way in reading.ways:
            try:
                if isinstance(way, Fields):
                    answers = self._driver.fields(self._handle, way.wanted)
                    pairs = zip(way.wanted, answers, strict=True)
                    offered = tuple(one for one, answer in pairs if answer is not None)
                    if offered:
                        return _Chosen(reading, Fields(offered, way.scale))
                else:
                    self._driver.ask(self._handle, way.what, *way.arguments)
                    return _Chosen(reading, way)
            except NotOfferedError:
                continue
        return None

    def _asked(self, way: Call, count: int) -> Sequence[float]:
        try:
            answer = self._driver.ask(self._handle, way.what, *way.arguments)
        except NotOfferedError:
            return [math.nan] * count
        if isinstance(answer, float) and math.isnan(answer):
            return [math.nan] * count
        if way.parts:
            return [float(getattr(answer, part)) * way.scale for part in way.parts]
        return (float(answer) * way.scale,)

    def _rate(self, name: str, count: float, now_s: float) -> float:
        if math.isnan(count):
            return math.nan
        before, then_s = self._counts.get(name, (math.nan, math.nan))
        self._counts[name] = (count, now_s)
        if count < before:
            self.resets += 1
            return math.nan
        return (count - before) / (now_s - then_s) if now_s > then_s else math.nan

    def _note_energy(self, energy_j: float) -> None:
        if energy_j < self._energy_j:
            self.resets += 1
        if not math.isnan(energy_j):
            self._energy_j = energy_j


def _wanted(chosen: Iterable[_Chosen]) -> tuple[Wanted, ...]:
    return tuple(one for _, way in chosen if isinstance(way, Fields) for one in way.wanted)


def _summed(values: Sequence[float | None], scale: float) -> float:
    return sum(math.nan if value is None else value for value in values) * scale
