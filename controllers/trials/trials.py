"""One scenario with one set of policies, and what it cost: what fault experiments compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controllers.actuators.order import Order
from controllers.loop import Loop, begun
from controllers.outdoors import outdoors_of
from controllers.policy import Policy
from controllers.scenario import scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.plant import Plant
from site_models.site import Site


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What one run came to. Times count from the first event on; NaN where it never was."""

    time_s: Floats
    hottest_c: Floats
    """Hottest GPU after every step."""
    site_power_w: Floats
    past_shutdown: int
    """GPUs that were at their shutdown temperature or above."""
    shut_down: int
    """GPUs that turned themselves off."""
    racks_off: tuple[str, ...]
    """Racks that a policy shut down."""
    reaction_s: float
    """Until the first order that differs from the one before the event."""
    first_past_s: float
    """Until the first GPU was at its shutdown temperature."""
    units: float
    """Tokens, samples, bytes that all jobs made."""
    energy_j: float

    def figures(self, whole_units: float) -> dict[str, Any]:
        """Return the plain figures; `whole_units` is what the jobs make without the fault."""
        return {
            "gpu_temp_max_c": float(self.hottest_c.max()),
            "gpus_past_shutdown_temperature": self.past_shutdown,
            "gpus_shut_down": self.shut_down,
            "racks_shut_down_in_order": len(self.racks_off),
            "reaction_s": self.reaction_s,
            "until_first_past_s": self.first_past_s,
            "work_lost_share": 1.0 - self.units / whole_units,
            "energy_j": self.energy_j,
        }


def trial(
    raw: Mapping[str, Any],
    site: Site,
    plant: Plant,
    policies: Mapping[str, Policy],
    careful: bool = True,
    dt_s: float = 1.0,
) -> Trial:
    """Run a scenario, given as its keys and values, with policies armed on the rig.

    `careful` devices act on their own temperature, as real ones do; careless ones show what
    policies alone prevent.
    """
    path = Path("scenario")
    scenario = scenario_of(dict(raw), path)
    what_if = staged_from(
        scenario, path, plant, outdoors_of(site.location), dt_s, thermal_control=careful
    )
    rig = what_if.rig
    keeper = Supervisor(plant, policies, rig, dict.fromkeys(policies, "armed"))
    loop = Loop(
        plant, rig, what_if.believe, keeper, begun(plant, rig.state, rig.inputs), "WHAT-IF",
        in_force=lambda: rig.plant, around=what_if.around,
    )  # fmt: skip
    at_s = min((event.at_s for event in scenario.events), default=np.inf)
    return _watched(what_if, loop, scenario.start_s + at_s)


def _watched(what_if: WhatIf, loop: Loop, event_s: float) -> Trial:
    """Run a loop to its end and take note."""
    rig, shutdown_c = what_if.rig, loop.plant.arrays.gpus.shutdown_c
    time_s, hottest_c, power_w = [], [], []
    past = np.zeros(len(shutdown_c), np.bool_)
    first_s, reaction_s, energy_j = np.nan, np.nan, 0.0
    before: Order = rig.order
    for snapshot in loop:
        state = rig.state
        over = (state.gpu_temp_c >= shutdown_c) | state.gpu_off
        if over.any() and np.isnan(first_s):
            first_s = state.time_s - event_s
        past |= over
        if state.time_s <= event_s:
            before = rig.order
        elif np.isnan(reaction_s) and _moved(rig.order, before):
            reaction_s = state.time_s - event_s
        time_s.append(state.time_s - event_s)
        hottest_c.append(float(state.gpu_temp_c.max()))
        power_w.append(state.ledger.energy_in_j / snapshot.dt_s if snapshot.dt_s else np.nan)
        energy_j += state.ledger.energy_in_j
    return Trial(
        time_s=np.array(time_s),
        hottest_c=np.array(hottest_c),
        site_power_w=np.array(power_w),
        past_shutdown=int(past.sum()),
        shut_down=int(rig.shut_down.sum()),
        racks_off=tuple(sorted(rig.order.racks_off)),
        reaction_s=float(reaction_s),
        first_past_s=float(first_s),
        units=sum(record.units - record.lost_units for record in what_if.work.records),
        energy_j=energy_j,
    )


def _moved(order: Order, before: Order) -> bool:
    """Say whether caps were lowered or racks shut down."""
    lower = bool((order.gpu_cap_w < before.gpu_cap_w).any())
    return lower or order.racks_off != before.racks_off
