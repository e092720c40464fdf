"""Let more servers share a feed than it could carry at their peaks, and brake in time."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from controllers.parameters import parameter, share
from controllers.policy import Decision, View
from controllers.power.pour import Vessel, vessel_of
from controllers.power.power_tree import power_tree
from controllers.power.stage_room import Room, breaker_taus_s, overload_s
from controllers.power.worth import full_power_w
from site_models.arrays import Flags, Floats
from site_models.plant import Plant


class Braked(NamedTuple):
    """What the brake remembers."""

    left_s: Floats
    """For which each stage is still braked. Shape (feeds,)"""
    meters_left_s: float


@dataclass(frozen=True, slots=True)
class Brake:
    """Cap nothing until a stage is over its limit; then hold it below, whatever its GPUs do.

    A stage is braked while it gives more than its rating, while its GPUs at full clock would,
    and where a burst of all GPUs at their device limits could trip its breaker within the
    reaction time: the thermal element is looked ahead by its own law, so the worst burst
    meets caps before it meets the breaker. Under a braked stage the caps sum to no more than
    `hold` of the rating, losses included: first, in equal proportion, towards what each GPU
    would draw, then towards the device limits. Everything else runs free.

    Checked in ``tests/controllers/policies/test_brake.py``: the burst does not trip, the released
    stage stays released; how many servers that allows: ``experiment oversubscribe``.
    """

    safety: ClassVar[bool] = True

    engage: float = share("Load over rating from which a stage is braked", 1.0, 0.5, 1.2)
    hold: float = share("Load over rating that a braked stage is held at", 0.98, 0.3)
    hold_s: float = parameter("Least time that a stage stays braked", 3.0, "s", 0.0)
    reaction_s: float = parameter("Time in which caps surely act", 5.0, "s", 0.0)
    guard: float = share("Share of the breaker's trip level not to pass", 0.95, 0.1)
    site_limit_w: float | None = parameter(
        "Limit at the utility meters of the racks together", None, "W", 0.0
    )

    def start(self, plant: Plant) -> Braked:
        """Return no stage braked."""
        return Braked(np.zeros(len(plant.feed_names)), 0.0)

    def decide(self, view: View, memory: Braked) -> tuple[Decision, Braked]:
        """Return the caps for this instant: the device limits where nothing is braked."""
        plant, feeds, gpus = view.plant, view.plant.arrays.feeds, view.plant.arrays.gpus
        free = Room(np.full(len(plant.feed_names), np.inf), np.inf)
        vessel = vessel_of(plant, view.state, free, 1.0)
        full_w, _ = full_power_w(plant, view.state)
        want_w = np.clip(full_w, gpus.power_min_w, gpus.power_max_w)
        over, metered_w = self._over(view, vessel, np.minimum(full_w, gpus.power_max_w))
        left_s = np.where(over, self.hold_s, np.maximum(memory.left_s - view.dt_s, 0.0))
        over_meters = self.site_limit_w is not None and metered_w > self.engage * self.site_limit_w
        meters_left_s = self.hold_s if over_meters else max(memory.meters_left_s - view.dt_s, 0.0)
        braked = (left_s > 0.0) | over
        meters = over_meters or meters_left_s > 0.0
        kept = Braked(left_s, meters_left_s)
        if not braked.any() and not meters:
            return Decision(gpus.power_max_w.copy(), "no stage over its limit"), kept
        limit_w = np.where(braked, self.hold * feeds.rating_w, np.inf)
        whole_w = self.hold * self.site_limit_w if meters and self.site_limit_w else np.inf
        cap_w = _held(vessel_of(plant, view.state, Room(limit_w, whole_w), 1.0), want_w)
        names = [plant.feed_names[f] for f in np.flatnonzero(braked)[:3]]
        held = int(np.count_nonzero(cap_w < want_w - 1e-6))
        told = ", ".join([*names, *(["the utility limit"] if meters else [])])
        return Decision(cap_w, f"{told} braked, {held} GPUs below what they would draw"), kept

    def _over(self, view: View, vessel: Vessel, full_w: Floats) -> tuple[Flags, float]:
        """Return the stages to brake, and power at the meters with GPUs at full clock [W]."""
        feeds, state = view.plant.arrays.feeds, view.state
        tree = power_tree(view.plant)
        rated = (feeds.rating_w > 0.0) & (state.feed_live > 0.0)
        rating_w = np.where(rated, feeds.rating_w, 1.0)
        wanted_w, into_w = tree.feed_powers_w(vessel.rack_power_w(full_w), vessel.fixed_w)
        most_w = view.plant.arrays.gpus.power_max_w
        worst_w, _ = tree.feed_powers_w(vessel.rack_power_w(most_w), vessel.fixed_w)
        tau_s = breaker_taus_s(feeds)
        trips_s = overload_s(
            state.feed_breaker_thermal, worst_w / rating_w, tau_s,
            self.guard * feeds.breaker_trip_level, feeds.breaker_magnetic,
        )  # fmt: skip
        load = np.maximum(state.feed_output_w, wanted_w) / rating_w
        over = rated & ((load > self.engage) | (trips_s <= self.reaction_s))
        metered_w = float(max(state.feed_power_w[vessel.meters].sum(),
                              into_w[vessel.meters].sum()))  # fmt: skip
        return over, metered_w


def _held(vessel: Vessel, want_w: Floats) -> Floats:
    """Return caps that keep the room: in proportion to wants, then to the device limits."""
    gpus = vessel.tree.plant.arrays.gpus
    cap_w = gpus.power_min_w
    for high_w in (want_w, gpus.power_max_w):
        cap_w = cap_w + vessel.pour(cap_w, high_w).level[vessel.gpu_rack] * (high_w - cap_w)
    return np.asarray(np.clip(cap_w, gpus.power_min_w, gpus.power_max_w))


POLICY = Brake
