"""A rig under changing jobs, read by imperfect sensors, through a loop that learns."""

from collections.abc import Sequence

import numpy as np

from controllers.actuators.nobody import Nobody
from controllers.event import Event
from controllers.learner import Learner
from controllers.loop import Loop, begun
from controllers.simulated.course import Course
from controllers.simulated.rig import Rig
from controllers.simulated.rig_readings import Sensors
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.plant import Plant
from twin.inputs import Believer
from twin.start import first_state, idle_inputs
from twin.state import Inputs, State
from twin.steady import steady
from twin.unsolved import NotSettledError

START_S = 1_720_810_800.0
SENSORS = Sensors(seed=11, temperature_step_k=1.0, temperature_noise_k=0.5, power_noise=0.01)
"""Whole degrees that scatter by half a kelvin, power to one in a hundred."""
DAY_S = 86_400.0


class Jobs:
    """Power of GPUs under jobs that come and go: each half node has a load for some time.

    A job lasts `job_s`, begins at its own instant, and its GPUs differ by a few in a hundred.
    One in five is idle. Drawn from a seed, the same for the same time.
    """

    def __init__(self, plant: Plant, job_s: float, seed: int = 5) -> None:
        gpus = plant.arrays.gpus
        rank = np.arange(len(gpus.node)) - plant.arrays.nodes.first_gpu[gpus.node]
        half = 2 * rank >= plant.arrays.nodes.gpu_count[gpus.node]
        self._half = 2 * gpus.node + half
        self._idle_w, self._max_w = gpus.idle_power_w, gpus.power_max_w
        self._job_s, self._seed = job_s, seed
        chance = np.random.default_rng(seed)
        self._phase = chance.uniform(0.0, 1.0, 2 * len(plant.node_names))
        self._own = chance.uniform(0.94, 1.0, len(gpus.node))

    def __call__(self, time_s: float) -> Floats:
        """Return the power that each GPU's job asks for [W]."""
        turn = np.floor((time_s - START_S) / self._job_s + self._phase).astype(np.int64)
        share = np.empty(len(turn))
        for number in np.unique(turn):
            drawn = np.random.default_rng([self._seed, int(number) + 10]).uniform(
                0.2, 1.0, len(turn)
            )
            share = np.where(turn == number, np.where(drawn < 0.36, 0.0, drawn), share)
        asked_w = share[self._half] * self._own * self._max_w
        return np.maximum(asked_w, self._idle_w)


def air(time_s: float) -> tuple[float, float]:
    """Return a warm day's air: dry bulb and wet bulb [C]."""
    turn = np.sin(2.0 * np.pi * (time_s - START_S) / DAY_S)
    return 28.0 + 6.0 * float(turn), 20.0 + 2.0 * float(turn)


def learning_loop(
    plant: Plant,
    seconds: float,
    dt_s: float,
    job_s: float,
    events: Sequence[Event] = (),
    sensors: Sensors = SENSORS,
) -> Loop:
    """Return a loop on a rig that plays events, from rest under its first jobs.

    The twin reads sensors alone: it has the plant as built and is told of no event.
    """
    jobs = Jobs(plant, job_s)
    inputs = idle_inputs(plant, *air(START_S))._replace(gpu_power_w=jobs(START_S))
    state = at_rest(plant, inputs)
    course = Course(plant, events, START_S)
    rig = Rig(plant, state, inputs, jobs, air, dt_s, START_S + seconds, sensors, course)
    supervisor = Supervisor(plant, {}, Nobody(plant))
    start = begun(plant, state, inputs)
    return Loop(
        plant, rig, Believer(plant, air), supervisor, start, "REPLAY", learner=Learner(plant)
    )


def at_rest(plant: Plant, inputs: Inputs) -> State:
    """Return a state to begin from."""
    try:
        return steady(plant, inputs, START_S)
    except NotSettledError:
        return first_state(plant, inputs, START_S)
