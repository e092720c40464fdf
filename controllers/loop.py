"""The one loop of every world: read, believe, step, decide, act, tell."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from controllers.digest import FIRST, chained
from controllers.learner import Learned, Learner, nothing_learned
from controllers.policy import View
from controllers.site_power import metered_site_w
from controllers.snapshot import LONGEST_STEP_S, Snapshot, World
from controllers.supervision.supervisor import Supervisor
from controllers.surroundings import Around, Surroundings
from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.source import Source
from twin.estimation.residual_causes import Cause, line_of
from twin.state import Inputs, State
from twin.step import step

GAP_S = 120.0
"""A longer time between frames is said in the health lines."""
BALANCE_LIMIT = 1e-6
"""Energy unaccounted for, over energy in, above which the health lines say so."""

Believe = Callable[[Frame, Inputs, State], Inputs]
"""A frame, the inputs and the state before it -> inputs without NaN: `twin.inputs.Believer`."""


class Progress(NamedTuple):
    """All that the loop remembers from tick to tick; with the supervisor's memory, all."""

    state: State
    inputs: Inputs
    gpu_own_s: Floats
    """When each GPU's newest reading of its own was taken; -inf: never. Shape (GPUs,)"""
    gpu_meter_s: Floats
    """The same of the newest meter that stands above it: its node's, its rack's."""
    learned: Learned
    """What measured temperatures have taught."""
    tick: int = 0
    skipped: int = 0
    """Frames left out because time did not advance."""
    gaps: int = 0
    digest: str = FIRST


def begun(plant: Plant, state: State, inputs: Inputs) -> Progress:
    """Return the progress of a run that starts from a state."""
    never_s = np.full(len(plant.gpu_names), -np.inf)
    return Progress(state, inputs, never_s, never_s.copy(), nothing_learned(plant, state))


