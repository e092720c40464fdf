"""Ready scenarios played on the pilot, and what can be asked of such a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.outdoors import outdoors_of
from controllers.simulated.tally import Tally
from controllers.simulated.what_if import staged
from controllers.worlds import looped
from site_models.arrays import Flags, Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import load_site
from telemetry.frame import Frame
from twin.state import State

SITE = "pilot"
STEP_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """A scenario that has been run in steps of a second.

    `truth` is the simulated plant after each second, `believed` what the twin took it for,
    `frames` what the sensors said. Times of the measures count from the first event on, in
    seconds; NaN where something never happens.
    """

    plant: Plant
    truth: Sequence[State]
    believed: Sequence[State]
    frames: Sequence[Frame]
    onset_s: float
    shut_down: Flags
    """GPUs that turned themselves off."""
    limits_over_s: float
    """Time during which anything was over a limit."""
    dark: int
    """Most GPUs without power at once after any event."""
    worst_balance: float

    @property
    def before(self) -> State:
        """The state in which the first event found the plant."""
        return self.truth[round(self.onset_s / STEP_S) - 1]

    def after(self, seconds: float) -> State:
        """Return the state that many seconds after the first event; at most the last."""
        at = round((self.onset_s + seconds) / STEP_S) - 1
        return self.truth[min(at, len(self.truth) - 1)]

    @property
    def end(self) -> State:
        """The last state."""
        return self.truth[-1]

    def gpus(self, *beginnings: str) -> Flags:
        """Return which GPUs have a name that begins like one of these."""
        return np.array([name.startswith(beginnings) for name in self.plant.gpu_names])

    def rack(self, name: str) -> int:
        """Return a rack's place."""
        return self.plant.rack_names.index(name)

    def circuit(self, name: str) -> int:
        """Return a circuit's place."""
        return self.plant.circuit_names.index(name)

    def gpu_rise_k(self, state: State) -> Floats:
        """Return how much warmer each GPU is than before the event."""
        return state.gpu_temp_c - self.before.gpu_temp_c

    def first_warm(self, rise_k: float) -> Flags:
        """Return the GPUs that are the first to be warmer by that much; none if none is."""
        for state in self.since():
            warm: Flags = self.gpu_rise_k(state) >= rise_k
            if warm.any():
                return warm
        return np.zeros(len(self.plant.gpu_names), dtype=np.bool_)

    def seconds_to_warm(self, rise_k: float, gpus: Flags) -> float:
        """Return after how long the first of some GPUs is warmer by that much."""
        return self._when(lambda state: bool((self.gpu_rise_k(state)[gpus] >= rise_k).any()))

    def seconds_to_supply(self, circuit: str, rise_k: float) -> float:
        """Return after how long a circuit's supply is warmer by that much."""
        k = self.circuit(circuit)
        most_c = self.before.circuit_supply_c[k] + rise_k
        return self._when(lambda state: bool(state.circuit_supply_c[k] >= most_c))

    def supply_rise_k(self, circuit: str) -> float:
        """Return how much warmer a circuit's supply is at the end."""
        k = self.circuit(circuit)
        return float(self.end.circuit_supply_c[k] - self.before.circuit_supply_c[k])

    def power_left(self, gpus: Flags) -> float:
        """Return the GPUs' power at the end over that before the event."""
        return float(self.end.gpu_power_w[gpus].sum() / self.before.gpu_power_w[gpus].sum())

    def rack_power_ratio(self, rack: str, state: State) -> float:
        """Return a rack's power in a state over that before the event."""
        at = self.rack(rack)
        return float(state.rack_power_w[at] / self.before.rack_power_w[at])

    def mean_c(self, state: State, circuit: str) -> float:
        """Return the temperature of a circuit weighted by its volume, pipes included."""
        k, c = self.circuit(circuit), self.plant.arrays.circuits
        held = c.supply_capacity_j_per_k[k] * state.circuit_supply_c[k]
        held += c.return_capacity_j_per_k[k] * state.circuit_return_c[k]
        by_volume = c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k]
        held += by_volume * (state.supply_pipe_m3[k] @ state.supply_pipe_c[k])
        held += by_volume * (state.return_pipe_m3[k] @ state.return_pipe_c[k])
        return float(held / self.capacity_j_per_k(circuit))

    def capacity_j_per_k(self, circuit: str) -> float:
        """Return the heat capacity of a circuit's water, pipes included."""
        k, c = self.circuit(circuit), self.plant.arrays.circuits
        pipes_m3 = c.supply_pipe_m3[k] + c.return_pipe_m3[k]
        stirred = c.supply_capacity_j_per_k[k] + c.return_capacity_j_per_k[k]
        return float(stirred + c.density_kg_per_m3[k] * c.cp_j_per_kg_k[k] * pipes_m3)

    def rise_of_mean(self, circuit: str, seconds: float) -> float:
        """Return how much a circuit's mean has risen after the event."""
        return self.mean_c(self.after(seconds), circuit) - self.mean_c(self.before, circuit)

    def loop_heat_w(self, circuit: str) -> float:
        """Return the heat of the racks on a loop and of its pumps before the event."""
        k = self.circuit(circuit)
        mine = self.plant.arrays.racks.liquid_circuit == k
        pumps_w = self.before.circuit_mover_power_w[k]
        return float(self.before.rack_liquid_heat_w[mine].sum() + pumps_w)

    def rise_as_heat_says(self, circuit: str, seconds: float) -> float:
        """Return the rise of a loop's mean over its heat through its capacity."""
        held = self.capacity_j_per_k(circuit)
        told_k = self.loop_heat_w(circuit) * seconds / float(held)
        return self.rise_of_mean(circuit, seconds) / told_k

    def since(self) -> Sequence[State]:
        """Return the states after the event, in their order."""
        return self.truth[round(self.onset_s / STEP_S) :]

    def _when(self, happens: Callable[[State], bool]) -> float:
        for n, state in enumerate(self.since(), start=1):
            if happens(state):
                return n * STEP_S
        return float("nan")


def played(name: str, plant: Plant | None = None) -> Past:
    """Return a ready scenario after its run, on the pilot or on a variant of it."""
    plant = compile_site(SITE) if plant is None else plant
    what_if = staged(name, plant, outdoors_of(load_site(SITE).location), STEP_S)
    tally, rig = Tally(what_if, plant), what_if.rig
    truth, believed, frames, worst = [], [], [], 0.0
    for shot in looped(what_if, plant, ("hold",)):
        tally.look(shot.dt_s)
        truth.append(rig.state)
        believed.append(shot.state)
        frames.append(shot.frame)
        worst = float(np.maximum(worst, rig.state.ledger.balance_error))
    kpi, told = tally.kpi(), tally.events()
    over = kpi["seconds_over"]
    assert isinstance(over, dict)
    return Past(
        plant,
        truth,
        believed,
        frames,
        min((event.at_s for event in what_if.scenario.events), default=STEP_S),
        rig.shut_down,
        float(sum(over.values())),
        max((int(str(event["gpus_dark"])) for event in told), default=0),
        worst,
    )
