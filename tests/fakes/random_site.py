"""Random small situations for advice, and what is true of them, counted the slow way."""

import random
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.placement.models import Request
from site_models.arrays import Floats
from site_models.placing import Maintenance, Placing
from site_models.plant import Plant
from tests.fakes.small_plant import small_arrays, small_inputs, small_plant, small_state
from twin.electrical.feed_users import other_w
from twin.physics.converters import converter_input_w
from twin.state import Inputs, State

WORKED_ON = ("row0", "row1", "r0", "r2", "node1", "node5", "node9")


class Situation(NamedTuple):
    """A site with limits near by, GPUs that work untold, holders and reservations."""

    plant: Plant
    state: State
    inputs: Inputs
    holders: tuple[Allocation, ...]
    """Those that hold something now, past ones left out."""
    worked_on: str
    """What is in maintenance, from now on."""

    def table(self) -> Allocations:
        """Return a table that was told of the holders, and of one whose time is over."""
        table, now_s = Allocations(self.plant), self.state.time_s
        late = Allocation("late", np.arange(48), now_s - 90.0)
        table.reserve(late, now_s - 90.0, 90.0)
        for holder in self.holders:
            if holder.job in ("h1", "h3"):
                table.reserve(holder, now_s, 60.0)
            else:
                table.put(holder, now_s)
        return table

    def free_share(self) -> Floats:
        """Return what part of each GPU nobody holds."""
        share = np.ones(48)
        for holder in self.holders:
            share[holder.gpus] -= holder.share
        return share

    def drawn_w(self) -> Floats:
        """Return what each GPU draws or is promised to [W]."""
        promised_w = np.zeros(48)
        for holder in self.holders:
            promised_w[holder.gpus] += holder.share * (holder.gpu_power_w or 0.0)
        return np.maximum(self.state.gpu_power_w, promised_w)

    def rise_w(self, request: Request, gpus: list[int]) -> Floats:
        """Return how much more each GPU of the site draws with the job on some [W]."""
        most_w, drawn_w, found = self.plant.arrays.gpus.power_max_w, self.drawn_w(), np.zeros(48)
        for g in gpus:
            told_w = most_w[g] if request.gpu_power_w is None else request.gpu_power_w
            asked_w = min(told_w, most_w[g]) * request.share
            rests_w = drawn_w[g] if self.free_share()[g] > 1.0 - 1e-9 else 0.0
            found[g] = max(min(asked_w - rests_w, most_w[g] - drawn_w[g]), 0.0)
        return found


def random_situation(rng: random.Random) -> Situation:
    """Return a situation."""
    a = small_arrays()
    dead = [rng.random() > 0.05 for _ in range(48)]
    on_paths = [True, True, rng.random() > 0.05, rng.random() > 0.05, True]
    ratings_w = [rng.uniform(3e4, 15e4), rng.uniform(3e4, 11e4), *_some(rng, 2, 1e4, 6e4), 3e4]
    plant = small_plant(
        a._replace(
            gpus=a.gpus._replace(in_service=np.array(dead)),
            feeds=a.feeds._replace(rating_w=np.array(ratings_w), in_service=np.array(on_paths)),
            racks=a.racks._replace(rating_w=np.array(_some(rng, 3, 8e3, 3e4))),
            exchangers=a.exchangers._replace(
                capacity_w=np.array([*_some(rng, 2, 1e4, 6e4), 9e4, 3e4])
            ),
        )
    )
    worked_on = rng.choice(WORKED_ON) if rng.random() < 0.3 else ""
    if worked_on:
        work = Maintenance(targets=(worked_on,))
        plant = replace(plant, placing=Placing(maintenance=(work,)))
    state = small_state(plant)
    watts = state.gpu_power_w.copy()
    for g in range(48):
        if rng.random() < 0.3:
            watts[g] = rng.uniform(watts[g], a.gpus.power_max_w[g])
    rise_w = np.bincount(a.gpus.node, watts - state.gpu_power_w, 10)
    dc_w = state.node_dc_power_w + (1.0 + a.nodes.load_power_per_gpu_w) * rise_w
    state = state._replace(gpu_power_w=watts, node_dc_power_w=dc_w)
    return Situation(plant, state, small_inputs(plant), _holders(rng, state.time_s), worked_on)


