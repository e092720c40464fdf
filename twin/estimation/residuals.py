"""Measured less believed temperature of each GPU, kept so that causes can be told apart.

Beside the corrected belief runs a free one: the chains of the GPUs, driven by measured power
and the believed coolant, never fed back. What was measured less that is a residual. It is
averaged over a minute; what each GPU has always been off by, in proportion to its rise over
its coolant, is learned over a day and taken away.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats
from site_models.plant import Plant
from twin.estimation.estimator import risen
from twin.estimation.sightings import Sighting, taken_in_c
from twin.servers.gpus import advance_gpus
from twin.state import INFERRED, Inputs, State
from twin.step import plain

QUICK_S = 60.0
"""Averages of a residual forget with this time constant."""
MOST_SHARE = 0.15
"""No single reading moves a quick average by more: readings far apart scatter as much."""
USUAL_S = 86_400.0
"""What is usual is learned over a day, at first over all that there is."""
LEARNING_S = 600.0
"""So long a GPU is watched before anything is said of it."""
LONGEST_S = 120.0
"""A pause between two readings counts as this at most."""
SUSPECT_K = 2.0
"""A residual is not the usual one from here on, or from so many of its own deviations."""
DEVIATIONS = 5.0
DEVIATION_K = 0.3
"""Taken for the deviation of a quick average before there is evidence: whole degrees."""
RIPE_S = 120.0
"""So long a residual must stay suspect."""


class Watch(NamedTuple):
    """What is remembered of residuals, one entry a GPU unless said otherwise."""

    gpu_temp_c: Floats
    """The free chain."""
    gpu_body_c: Floats
    memory_temp_c: Floats
    gpu_coolant_c: Floats
    seen_s: Floats
    """When it was last read; NaN: never."""
    watched_s: Floats
    """Time over which it was read."""
    free_c: Floats
    """Quick average of the free die."""
    rise_k: Floats
    """The same of its rise over what cools the node."""
    off_k: Floats
    """Quick average of the residual, the usual taken away."""
    memory_off_k: Floats
    """The same of the memory; NaN where none is read."""
    usual_square: Floats
    """Slow averages from which the usual follows: rise times rise, [K2]"""
    usual_product: Floats
    """rise times residual, [K2]"""
    usual_memory: Floats
    spread_square: Floats
    """off times off while it was well. [K2]"""
    suspect_s: Floats
    """How long `off_k` has been more than it should."""
    still_c: Floats
    """The reading that does not change; NaN: none."""
    still_s: Floats
    """Since when."""
    still_low_c: Floats
    """Between these the free chain has been since."""
    still_high_c: Floats
    still_times: Floats
    """Readings since."""


def watch_of(plant: Plant, state: State) -> Watch:
    """Return the memory of a watch that begins at a state."""
    zero, none = np.zeros(len(plant.gpu_names)), np.full(len(plant.gpu_names), np.nan)
    chain = (state.gpu_temp_c, state.gpu_body_c, state.memory_temp_c, state.gpu_coolant_c)
    blank = Watch(*(part.copy() for part in chain), *(zero.copy() for _ in range(16)))
    return blank._replace(
        seen_s=none.copy(), memory_off_k=none.copy(), still_c=none.copy(), still_s=none.copy()
    )


def free_chain(
    plant: Plant, watch: Watch, state: State, inputs: Inputs, inlet_c: Floats, h_s: float
) -> Watch:
    """Return the watch with its chains moved by a step under believed flow and coolant."""
    n = len(plant.gpu_names)
    free = state._replace(
        gpu_temp_c=watch.gpu_temp_c.copy(),
        gpu_body_c=watch.gpu_body_c.copy(),
        memory_temp_c=watch.memory_temp_c.copy(),
        gpu_coolant_c=watch.gpu_coolant_c.copy(),
        gpu_power_w=state.gpu_power_w.copy(),
        gpu_clock_ratio=np.ones(n),
        gpu_event_reasons=np.zeros(n, np.int64),
        gpu_off=state.gpu_off.copy(),
        node_inlet_c=inlet_c,
    )
    advance_gpus(plant.arrays, free, plain(inputs), h_s, np.zeros(len(inlet_c)))
    return watch._replace(
        gpu_temp_c=free.gpu_temp_c,
        gpu_body_c=free.gpu_body_c,
        memory_temp_c=free.memory_temp_c,
        gpu_coolant_c=free.gpu_coolant_c,
    )


def watched(
    plant: Plant,
    watch: Watch,
    state: State,
    rise_k: Floats,
    inputs: Inputs,
    seen: Sighting | None,
    dt_s: float,
) -> Watch:
    """Return the watch after a step and what was seen at its end.

    `state` is the believed one before its correction, `rise_k` what it was stepped with.
    Only GPUs whose own power is known are judged. Checked with faults injected in the rig,
    ``benchmarks/validation/residuals.py`` and ``tests/twin/estimation/test_residuals.py``.
    """
    direct = np.zeros(len(rise_k), np.bool_) if seen is None else ~np.isnan(seen.node_inlet_c)
    told_k = np.where(direct, rise_k, 0.0)
    inlet_c = taken_in_c(plant, state, told_k)
    watch = free_chain(risen(plant, told_k), watch, state, inputs, inlet_c, dt_s)
    if seen is None:
        return watch
    there = ~np.isnan(seen.gpu_temp_c) & (inputs.gpu_power_basis < INFERRED)
    since_s = np.where(np.isnan(watch.seen_s), dt_s, state.time_s - watch.seen_s)
    since_s = np.clip(since_s, 0.0, LONGEST_S)
    rise = watch.gpu_temp_c - inlet_c[plant.arrays.gpus.node]
    watch = _averaged(watch, seen, rise, there, since_s)
    watch = watch._replace(seen_s=np.where(there, state.time_s, watch.seen_s))
    return _still(watch, seen.gpu_temp_c, there, state.time_s)


def _averaged(watch: Watch, seen: Sighting, rise: Floats, there: Flags, since_s: Floats) -> Watch:
    """Return the watch with quick and slow averages after readings."""
    age_s = watch.watched_s + since_s
    quick = np.where(there, np.minimum(1.0 - np.exp(-since_s / QUICK_S), MOST_SHARE), 0.0)
    raw_k = seen.gpu_temp_c - watch.gpu_temp_c
    raw_memory_k = seen.memory_temp_c - watch.memory_temp_c
    square = np.maximum(watch.usual_square, 1.0)
    off_now = raw_k - rise * watch.usual_product / square
    memory_now = raw_memory_k - rise * watch.usual_memory / square
    off_k = _toward(watch.off_k, off_now, quick)
    memory_k = np.where(np.isnan(watch.memory_off_k), memory_now, watch.memory_off_k)
    memory_k = _toward(memory_k, memory_now, np.where(np.isnan(memory_now), 0.0, quick))
    far = np.abs(off_k) > limit_k(watch)
    learning = age_s < LEARNING_S
    well = there & (learning | (np.abs(off_k) < 0.5 * limit_k(watch)))
    slow = np.where(well, np.minimum(since_s / np.minimum(age_s, USUAL_S), 1.0), 0.0)
    with_memory = np.where(np.isnan(raw_memory_k), 0.0, slow)
    return watch._replace(
        watched_s=np.where(there, age_s, watch.watched_s),
        free_c=_toward(watch.free_c, watch.gpu_temp_c, quick),
        rise_k=_toward(watch.rise_k, rise, quick),
        off_k=off_k,
        memory_off_k=memory_k,
        usual_square=_toward(watch.usual_square, rise * rise, slow),
        usual_product=_toward(watch.usual_product, rise * raw_k, slow),
        usual_memory=_toward(watch.usual_memory, rise * raw_memory_k, with_memory),
        spread_square=_toward(watch.spread_square, off_k * off_k, np.where(learning, 0.0, slow)),
        suspect_s=np.where(
            there, np.where(far & ~learning, watch.suspect_s + since_s, 0.0), watch.suspect_s
        ),
    )


def _still(watch: Watch, read_c: Floats, there: Flags, time_s: float) -> Watch:
    """Return the watch with how long each sensor has said the same, and what it should have."""
    same = there & (read_c == watch.still_c)
    new = there & ~same
    free_c = watch.gpu_temp_c
    low_c, high_c = np.fmin(watch.still_low_c, free_c), np.fmax(watch.still_high_c, free_c)
    return watch._replace(
        still_c=np.where(new, read_c, watch.still_c),
        still_s=np.where(new, time_s, watch.still_s),
        still_low_c=np.where(new, free_c, np.where(same, low_c, watch.still_low_c)),
        still_high_c=np.where(new, free_c, np.where(same, high_c, watch.still_high_c)),
        still_times=np.where(new, 1.0, watch.still_times + same),
    )


def limit_k(watch: Watch) -> Floats:
    """Return from where on a residual is not the usual one."""
    spread_k = np.sqrt(np.maximum(watch.spread_square, DEVIATION_K**2))
    most: Floats = np.maximum(SUSPECT_K, DEVIATIONS * spread_k)
    return most


def _toward(before: Floats, now: Floats, share: Floats) -> Floats:
    """Return averages moved by a share toward what is now; NaN moves nothing."""
    return np.where(
        share > 0.0, before + share * (np.where(share > 0.0, now, 0.0) - before), before
    )
