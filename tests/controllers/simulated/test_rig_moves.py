"""Jobs that the rig moves: checkpoint, new GPUs, restart; no GPU is ever two jobs' and no work is
done twice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.policy import Move
from controllers.scenario import scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from site_models.compile import compile_site

SITE = "hgx-h200"
PLANT = compile_site(SITE)
SIZES = {"a": 2, "b": 3, "c": 1}
"""The jobs of the property: two GPUs are free; c has constant power."""
JOBS: list[dict[str, Any]] = [
    {"name": "a", "gpus": ["gpu[0-1]"], "profile": "finetuning", "preemptible": True},
    {"name": "b", "gpus": ["gpu[2-4]"], "profile": "finetuning", "preemptible": True},
    {"name": "c", "gpus": ["gpu5"], "share": 0.5, "preemptible": True},
]
MOVED_S = 122.0
"""A checkpoint of 2 s and a restart of 120 s."""


def staged(jobs: Any = JOBS, events: Any = (), dt_s: float = 1.0) -> WhatIf:
    raw = {
        "site": SITE, "start": "2025-07-01T12:00:00", "duration_s": 1e5,
        "jobs": jobs, "events": list(events),
    }  # fmt: skip
    path = Path("test.yaml")
    return staged_from(scenario_of(raw, path), path, PLANT, lambda _: (25.0, 18.0), dt_s)


def played(what_if: WhatIf, seconds: int) -> None:
    for _ in range(seconds):
        assert what_if.rig.read() is not None


def order(what_if: WhatIf, *moves: Move) -> None:
    rig = what_if.rig
    rig.apply(rig.order._replace(moves=rig.order.moves | set(moves)), rig.state.time_s)


def places(what_if: WhatIf) -> dict[str, list[int]]:
    """Return each job's GPUs as policies see them."""
    return {job.name: job.gpus.tolist() for job in what_if.around.at(what_if.rig.state.time_s).jobs}


def units(what_if: WhatIf, job: str) -> float:
    (found,) = (one for one in what_if.work.records if one.job == job)
    assert found.lost_units == 0.0
    return found.kept_units


def test_a_moved_job_stands_for_checkpoint_and_restart_and_loses_nothing_else() -> None:
    what_if = staged()
    played(what_if, 100)
    rate = units(what_if, "a") / 100.0
    order(what_if, Move("a", (6, 7), 100.0))
    played(what_if, 2)
    assert places(what_if)["a"] == [0, 1]  # the checkpoint is being written
    assert not what_if.around.at(what_if.rig.state.time_s).free[[6, 7]].any()  # type: ignore[index]
    played(what_if, 1)
    assert places(what_if)["a"] == [6, 7]
    assert what_if.around.at(what_if.rig.state.time_s).free.tolist() == [True] * 2 + [False] * 6  # type: ignore[union-attr]
    played(what_if, 297)
    assert units(what_if, "a") == pytest.approx(rate * (400.0 - MOVED_S), rel=1e-9)
    power_w = what_if.rig.state.gpu_power_w
    assert power_w[[6, 7]].min() > 500.0
    assert power_w[[0, 1]].max() < 130.0


def test_a_move_is_carried_out_once_and_may_keep_some_gpus() -> None:
    what_if = staged()
    order(what_if, Move("b", (3, 4, 6), 1.0))
    played(what_if, 10)
    assert places(what_if)["b"] == [3, 4, 6]
    order(what_if, Move("b", (2, 3, 4), 2.0))
    played(what_if, 10)
    assert places(what_if)["b"] == [2, 3, 4]
    what_if.rig.expire(what_if.rig.state.time_s)  # no dead-man moves it back
    played(what_if, 10)
    assert places(what_if)["b"] == [2, 3, 4]


