"""Readings that go on in another unit: told by the step they make, and by the step back."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats


class Conversion(NamedTuple):
    """Another unit that stays within a signal's physical range."""

    unit: str
    scale: float
    offset: float
    near: float
    """A reading that is this close to the converted last one came in that unit."""
    near_share: float = 0.0
    """The same as a share of the converted last one."""


CONVERSIONS: Mapping[str, Conversion] = {
    "gpu_temp_c": Conversion("degF", 1.8, 32.0, 8.0),
    "memory_temp_c": Conversion("degF", 1.8, 32.0, 8.0),
    "node_inlet_c": Conversion("degF", 1.8, 32.0, 5.0),
    "rack_supply_c": Conversion("degF", 1.8, 32.0, 5.0),
    "rack_return_c": Conversion("degF", 1.8, 32.0, 5.0),
    "cdu_tcs_supply_c": Conversion("degF", 1.8, 32.0, 5.0),
    "fws_supply_c": Conversion("degF", 1.8, 32.0, 5.0),
    "fws_return_c": Conversion("degF", 1.8, 32.0, 5.0),
    "gpu_power_w": Conversion("kW", 1e-3, 0.0, 0.0, 20.0),
    "gpu_power_avg_w": Conversion("kW", 1e-3, 0.0, 0.0, 20.0),
}
"""Kelvin, mW and MW are outside the ranges and refused where readings come in. A board that
draws power draws more than 5 W: what is below is kilowatts."""
LARGEST_SMALL = 5.0
"""In kilowatts, and of watts what no board at work draws."""


class UnitWatch:
    """Which devices of one signal speak another unit. Checked in ``tests/telemetry``."""

    def __init__(self, signal: str, count: int) -> None:
        self._rule = CONVERSIONS[signal]
        self._last = np.full(count, np.nan)
        self.foreign: Flags = np.zeros(count, np.bool_)
        """Devices whose last reading came in another unit."""
        self.told = False

    @property
    def unit(self) -> str:
        """Return the other unit."""
        return self._rule.unit

    def look(self, value: Floats) -> Flags:
        """Return which readings came in another unit; NaN is no reading."""
        rule, last = self._rule, self._last
        there = ~np.isnan(value)
        if rule.near_share:
            small = there & (value > 0.0) & (value < LARGEST_SMALL)
            step_down = small & (self.foreign | (value * rule.near_share < last))
            self.foreign = np.where(there, step_down, self.foreign)
        else:
            there_c = rule.scale * last + rule.offset
            back_c = (last - rule.offset) / rule.scale
            away = there & ~self.foreign & (np.abs(value - there_c) <= rule.near)
            back = there & self.foreign & (np.abs(value - back_c) <= rule.near)
            far = np.abs(value - last) > 2.0 * rule.near
            self.foreign = (self.foreign | (away & far)) & ~(back & far)
        self._last = np.where(there, value, last)
        return there & self.foreign
