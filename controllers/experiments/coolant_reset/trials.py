"""Every policy over every week of a site, under the same work and weather."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from controllers.coil_cost import may_be_staged
from controllers.experiment import Setting
from controllers.experiments.coolant_reset.baselines import Fixed, coldest_setpoints_c
from controllers.experiments.coolant_reset.hindsight import Rest, at_rest
from controllers.experiments.coolant_reset.loads import week_of_work
from controllers.experiments.coolant_reset.meter import Played
from controllers.experiments.coolant_reset.play import LEAD_S, play
from controllers.experiments.coolant_reset.trim_and_respond import TrimAndRespond
from controllers.experiments.coolant_reset.weeks import Span, spans
from controllers.policies.predictive import Predictive
from controllers.reset_by_need import CoolantReset
from controllers.water_loops import waters_of
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant

SITES = ("pilot", "frontier-like")
FULL_DAYS, QUICK_DAYS = 2, 1
"""Out of the middle of each week."""
QUICK_LEAD_S = 3 * 3600.0
PREDICTED_HOURS = {("frontier-like", "hot"): (24, 2)}
"""So many the predictive controller is tried beside the reset, from the start of the span:
fully, and where time is short. More is too dear: each plan runs the twin a dozen hours ahead."""
FULL_REST, QUICK_REST = (4, 16), (16,)
"""Hours of the span whose best setpoints are searched."""
UNHURRIED_S = 3600.0
"""A busy machine is no reason for another result: planning is never late here."""

FIXED, BUILT = "fixed, coldest water", "as built"
TEMPERATURE_FIRST, FLOW_FIRST = "trim and respond", "trim and respond, flow first"
OURS = "coolant reset"
WHOLE_SITE, ALIKE = "coolant reset, whole site", "coolant reset, coolers alike"
RESET_TRIAL, PREDICTIVE = "coolant reset, same hours", "predictive"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One policy over one span of one site."""

    site: str
    span: Span
    policy: str
    played: Played
    coldest_c: float
    """Of the fixed facility supply."""
    rests: tuple[Rest, ...] = ()
    """Of ours: what some hours draw at rest, and could have drawn."""


def trials(site: str, setting: Setting) -> Iterator[Trial]:
    """Yield the trials of a site in a fixed order."""
    plant = compile_site(site)
    days = QUICK_DAYS if setting.quick else FULL_DAYS
    lead_s = QUICK_LEAD_S if setting.quick else LEAD_S
    work = week_of_work(plant, days)
    for span in spans(setting.weather, days):
        coldest_c = coldest_setpoints_c(plant, span)
        water_c = float(coldest_c[plant.arrays.exchangers.cold_circuit < 0].max())
        done: dict[str, Played] = {}
        for name, policy in _policies(plant, coldest_c, setting.quick).items():
            done[name] = play(plant, policy, span, work, span.days * 86_400.0, lead_s)
            _tell(setting, site, span, name, done[name])
        asked = {name: done[name].asked for name in (TEMPERATURE_FIRST, FLOW_FIRST)}
        rests = at_rest(plant, span, work, asked, QUICK_REST if setting.quick else FULL_REST)
        for name, played in done.items():
            yield Trial(site, span, name, played, water_c, tuple(rests) if name == OURS else ())
        yield from _ahead(plant, span, work, water_c, setting)


def _policies(plant: Plant, coldest_c: Floats, quick: bool) -> dict[str, Any]:
    """Return the policies by name; the built setpoints are left out where time is short.

    Ours again with the IT's own fans and leakage weighed, where there are any, and with all
    coolers alike, where they are led apart.
    """
    reset, x = CoolantReset(), plant.arrays.exchangers
    found: dict[str, Any] = {FIXED: Fixed(coldest_c)}
    if not quick:
        found[BUILT] = Fixed(x.setpoint_c.copy())
    found[TEMPERATURE_FIRST] = TrimAndRespond(coldest_c, reset)
    found[FLOW_FIRST] = replace(found[TEMPERATURE_FIRST], flow_first=True)
    found[OURS] = reset
    if len(plant.gpu_names) and not quick:
        found[WHOLE_SITE] = replace(reset, it_weight=1.0)
    if any(may_be_staged(plant, one.holders, one.chillers) for one in waters_of(plant)):
        found[ALIKE] = replace(reset, led_k=0.0)
    return found


def _ahead(
    plant: Plant, span: Span, work: Floats, water_c: float, setting: Setting
) -> Iterator[Trial]:
    """Yield the predictive controller and the reset over the same, shorter time."""
    hours = PREDICTED_HOURS.get((plant.site, span.name), (0, 0))[setting.quick]
    if not hours:
        return
    for name, policy in (
        (RESET_TRIAL, CoolantReset()),
        (PREDICTIVE, Predictive(late_s=UNHURRIED_S)),
    ):
        played = play(plant, policy, span, work, 3600.0 * hours, QUICK_LEAD_S)
        _tell(setting, plant.site, span, name, played)
        yield Trial(plant.site, span, name, played, water_c)


def _tell(setting: Setting, site: str, span: Span, name: str, played: Played) -> None:
    used_j = played.use.cooling_j / 3.6e6
    setting.told(f"{site}, {span.name} week, {name}: {used_j:.0f} kWh of cooling")
