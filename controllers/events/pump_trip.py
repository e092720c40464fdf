"""Pumps trip: at once or coasting down, with or without a standby pump."""

from typing import Literal

from controllers.event import Event, Factor, Seconds, Share, places
from controllers.plant_edits import pumped, with_flow, with_pumps, with_speed
from site_models.plant import AIR, Plant
from twin.physics.pump_control import CHANGEOVER_S, coast_down
from twin.state import State


class PumpTrip(Event):
    """Pumps of a coolant loop (named as its CDU) or of a facility water circuit trip.

    Of a CDU, the speed falls as `running / (1 + t / coast_s)` to the floor and the flow with
    it; a standby pump runs up to the speed before. If only a part trips, the pumps left go on
    alone, behind non-return valves, and their control speeds them up. Of facility water the
    flow itself falls so, to the floor or to what the pumps left can give, and comes back. The
    coasting pumps draw nothing there.
    """

    kind: Literal["pump_trip"]
    share: Share = 1.0
    """Part of the circuit's pumps that trip."""
    coast_s: Seconds = 0.0
    """Time to half the flow; 0: at once."""
    floor: Share = 0.001
    """Part of the running speed, or of facility water's flow, that is left."""
    standby: bool = False
    """A standby pump takes over after the unit's changeover time, 250 ms."""
    standby_after_s: Seconds | None = None
    """Or after this time."""
    run_up_s: Factor = 4.0
    """The standby pump's way to full flow."""

    def known(self, plant: Plant) -> tuple[str, ...]:
        """Return CDUs and facility water circuits."""
        return tuple(self._circuits(plant))

    def changed(self, plant: Plant, onset: State, after_s: float) -> Plant:
        """Return the plant with the flow of this instant as the most there is."""
        circuits = self._circuits(plant)
        names = tuple(circuits)
        for k in sorted({circuits[names[i]] for i in places(names, self.target)}):
            if pumped(plant, k):
                plant = self._slowed(plant, k, float(onset.circuit_pump_speed[k]), after_s)
                continue
            most = float(plant.arrays.circuits.flow_max_kg_per_s[k])
            running = float(onset.circuit_flow_kg_per_s[k])
            coast = running / (1.0 + after_s / self.coast_s) if self.coast_s else 0.0
            flow = max(coast, self.floor * running, (1.0 - self.share) * most, 1e-6 * most)
            powered = 1.0 - self.share
            back = self._back(after_s)
            if back > 0.0:
                flow += (most - flow) * back
                powered = (flow / most) ** 3
            plant = with_flow(plant, onset, k, flow, powered)
        return plant

    def moving(self, after_s: float) -> bool:
        """Say whether pumps still coast or run up."""
        if self._starts_s() is not None:
            return after_s <= (self._starts_s() or 0.0) + self.run_up_s + 1.0
        return self.coast_s > 0.0

    def _slowed(self, plant: Plant, k: int, running: float, after_s: float) -> Plant:
        """Return the plant with the pumps of a loop at the speed of this instant."""
        back = self._back(after_s)
        if back >= 1.0:
            return plant
        if self.share < 1.0:
            return with_pumps(plant, k, 1.0 - self.share * (1.0 - back))
        speed = running * coast_down(after_s, self.coast_s, self.floor)
        return with_speed(plant, k, speed + (running - speed) * back)

    def _starts_s(self) -> float | None:
        """Return when the standby pump starts; None without one."""
        if self.standby and self.standby_after_s is None:
            return CHANGEOVER_S
        return self.standby_after_s

    def _back(self, after_s: float) -> float:
        """Return how far the standby pump has come. 0..1"""
        starts_s = self._starts_s()
        if starts_s is None:
            return 0.0
        return min(max((after_s - starts_s) / self.run_up_s, 0.0), 1.0)

    def _circuits(self, plant: Plant) -> dict[str, int]:
        """Return circuit places by the names that people use."""
        loops = {
            plant.exchanger_names[i]: int(plant.arrays.exchangers.hot_circuit[i])
            for i in plant.cdu_exchangers
        }
        kinds = plant.arrays.circuits.kind
        wet = {name: i for i, name in enumerate(plant.circuit_names) if kinds[i] != AIR}
        return loops | wet


KIND = PumpTrip
