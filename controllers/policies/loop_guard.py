"""Act on a loop that loses its flow before its GPUs are hot, and save what cannot be kept."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from controllers.parameters import parameter, share
from controllers.policy import Decision, View
from site_models.arrays import Flags, Floats
from site_models.plant import Plant

NOTHING_LEFT = 0.15
"""A GPU that draws less than this part of its range has nothing left that a cap could take.

More than its lowest cap: a hot one leaks above it.
"""


class LoopMemory(NamedTuple):
    """What the guard remembers."""

    whole_kg_per_s: Floats
    """Flow of each circuit when it last had what was asked of it. Shape (circuits,)"""
    gpu_temp_c: Floats
    """Of the previous decision. Shape (GPUs,)"""


@dataclass(frozen=True, slots=True)
class LoopGuard:
    """Cap the GPUs of a loop in proportion to the flow that it has left.

    A cold plate without flow warms by several kelvin a second, so a temperature is a late sign
    and the flow an early one: caps fall as soon as the loop has less than `flow_enough` of
    its flow, and rise with it. Where even the lowest cap does not hold a GPU under its shutdown
    temperature, its rack is shut down `emergency_k` before: a rack without coolant cannot be
    saved by any cap, but it can go down in order and at a safe temperature.

    Checked by `twin experiment pump_trip`, `cdu_loss` and `feed_loss`, and in
    ``tests/controllers/policies/test_loop_guard.py``.
    """

    flow_enough: float = share("Part of a loop's flow that suffices", 0.6, 0.05)
    emergency_k: float = parameter("Distance to the shutdown temperature", 3.0, "K", 0.5)

    @property
    def safety(self) -> bool:
        """Return that it goes before others: see `controllers.supervision.stack`."""
        return True

    def start(self, plant: Plant) -> LoopMemory:
        """Return a memory of no flow, which is no loss until there was one."""
        return LoopMemory(np.zeros(len(plant.circuit_names)), np.full(len(plant.gpu_names), np.inf))

    def decide(self, view: View, memory: LoopMemory) -> tuple[Decision, LoopMemory]:
        """Return caps for the GPUs of loops short of flow, and racks beyond help."""
        arrays, state = view.plant.arrays, view.state
        gpus = arrays.gpus
        rack = arrays.nodes.rack[gpus.node]
        loop = arrays.racks.liquid_circuit[rack]
        whole = np.where(
            state.circuit_low_flow_s > 0.0, memory.whole_kg_per_s, state.circuit_flow_kg_per_s
        )
        left = np.divide(
            state.circuit_flow_kg_per_s, whole, out=np.ones_like(whole), where=whole > 0.0
        )
        share = np.where(loop >= 0, np.minimum(left[loop] / self.flow_enough, 1.0), 1.0)
        cap_w = gpus.power_min_w + share * (gpus.power_max_w - gpus.power_min_w)
        beyond = self._beyond(view, memory.gpu_temp_c)
        names = frozenset(view.plant.rack_names[r] for r in np.unique(rack[beyond]))
        reason = _reason(view.plant, left, self.flow_enough, names)
        remembered = LoopMemory(whole, state.gpu_temp_c)
        return Decision(cap_w, reason, racks_off=names), remembered

    def _beyond(self, view: View, before_c: Floats) -> Flags:
        """Return the GPUs that will pass their shutdown temperature whatever their cap."""
        gpus, state = view.plant.arrays.gpus, view.state
        near = state.gpu_temp_c >= gpus.shutdown_c - self.emergency_k
        rising = state.gpu_temp_c > before_c
        range_w = gpus.power_max_w - gpus.idle_power_w
        least = state.gpu_power_w - gpus.idle_power_w <= NOTHING_LEFT * range_w
        beyond: Flags = near & rising & least & gpus.in_service
        return beyond


def _reason(plant: Plant, left: Floats, enough: float, racks: frozenset[str]) -> str:
    short = np.flatnonzero(left < enough)
    parts = [f"{plant.circuit_names[k]} has {left[k]:.0%} of its flow" for k in short]
    if racks:
        parts.append(f"no cap can hold {', '.join(sorted(racks))}: shut down")
    return "; ".join(parts) or "every loop has its flow"


POLICY = LoopGuard
