"""The figures of the trials as columns and plots."""

from collections.abc import Mapping, Sequence
from typing import Any

from controllers.experiment import Curve, Plot
from controllers.experiments.coolant_reset.trials import (
    ALIKE,
    OURS,
    PREDICTIVE,
    RESET_TRIAL,
    WHOLE_SITE,
    Trial,
)

J_PER_KWH = 3.6e6
OF_OURS = (OURS, WHOLE_SITE, ALIKE, RESET_TRIAL, PREDICTIVE)


def columns(done: Sequence[Trial]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the figures of the baselines and of ours, a column for each policy."""
    baseline: dict[str, dict[str, Any]] = {}
    ours: dict[str, dict[str, Any]] = {}
    for one in done:
        of = ours if one.policy in OF_OURS else baseline
        for key, value in _figures(one).items():
            shown = round(value) if abs(value) >= 1000.0 else value
            of.setdefault(one.policy, {})[f"{one.site} {one.span.name} {key}"] = shown
    return baseline, ours


def _figures(trial: Trial) -> dict[str, float]:
    use = trial.played.use
    parts = {f"{name}_kwh": round(joules / J_PER_KWH, 1) for name, joules in use.parts_j.items()}
    return {
        "cooling_kwh": round(use.cooling_j / J_PER_KWH, 1),
        **parts,
        "server_fans_kwh": round(use.fans_j / J_PER_KWH, 1),
        "it_kwh": round(use.it_j / J_PER_KWH, 1),
        "site_kwh": round(use.site_j / J_PER_KWH, 1),
        "pue": round(use.site_j / use.it_j, 4),
        "water_l": round(use.water_kg, 0),
        "nearest_to_limit_k": round(min(use.closest_k, 999.0), 2),
        "warmest_over_k": round(use.warmest_over_k, 2),
        "over_min": round(use.over_s / 60.0, 1),
        "rack_flow_kg_per_s": round(use.flow_kg_per_s, 3),
        "work_held_back_kwh": round(use.held_j / J_PER_KWH, 3),
    }


def plots(done: Sequence[Trial]) -> tuple[Plot, ...]:
    """Return cooling power over the hours, a plot for each site and week."""
    found = []
    whole = [one for one in done if one.policy not in (RESET_TRIAL, PREDICTIVE, WHOLE_SITE)]
    for site, week in dict.fromkeys((one.site, one.span.name) for one in whole):
        mine = [one for one in whole if (one.site, one.span.name) == (site, week)]
        curves = tuple(
            Curve(one.policy, one.played.hour, one.played.cooling_w / 1e3) for one in mine
        )
        found.append(Plot(f"{site}, {week} week", "hours", "cooling power, kW", curves))
    return tuple(found)
