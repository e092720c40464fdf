"""Whatever telemetry does, the loop goes on, believes nothing bad, and tells it once."""

import os
from collections import Counter

import numpy as np
import pytest

from controllers.actuators.nobody import Nobody
from controllers.learner import Learner
from controllers.live import Live
from controllers.loop import Loop, begun
from controllers.simulated.rig import Rig
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from telemetry.board import Board
from telemetry.health import Health
from telemetry.live import LiveSource
from tests.fakes.chaos import LOGGED, LONG_S, REST_S, Chaos, episodes
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state
from tests.fakes.small_run import full_load
from twin.inputs import Believer

PLANT = small_plant()
DT_S, EXPIRY_S = 10.0, 60.0
DAYS = float(os.environ.get("TWIN_CHAOS_DAYS", "0.25"))
"""Of the longer run; 7 take some minutes."""
SETTLED_S = 120.0
"""Until then the twin does not know in what state it found the site."""
MOST_OFF_K = 6.0
"""Of what is believed while telemetry is wrong: power that is not read is held, and jobs go on."""


def outdoors(time_s: float) -> tuple[float, float]:
    return 25.0, 18.0


class Site:
    """The true site, played a step at a time as the clock is moved."""

    def __init__(self) -> None:
        self.now_s = START_S
        start = small_state(PLANT)
        self.rig = Rig(PLANT, start, small_inputs(PLANT), self.demand, outdoors, DT_S)
        self.rig.read()

    def demand(self, time_s: float) -> Floats:
        """Return slowly swinging loads, each node at its own phase."""
        phase = PLANT.arrays.gpus.node + (time_s - START_S) / 3600.0
        return full_load(PLANT) * (0.2 + 0.04 * np.sin(phase))

    def clock(self) -> float:
        return self.now_s

    def read(self) -> tuple[Floats, Floats]:
        return self.rig.state.gpu_power_w, self.rig.state.gpu_temp_c


def chaotic(seconds: float, seed: int) -> tuple[Health, float, int, int]:
    """Run a site under chaos; return its health, the worst belief, ticks and episodes."""
    site, course = Site(), episodes(seed, seconds, START_S)
    board = Board({"gpu": PLANT.gpu_names, "node": PLANT.node_names}, EXPIRY_S)
    feeder = Chaos(board, PLANT.arrays.gpus.node.tolist(), site.read, site.clock, course)

    def sleep(wait_s: float) -> None:
        site.now_s += wait_s
        site.rig.read()
        feeder.scrape()

    live = Live(LiveSource(board, [feeder], DT_S, site.clock, sleep), "chaos", board.health)
    start = begun(PLANT, small_state(PLANT), small_inputs(PLANT))
    keeper = Supervisor(PLANT, {}, Nobody(PLANT))
    loop = Loop(
        PLANT, live, Believer(PLANT, outdoors), keeper, start, "LIVE",
        troubles=live.troubles, learner=Learner(PLANT),
    )  # fmt: skip
    worst_k, ticks = 0.0, 0
    for shot in loop:
        ticks += 1
        for values in (*shot.state[1:5], shot.inputs.gpu_power_w, shot.state.node_power_w):
            assert np.isfinite(values).all()
        off_k = np.abs(shot.state.gpu_temp_c - site.rig.state.gpu_temp_c)
        if ticks * DT_S > SETTLED_S:
            worst_k = max(worst_k, float(off_k.max()))
        if ticks * DT_S >= seconds:
            break
    return board.health, worst_k, ticks, len(course)


@pytest.mark.parametrize(
    ("seconds", "seed"),
    [
        (len(LOGGED) * (LONG_S + REST_S) + REST_S, 1),
        pytest.param(DAYS * 86_400.0, 2, marks=pytest.mark.slow),
    ],
)
def test_every_incident_is_told_once_and_nothing_bad_is_believed(seconds: float, seed: int) -> None:
    health, worst_k, ticks, count = chaotic(seconds, seed)
    assert ticks == int(seconds / DT_S)
    assert worst_k < MOST_OFF_K
    expected: Counter[str] = Counter()
    for episode in episodes(seed, seconds, START_S):
        expected.update(LOGGED[episode.kind])
    assert count >= len(LOGGED)
    assert health.now == ()
    assert Counter(incident.kind for incident in health.log) == expected
