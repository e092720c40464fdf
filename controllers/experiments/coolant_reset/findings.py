"""What was asked of the coolant reset, and what came out."""

from collections.abc import Iterator, Sequence

import numpy as np

from controllers.cooling.reset_by_need import CoolantReset
from controllers.experiment import Finding, at_least, at_most
from controllers.experiments.coolant_reset.trials import (
    FIXED,
    FLOW_FIRST,
    OURS,
    PREDICTIVE,
    RESET_TRIAL,
    TEMPERATURE_FIRST,
    Trial,
)

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
                    f"{_why_alike(ours, rule)}; {_possible(ours, name)}",
                )  # fmt: skip
            yield from _kept(where, ours, by_name[site, week, TEMPERATURE_FIRST])
        elif policy == PREDICTIVE:
            reset = by_name[site, week, RESET_TRIAL]
            yield from _kept(f"{where}, {PREDICTIVE}", ours, reset)
            yield at_least(
                f"{where}, {PREDICTIVE}: energy at the meters below coolant reset",
                100.0 * (1.0 - ours.played.use.site_j / reset.played.use.site_j), 0.0, "%",
                "what it moved did not pay within its horizon",
            )  # fmt: skip


def _kept(where: str, trial: Trial, other: Trial) -> Iterator[Finding]:
    """Yield what no saving may cost; `other` is told beside it."""
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
                  f"for {_over(trial)}: a loop's load rises within a minute, faster than its unit's"
                  f" valve follows; {other.policy}: {other.played.use.warmest_over_k:.2g} K, for"
                  f" {_over(other)}")  # fmt: skip


def _over(trial: Trial) -> str:
    """Return how long a supply was over what its equipment accepts, out of how long."""
    hours = len(trial.played.hour)
    return f"{trial.played.use.over_s / 60.0:.1f} min of {hours} h"


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


def _possible(ours: Trial, rule: str) -> str:
    """Return how far below a rule anything could be, by the hours at rest."""
    best_w = sum(hour.best_w for hour in ours.rests)
    ours_w = sum(hour.ours_w for hour in ours.rests)
    rule_w = sum(hour.rules_w[rule] for hour in ours.rests)
    if not np.isfinite(best_w + ours_w + rule_w) or best_w <= 0.0:
        return "the hours searched find no rest"
    return (
        f"in {len(ours.rests)} hour(s) at rest the best setpoints in hindsight are"
        f" {1.0 - best_w / rule_w:.1%} below the rule, ours {1.0 - ours_w / rule_w:.1%}"
    )
