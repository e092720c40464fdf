"""Energy, water, cost and carbon of a site over an interval, and the ratios made of them.

Meter boundaries, from the outside in: `site` (utility meters), `rack` (rack inlets: what is
called IT, category 3 of ISO/IEC 30134-2), `node` (node inlets), `compute` (behind the nodes'
supplies, without their fans), `gpu` (boards). CDU pumps, room units and everything outdoors
are cooling; node fans are IT. Equations: ENGINEERING section 6, after ISO/IEC 30134.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

from site_models.plant import Plant
from twin.accounts.step_sums import Held, held_sum
from twin.physics.converters import converter_output_w
from twin.physics.movers import cube_law_power_w
from twin.state import State


@dataclass(frozen=True, slots=True)
class Terms:
    """What an account is charged by. Without a series its total is unknown: NaN."""

    price_usd_per_j: Held | None = None
    carbon_kg_per_j: Held | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Totals from `start_s` to `end_s` (seconds since the epoch, UTC).

    `accounted_s` is shorter than that where a run left a gap. Electrical energy in J by
    boundary; `site_j = rack_j + cooling_j + loss_j + battery_j`.
    """

    start_s: float
    end_s: float
    accounted_s: float = 0.0
    site_j: float = 0.0
    rack_j: float = 0.0
    node_j: float = 0.0
    """Racks without modelled nodes are not in it."""
    compute_j: float = 0.0
    """With the DC load of those racks, of whose fans nothing is known."""
    gpu_j: float = 0.0
    cooling_j: float = 0.0
    battery_j: float = 0.0
    """Put into batteries; below 0: taken out of them. What they gave counts as consumed."""
    loss_j: float = 0.0
    """Of the power chain between utility meters and racks, pumps, fans and chillers."""
    reused_j: float = 0.0
    """Heat handed to others outside the site."""
    evaporated_kg: float = 0.0
    drift_kg: float = 0.0
    blowdown_kg: float = 0.0
    cost_usd: float = 0.0
    emissions_kg: float = 0.0
    """CO2 equivalent of the electricity taken in."""

    @property
    def water_kg(self) -> float:
        """Make-up water: what evaporated, drifted off and was blown down."""
        return self.evaporated_kg + self.drift_kg + self.blowdown_kg

    @property
    def pue(self) -> float:
        """Power usage effectiveness, site less batteries over rack. NaN without IT, as below."""
        return _over(self.site_j - self.battery_j, self.rack_j)

    @property
    def ppue_cooling(self) -> float:
        """Partial PUE of cooling: the zone is IT and all that cools it."""
        return _over(self.rack_j + self.cooling_j, self.rack_j)

    @property
    def ppue_power(self) -> float:
        """Partial PUE of the power chain: the zone is IT and the chain's losses."""
        return _over(self.rack_j + self.loss_j, self.rack_j)

    @property
    def wue_kg_per_j(self) -> float:
        """Water usage effectiveness: make-up water over IT energy."""
        return _over(self.water_kg, self.rack_j)

    @property
    def cue_kg_per_j(self) -> float:
        """Carbon usage effectiveness: emissions over IT energy."""
        return _over(self.emissions_kg, self.rack_j)

    @property
    def ere(self) -> float:
        """Energy reuse effectiveness: site energy less reused, over IT energy."""
        return _over(self.site_j - self.battery_j - self.reused_j, self.rack_j)

    @property
    def erf(self) -> float:
        """Energy reuse factor: reused over site energy."""
        return _over(self.reused_j, self.site_j)

    @property
    def itue(self) -> float:
        """IT power usage effectiveness: into the racks over into compute components.

        Fans, supplies and shelves count as overhead. Regulators on GPU boards cannot be
        told apart from what they feed: they are inside `compute_j`.
        """
        return _over(self.rack_j, self.compute_j)

    @property
    def tue(self) -> float:
        """Total power usage effectiveness: ITUE times PUE."""
        return self.itue * self.pue

    def __add__(self, other: "Account") -> "Account":
        """Return the account of two intervals, the later one added to the earlier."""
        if other.start_s < self.end_s - 1e-3:
            raise ValueError(f"expected a start after {self.end_s}, got {other.start_s}")
        totals = {
            item.name: getattr(self, item.name) + getattr(other, item.name)
            for item in fields(Account)
            if item.name not in ("start_s", "end_s")
        }
        return Account(start_s=self.start_s, end_s=other.end_s, **totals)


def account_of_step(
    plant: Plant, state: State, dt_s: float, terms: Terms, reused_w: float = 0.0
) -> Account:
    """Return the account of the one step of `dt_s` seconds that ended in a state.

    Site and rack energy and water are the step's own sums; what happens inside the racks and
    in cooling is the state at the step's end held over it, which is exact for steps of up to
    a second and for held loads. Losses are what remains, so the boundaries always add up.
    Raises InputError if a price or carbon series does not cover the step. Checked for that
    sum, for additivity and against the recording in ``tests/twin/accounts/test_account.py``.
    """
    arrays, ledger = plant.arrays, state.ledger
    begun_s = state.time_s - dt_s
    nodes, racks = arrays.nodes, arrays.racks
    cooling_w = (
        state.circuit_mover_power_w.sum()
        + state.exchanger_fan_power_w.sum()
        + state.chiller_power_w.sum()
    )
    fans_w = cube_law_power_w(state.fan_speed, nodes.fan_power_max_w).sum()
    lumped = racks.lumped
    lumped_dc_w = converter_output_w(
        state.rack_power_w[lumped],
        racks.shelf_rating_w[lumped],
        racks.shelf_loss_fixed[lumped],
        racks.shelf_loss_linear[lumped],
        racks.shelf_loss_square[lumped],
    ).sum()
    cooling_j = float(cooling_w) * dt_s
    mean_w = ledger.energy_in_j / dt_s
    return Account(
        start_s=begun_s,
        end_s=state.time_s,
        accounted_s=dt_s,
        site_j=ledger.energy_in_j,
        rack_j=ledger.it_energy_j,
        node_j=float(state.node_power_w.sum()) * dt_s,
        compute_j=float(state.node_dc_power_w.sum() - fans_w + lumped_dc_w) * dt_s,
        gpu_j=float(state.gpu_power_w.sum()) * dt_s,
        cooling_j=cooling_j,
        battery_j=ledger.battery_j,
        loss_j=ledger.energy_in_j - ledger.it_energy_j - cooling_j - ledger.battery_j,
        reused_j=reused_w * dt_s,
        evaporated_kg=ledger.evaporated_kg,
        drift_kg=ledger.drift_kg,
        blowdown_kg=ledger.water_kg - ledger.evaporated_kg - ledger.drift_kg,
        cost_usd=mean_w * _sum(terms.price_usd_per_j, begun_s, state.time_s),
        emissions_kg=mean_w * _sum(terms.carbon_kg_per_j, begun_s, state.time_s),
    )


def account_of(plant: Plant, steps: Iterable[tuple[State, float]], terms: Terms) -> Account:
    """Return the account of a run: each state with the length of the step that led to it.

    ValueError for no step at all.
    """
    total: Account | None = None
    for state, dt_s in steps:
        one = account_of_step(plant, state, dt_s, terms)
        total = one if total is None else total + one
    if total is None:
        raise ValueError("steps: expected at least one")
    return total


def _sum(series: Held | None, start_s: float, end_s: float) -> float:
    return math.nan if series is None else held_sum(series, start_s, end_s)


def _over(amount: float, whole: float) -> float:
    return amount / whole if whole > 0.0 else math.nan
