"""What a what-if came to: what followed each event, and the figures of the whole run."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import numpy as np

from controllers.event import Event
from controllers.simulated.limit_watch import LimitWatch, allowed_values, believed, limit_names
from controllers.simulated.what_if import WhatIf
from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.state import State


@dataclass(frozen=True, slots=True)
class Crossing:
    """The first limit that something went over after an event."""

    limit: str
    id: str
    value: float
    allowed: float
    unit: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Rise:
    """What became warmest compared with the moment of an event."""

    id: str
    rise_k: float
    after_s: float


class Tally:
    """Watches the true state of a rig; `look` once a step.

    The balance error is that of the worst step over the energy then taken in, or over that
    of the first step: of a site without power only the rounding of its stored heat is left.
    """

    def __init__(self, what_if: WhatIf, plant: Plant) -> None:
        self._plant, self._rig = plant, what_if.rig
        self._start_s = what_if.scenario.start_s
        self._watch = LimitWatch(plant)
        self._over = _over(plant, self._rig.state)
        events = sorted(what_if.scenario.events, key=lambda event: event.at_s)
        begins_s = [event.at_s for event in events]
        self._sequels = []
        for event in events:
            until_s = min((at_s for at_s in begins_s if at_s > event.at_s), default=np.inf)
            self._sequels.append(_Sequel(event, until_s, plant, what_if.rig.state))
        self._hottest = (-np.inf, "", 0.0)
        self._site_j, self._it_j, self._water_kg, self._usual_j = 0.0, 0.0, 0.0, 0.0
        self._battery_j, self.balance_error = 0.0, 0.0

    def look(self, dt_s: float) -> None:
        """Take the rig's present state, which came `dt_s` after the last, into account."""
        state = self._rig.state
        ledger = state.ledger
        self._site_j += ledger.energy_in_j
        self._battery_j += ledger.battery_j
        self._it_j += ledger.it_energy_j
        self._water_kg += ledger.water_kg
        self._usual_j = self._usual_j or ledger.energy_in_j
        missing_j = abs(ledger.energy_in_j - ledger.heat_out_j - ledger.stored_j)
        most_j = max(ledger.energy_in_j, self._usual_j, 1.0)
        self.balance_error = float(np.maximum(self.balance_error, missing_j / most_j))  # NaN stays
        self._watch.look(state, dt_s)
        now_s = state.time_s - self._start_s
        if len(state.gpu_temp_c):
            g = int(np.argmax(state.gpu_temp_c))
            if state.gpu_temp_c[g] > self._hottest[0]:
                self._hottest = (float(state.gpu_temp_c[g]), self._plant.gpu_names[g], now_s)
        over = _over(self._plant, state)
        fresh = {limit: over[limit] & ~self._over[limit] for limit in over}
        self._over = over
        for sequel in self._sequels:
            sequel.look(state, now_s, fresh, self._rig.plant, self._rig.shut_down)

    def events(self) -> list[dict[str, object]]:
        """Return what followed each event, in the order of their times."""
        return [sequel.told(self._start_s) for sequel in self._sequels]

    def kpi(self) -> dict[str, object]:
        """Return the figures of the run."""
        hottest_c, gpu, after_s = self._hottest
        return {
            "energy_j": self._site_j,
            "it_energy_j": self._it_j,
            "battery_j": self._battery_j,
            "pue": (self._site_j - self._battery_j) / self._it_j if self._it_j > 0.0 else None,
            "gpu_temp_max_c": hottest_c if gpu else None,
            "gpu_temp_max_id": gpu,
            "gpu_temp_max_at_s": after_s,
            "gpus_shut_down": int(self._rig.shut_down.sum()),
            "seconds_over": {line.limit: line.seconds_over for line in self._watch.report()},
            "water_kg": self._water_kg,
            "balance_error": self.balance_error,
        }


class _Sequel:
    """What followed one event, until the next one began."""

    def __init__(self, event: Event, until_s: float, plant: Plant, state: State) -> None:
        self._event, self._until_s = event, until_s
        self._plant, self._onset = plant, state
        self._crossing: Crossing | None = None
        self._gpu, self._supply = Rise("", 0.0, 0.0), Rise("", 0.0, 0.0)
        self._dark, self._off_before = 0, np.zeros(len(plant.gpu_names), dtype=np.bool_)
        self._shut: dict[str, object] | None = None

    def look(
        self, state: State, now_s: float, fresh: dict[str, Flags], plant: Plant, off: Flags
    ) -> None:
        """Take a state into account; until the event only what it will be compared with."""
        after_s = now_s - self._event.at_s
        if after_s <= 0.0:
            self._onset, self._off_before = state, off.copy()
            return
        if now_s > self._until_s:
            return
        if self._crossing is None:
            self._crossing = _crossing(self._plant, state, fresh, after_s)
        was, names = self._onset, self._plant
        self._gpu = _rise(self._gpu, state.gpu_temp_c - was.gpu_temp_c, names.gpu_names, after_s)
        warmer_k = state.circuit_supply_c - was.circuit_supply_c
        self._supply = _rise(self._supply, warmer_k, names.circuit_names, after_s)
        rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
        fed = plant.arrays.gpus.in_service & (state.rack_powered[rack] > 0.0)
        lost = names.arrays.gpus.in_service & ~fed
        self._dark = max(self._dark, int(lost.sum()))
        shut = off & ~self._off_before
        if self._shut is None and shut.any():
            gpu = names.gpu_names[int(np.argmax(np.where(shut, state.gpu_temp_c, -np.inf)))]
            self._shut = {"id": gpu, "after_s": after_s}

    def told(self, start_s: float) -> dict[str, object]:
        """Return it as plain numbers."""
        event = self._event
        time = datetime.fromtimestamp(start_s + event.at_s, UTC).isoformat()
        return {
            "at_s": event.at_s,
            "time": time,
            "kind": event.kind,
            "target": event.target,
            "first_limit": asdict(self._crossing) if self._crossing else None,
            "gpu_rise": asdict(self._gpu),
            "supply_rise": asdict(self._supply),
            "gpus_dark": self._dark,
            "first_shutdown": self._shut,
        }


def _over(plant: Plant, state: State) -> dict[str, Flags]:
    """Return what is over each kind of limit."""
    allowed = allowed_values(plant)
    return {name: values > allowed[name][0] for name, values in believed(plant, state).items()}


def _crossing(
    plant: Plant, state: State, fresh: dict[str, Flags], after_s: float
) -> Crossing | None:
    """Return what went furthest over a limit in this very step; None if nothing did."""
    for limit, flags in fresh.items():
        if flags.any():
            allowed, unit = allowed_values(plant)[limit]
            values = believed(plant, state)[limit]
            place = int(np.argmax(np.where(flags, values - allowed, -np.inf)))
            name = limit_names(plant)[limit][place]
            value, most = float(values[place]), float(allowed[place])
            return Crossing(limit, name, value, most, unit, after_s)
    return None


def _rise(last: Rise, warmer_k: Floats, names: tuple[str, ...], after_s: float) -> Rise:
    """Return the larger of the rise so far and the largest of this step."""
    if not len(warmer_k):
        return last
    place = int(np.argmax(warmer_k))
    if warmer_k[place] <= last.rise_k:
        return last
    return Rise(names[place], float(warmer_k[place]), after_s)
