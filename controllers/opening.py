"""From the SPEC of a source to its frames on a regular grid."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from controllers.live import open_live
from controllers.outdoors import outdoors_of
from controllers.simulated.what_if import staged
from controllers.wish import SCENARIO, Wish
from site_models.errors import InputError
from site_models.plant import Plant
from site_models.site import load_site
from telemetry.finding import find_sources, is_live
from telemetry.frame import Frame
from telemetry.held import Held
from telemetry.recording.job_log import Told
from telemetry.source import Source

IDLE_START_S = 1_720_810_800.0
"""When a run without telemetry begins: 2024-07-12 19:00 UTC, as the demo does."""


class JobsTold(NamedTuple):
    """Which jobs ran while a recording was made."""

    log: Sequence[Told]
    recorded_s: Callable[[float], float]
    """A frame's time as the recording has it."""


class Opened(NamedTuple):
    """A SPEC as it was opened."""

    source: Source
    label: str
    """What the banner says of its frames."""
    told: JobsTold | None = None


def open_spec(spec: str, plant: Plant, wish: Wish, after_s: float = -np.inf) -> Opened:
    """Return the frames of a SPEC on a regular grid, those after `after_s` alone.

    InputError for a SPEC that nothing here opens.
    """
    scheme, _, argument = spec.partition(":")
    if scheme == "idle":
        start_s = IDLE_START_S if after_s < IDLE_START_S else after_s + wish.dt_s
        return Opened(_Idle(plant, start_s, wish), "no telemetry: every GPU taken as idle")
    if spec.startswith(SCENARIO):
        outdoors = outdoors_of(load_site(wish.site).location)
        what_if = staged(argument, plant, outdoors, wish.dt_s)
        return Opened(what_if.rig, what_if.label)
    found = find_sources()
    if scheme not in found:
        known = ", ".join(sorted([*found, "idle", "scenario"]))
        raise InputError(f"source {spec!r}: expected one of: {known}")
    module, span = found[scheme], (wish.from_s, wish.to_s, wish.loop)
    if is_live(module) or wish.also:
        live = open_live((spec, *wish.also), plant, wish.dt_s)
        return Opened(live, live.label)
    opened = module.open_source(argument, plant, *span)
    log = module.job_log(argument) if hasattr(module, "job_log") else ()
    told = JobsTold(log, opened.recorded_s) if log else None
    return Opened(Held(opened, wish.dt_s, after_s, wish.to_s), opened.label, told)


class _Idle:
    """Frames that say nothing: the plant idles along."""

    def __init__(self, plant: Plant, start_s: float, wish: Wish) -> None:
        self.axes: Mapping[str, Sequence[str]] = {"gpu": plant.gpu_names}
        self._time_s, self._dt_s, self._to_s = start_s, wish.dt_s, wish.to_s

    def read(self) -> Frame | None:
        if self._time_s > self._to_s:
            return None
        frame = Frame(self._time_s, {})
        self._time_s += self._dt_s
        return frame
