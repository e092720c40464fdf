"""What a job used and what it made of it: the record that a site bills from.

Boundaries as in `twin/accounts/account.py`. A rack's power beside its GPU boards is shared equally
by its GPUs; cooling, losses, water, cost and carbon of the site go by IT energy. So the jobs'
records and the rest, unallocated, add up to the site's account.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.plant import Plant
from twin.accounts.account import Account, Terms, account_of_step
from twin.state import State

MILLION = 1e6


@dataclass(frozen=True, slots=True)
class JobAccount:
    """Totals of one job from `start_s` to `end_s` (seconds since the epoch, UTC)."""

    job: str
    profile: str
    unit: str
    """What `units` counts: token, sample, byte; none."""
    gpus: int
    start_s: float
    end_s: float
    held_s: float = 0.0
    """GPUs were allocated."""
    running_s: float = 0.0
    """Steps went on: no checkpoint was written, no restart, no GPU stood."""
    gpu_s: float = 0.0
    """GPU seconds held."""
    steps: float = 0.0
    units: float = 0.0
    lost_units: float = 0.0
    """Of `units`, done again or to be: since the last checkpoint before a restart."""
    ideal_units: float = 0.0
    """What all its GPUs at full clock, and no other job on the network, do in `running_s`."""
    gpu_j: float = 0.0
    it_j: float = 0.0
    """At the rack inlets."""
    site_j: float = 0.0
    """At the utility meters, its share of cooling and losses in it; of batteries as well."""
    water_kg: float = 0.0
    cost_usd: float = 0.0
    emissions_kg: float = 0.0

    @property
    def kept_units(self) -> float:
        """Units that count."""
        return self.units - self.lost_units

    @property
    def units_per_j(self) -> float:
        """Kept units over site energy, such as tokens per joule. NaN without energy."""
        return _over(self.kept_units, self.site_j)

    @property
    def cost_usd_per_million(self) -> float:
        """Energy cost of a million kept units; NaN without a price or without units."""
        return _over(self.cost_usd * MILLION, self.kept_units)

    @property
    def availability(self) -> float:
        """Running over held time. 0..1"""
        return _over(self.running_s, self.held_s)

    @property
    def performance(self) -> float:
        """Units over those of the ideal pace. 0..1"""
        return _over(self.units, self.ideal_units)

    @property
    def goodput(self) -> float:
        """Kept over all units. 0..1"""
        return _over(self.kept_units, self.units)

    @property
    def effectiveness(self) -> float:
        """Overall effectiveness as factories count it: availability x performance x goodput."""
        return self.availability * self.performance * self.goodput

    def figures(self) -> dict[str, object]:
        """Return totals and figures by key as plain numbers; None where not known."""
        told: dict[str, object] = {**asdict(self), "kept_units": self.kept_units}
        for name in (
            "units_per_j", "cost_usd_per_million",
            "availability", "performance", "goodput", "effectiveness",
        ):  # fmt: skip
            told[name] = getattr(self, name)
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in told.items()
        }


@dataclass(frozen=True, slots=True, eq=False)
class StepShares:
    """One step's account and how its IT energy falls on the GPUs."""

    account: Account
    gpu_it_j: Floats
    """Shape (GPUs,)"""
    gpu_j: Floats

    def charged(self, record: JobAccount, gpus: Ints, part: float = 1.0) -> JobAccount:
        """Return a record with energy, water, cost and carbon of a part of its GPUs added."""
        gpu_j, it_j = float(self.gpu_j[gpus].sum()), float(self.gpu_it_j[gpus].sum())
        return replace(record, **self.totals(record, part * gpu_j, part * it_j))

    def totals(self, record: JobAccount, gpu_j: float, it_j: float) -> dict[str, Any]:
        """Return what a record comes to with the energy of GPUs and at the inlets added, and
        its part of water, cost and carbon; by field."""
        account = self.account
        share = it_j / account.rack_j if account.rack_j > 0.0 else 0.0
        return {
            "gpu_j": record.gpu_j + gpu_j,
            "it_j": record.it_j + it_j,
            "site_j": record.site_j + share * account.site_j,
            "water_kg": record.water_kg + share * float(account.water_kg),
            "cost_usd": record.cost_usd + share * account.cost_usd,
            "emissions_kg": record.emissions_kg + share * account.emissions_kg,
        }


def shares_of_step(plant: Plant, state: State, dt_s: float, terms: Terms) -> StepShares:
    """Return how the step of `dt_s` seconds that ended in a state falls on the GPUs.

    Checked in ``tests/controllers/jobs/test_work.py``: all GPUs of racks with nodes together make
    the racks' energy, and jobs over all GPUs the site's.
    """
    account = account_of_step(plant, state, dt_s, terms)
    arrays = plant.arrays
    rack = arrays.nodes.rack[arrays.gpus.node]
    count = np.bincount(rack, minlength=len(state.rack_power_w))
    boards_w = np.bincount(rack, weights=state.gpu_power_w, minlength=len(count))
    rest_w = (state.rack_power_w - boards_w) / np.maximum(count, 1)
    it_w = state.gpu_power_w + rest_w[rack]
    summed_w = float(state.rack_power_w.sum())
    # the ledger sums over substeps, powers are those at the step's end
    scale_s = account.rack_j / summed_w if summed_w > 0.0 else 0.0
    return StepShares(account, it_w * scale_s, state.gpu_power_w * dt_s)


def _over(amount: float, whole: float) -> float:
    return amount / whole if whole > 0.0 else math.nan