def random_request(rng: random.Random) -> Request:
    """Return a request that can be read."""
    while True:
        wish: dict[str, Any] = {
            "gpus": rng.choice([0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]),
            "limit": rng.choice([1, 3, 20]),
            "required_level": rng.choice([None, None, "node", "nvlink_domain", "rack", "row",
                                          "pod", "site", "rail"]),
            "gpu_model": rng.choice([None, None, "gb200", "h200-sxm"]),
            "gpu_power_w": rng.choice([None, 100.0, 500.0, 1000.0]),
            "gpus_per_node": rng.choice([None, None, 1, 2, 4]),
            "exclude": rng.choice([(), ("node0", "node8")]),
            "n_minus_1": rng.choice([None, True]),
        }  # fmt: skip
        if wish["gpus_per_node"] is not None:
            wish["segment"] = rng.choice([None, 1, 2])
        try:
            return Request(job="j", **wish)
        except ValueError:
            continue


def feeds_and_racks_w(
    here: Situation, rise_w: Floats, lost: int = -1
) -> tuple[dict[int, float], list[float]]:
    """Return the power into every live feed and rack [W], walked by hand from the GPUs up."""
    plant, a = here.plant, here.plant.arrays
    more_w = np.bincount(a.gpus.node, here.drawn_w() - here.state.gpu_power_w + rise_w, 10)
    dc_w = here.state.node_dc_power_w + (1.0 + a.nodes.load_power_per_gpu_w) * more_w
    n, r, f = a.nodes, a.racks, a.feeds
    racks_w = [0.0] * 3
    for k in range(10):
        racks_w[n.rack[k]] += float(converter_input_w(
            dc_w[k], n.supply_rating_w[k], n.supply_loss_fixed[k], n.supply_loss_linear[k],
            n.supply_loss_square[k]))  # fmt: skip
    for k in range(3):
        racks_w[k] = float(converter_input_w(
            racks_w[k], r.shelf_rating_w[k], r.shelf_loss_fixed[k], r.shelf_loss_linear[k],
            r.shelf_loss_square[k]))  # fmt: skip
    live = [bool(f.in_service[k]) and k != lost for k in range(5)]
    out_w = other_w(plant, here.state)
    for k in range(3):
        joined = [int(g) for q, g in zip(a.rack_feeds.rack, a.rack_feeds.feed, strict=True)
                  if q == k and live[int(g)]]  # fmt: skip
        for g in joined:
            out_w[g] += racks_w[k] / len(joined)
    found = {}
    for k in (4, 3, 2, 1, 0):
        if live[k]:
            found[k] = float(
                converter_input_w(
                    out_w[k], f.rating_w[k], f.loss_fixed[k], f.loss_linear[k], f.loss_square[k]
                )
            )
            if k:
                out_w[f.parent[k]] += found[k]  # fmt: skip
    return found, racks_w


def _holders(rng: random.Random, now_s: float) -> tuple[Allocation, ...]:
    order = rng.sample(range(48), 48)
    found = []
    for k in range(rng.randrange(5)):
        gpus, order = order[: rng.randrange(1, 9)], order[9:]
        share, power_w = rng.choice([1.0, 1.0, 0.5]), rng.choice([None, 300.0, 700.0])
        found.append(
            Allocation(f"h{k}", np.array(sorted(gpus)), now_s, share=share, gpu_power_w=power_w)
        )
    return tuple(found)


def _some(rng: random.Random, count: int, low: float, high: float) -> list[float]:
    return [rng.uniform(low, high) for _ in range(count)]
