"""Jobs with a profile on the rig: pace, exclusion, caps, requests, and the records they leave."""

import csv
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from controllers.accounts.charges import Charges
from controllers.jobs.job_account import JobAccount, shares_of_step
from controllers.policy import LoadTarget
from controllers.scenario import scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.files.tariffs import StepSeries
from twin.accounts.account import Account, Terms, account_of_step

SITE = "hgx-h200"
HALVES = (("a", "gpu[0-3]"), ("b", "gpu[4-7]"))


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_site(SITE)


def staged(
    plant: Plant, jobs: Any = None, events: Any = (), seconds: float = 300.0, folder: str = "."
) -> WhatIf:
    """Return a what-if with two fine-tuning jobs of four GPUs each, or others."""
    halves = [{"name": name, "gpus": [gpus], "profile": "finetuning"} for name, gpus in HALVES]
    raw = {
        "site": SITE,
        "start": "2025-07-01T12:00:00",
        "duration_s": seconds,
        "jobs": halves if jobs is None else jobs,
        "events": list(events),
    }
    path = Path(folder) / "test.yaml"
    return staged_from(scenario_of(raw, path), path, plant, lambda _: (25.0, 18.0), 1.0)


def played(what_if: WhatIf, seconds: int) -> None:
    """Play some seconds."""
    for _ in range(seconds):
        assert what_if.rig.read() is not None


def record(what_if: WhatIf, job: str) -> JobAccount:
    """Return one job's record."""
    (found,) = (one for one in what_if.work.records if one.job == job)
    return found


def test_one_gpu_at_half_clock_halves_its_job_and_nothing_else(plant: Plant) -> None:
    what_if = staged(plant, events=[{"kind": "slow_gpu", "target": "gpu2", "at_s": 30}])
    played(what_if, 30)
    before_s, before_w = what_if.work.step_s("a"), what_if.rig.state.gpu_power_w.copy()
    units = {job: record(what_if, job).units for job in "ab"}
    played(what_if, 30)
    after_w = what_if.rig.state.gpu_power_w
    assert what_if.work.step_s("a") == pytest.approx(2.0 * before_s, rel=1e-6)
    assert what_if.work.step_s("b") == before_s
    made = {job: record(what_if, job).units - units[job] for job in "ab"}
    assert made["a"] == pytest.approx(0.5 * made["b"], rel=1e-6)
    np.testing.assert_allclose(after_w[4:], before_w[4:], rtol=2e-3)
    assert (after_w[:4] < 0.8 * before_w[:4]).all()  # the others wait for it
    assert after_w[2] < after_w[[0, 1, 3]].min()


def test_with_the_slow_gpu_excluded_the_job_recovers_from_its_last_checkpoint(plant: Plant) -> None:
    events = [
        {"kind": "slow_gpu", "target": "gpu2", "at_s": 10},
        {"kind": "gpu_excluded", "target": "gpu2", "at_s": 20},
    ]
    what_if = staged(plant, events=events)
    played(what_if, 5)
    before_s = what_if.work.step_s("a")
    played(what_if, 25)
    standing = record(what_if, "a")
    assert standing.kept_units == pytest.approx(0.0, abs=1e-6)  # no checkpoint was written yet
    played(what_if, 200)
    told = record(what_if, "a")
    assert what_if.work.step_s("a") == before_s
    assert told.held_s == pytest.approx(230.0)
    assert told.running_s == pytest.approx(110.0)  # a restart takes two minutes
    rate = 3 * 16384.0 / before_s
    assert told.kept_units == pytest.approx(rate * 90.0, rel=1e-6)
    assert what_if.rig.state.gpu_power_w[2] == pytest.approx(110.0, abs=3.0)
    assert told.effectiveness == pytest.approx(told.availability * told.performance * told.goodput)
    assert record(what_if, "b").effectiveness == pytest.approx(1.0)


def test_a_cap_slows_the_job_by_the_clock_that_it_leaves(plant: Plant) -> None:
    what_if = staged(plant)
    played(what_if, 10)
    free_s = what_if.work.step_s("a")
    cap_w = np.full(8, 700.0)
    cap_w[1] = 400.0
    what_if.rig.apply(what_if.rig.order._replace(gpu_cap_w=cap_w), what_if.rig.state.time_s)
    played(what_if, 30)
    clock = what_if.rig.state.gpu_clock_ratio
    assert 0.5 < clock[1] < 0.95
    assert what_if.rig.state.gpu_power_w[1] == pytest.approx(400.0, abs=1.0)
    assert what_if.work.step_s("a") == pytest.approx(free_s / clock[1], rel=1e-6)
    assert what_if.work.step_s("b") == free_s


