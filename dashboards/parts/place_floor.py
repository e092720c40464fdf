"""The floor with the places on it: as it is, or as it would be with one of them taken."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dashboards.index import Index
from dashboards.parts.floor import floor_colours, floor_signals
from dashboards.parts.place_answer import badges
from dashboards.parts.place_asked import SLOTS, Kept, answer_of, change_of, picked
from dashboards.parts.tiles import Colouring
from dashboards.summary import Summary

SIGNAL = "rack_gpu_temp_max_c"
VIEWS = ("Now", *(f"With {slot}" for slot in SLOTS))
"""What the floor can show; the hottest GPU of each rack in all of them."""


class Shown(NamedTuple):
    """What to draw beside the present; hashable, so that it is computed once a tick."""

    view: str = VIEWS[0]
    badges: tuple[tuple[int, str], ...] = ()
    """Racks to point out, and as what."""
    changed: tuple[tuple[int, float, float], ...] = ()
    """Rack, its hottest GPU with the job [C], power that the job adds at its GPUs [W]."""


def shown_of(index: Index, kept: Kept | None, slots: list[int], view: str) -> Shown:
    """Return what to draw of an answer and the two places picked."""
    if kept is None:
        return Shown(VIEWS[0])
    chosen = picked(kept, slots)
    marks = tuple(badges(index, answer_of(kept), chosen).items())
    slot = VIEWS.index(view) - 1 if view in VIEWS else -1
    if not 0 <= slot < len(chosen):
        return Shown(VIEWS[0], marks)
    racks = change_of(kept, chosen[slot]).racks
    return Shown(view, marks, tuple((one.rack, one.gpu_temp_c, one.added_w) for one in racks))


def place_colours(index: Index, now: Summary, shown: Shown) -> Colouring:
    """Return the floor at one tick; changed racks have their predicted value and the change.

    The job's own nodes may be cooler than the rest of their rack: the warmer of both counts.
    """
    signal = floor_signals(index)[SIGNAL]
    present_c = now.rack[SIGNAL]
    plain = floor_colours(index, signal, now)
    values_c, notes, tips = present_c.copy(), list(plain.notes), list(plain.tips)
    for rack, gpu_temp_c, added_w in shown.changed:
        values_c[rack] = np.fmax(present_c[rack], gpu_temp_c)
        step_k = values_c[rack] - present_c[rack]
        sign = "+" if step_k >= 0.0 else "−"
        notes[rack] = f"{index.plant.rack_names[rack]} {sign}{abs(step_k):.0f} K"
        if tips:
            tips[rack] += (
                f"\nwith the job: {gpu_temp_c:.1f} °C at its GPUs, {added_w / 1e3:+.1f} kW there"
            )
    title = plain.title if shown.view == VIEWS[0] else f"{plain.title}, w{shown.view[1:]}"
    return replace(
        plain,
        title=title,
        values=signal.shown(values_c),
        levels=signal.levels(values_c),
        marked=[rack for rack, _ in shown.badges],
        badges=[mark for _, mark in shown.badges],
        notes=notes,
        tips=tips,
    )
