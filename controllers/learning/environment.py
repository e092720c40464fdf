"""The rig as an environment of Gymnasium: actions are admitted as a policy's would be."""

from datetime import timedelta
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from controllers.actuators.admit import Rules, catalog_limits
from controllers.actuators.order import Order, default_order
from controllers.learning.sets import decided, move_groups, observed
from controllers.learning.spec import EnvironmentSpec, load_spec
from controllers.outdoors import outdoors_of
from controllers.scenario import Scenario, scenario_of
from controllers.simulated.rig import Rig
from controllers.simulated.what_if import staged_from
from controllers.supervision.orders import ordered, room_of
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.site import load_site
from twin.state import State

WIDEST = 10.0
"""Observations are cut here; scaled, they stay within about 1."""
STARTS_S = 1800.0
"""Episodes begin so far apart: each start is brought to rest once."""
LOADED = 1.05
"""A GPU asked for more than this multiple of its idle power has a load."""

Observed = NDArray[np.float32]


class PlantEnvironment(gymnasium.Env[Observed, Observed]):
    """Control a simulated plant in steps of `step_s`, for the horizon of its scenario.

    An action is admitted as a policy's would be: within the limits of devices and plant, no
    faster than the supervisor's rates. An episode is terminated when a GPU turned itself off,
    and truncated at the horizon. The same seed and actions give the same episode, bit for bit.
    `gymnasium.utils.env_checker` passes, and speed is a row of `twin bench`.

    >>> env = PlantEnvironment("pilot")
    >>> observation, info = env.reset(seed=1)
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - as the base class has it

    def __init__(self, spec: str = "pilot", render_mode: None = None) -> None:
        """Open an environment by the name of a shipped file or a path; InputError if it is none."""
        self.render_mode = render_mode
        self.spec_file: EnvironmentSpec
        self.spec_file, self._path = load_spec(spec)
        self.work = 1.0
        """Mean clock of the GPUs that have a load in the newest step; 1: full."""
        self._scenario = scenario_of(self.spec_file.scenario, self._path)
        self.plant = compile_site(self._scenario.site)
        self._weather = outdoors_of(load_site(self._scenario.site).location)
        self.rules, self._limits = Rules(), catalog_limits(self.plant)
        self._room = room_of(self.plant, self.rules)
        self._moves = [(move, move_groups(self.plant, move)) for move in self.spec_file.act]
        self._fresh = np.ones(len(self.plant.gpu_names), np.bool_)
        self._rests: dict[float, State] = {}
        self._rig, self._first_w = self._begun(self._scenario)
        count = sum(int(group.max()) + 1 for _, group in self._moves)
        self.action_space = spaces.Box(-1.0, 1.0, (count,), np.float32)
        size = len(self._observation())
        self.observation_space = spaces.Box(-WIDEST, WIDEST, (size,), np.float32)

    @property
    def order(self) -> Order:
        """Return what is in force."""
        return self._rig.order

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observed, dict[str, Any]]:
        """Begin an episode at rest under its first load."""
        super().reset(seed=seed)
        starts = 1 + int(self.spec_file.start_spread_s // STARTS_S)
        late_s = STARTS_S * int(self.np_random.integers(starts))
        start = self._scenario.start + timedelta(seconds=late_s)
        self._rig, self._first_w = self._begun(self._scenario.model_copy(update={"start": start}))
        self.work = 1.0
        return self._observation(), self._told(0.0)

    def step(self, action: Observed) -> tuple[Observed, float, bool, bool, dict[str, Any]]:
        """Hold an action for a step; return what is seen then and what the step was worth."""
        rig, step_s = self._rig, self.spec_file.step_s
        now_s = rig.state.time_s
        asked = np.clip(np.asarray(action, np.float64), -1.0, 1.0)
        wish = decided(self.plant, self._room, self._moves, asked)
        order = ordered(
            self.plant, self._limits, self.rules, rig.order, wish, (), self._fresh, step_s,
            now_s,
        )  # fmt: skip
        rig.apply(order._replace(until_s=now_s + 2.0 * step_s), now_s)
        rig.advance()
        state, weights = rig.state, self.spec_file.reward
        self.work, over_k = self._worked(), self._over_k()
        energy = state.ledger.energy_in_j / (self._first_w * step_s)
        reward = weights.work * self.work - weights.energy * energy - weights.over_limit * over_k
        ended = state.time_s + step_s > self._end_s + 1e-9
        told = self._told(state.ledger.energy_in_j)
        return self._observation(), float(reward), bool(state.gpu_off.any()), ended, told

    def _begun(self, scenario: Scenario) -> tuple[Rig, float]:
        """Return the rig of an episode, and the site's power at its start."""
        what_if = staged_from(
            scenario, self._path, self.plant, self._weather, self.spec_file.step_s,
            rest=self._rests.get(scenario.start_s),
        )  # fmt: skip
        self._rests[scenario.start_s] = what_if.rig.state
        self._end_s = scenario.start_s + scenario.duration_s
        rig = what_if.rig
        rig.apply(default_order(self.plant, self._limits.gpu_cap_default_w), rig.state.time_s)
        return rig, max(float(rig.state.rack_power_w.sum()), 1.0)

    def _worked(self) -> float:
        """Return the mean clock of the GPUs that have a load; 1 where none has."""
        loaded = self._rig.inputs.gpu_power_w > LOADED * self.plant.arrays.gpus.idle_power_w
        clock = self._rig.state.gpu_clock_ratio[loaded]
        return float(clock.mean()) if len(clock) else 1.0

    def _over_k(self) -> float:
        over_k: Floats = self._rig.state.gpu_temp_c - self.plant.arrays.gpus.temp_limit_c
        return max(float(over_k.max(initial=0.0)), 0.0)

    def _observation(self) -> Observed:
        rig = self._rig
        values = observed(self.plant, rig.state, rig.inputs, self.spec_file.observe, self.work)
        return np.clip(values, -WIDEST, WIDEST).astype(np.float32)

    def _told(self, energy_j: float) -> dict[str, Any]:
        state = self._rig.state
        return {
            "time_s": state.time_s,
            "energy_j": energy_j,
            "gpu_temp_max_c": float(state.gpu_temp_c.max(initial=-np.inf)),
        }
