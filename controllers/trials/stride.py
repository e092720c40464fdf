"""A step in fewer substeps than the twin's own: what makes weeks of a site playable."""

import numpy as np

from site_models.plant import Plant
from twin.state import Inputs, Ledger, State
from twin.step import advance, copied, plain


def stride(plant: Plant, state: State, inputs: Inputs, span_s: float, substeps: int) -> State:
    """Return the state `span_s` later, with heats held for a substep and inputs for all of it.

    As `twin.step.step` otherwise: pure, and its ledger closes. How far substeps of fifteen
    seconds are from the twin's own is in ``tests/controllers/experiments/test_placement_week.py``.
    """
    new = copied(state)
    ledger = advance(plant.arrays, new, plain(inputs), span_s, substeps)
    battery_j = float(np.sum(new.feed_battery_j - state.feed_battery_j))
    return new._replace(time_s=state.time_s + span_s, ledger=Ledger(*ledger, battery_j))
