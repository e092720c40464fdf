"""A scenario on a plant: the rig that plays it, and what the twin may know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.jobs.work import Work
from controllers.scenario import (
    Scenario,
    fit_to_plant,
    load_scenario,
    scenario_path,
    site_name,
)
from controllers.simulated.course import Course
from controllers.simulated.demand import Demand
from controllers.simulated.job_list import listed_jobs, placed_jobs
from controllers.simulated.onset import Onset
from controllers.simulated.rig import Rig, Weather
from controllers.simulated.scenario_jobs import assigned
from controllers.surroundings import Surroundings
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.frame import Frame
from telemetry.recording import Recording
from twin.inputs import Believer
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import rest_or_first


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A scenario ready to run."""

    scenario: Scenario
    path: Path
    rig: Rig
    believe: Callable[[Frame, Inputs, State], Inputs]
    work: Work
    """The jobs that run by a profile, and what they used and made."""
    around: Surroundings
    """What policies are told beside the plant: its targets may be set."""

    @property
    def label(self) -> str:
        """Return what a banner says of it."""
        kinds = ", ".join(f"{e.kind} {e.target} at {e.at_s:g} s" for e in self.scenario.events)
        return f"scenario {self.path.stem}: {kinds or 'no event'}"


def staged(
    name: str,
    plant: Plant,
    weather: Weather,
    dt_s: float,
    onset: Onset | None = None,
    job_list: Path | None = None,
) -> WhatIf:
    """Return a scenario, by its name or file, on a plant: see `staged_from`.

    The jobs of `job_list`, a recording, come to its own.
    """
    path = scenario_path(name)
    scenario = load_scenario(path)
    if plant.site != site_name(scenario, path):
        raise InputError(f"{path}: site: {scenario.site!r}, the site asked for is {plant.site!r}")
    if job_list is not None:
        fit_to_plant(scenario, plant, path)
        listed = placed_jobs(listed_jobs(Recording(job_list)), plant, scenario).jobs
        scenario = scenario.model_copy(update={"jobs": (*scenario.jobs, *listed)})
    return staged_from(scenario, path, plant, weather, dt_s, onset)


def staged_from(
    scenario: Scenario,
    path: Path,
    plant: Plant,
    weather: Weather,
    dt_s: float,
    onset: Onset | None = None,
    thermal_control: bool = True,
    rest: State | None = None,
) -> WhatIf:
    """Return a scenario on a plant at rest under its first load, or from an onset.

    From an onset it starts then and there: GPUs without a job go on with what they drew, and
    the outdoor air stays as it was unless the scenario says otherwise. InputError, one line,
    where the scenario does not fit the plant. `rest` is the state at rest where it is known.
    """
    if onset is not None:
        scenario, weather = onset.scenario(scenario), onset.air
    elif scenario.recording_time is not None:
        raise InputError(f"{path}: recording_time: expected a recording to start from (--from)")
    if dt_s > scenario.duration_s:
        raise InputError(
            f"{path}: duration_s: {scenario.duration_s:g}, expected at least a time step, {dt_s:g}"
        )
    fit_to_plant(scenario, plant, path)
    course = Course(plant, scenario.events, scenario.start_s)
    try:
        work = Work(plant, assigned(scenario, plant, path))
    except InputError as error:
        known = str(error).startswith(str(path))
        raise InputError(str(error) if known else f"{path}: {error}") from None
    before_w = None if onset is None else onset.inputs.gpu_power_w
    demand = Demand(plant, scenario, path, course, work, before_w)
    outdoors = weather if scenario.weather is None else _constant(scenario)
    start_s = scenario.start_s
    first = idle_inputs(plant, *outdoors(start_s)) if onset is None else onset.inputs
    inputs = first._replace(
        gpu_power_w=demand(start_s),
        gpu_power_basis=np.full(len(plant.gpu_names), MODELLED, dtype=np.int64),
    )
    if rest is not None:
        state = rest
    elif onset is None:
        state = rest_or_first(plant, inputs, start_s)
    else:
        state = onset.state._replace(time_s=start_s)
    rig = Rig(
        plant,
        state,
        inputs,
        demand,
        outdoors,
        dt_s,
        end_s=start_s + scenario.duration_s,
        course=course,
        thermal_control=thermal_control,
        told=demand.told,
        heeds=demand.heed,
    )
    around = Surroundings(outdoors, demand.jobs, free=demand.free)
    return WhatIf(scenario, path, rig, _Insider(rig, outdoors), work, around)


class _Insider:
    """Belief of a what-if: loads as the sensors tell them, plant and setpoints as they are.

    So a faulty sensor misleads the twin, and a fault of the plant does not surprise it.
    """

    def __init__(self, rig: Rig, outdoors: Weather) -> None:
        self._rig, self._outdoors = rig, outdoors

    def __call__(self, frame: Frame, before: Inputs, state: State) -> Inputs:
        believed = Believer(self._rig.plant, self._outdoors)(frame, before, state)
        true = self._rig.inputs
        return believed._replace(
            exchanger_setpoint_c=true.exchanger_setpoint_c,
            circuit_flow_share=true.circuit_flow_share,
        )


def _constant(scenario: Scenario) -> Weather:
    assert scenario.weather is not None
    air = (scenario.weather.dry_bulb_c, scenario.weather.wet_bulb_c)
    return lambda time_s: air
