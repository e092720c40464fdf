"""Pumps trip: at once or coasting down, with or without a standby pump."""

from typing import Literal

from controllers.event import Event, Factor, Seconds, Share, places
from controllers.plant_edits import with_flow
from site_models.plant import AIR, Plant
from twin.state import State


class PumpTrip(Event):
    """Pumps of a coolant loop (named as its CDU) or of a facility water circuit trip.

    The flow falls as `running / (1 + t / coast_s)` to the floor or to what the pumps left
    can give; the coasting pumps draw nothing. A standby pump brings back the full flow.
    """

    kind: Literal["pump_trip"]
    share: Share = 1.0
    """Part of the circuit's pumps that trip."""
    coast_s: Seconds = 0.0
    """Time to half the flow; 0: at once."""
    floor: Share = 0.001
    """Part of the running flow that is left."""
    standby_after_s: Seconds | None = None
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
        if self.standby_after_s is not None:
            return after_s <= self.standby_after_s + self.run_up_s + 1.0
        return self.coast_s > 0.0

    def _back(self, after_s: float) -> float:
        """Return how far the standby pump has come. 0..1"""
        if self.standby_after_s is None:
            return 0.0
        return min(max((after_s - self.standby_after_s) / self.run_up_s, 0.0), 1.0)

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
