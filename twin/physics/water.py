"""Water that a site takes in: what evaporates, drifts off and is blown down."""

import math

from twin.physics.law import law

DRIFT_SHARE = 2e-5
"""Of a tower's circulating water that leaves as droplets. Source: ENGINEERING section 3."""


@law
def blowdown_kg(evaporated_kg: float, cycles: float) -> float:
    """Return the water drained so that salts stay at `cycles` times the make-up's [kg].

    What evaporates leaves its salts behind: drained = evaporated / (cycles - 1). The salt
    that goes with drift is left out, on the safe side by 0.002 % of the circulation. inf
    for 1 cycle or fewer. Source: ENGINEERING section 3. Checked by the balance of salt in
    ``tests/twin/physics/test_water.py``.
    """
    if cycles <= 1.0:
        return math.inf if evaporated_kg > 0.0 else 0.0
    return evaporated_kg / (cycles - 1.0)


@law
def make_up_kg(
    evaporated_kg: float, circulated_kg: float, drift_share: float, cycles: float
) -> float:
    """Return the water that an open tower takes in: evaporation, drift and blowdown [kg]."""
    return evaporated_kg + drift_share * circulated_kg + blowdown_kg(evaporated_kg, cycles)
