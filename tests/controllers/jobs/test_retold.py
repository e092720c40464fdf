"""A replay tells again who held which GPUs: at its time, until its end, round after round."""

import logging
from collections.abc import Mapping, Sequence

import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.retold import Retold
from controllers.wish import Wish
from controllers.worlds import open_world
from telemetry.frame import Frame
from telemetry.recording.job_log import Told
from tests.fakes.small_plant import small_plant

PLANT = small_plant()
G = PLANT.gpu_names
LOG = (
    Told(0.0, "whole", (G[0],), 0.0),
    Told(10.0, "ends", (G[1],), 10.0, 18.0),
    Told(20.0, "goes", (G[2],), 20.0),
    Told(30.0, "goes", (), 30.0),
)


class Round:
    """Frames every 5 s; a recording of 40 s that starts again."""

    axes: Mapping[str, Sequence[str]] = {"gpu": G}

    def __init__(self) -> None:
        self.time_s = -5.0

    def read(self) -> Frame:
        self.time_s += 5.0
        return Frame(self.time_s, {})


def played(table: Allocations, until_s: float) -> dict[float, tuple[str, ...]]:
    source = Retold(Round(), LOG, table, lambda time_s: time_s % 40.0)
    seen = {}
    while (frame := source.read()) is not None and frame.time_s <= until_s:
        seen[frame.time_s] = tuple(one.job for one in table.jobs(frame.time_s))
    return seen


def test_jobs_come_and_go_when_they_did() -> None:
    seen = played(Allocations(PLANT), 35.0)
    assert seen[0.0] == seen[5.0] == ("whole",)
    assert seen[10.0] == seen[15.0] == ("ends", "whole")
    assert seen[20.0] == seen[25.0] == ("goes", "whole")
    assert seen[30.0] == seen[35.0] == ("whole",)


def test_each_round_tells_them_anew_and_what_runs_in_both_stays() -> None:
    table = Allocations(PLANT)
    seen = played(table, 90.0)
    for time_s in range(0, 40, 5):
        assert seen[time_s] == seen[time_s + 40.0]
    (whole,) = (one for one in table.jobs(95.0) if one.job == "whole")
    assert whole.start_s == 0.0
    (ends,) = (one for one in table.jobs(95.0) if one.job == "ends")
    assert (ends.start_s, ends.end_s) == (90.0, 98.0)


def test_a_job_whose_gpus_another_holds_is_left_out_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = Allocations(PLANT)
    table.put(Allocation("mine", table.indices([G[2]]), 0.0), 0.0)
    with caplog.at_level(logging.WARNING):
        seen = played(table, 70.0)
    assert seen[20.0] == seen[60.0] == ("mine", "whole")
    assert caplog.text.count("recorded job left out") == 1


def test_the_demo_tells_of_its_jobs() -> None:
    world = open_world(Wish("pilot"))
    next(world.snapshots())
    told = world.allocations.jobs(world.loop.progress.state.time_s)
    assert sum(len(one.gpus) for one in told) == 2 * 72 + 8 * 8
    assert {one.profile for one in told} >= {"mlperf_mixtral_8x7b_server"}
