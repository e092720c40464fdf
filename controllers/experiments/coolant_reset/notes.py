"""The protocol of the coolant reset, a line each."""

from collections.abc import Iterator, Sequence

import numpy as np

from controllers.experiment import Setting
from controllers.experiments.coolant_reset.play import SUBSTEP_S
from controllers.experiments.coolant_reset.trials import (
    ALIKE,
    FLOW_FIRST,
    OURS,
    PREDICTIVE,
    TEMPERATURE_FIRST,
    WHOLE_SITE,
    Trial,
)


def notes(done: Sequence[Trial], setting: Setting) -> tuple[str, ...]:
    """Return the protocol, and what the best setpoints in hindsight would draw."""
    return (*_protocol(done, setting), *_policies(), *_hindsight(done))


def _protocol(done: Sequence[Trial], setting: Setting) -> tuple[str, ...]:
    played = "the middle day of each" if setting.quick else "each whole week"
    seen = {(one.site, one.span.name): one for one in done}
    weeks = sorted({(one.span.name, one.span.mean_wet_bulb_c) for one in done}, reverse=True)
    chosen = ", ".join(f"{name} {mean_c:.1f} °C" for name, mean_c in weeks)
    coldest = ", ".join(f"{s} {w} {one.coldest_c:.1f} °C" for (s, w), one in seen.items())
    return (
        f"Weeks: seven whole days of highest and of lowest mean wet bulb in the typical year of"
        f" Dallas ({chosen}), for both sites; played: {played}, after six hours (quick, and"
        " predictive: three) that are not counted.",
        "Work: seeded jobs of log-normal length, median 4 h, over racks or whole loops; one in"
        " eight stands idle, serving follows the day. The same for every policy.",
        f"Closed loop on the twin's own plant: a decision a minute, temperatures seen every 20 s,"
        f" substeps of {SUBSTEP_S:g} s (against 1 or 2 s they change some hours' cooling energy by"
        " about 0.1 %; 10 s are too long in the cold).",
        "Cooling energy is pumps, room fans, coolers and chillers. Fans of servers and leakage are"
        " IT: their change shows in the energy at the meters.",
        f"Fixed: the coldest facility supply that rated load lets the plant hold in every hour of"
        f" the whole week, no colder than 18 °C ({coldest}); loops above it as built, racks at"
        " their table's flow; chilled water and room air as built.",
        "Chosen on other weeks than those scored, the second hottest (24.1 °C) and the second"
        " coldest (3.8 °C), one day each: flows ready for a tenth of the way to full load, half a"
        " kelvin to what equipment accepts, how far coolers are led apart, and that server fans"
        " and leakage are not weighed, which there gives less cooling energy and more at the"
        " meters. How far coolant may stand above its water was widened after the hours searched in"
        " hindsight below had shown it: on frontier-like's unscored cold day that saved 6 %, on two"
        " days of its scored cool week it cost 11 % (2,097 against 1,885 kWh); it was kept for the"
        " former.",
        "What the reset weighs was compared with what the twin draws at rest on the pilot's middle"
        " day of the second hottest week, after two scored hot days had come out level with the"
        " rule. It had missed that chillers hold their water above their coolers' setpoint, the"
        " air that lumped racks draw and the heat of pumps: over 32 pairs of setpoints for room"
        " air up to 12 % off then, at most 0.1 % now. That unscored day: 1,230 kWh before, 1,201"
        " now, trim and respond 1,253.",
    )


def _policies() -> tuple[str, ...]:
    return (
        "Trim and respond: ASHRAE Guideline 36 logic and published parameters, the warm limits of"
        " our policy. It gives up cold before flow; the same rule in the other order, often the"
        " stronger, stands beside it.",
        f"{WHOLE_SITE}: server fans and leakage weigh as much as cooling. {ALIKE}: without leading"
        " some coolers to full fans over wet pads while the others run slow and dry. What that"
        " saves rests on pads being wetted by fans above 80 %, as the twin's coolers are, and is"
        " bought with make-up water (`water_l` below), which counts as 1 kWh a cubic metre.",
        f"{PREDICTIVE}: the first day (quick: two hours) of frontier-like's hot ones, the reset"
        " by need over the same hours beside it. It plans on the true plant and the true weather"
        " with work as it is, and weighs all that the site draws.",
    )


def _hindsight(done: Sequence[Trial]) -> Iterator[str]:
    """Yield a line for each site and week whose hours were searched."""
    for one in done:
        if one.policy != OURS or not one.rests:
            continue
        best_w, ours_w = (
            sum(hour.best_w for hour in one.rests),
            sum(hour.ours_w for hour in one.rests),
        )
        rules = ", ".join(
            f"{name} {sum(hour.rules_w[name] for hour in one.rests) / 1e3:.1f} kW"
            for name in (TEMPERATURE_FIRST, FLOW_FIRST)
        )
        if np.isfinite(best_w):
            yield (
                f"Best in hindsight, {one.site}, {one.span.name} week, {len(one.rests)} hour(s) at"
                f" rest, together: best {best_w / 1e3:.1f} kW, ours {ours_w / 1e3:.1f} kW, {rules}."
            )