class Loop:
    """Iterate over it to run it: one Snapshot a frame until the source ends.

    Live, replay and what-if differ in `source` and in the supervisor's actuator only. The
    source is the clock: the step to a frame is as long as the time since the frame before.
    A frame at which time has not advanced is left out and counted. `now_s` is the clock that
    live frames are aged by; without it frames are as old as they say.

    Where the plant itself changes while it runs, `in_force` says which one brought the
    newest frame: in a what-if the twin knows what has happened. `troubles` adds what is wrong
    with telemetry to the health lines. A `learner` corrects the belief by what was measured;
    the correction is no heat and stands in no step's ledger. `around` tells policies of jobs,
    of targets of the grid and of the hours ahead.

    `progress` belongs to the newest snapshot: store it with `controllers.checkpoint` and a
    resumed run ends in the same digest. Checked in ``tests/controllers/test_loop.py``.
    """

    def __init__(
        self,
        plant: Plant,
        source: Source,
        believe: Believe,
        supervisor: Supervisor,
        progress: Progress,
        mode: World = "REPLAY",
        label: str = "",
        now_s: Callable[[], float] | None = None,
        in_force: Callable[[], Plant] | None = None,
        troubles: Callable[[], tuple[str, ...]] | None = None,
        learner: Learner | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.plant, self.supervisor, self.progress = plant, supervisor, progress
        self._source, self._believe, self._now_s = source, believe, now_s
        self._in_force, self._troubles, self._learner = in_force, troubles, learner
        self._around = around
        self._mode: World = mode
        self.label = label

    def __iter__(self) -> Iterator[Snapshot]:
        """Run until the source ends."""
        while (frame := self._source.read()) is not None:
            began_s = time.perf_counter()
            last = self.progress
            dt_s = frame.time_s - last.state.time_s
            if not (dt_s > 0.0 or (dt_s == 0.0 and last.tick == 0)):
                self.progress = last._replace(skipped=last.skipped + 1)
                continue
            plant = self.plant if self._in_force is None else self._in_force()
            inputs = self._believe(frame, last.inputs, last.state)
            state, learned, causes = self._moved(plant, last, inputs, frame, dt_s)
            own_s, meter_s = taken_s(plant, frame)
            own_s = np.maximum(last.gpu_own_s, own_s)
            meter_s = np.maximum(last.gpu_meter_s, meter_s)
            seen_s = np.where(np.isfinite(own_s), own_s, meter_s)
            view = self._view(plant, state, inputs, frame, seen_s, dt_s)
            ruling = self.supervisor.rule(view)
            self.progress = Progress(
                state=state,
                inputs=inputs,
                gpu_own_s=own_s,
                gpu_meter_s=meter_s,
                learned=learned,
                tick=last.tick + 1,
                skipped=last.skipped,
                gaps=last.gaps + (dt_s > GAP_S),
                digest=chained(last.digest, frame, state, ruling.decision, ruling.order),
            )
            yield Snapshot(
                plant=plant,
                frame=frame,
                state=state,
                inputs=inputs,
                decision=ruling.decision,
                gpu_cap_w=ruling.gpu_cap_w,
                order=ruling.order,
                standings=ruling.standings,
                mode=self._mode,
                label=self.label,
                tick=self.progress.tick,
                wall_s=time.perf_counter() - began_s,
                dt_s=dt_s,
                digest=self.progress.digest,
                health=self._health(dt_s) + tuple(map(line_of, causes)) + ruling.health,
                causes=causes,
                rise_k=None if self._learner is None else learned.rise_k,
            )

    def _moved(
        self, plant: Plant, last: Progress, inputs: Inputs, frame: Frame, dt_s: float
    ) -> tuple[State, Learned, tuple[Cause, ...]]:
        """Return the state at a frame, what was learned from it, and what it points to."""
        if self._learner is None:
            return advanced(plant, last.state, inputs, dt_s, frame.time_s), last.learned, ()
        plant = self._learner.breathing(plant, last.learned)
        state = advanced(plant, last.state, inputs, dt_s, frame.time_s)
        return self._learner.look(state, last.learned, inputs, frame, min(dt_s, LONGEST_STEP_S))

    def _view(
        self,
        plant: Plant,
        state: State,
        inputs: Inputs,
        frame: Frame,
        seen_s: Floats,
        dt_s: float,
    ) -> View:
        now_s = frame.time_s if self._now_s is None else self._now_s()
        around = Around() if self._around is None else self._around.at(frame.time_s)
        return View(
            plant=plant,
            state=state,
            inputs=inputs,
            time_s=frame.time_s,
            dt_s=dt_s,
            frame_age_s=max(now_s - frame.time_s, 0.0),
            gpu_age_s=np.maximum(now_s - seen_s, 0.0),
            jobs=around.jobs,
            target=around.target,
            outlook=around.outlook,
            free=around.free,
            site_metered_w=metered_site_w(plant, frame),
        )

    def _health(self, dt_s: float) -> tuple[str, ...]:
        """Return what the loop itself has to say."""
        lines = []
        if self.progress.skipped:
            lines.append(f"{self.progress.skipped} frames left out: time did not advance")
        if dt_s > LONGEST_STEP_S:
            lines.append(f"gap of {dt_s:.0f} s: {LONGEST_STEP_S:.0f} s of it stepped")
        elif dt_s > GAP_S:
            lines.append(f"gap of {dt_s:.0f} s stepped with held inputs")
        error = self.progress.state.ledger.balance_error
        if not error <= BALANCE_LIMIT:
            lines.append(f"energy balance off by {error:.1e}")
        return (*lines, *(self._troubles() if self._troubles else ()))


def advanced(plant: Plant, state: State, inputs: Inputs, dt_s: float, time_s: float) -> State:
    """Return the state at `time_s`; a long gap is stepped in part, see LONGEST_STEP_S."""
    if dt_s == 0.0:
        return state
    after = step(plant, state, inputs, min(dt_s, LONGEST_STEP_S))
    return after._replace(time_s=time_s)


def taken_s(plant: Plant, frame: Frame) -> tuple[Floats, Floats]:
    """Return when the frame's newest readings on each GPU were taken: its own, and meters'.

    -inf: none. A meter speaks for a GPU only while the GPU has never spoken for itself: once
    it has, its silence is a fault and not a way of measuring.
    """
    node = plant.arrays.gpus.node
    rack = plant.arrays.nodes.rack[node]
    own_s, meter_s = np.full(len(node), -np.inf), np.full(len(node), -np.inf)
    for name in ("gpu_power_w", "gpu_power_avg_w", "gpu_temp_c"):
        own_s = np.maximum(own_s, _when_s(frame, name, len(node)))
    for name in ("node_power_w", "node_dc_power_w"):
        meter_s = np.maximum(meter_s, _when_s(frame, name, len(plant.node_names))[node])
    return own_s, np.maximum(meter_s, _when_s(frame, "rack_power_w", len(plant.rack_names))[rack])


def _when_s(frame: Frame, name: str, count: int) -> Floats:
    """Return when a signal's readings were taken; -inf where there is none."""
    if name not in frame.values:
        return np.full(count, -np.inf)
    values = frame.values[name]
    age_s = frame.age_s.get(name, np.zeros(count))
    return np.where(np.isnan(values) | np.isnan(age_s), -np.inf, frame.time_s - age_s)