@pytest.mark.parametrize(
    "move",
    [Move("a", (2, 6)), Move("a", (5, 6)), Move("a", (6,)), Move("ghost", (6, 7)), Move("c", (0,))],
)
def test_a_move_onto_anothers_gpu_or_of_another_count_changes_nothing(move: Move) -> None:
    what_if = staged()
    before = places(what_if)
    order(what_if, move)
    played(what_if, 5)
    assert places(what_if) == before


def test_gpus_of_a_job_to_come_are_not_free() -> None:
    late = {"name": "late", "gpus": ["gpu7"], "profile": "finetuning", "start_s": 50.0}
    what_if = staged([*JOBS, late])
    order(what_if, Move("a", (6, 7), 1.0))
    played(what_if, 60)
    assert places(what_if)["a"] == [0, 1]
    assert places(what_if)["late"] == [7]


def test_a_job_that_lost_a_gpu_is_whole_again_elsewhere() -> None:
    taken = {"kind": "gpu_excluded", "target": "gpu1", "at_s": 20}
    what_if = staged(events=[taken])
    played(what_if, 200)
    slow_s = what_if.work.step_s("a")
    before = units_made(what_if, "a")
    played(what_if, 10)
    alone = units_made(what_if, "a") - before
    order(what_if, Move("a", (6, 7), 1.0))
    played(what_if, 200)
    before = units_made(what_if, "a")
    played(what_if, 10)
    assert units_made(what_if, "a") - before == pytest.approx(2.0 * alone, rel=1e-3)
    assert what_if.work.step_s("a") == pytest.approx(slow_s, rel=1e-2)


def units_made(what_if: WhatIf, job: str) -> float:
    return next(one.units for one in what_if.work.records if one.job == job)


def test_without_a_living_gpu_there_is_no_checkpoint_and_work_is_done_again() -> None:
    dark = {"kind": "breaker_trip", "target": "rack0", "at_s": 50, "lasts_s": 20}
    what_if = staged(events=[dark])
    played(what_if, 60)
    order(what_if, Move("a", (6, 7), 1.0))
    played(what_if, 5)
    assert places(what_if)["a"] == [6, 7]
    (told,) = (one for one in what_if.work.records if one.job == "a")
    assert told.kept_units == pytest.approx(0.0, abs=1e-6)


anyone = st.sampled_from(sorted(SIZES))
moving = st.tuples(anyone, st.permutations(range(8)), st.integers(0, 150))


@pytest.mark.slow
@given(st.lists(moving, max_size=8), st.sampled_from([frozenset(), frozenset({"a"})]))
@settings(max_examples=25)
def test_any_moves_leave_each_gpu_to_one_job_and_each_job_its_gpus(
    asked: list[tuple[str, list[int], int]], paused: frozenset[str]
) -> None:
    what_if = staged(dt_s=5.0)
    work, done = what_if.work, dict.fromkeys("ab", 0.0)
    for number, (job, gpus, seconds) in enumerate(asked):
        order(what_if, Move(job, tuple(gpus[: SIZES[job]]), float(number)))
        rig = what_if.rig
        rig.apply(rig.order._replace(paused=paused if number % 2 else frozenset()), 0.0)
        for _ in range(1 + seconds // 5):
            assert rig.read() is not None
            now = places(what_if)
            assert {name: len(mine) for name, mine in now.items()} == SIZES
            held = [gpu for mine in now.values() for gpu in mine]
            assert len(set(held)) == len(held)
            free = what_if.around.at(rig.state.time_s).free
            assert free is not None
            assert not free[held].any()
            assert free.sum() <= 8 - len(held)
            assert not (work.held("a") & work.held("b")).any()
            for name, before in done.items():
                assert units(what_if, name) >= before - 1e-9
                done[name] = units(what_if, name)
    idle_w, drawn_w = PLANT.arrays.gpus.idle_power_w, what_if.rig.inputs.gpu_power_w
    idle = np.setdiff1d(np.arange(8), [gpu for mine in places(what_if).values() for gpu in mine])
    np.testing.assert_allclose(drawn_w[idle], idle_w[idle])
