"""The runs of the migration experiment: jobs in their places, work counted from the fault on."""

import numpy as np
import pytest

from controllers.experiments.migration.play import (
    GUARD,
    KEEPERS,
    MIX,
    OURS,
    STUCK,
    TRAY,
    Case,
    Run,
    jobs_of,
    play,
)
from controllers.experiments.migration.report import hours_of, more_of, tables
from site_models.compile import compile_site
from site_models.site import load_site

PLANT = compile_site("pilot")


def test_jobs_fill_seven_tenths_each_in_one_rack() -> None:
    racks = PLANT.arrays.nodes.rack
    for seed in (1, 2, 3):
        jobs = jobs_of(PLANT, seed)
        nodes = [name for job in jobs for name in job.nodes]
        assert len(set(nodes)) == len(nodes)
        assert TRAY * len(nodes) == sum(size for _, each in MIX for size in each) == 404
        for job in jobs:
            assert len({int(racks[PLANT.node_names.index(name)]) for name in job.nodes}) == 1
        assert jobs == jobs_of(PLANT, seed)
    assert jobs_of(PLANT, 1) != jobs_of(PLANT, 2)


def test_a_fault_that_is_over_at_once_costs_nothing_and_moves_nobody() -> None:
    run = play(load_site("pilot"), PLANT, 1, KEEPERS[OURS], Case(STUCK, 60.0, 60.0))
    assert run.whole == pytest.approx(1.0, abs=1e-3)
    assert run.moves == run.twice == run.over_limit == 0
    assert run.work_gpu_h == pytest.approx(404 * 120.0 / 3600.0, rel=1e-3)


def test_keepers_are_compared_seed_by_seed() -> None:
    def run(whole: float) -> Run:
        none = np.zeros(0)
        return Run(none, none, whole, whole, whole, 100.0 * whole, 1.0, 0, 0, 0, 0.0, 0.0)

    runs = {GUARD: [run(0.8), run(0.9)], OURS: [run(0.85), run(0.95)]}
    assert more_of(runs, GUARD).mean == pytest.approx(5.0)
    assert hours_of(runs).low == pytest.approx(5.0)
    baseline, ours = tables(runs, runs)
    assert set(baseline) == {GUARD, f"{GUARD}, CDU lost"}
    assert ours[OURS]["work_during_percent"] == pytest.approx(90.0)
