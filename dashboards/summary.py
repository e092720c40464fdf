"""What one snapshot says about the site and each rack: computed once a tick, read by all."""

from dataclasses import dataclass

import numpy as np

from controllers.snapshot import Snapshot
from dashboards.index import Index, pick
from site_models.arrays import Floats
from twin.state import State

SITE_SIGNALS = (
    "site_it_power_w",
    "site_facility_power_w",
    "site_pue",
    "site_gpu_power_w",
    "gpu_temp_max_c",
    "gpu_margin_min_k",
    "tcs_supply_max_c",
    "tcs_return_max_c",
    "feed_headroom_w",
    "feed_load_share",
    "site_water_kg_per_s",
    "dry_bulb_c",
    "wet_bulb_c",
    "balance_error",
)
"""One number each for the whole site."""

RACK_SIGNALS = (
    "rack_power_w",
    "rack_gpu_temp_max_c",
    "rack_supply_c",
    "rack_return_c",
    "rack_flow_kg_per_s",
    "rack_dp_pa",
    "rack_valve",
    "rack_inlet_c",
    "rack_liquid_heat_w",
    "rack_air_heat_w",
)
"""One number each for every rack."""


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Aggregates of one snapshot. Missing is NaN; an index of -1 means none."""

    snapshot: Snapshot
    site: dict[str, float]
    rack: dict[str, Floats]
    worst_gpu: int
    """The GPU with the least margin to its own limit."""
    warmest_tcs: int
    tightest_feed: int
    """The power stage with the largest load over its rating."""
    made_s: float
    """Host clock when the snapshot arrived [s since the epoch]."""

    @property
    def state(self) -> State:
        """Return the believed state."""
        return self.snapshot.state


def summarise(index: Index, snapshot: Snapshot, made_s: float) -> Summary:
    """Return the aggregates of a snapshot that arrived at `made_s` (host clock).

    Checked by hand-computed sums in ``tests/dashboards/test_summary.py``.
    """
    state, arrays, dt_s = snapshot.state, index.plant.arrays, snapshot.dt_s
    margin_k = arrays.gpus.temp_limit_c - state.gpu_temp_c
    worst_gpu = _lowest(margin_k)
    tcs = index.tcs_circuits
    warmest = _lowest(-state.circuit_supply_c[tcs])
    load = state.feed_power_w / arrays.feeds.rating_w
    tightest = _lowest(np.where(arrays.feeds.in_service, -load, np.nan))
    it_w = float(np.sum(state.rack_power_w))
    facility_w = _sum(state.feed_power_w[index.root_feeds])
    site = {
        "site_it_power_w": it_w,
        "site_facility_power_w": facility_w,
        "site_pue": facility_w / it_w if it_w > 0.0 else float("nan"),
        "site_gpu_power_w": float(np.sum(state.gpu_power_w)),
        "gpu_temp_max_c": _at(state.gpu_temp_c, worst_gpu),
        "gpu_margin_min_k": _at(margin_k, worst_gpu),
        "tcs_supply_max_c": _at(state.circuit_supply_c[tcs], warmest),
        "tcs_return_max_c": _at(state.circuit_arriving_c[tcs], warmest),
        "feed_headroom_w": _at(arrays.feeds.rating_w - state.feed_power_w, tightest),
        "feed_load_share": _at(load, tightest),
        "site_water_kg_per_s": state.ledger.water_kg / dt_s if dt_s > 0.0 else float("nan"),
        "dry_bulb_c": float(snapshot.inputs.dry_bulb_c),
        "wet_bulb_c": float(snapshot.inputs.wet_bulb_c),
        "balance_error": float(state.ledger.balance_error),
    }
    warmest_circuit = int(tcs[warmest]) if warmest >= 0 else -1
    racks = _racks(index, state)
    return Summary(snapshot, site, racks, worst_gpu, warmest_circuit, tightest, made_s)


def _racks(index: Index, state: State) -> dict[str, Floats]:
    """Return every signal of RACK_SIGNALS. Shape (racks,)."""
    arrays = index.plant.arrays
    racks = len(index.plant.rack_names)
    liquid = arrays.racks.liquid_circuit >= 0
    hottest_c, inlet_c = np.full(racks, -np.inf), np.full(racks, -np.inf)
    np.maximum.at(hottest_c, index.rack_of_gpu, state.gpu_temp_c)
    np.maximum.at(inlet_c, arrays.nodes.rack, state.node_inlet_c)
    hall_c = pick(state.circuit_supply_c, arrays.racks.air_circuit)
    return {
        "rack_power_w": state.rack_power_w,
        "rack_gpu_temp_max_c": np.where(np.isfinite(hottest_c), hottest_c, np.nan),
        "rack_supply_c": pick(state.circuit_delivered_c, arrays.racks.liquid_circuit),
        "rack_return_c": np.where(liquid, state.rack_return_c, np.nan),
        "rack_flow_kg_per_s": np.where(liquid, state.rack_flow_kg_per_s, np.nan),
        "rack_dp_pa": np.where(liquid, state.rack_dp_pa, np.nan),
        "rack_valve": np.where(liquid, state.rack_valve, np.nan),
        "rack_inlet_c": np.where(np.isfinite(inlet_c), inlet_c, hall_c),
        "rack_liquid_heat_w": state.rack_liquid_heat_w,
        "rack_air_heat_w": state.rack_air_heat_w,
    }


def _lowest(values: Floats) -> int:
    """Return the index of the smallest value; -1 where there is none."""
    if len(values) == 0 or bool(np.all(np.isnan(values))):
        return -1
    return int(np.nanargmin(values))


def _at(values: Floats, index: int) -> float:
    return float(values[index]) if index >= 0 else float("nan")


def _sum(values: Floats) -> float:
    """Return the sum; NaN of nothing, because an absent meter does not read zero."""
    return float(np.sum(values)) if len(values) else float("nan")
