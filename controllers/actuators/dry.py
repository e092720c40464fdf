"""An armed plan that is told and not carried out: exactly what would be written, in its order."""

from collections.abc import Callable, Iterator

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits
from controllers.actuators.guard import CAP, FREE, LOCK
from controllers.actuators.ledger import Write
from controllers.actuators.nvml_door import megahertz, milliwatts
from controllers.actuators.order import Order, default_order, where
from site_models.arrays import Floats
from site_models.plant import Plant

CLOCK_STEP = 1e-9


class Dry:
    """Accepts orders, tells each write that would be made of them, and makes none.

    `limits` are those of the devices, or the catalog's. It takes every write for done, as a
    device would hold it.
    """

    commands_jobs = True

    def __init__(self, plant: Plant, limits: Limits, told: Callable[[float, Write], None]) -> None:
        self._plant, self._limits, self._told = plant, limits, told
        self._default = default_order(plant, limits.gpu_cap_default_w)
        self._last = self._default

    def limits(self) -> Limits:
        """Return the limits that it was given."""
        return self._limits

    def apply(self, order: Order, time_s: float) -> None:
        """Tell what would be written."""
        for write in writes_between(self._plant, self._last, order):
            self._told(time_s, write)
        self._last = order

    def expire(self, time_s: float) -> None:
        """Tell what would be restored."""
        stay = self._last
        self.apply(self._default._replace(racks_off=stay.racks_off, moves=stay.moves), time_s)

    def held(self) -> Held | None:
        """Return nothing: there is no device."""
        return None


def writes_between(plant: Plant, last: Order, order: Order) -> Iterator[Write]:
    """Yield the writes that lead from one order to another, in the units of each interface.

    Setpoints and flows are told in the plant's; the building's own scale is known where its
    bus is (`controllers.actuators.bus`).
    """
    clock_max_hz = plant.arrays.groups.clock_max_hz[plant.arrays.gpus.group]
    for k, name in enumerate(plant.gpu_names):
        if milliwatts(order.gpu_cap_w[k]) != milliwatts(last.gpu_cap_w[k]):
            yield Write(name, CAP, f"{milliwatts(order.gpu_cap_w[k])} mW")
        share = float(order.gpu_clock_share[k])
        if abs(share - float(last.gpu_clock_share[k])) > CLOCK_STEP:
            locked = f"0 {megahertz(share * clock_max_hz[k])} MHz"
            yield Write(name, LOCK if share < 1.0 else FREE, locked if share < 1.0 else "")
    (setpoint_c, flow), (was_c, was_flow) = order.facility, last.facility
    yield from _settings(plant.exchanger_names, "supply setpoint", was_c, setpoint_c, "°C")
    yield from _settings(plant.circuit_names, "flow over built", was_flow, flow, "")
    for rack in sorted(order.racks_off - last.racks_off):
        yield Write(rack, "shut down", "")
    for job in sorted(order.paused - last.paused):
        yield Write(f"job {job}", "pause", "")
    for job in sorted(last.paused - order.paused):
        yield Write(f"job {job}", "go on", "")
    for move in sorted(order.moves - last.moves):
        yield Write(f"job {move.job}", "move", f"to {where(plant, move.gpus)}")


def _settings(
    names: tuple[str, ...], call: str, was: Floats, now: Floats, unit: str
) -> Iterator[Write]:
    for name, before, after in zip(names, was, now, strict=True):
        if np.isnan(after) and not np.isnan(before):
            yield Write(name, call, "as built")
        elif not np.isnan(after) and after != before:
            yield Write(name, call, f"{after:.3f} {unit}".rstrip())
