"""Live readings of this host's GPUs: `nvml`."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from site_models.arrays import Floats
from site_models.errors import InputError
from site_models.host_gpu import HostGpu
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.nvml.driver import Nvml, found_driver
from telemetry.nvml.host import Host
from telemetry.nvml.port import Identity

SCHEME = "nvml"
"""`nvml` reads the GPUs of this host."""
LIVE = True
"""Paces itself and is read as it comes; `open_source` then takes `every_s` too."""
CLOCK_STEP_S = 0.5
"""A wall clock that moved by more against the monotonic one was set, not steered."""

_log = logging.getLogger(__name__)


class NvmlSource:
    """Frames of a host's GPUs, one every `every_s`, in seats along the axis `gpu`.

    The source is the clock: frames are due at whole multiples of `every_s` after the first by
    the monotonic clock, so that nothing adds up; a due time that has passed by a whole
    interval is left out and counted in `dropped`. `time_s` is when the readings were taken.
    A wall clock that is set forward is followed; one that is set back is not, since times
    rise. What is read less often than frames come is in those frames only in which it was
    read.

    Checked through the real binding against an imitated driver in
    ``tests/telemetry/nvml/test_nvml_imitation.py``.
    """

    def __init__(
        self,
        host: Host,
        seats: Sequence[int],
        names: Sequence[str],
        every_s: float,
        *,
        now_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not every_s > 0.0:
            raise InputError(f"nvml: every {every_s:g} s, expected an interval above 0")
        self.axes: Mapping[str, Sequence[str]] = {"gpu": tuple(names)}
        self.dropped = 0
        self._host, self._every_s = host, every_s
        self._seats = np.array(seats, np.int64)
        self._now_s, self._wall_s, self._sleep = now_s, wall_s, sleep
        self._origin_s: float | None = None
        self._lead_s = 0.0
        self._tick = 0
        self._told_back = False

    @property
    def label(self) -> str:
        """What a banner says of these frames."""
        models = [device.identity.name for device in self._host.devices]
        counted = [f"{models.count(name)} x {name}" for name in dict.fromkeys(models)]
        return f"{', '.join(counted)}, driver {self._host.version}"

    @property
    def facts(self) -> Mapping[str, str]:
        """What a manifest says of each GPU: its UUID, model, bus and place by its seat's id."""
        return {
            self.axes["gpu"][seat]: " ".join(
                part for part in (one.uuid, one.name, one.bus_id, one.place) if part
            )
            for seat, one in zip(self._seats, self._identities, strict=True)
        }

    def read(self) -> Frame:
        """Wait until the next frame is due and return it."""
        if self._origin_s is None:
            self._origin_s = self._now_s()
            self._lead_s = self._wall_s() - self._origin_s
        wait_s = self._origin_s + self._tick * self._every_s - self._now_s()
        if wait_s > 0.0:
            self._sleep(wait_s)
        else:
            late = int(-wait_s / self._every_s)
            self._tick, self.dropped = self._tick + late, self.dropped + late
        self._tick += 1
        now_s = self._now_s()
        time_s = self._epoch_s(now_s)
        return Frame(time_s, {n: self._seated(v) for n, v in self._host.read(now_s).items()})

    def close(self) -> None:
        """Let go of the driver."""
        self._host.close()

    @property
    def _identities(self) -> list[Identity]:
        return [device.identity for device in self._host.devices]

    def _seated(self, readings: Floats) -> Floats:
        values = np.full(len(self.axes["gpu"]), np.nan)
        values[self._seats] = readings
        return values

    def _epoch_s(self, now_s: float) -> float:
        """Return an instant of the monotonic clock as seconds since the epoch."""
        ahead_s = self._wall_s() - (now_s + self._lead_s)
        if ahead_s > CLOCK_STEP_S:
            _log.warning("the clock was set forward by %.1f s: the recording has a gap", ahead_s)
            self._lead_s += ahead_s
        elif ahead_s < -CLOCK_STEP_S and not self._told_back:
            self._told_back = True
            _log.warning("the clock was set back by %.1f s, which times here ignore", -ahead_s)
        return now_s + self._lead_s


def seats_of(identities: Sequence[Identity], names: Sequence[str]) -> list[int]:
    """Return the place of each device along a site's GPUs.

    By name, which may be the UUID, the place in the rack, the bus or `gpu` and the driver's
    number; else by order when the counts agree. InputError, one line, when neither tells.
    """
    index = {name: k for k, name in enumerate(names)}
    seats = [_named(one, index) for one in identities]
    known = [seat for seat in seats if seat is not None]
    if len(known) == len(seats) and len(set(known)) == len(known):
        return known
    if len(identities) == len(names):
        return list(range(len(names)))
    stranger = next((o for o, seat in zip(identities, seats, strict=True) if seat is None), None)
    said = f"{stranger.uuid} ({stranger.name}) is not" if stranger else "two GPUs have one seat"
    raise InputError(
        f"nvml: {said} on the site, and order does not tell: {len(identities)} GPUs are here, "
        f"the site has {len(names)}"
    )


def open_source(
    argument: str,
    plant: Plant,
    from_s: float = -np.inf,
    to_s: float = np.inf,
    loop: bool = False,
    every_s: float = 1.0,
) -> NvmlSource:
    """Return the GPUs of this host on a site; InputError, one line, without a driver.

    What speaks of recordings (`from_s`, `to_s`, `loop`) does not concern a live source.
    """
    if argument:
        raise InputError(f"source nvml:{argument}: expected nvml alone")
    host = Host(Nvml())
    try:
        identities = [device.identity for device in host.devices]
        if not identities:
            raise InputError("nvml: the driver finds no GPU that answers, expected at least one")
        return NvmlSource(host, seats_of(identities, plant.gpu_names), plant.gpu_names, every_s)
    except InputError:
        host.close()
        raise


def host_gpus() -> list[HostGpu]:
    """Return this host's GPUs with their limits; InputError, one line, without a driver."""
    host = Host(Nvml())
    try:
        return host.limits()
    finally:
        host.close()


def _named(one: Identity, index: Mapping[str, int]) -> int | None:
    names = (one.uuid, one.place, one.bus_id, f"gpu{one.index}")
    return next((index[name] for name in names if name and name in index), None)


def host_line() -> str:
    """Return one line on the driver and its GPUs; InputError, one line, without a driver."""
    return found_driver()
