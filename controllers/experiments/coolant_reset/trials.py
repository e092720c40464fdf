"""Every policy over every week of a site, under the same work and weather."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controllers.cooling.coil_cost import may_be_staged
from controllers.cooling.reset_by_need import CoolantReset
from controllers.cooling.water_loops import waters_of
from controllers.experiment import Setting
from controllers.experiments.coolant_reset.baselines import Fixed, coldest_setpoints_c
from controllers.experiments.coolant_reset.hindsight import Rest
from controllers.experiments.coolant_reset.meter import Played
from controllers.experiments.coolant_reset.play import LEAD_S
from controllers.experiments.coolant_reset.side_by_side import Course, Hour, each, played, rested
from controllers.experiments.coolant_reset.trim_and_respond import TrimAndRespond
from controllers.experiments.coolant_reset.weeks import Span, spans
from controllers.policies.predictive import Predictive
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant

SITES = ("pilot", "frontier-like")
FULL_DAYS, QUICK_DAYS = 7, 1
"""The whole of each week; where time is short, its middle day."""
QUICK_LEAD_S = 3 * 3600.0
PREDICTED_HOURS = {("frontier-like", "hot"): (24, 2)}
"""So many the predictive controller is tried beside the reset, from the start of the span:
fully, and where time is short. More is too dear: each plan runs the twin a dozen hours ahead."""
FULL_REST, QUICK_REST = (76, 88), (16,)
"""Hours of the span, in its middle day, whose best setpoints are searched."""
UNHURRIED_S = 3600.0
"""A busy machine is no reason for another result: planning is never late here."""

FIXED, BUILT = "fixed, coldest water", "as built"
TEMPERATURE_FIRST, FLOW_FIRST = "trim and respond", "trim and respond, flow first"
RULES = (TEMPERATURE_FIRST, FLOW_FIRST)
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


def trials(sites: Sequence[str], setting: Setting) -> list[Trial]:
    """Return the trials of all sites in a fixed order."""
    days = QUICK_DAYS if setting.quick else FULL_DAYS
    courses, coldest_c = [], []
    for site in sites:
        plant = compile_site(site)
        for span in spans(setting.weather, days):
            fixed_c = coldest_setpoints_c(plant, span)
            water_c = float(fixed_c[plant.arrays.exchangers.cold_circuit < 0].max())
            added = [*_whole(site, plant, span, fixed_c, setting), *_ahead(site, span, setting)]
            courses += added
            coldest_c += [water_c] * len(added)
    done = []
    for course, play_c, use in zip(courses, coldest_c, each(played, courses), strict=True):
        used_j = use.use.cooling_j / 3.6e6
        where = f"{course.site}, {course.span.name} week, {course.name}"
        setting.told(f"{where}: {used_j:.0f} kWh of cooling")
        done.append(Trial(course.site, course.span, course.name, use, play_c))
    return _with_rests(done, QUICK_REST if setting.quick else FULL_REST)


def _with_rests(done: list[Trial], searched: Sequence[int]) -> list[Trial]:
    """Return the trials, ours with some hours at rest."""
    by_name = {(one.site, one.span.name, one.policy): one.played for one in done}
    ours = [one for one in done if one.policy == OURS]
    hours = []
    for one in ours:
        rules = {name: by_name[one.site, one.span.name, name].asked for name in RULES}
        for hour in searched:
            asked = {name: rule[hour] for name, rule in rules.items()}
            hours.append(Hour(one.site, one.span, hour, asked))
    rests = list(each(rested, hours))
    many = len(searched)
    found = {id(one): tuple(rests[many * n : many * (n + 1)]) for n, one in enumerate(ours)}
    return [replace(one, rests=found.get(id(one), ())) for one in done]


def _whole(
    site: str, plant: Plant, span: Span, fixed_c: Floats, setting: Setting
) -> Iterator[Course]:
    """Yield every policy over the whole of a span."""
    lead_s = QUICK_LEAD_S if setting.quick else LEAD_S
    for name, policy in _policies(plant, fixed_c, setting.quick).items():
        yield Course(site, span, name, policy, span.days * 86_400.0, lead_s)


def _policies(plant: Plant, coldest_c: Floats, quick: bool) -> dict[str, Any]:
    """Return the policies by name; some are left out where time is short.

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
    apart = any(may_be_staged(plant, one.holders, one.chillers) for one in waters_of(plant))
    if apart and not quick:
        found[ALIKE] = replace(reset, led_k=0.0)
    return found


def _ahead(site: str, span: Span, setting: Setting) -> Iterator[Course]:
    """Yield the predictive controller and the reset over the same, shorter time."""
    hours = PREDICTED_HOURS.get((site, span.name), (0, 0))[setting.quick]
    if not hours:
        return
    for name, policy in (
        (RESET_TRIAL, CoolantReset()),
        (PREDICTIVE, Predictive(late_s=UNHURRIED_S)),
    ):
        yield Course(site, span, name, policy, 3600.0 * hours, QUICK_LEAD_S)
