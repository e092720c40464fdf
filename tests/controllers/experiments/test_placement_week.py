"""The placement experiment: GPUs and jobs are conserved, and the same seed is the same week."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from controllers.experiments.placement import DAY_START_S
from controllers.experiments.placement.choosers import (
    Chooser,
    at_random,
    first_fit,
    packed,
    steered,
)
from controllers.experiments.placement.played import STEP_S, Played, stepped
from controllers.experiments.placement.stream import Asked, stream
from controllers.experiments.placement.wear import heat_wave, without_trim, worn
from controllers.experiments.placement.week import Week, run_week
from controllers.outdoors import outdoors_of
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.site import load_site
from twin.step import step

SPAN_S = 3600.0
RULES = ("first-fit", "random", "topology only", "ours")
AIR = heat_wave(outdoors_of(load_site("pilot").location))


@cache
def site() -> Plant:
    return without_trim(worn(compile_site("pilot")))


@cache
def jobs() -> tuple[Asked, ...]:
    models = site().gpu_model
    return stream(5, SPAN_S, {model: models.count(model) for model in set(models)}, 1.2)


def chooser(rule: str) -> Chooser:
    plant = site()
    made: dict[str, Callable[[], Chooser]] = {
        "first-fit": lambda: first_fit(plant),
        "random": lambda: at_random(plant, 5),
        "topology only": lambda: packed(plant),
        "ours": lambda: steered(plant, AIR, DAY_START_S),
    }
    return made[rule]()


def played(rule: str) -> Played:
    return Played(site(), jobs(), chooser(rule), AIR, DAY_START_S)


@pytest.mark.parametrize("rule", RULES)
def test_no_gpu_is_given_twice_and_no_job_is_lost(rule: str) -> None:
    run = played(rule)
    asked = {job.name: job for job in jobs()}
    model = np.array(site().gpu_model)
    while run.at_s < SPAN_S:
        run.place()
        held = [held.gpus for held in run.held.jobs(run.state.time_s)]
        taken = np.concatenate([np.zeros(0, np.int64), *held])
        assert len(np.unique(taken)) == len(taken)
        np.testing.assert_array_equal(np.sort(taken), np.flatnonzero(run.busy))
        come = {job.name for job in jobs() if job.submit_s <= run.at_s}
        over = [done.asked.name for done in run.done]
        waiting = [job.name for job in run.waiting]
        names = [*over, *run.running, *waiting]
        assert len(names) == len(set(names))
        assert set(names) == come
        run.advance()
    for one in run.running.values():
        assert len(one.team.gpus) == asked[one.asked.name].gpus
        assert (model[one.team.gpus] == one.asked.model).all()
    for done in run.done:
        assert done.asked.submit_s <= done.start_s < done.end_s
        assert done.end_s - done.start_s >= done.asked.length_s - 1e-6
    assert run.done
    assert run.running


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["random", "ours"])
def test_the_same_seed_gives_the_same_figures_to_the_last_bit(rule: str) -> None:
    first, again = (
        run_week(site(), jobs(), chooser(rule), AIR, DAY_START_S, SPAN_S) for _ in range(2)
    )
    for field in fields(Week):
        one, other = getattr(first, field.name), getattr(again, field.name)
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes(), field.name
    assert first.energy_per_job_j > 0.0
    assert first.mean_slowdown >= first.mean_stretch >= 1.0
    assert first.finished + first.running + first.waiting == sum(
        job.submit_s <= SPAN_S - STEP_S for job in jobs()
    )


def test_a_stream_asks_for_its_share_of_the_gpu_time() -> None:
    span_s = 40.0 * 86_400.0
    long = stream(3, span_s, {"gb200_gpu": 576}, 0.7)
    asked_s = sum(job.gpus * job.length_s for job in long)
    assert asked_s / (576 * span_s) == pytest.approx(0.7, rel=0.05)
    assert long == stream(3, span_s, {"gb200_gpu": 576}, 0.7)
    assert all(a.submit_s <= b.submit_s for a, b in pairwise(long))


def test_fifteen_second_substeps_are_as_good_as_those_of_the_twin() -> None:
    run = played("first-fit")
    for _ in range(20):
        run.place()
        run.advance()
    coarse = fine = run.state
    energies_j = []
    for _ in range(20):
        coarse = stepped(run.plant, coarse, run.inputs)
        fine = step(run.plant, fine, run.inputs, STEP_S)
        energies_j.append((coarse.ledger.energy_in_j, fine.ledger.energy_in_j))
    apart_k = np.abs(coarse.gpu_temp_c - fine.gpu_temp_c)
    assert np.quantile(apart_k, 0.99) < 0.5
    coarse_j, fine_j = np.sum(energies_j, axis=0)
    assert coarse_j == pytest.approx(fine_j, rel=1e-3)


def test_clogged_trays_run_hotter_than_the_others_of_their_rack() -> None:
    plant = site()
    run = played("first-fit")
    every_w = run.inputs._replace(gpu_power_w=0.9 * plant.arrays.gpus.power_max_w)
    state = run.state
    for _ in range(30):
        state = stepped(plant, state, every_w)
    node = plant.arrays.gpus.node
    clogged = state.gpu_temp_c[node == plant.node_names.index("a2-tray9")]
    healthy = state.gpu_temp_c[node == plant.node_names.index("a2-tray8")]
    assert clogged.min() > healthy.max() + 8.0