def test_jobs_begin_and_end_and_pause_for_checkpoints(plant: Plant) -> None:
    jobs = [
        {"name": "a", "gpus": ["gpu0"], "profile": "finetuning", "start_s": 10, "end_s": 30},
        {"name": "b", "gpus": ["gpu1"], "profile": "finetuning"},
    ]
    what_if = staged(plant, jobs, seconds=2000.0)
    played(what_if, 9)
    assert [one.job for one in what_if.work.records] == ["b"]
    played(what_if, 41)
    ended = record(what_if, "a")
    assert (ended.held_s, ended.running_s) == (pytest.approx(20.0), pytest.approx(20.0))
    with pytest.raises(KeyError):
        what_if.work.step_s("a")
    played(what_if, 1800)
    told = record(what_if, "b")
    assert told.held_s - told.running_s == pytest.approx(2.0)  # one checkpoint of two seconds
    assert told.goodput == 1.0


def test_records_and_what_is_left_make_the_sites_account(plant: Plant) -> None:
    what_if = staged(plant)
    series = StepSeries("flat", np.array([0.0, 4e9]), np.array([2.0]))
    terms = Terms(series, series)
    what_if.work.charges = Charges(terms)
    total: Account | None = None
    for _ in range(20):
        played(what_if, 1)
        state = what_if.rig.state
        one = account_of_step(plant, state, 1.0, terms)
        shares = shares_of_step(plant, state, 1.0, terms)
        assert float(shares.gpu_it_j.sum()) == pytest.approx(one.rack_j, rel=1e-9)
        total = one if total is None else total + one
    assert total is not None
    for name in ("site_j", "water_kg", "cost_usd", "emissions_kg", "gpu_j"):
        summed = sum(float(getattr(one, name)) for one in what_if.work.records)
        assert summed == pytest.approx(getattr(total, name), rel=1e-9), name
    told = record(what_if, "a")
    assert told.cost_usd_per_million == pytest.approx(1e6 * told.cost_usd / told.units)
    assert told.units_per_j == pytest.approx(told.units / told.site_j)


def test_a_record_without_a_price_has_no_cost(plant: Plant) -> None:
    what_if = staged(plant)
    played(what_if, 3)
    figures = record(what_if, "a").figures()
    assert figures["cost_usd"] is None
    assert figures["emissions_kg"] is None
    assert {item.name for item in fields(JobAccount)} <= set(figures)


def test_equal_runs_leave_equal_records(plant: Plant) -> None:
    runs = []
    for _ in range(2):
        what_if = staged(plant, events=[{"kind": "slow_gpu", "target": "gpu2", "at_s": 5}])
        played(what_if, 20)
        runs.append(what_if.work.records)
    assert [one.figures() for one in runs[0]] == [one.figures() for one in runs[1]]


def requests(folder: Path, tokens: int, every_s: int, count: int) -> Path:
    """Write a table of equal requests at even times."""
    path = folder / "requests.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["TIMESTAMP", "ContextTokens", "GeneratedTokens"])
        for n in range(count):
            minute, second = divmod(n * every_s, 60)
            table.writerow([f"2023-11-16 18:{minute:02d}:{second:02d}.5000000", tokens, 7])
    return path


def test_a_prefill_serves_what_is_asked_and_waits_meanwhile(plant: Plant, tmp_path: Path) -> None:
    requests(tmp_path, tokens=8192, every_s=10, count=12)
    (tmp_path / "test.yaml").touch()  # what it says is staged by hand
    jobs = [
        {"name": "serve", "gpus": ["gpu[0-3]"], "profile": "prefill", "requests": "requests.csv"},
        {"name": "full", "gpus": ["gpu[4-7]"], "profile": "prefill"},
    ]
    what_if = staged(plant, jobs, folder=str(tmp_path))
    power_w: list[Floats] = []
    for _ in range(120):
        played(what_if, 1)
        power_w.append(what_if.rig.state.gpu_power_w.copy())
    serve = record(what_if, "serve")
    assert serve.units == pytest.approx(12 * 8192.0)
    assert serve.units < record(what_if, "full").units
    assert serve.performance == pytest.approx(1.0)
    mean_w = np.mean(power_w, axis=0)
    assert mean_w[0] < 0.6 * mean_w[4]


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"profile": "finetunig"}, "jobs.0.profile: .*no such model, expected one of: .*idle"),
        ({"profile": "prefill", "gpus": ["gpu[0-2]"]}, "job 'a': gpus: 3, expected a multiple of"),
        ({"profile": "finetuning", "share": 0.5}, "expected one of power_w, share, profile"),
        ({"profile": "finetuning", "requests": "x.csv"}, "expected a profile of prefill or decode"),
        ({"share": 0.5, "requests": "x.csv"}, "requests: expected a profile"),
        (
            {"profile": "prefill", "gpus": ["gpu[0-3]"], "requests": "x.csv"},
            "expected a scenario in a file",
        ),
    ],
)
def test_a_job_that_cannot_run_is_refused_in_one_line(
    plant: Plant, job: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said) as error:
        staged(plant, [{"name": "a", "gpus": ["gpu*"], **job}])
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("test.yaml: ")


