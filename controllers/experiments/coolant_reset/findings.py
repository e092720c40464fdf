"""What was asked of the coolant reset, and what came out."""

from collections.abc import Iterator, Sequence

from controllers.experiment import Finding, Setting, at_least, at_most
from controllers.experiments.coolant_reset.play import SUBSTEP_S
from controllers.experiments.coolant_reset.trials import (
    FIXED,
    FLOW_FIRST,
    FULL_DAYS,
    OURS,
    PREDICTIVE,
    QUICK_DAYS,
    RESET_TRIAL,
    TEMPERATURE_FIRST,
    Trial,
)
from controllers.reset_by_need import CoolantReset

BELOW_FIXED, BELOW_RULE = 25.0, 10.0
"""Per cent of cooling energy."""
RULE = CoolantReset()


def findings(done: Sequence[Trial]) -> Iterator[Finding]:
    """Yield a line for everything that was asked."""
    by_name = {(one.site, one.span.name, one.policy): one for one in done}
    for (site, week, policy), ours in by_name.items():
        where = f"{site}, {week} week"
        if policy == OURS:
            fixed = by_name[site, week, FIXED]
            yield at_least(
                f"{where}: cooling energy below fixed setpoints", _saved(ours, fixed),
                BELOW_FIXED, "%", _largest(ours),
            )  # fmt: skip
            for name in (TEMPERATURE_FIRST, FLOW_FIRST):
                rule = by_name[site, week, name]
                yield at_least(
                    f"{where}: cooling energy below {name}", _saved(ours, rule), BELOW_RULE, "%",
                    _why_alike(ours, rule),
                )  # fmt: skip
            yield from _kept(where, ours)
        elif policy == PREDICTIVE:
            yield from _kept(f"{where}, {PREDICTIVE}", ours)
            reset = by_name[site, week, RESET_TRIAL]
            yield at_least(
                f"{where}, {PREDICTIVE}: energy at the meters below coolant reset",
                100.0 * (1.0 - ours.played.use.site_j / reset.played.use.site_j), 0.0, "%",
                "what it moved did not pay within its horizon",
            )  # fmt: skip


def _kept(where: str, trial: Trial) -> Iterator[Finding]:
    """Yield what no saving may cost."""
    use = trial.played.use
    if use.closest_k < 1e6:
        yield at_least(f"{where}: nearest GPU or memory to its limit", use.closest_k,
                       RULE.margin_k, "K")  # fmt: skip
    rate = RULE.water_rate_k_per_min
    yield at_most(f"{where}: fastest water or coolant setpoint", use.fastest_k_per_min,
                  rate * (1.0 + 1e-9), "K/min")  # fmt: skip
    yield at_most(f"{where}: fastest air setpoint", use.fastest_air_k_per_min,
                  RULE.air_rate_k_per_min * (1.0 + 1e-9), "K/min")  # fmt: skip
    yield at_most(f"{where}: warmest supply over what its equipment accepts",
                  use.warmest_over_k, 0.0, "K",
                  "a supply swings about a setpoint close to the limit")  # fmt: skip


def _cooling_j(trial: Trial) -> float:
    return trial.played.use.cooling_j


def _saved(ours: Trial, other: Trial) -> float:
    return 100.0 * (1.0 - _cooling_j(ours) / _cooling_j(other))


def _largest(trial: Trial) -> str:
    """Return what most of the energy that is left goes to."""
    use = trial.played.use
    part, joules = max(use.parts_j.items(), key=lambda item: item[1])
    return f"{joules / use.cooling_j:.0%} of what is left goes to {part}"


def _why_alike(ours: Trial, rule: Trial) -> str:
    """Return what most of the rest goes to, and what the rule spends on the same."""
    use = ours.played.use
    part = max(use.parts_j, key=lambda name: use.parts_j[name])
    other_j = rule.played.use.parts_j[part]
    return (
        f"{_largest(ours)}: {use.parts_j[part] / 3.6e6:.0f} kWh,"
        f" with the rule {other_j / 3.6e6:.0f} kWh"
    )


def notes(done: Sequence[Trial], setting: Setting) -> tuple[str, ...]:
    """Return the protocol, a line each."""
    days = QUICK_DAYS if setting.quick else FULL_DAYS
    seen = {(one.site, one.span.name): one for one in done}
    weeks = sorted({(one.span.name, one.span.mean_wet_bulb_c) for one in done}, reverse=True)
    chosen = ", ".join(f"{name} {mean_c:.1f} °C" for name, mean_c in weeks)
    coldest = ", ".join(f"{s} {w} {one.coldest_c:.1f} °C" for (s, w), one in seen.items())
    return (
        f"Weeks: seven whole days of highest and of lowest mean wet bulb in the typical year of"
        f" Dallas ({chosen}), for both sites; played: {days} day(s) in the middle of each.",
        "Work: seeded jobs of log-normal length, median 4 h, over racks or whole loops; one in"
        " eight stands idle, serving follows the day. The same for every policy.",
        f"Closed loop on the twin's own plant: a decision a minute, temperatures seen every 20 s,"
        f" substeps of {SUBSTEP_S:g} s (against 1 s they change an hour's cooling energy by less"
        " than 0.1 %).",
        "Cooling energy is pumps, room fans, coolers and chillers. Fans of servers and leakage are"
        " IT: their change shows in the energy at the meters.",
        f"Fixed: the coldest facility supply that rated load lets the plant hold in every hour of"
        f" the whole week, no colder than 18 °C ({coldest}); loops above it as built, racks at"
        " their table's flow; chilled water and room air as built.",
        "One thing was chosen on a day that is scored: leakage and server fans were left out of"
        " what the reset weighs (`it_weight` 0) after the pilot's hot day, where weighing them"
        " reached 1.0 % below trim and respond in place of 3.6 %, with a lead of 6 h.",
        "Trim and respond: ASHRAE Guideline 36 logic and published parameters, the warm limits of"
        " our policy. It gives up cold before flow; the same rule in the other order is stronger"
        " here and stands beside it.",
    )
