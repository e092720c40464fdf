"""Every limit of a site against what the twin believes, over a run."""

from dataclasses import dataclass

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.state import State


@dataclass(frozen=True, slots=True)
class Limit:
    """How near one kind of limit came during a run: its worst element at its worst instant."""

    limit: str
    id: str
    worst: float
    allowed: float
    unit: str
    seconds_over: float
    """Time during which any element was over."""


class LimitWatch:
    """Keeps the worst of each kind of limit; `look` once a tick."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._names = limit_names(plant)
        self._allowed = allowed_values(plant)
        self._worst: dict[str, tuple[float, int, float]] = {}
        self._over_s = dict.fromkeys(self._allowed, 0.0)

    def look(self, state: State, dt_s: float) -> None:
        """Take a state that held for `dt_s` into account."""
        for limit, values in believed(self._plant, state).items():
            if not len(values):
                continue
            allowed, unit = self._allowed[limit]
            left = room(allowed, values, unit)
            place = int(np.argmin(left))
            if left[place] < self._worst.get(limit, (np.inf, 0, 0.0))[0]:
                self._worst[limit] = (float(left[place]), place, float(values[place]))
            if left[place] < 0.0:
                self._over_s[limit] += dt_s

    def report(self) -> list[Limit]:
        """Return one line a kind of limit, the most exceeded first."""
        lines = []
        for limit, (_, place, worst) in self._worst.items():
            allowed, unit = self._allowed[limit]
            name = self._names[limit][place]
            over_s = self._over_s[limit]
            lines.append(Limit(limit, name, worst, float(allowed[place]), unit, over_s))
        return sorted(lines, key=lambda line: -line.seconds_over)


def room(allowed: Floats, values: Floats, unit: str) -> Floats:
    """Return how far values are from their limits; below 0 is over, inf where there is none.

    Of powers the part of the rating, since 3 kW are much for a node's rack and little for a
    row: 126 kW of 132 stand closer than 12 of 15, as the pages have it.
    """
    margin = allowed - values
    if unit == "W":
        margin = np.divide(margin, allowed, out=margin.copy(), where=allowed > 0.0)
    return np.where(np.isnan(margin), np.inf, margin)


def believed(plant: Plant, state: State) -> dict[str, Floats]:
    """Return the believed value behind each limit, along the limit's axis."""
    return {
        "gpu_temp_c": state.gpu_temp_c,
        "memory_temp_c": state.memory_temp_c,
        "rack_power_w": state.rack_power_w,
        "feed_power_w": state.feed_power_w,
        "supply_c": state.circuit_supply_c,
        "cdu_heat_w": state.exchanger_heat_w[plant.cdu_exchangers],
    }


def allowed_values(plant: Plant) -> dict[str, tuple[Floats, str]]:
    """Return the largest value of each limit along its axis, and its unit."""
    arrays = plant.arrays
    return {
        "gpu_temp_c": (arrays.gpus.temp_limit_c, "C"),
        "memory_temp_c": (arrays.gpus.memory_limit_c, "C"),
        "rack_power_w": (arrays.racks.rating_w, "W"),
        "feed_power_w": (arrays.feeds.rating_w, "W"),
        "supply_c": (arrays.circuits.supply_limit_c, "C"),
        "cdu_heat_w": (arrays.exchangers.capacity_w[plant.cdu_exchangers], "W"),
    }


def limit_names(plant: Plant) -> dict[str, tuple[str, ...]]:
    """Return the ids along each limit's axis."""
    return {
        "gpu_temp_c": plant.gpu_names,
        "memory_temp_c": plant.gpu_names,
        "rack_power_w": plant.rack_names,
        "feed_power_w": plant.feed_names,
        "supply_c": plant.circuit_names,
        "cdu_heat_w": plant.axis("cdu"),
    }