def test_a_paused_job_idles_keeps_its_place_and_goes_on(plant: Plant) -> None:
    what_if = staged(plant)
    rig, around = what_if.rig, what_if.around
    start_s = rig.state.time_s
    around.targets.set("grid", LoadTarget(1e3, start_s + 20.0, start_s + 60.0))
    played(what_if, 20)
    job = around.at(rig.state.time_s).jobs[0]
    assert (job.name, job.slowdown, job.paused) == ("a", 0.0, False)
    before = record(what_if, "a").steps
    rig.apply(rig.order._replace(paused=frozenset({"a"})), rig.state.time_s)
    played(what_if, 10)
    job = around.at(rig.state.time_s).jobs[0]
    assert job.paused
    assert job.slowdown == pytest.approx(1.0)
    assert record(what_if, "a").steps == before
    assert what_if.work.step_s("a") == np.inf
    idle_w = plant.arrays.gpus.idle_power_w[job.gpus]
    np.testing.assert_allclose(rig.inputs.gpu_power_w[job.gpus], idle_w)
    rig.expire(rig.state.time_s)
    played(what_if, 30)
    job = around.at(rig.state.time_s).jobs[0]
    assert not job.paused
    assert job.resume_s == pytest.approx(122.0)  # a checkpoint of 2 s, a restart of 120 s
    assert record(what_if, "a").steps == before
    played(what_if, 122)
    assert around.at(rig.state.time_s).jobs[0].slowdown == pytest.approx(0.25, abs=0.03)
    assert record(what_if, "a").steps > before


def test_a_locked_clock_slows_a_job_by_its_compute_share(plant: Plant) -> None:
    what_if = staged(plant)
    rig, around = what_if.rig, what_if.around
    played(what_if, 10)
    job = around.at(rig.state.time_s).jobs[0]
    free_s = what_if.work.step_s("a")
    rig.apply(rig.order._replace(gpu_clock_share=np.full(8, 0.5)), rig.state.time_s)
    played(what_if, 5)
    assert 0.0 < job.compute_share <= 1.0
    expected_s = free_s * (1.0 + job.compute_share)
    assert what_if.work.step_s("a") == pytest.approx(expected_s, rel=0.02)


def test_a_job_with_time_to_spare_ends_when_its_work_is_done(plant: Plant) -> None:
    jobs = [
        {"name": "a", "gpus": ["gpu0"], "profile": "finetuning", "end_s": 300, "finish_by_s": 900},
        {"name": "b", "gpus": ["gpu1"], "share": 0.8, "end_s": 200, "finish_by_s": 250},
    ]
    what_if = staged(plant, jobs, seconds=1000.0)
    played(what_if, 100)
    seen = {job.name: job for job in what_if.around.at(what_if.rig.state.time_s).jobs}
    start_s = what_if.rig.state.time_s - 100.0
    assert seen["a"].finish_by_s == start_s + 900.0
    assert seen["a"].left_s == pytest.approx(200.0, abs=1.0)
    assert seen["b"].left_s == pytest.approx(100.0, abs=2.0)
    order = what_if.rig.order
    what_if.rig.apply(order._replace(paused=frozenset({"a", "b"})), start_s + 100.0)
    played(what_if, 100)
    what_if.rig.apply(order, start_s + 200.0)
    played(what_if, 60)
    names = [job.name for job in what_if.around.at(what_if.rig.state.time_s).jobs]
    assert names == ["a"]  # the other had to be done by 250 s, and is not
    played(what_if, 300)
    assert what_if.around.at(what_if.rig.state.time_s).jobs == ()
    told = record(what_if, "a")
    assert told.held_s == pytest.approx(300.0 + 100.0 + 122.0, abs=3.0)
