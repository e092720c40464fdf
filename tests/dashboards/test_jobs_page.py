"""The Jobs page says what each job draws, makes and costs; nothing is told that is not known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.jobs.assigned import Assigned
from controllers.jobs.job_account import JobAccount
from dashboards.feed import Feed
from dashboards.jobs_now import JobsNow, jobs_now
from dashboards.parts.jobs_view import energy_bars, job_cards, job_columns, job_rows, power_bars
from dashboards.summary import Summary, summarise
from tests.fakes.small_plant import START_S
from tests.fakes.small_world import SmallWorld, small_snapshot
from twin.workload import workload

RECORD = JobAccount(
    "trains", "pretraining", "token", 16, START_S, START_S + 100.0, held_s=100.0, running_s=90.0,
    gpu_s=1600.0, steps=50.0, units=4e6, lost_units=1e6, ideal_units=5e6, gpu_j=1e6, it_j=1.2e6,
    site_j=1.5e6, cost_usd=0.6,
)  # fmt: skip
GPUS = np.arange(16)


def world(*records: JobAccount, running: bool = True) -> tuple[Feed, Summary]:
    played = Assigned(
        "trains", "pretraining", workload("pretraining"), GPUS, START_S, START_S + 1e3
    )
    small = SmallWorld(job_records=records, played=(played,) if running else ())
    feed = Feed(small)
    shot = small_snapshot(small.plant, 3, 0.5, small.supervisor)
    return feed, summarise(feed.index, shot, 0.0)


def shown(*records: JobAccount, running: bool = True) -> JobsNow:
    return jobs_now(*world(*records, running=running))


def test_a_played_job_is_told_with_its_figures() -> None:
    (row,) = job_rows(shown(RECORD))
    assert row["made"] == "3.00 M tokens"
    assert row["per_j"] == pytest.approx(3e6 / 1.5e6)
    assert row["per_million"] == pytest.approx(0.6 / 3.0)
    assert row["factory"] == pytest.approx(100.0 * 0.9 * 0.8 * 0.75)
    assert row["parts"] == "90 × 80 × 75"
    assert row["energy"] == pytest.approx(1.5 / 3.6)


def test_a_little_energy_is_not_shown_as_none() -> None:
    little = replace(RECORD, site_j=0.03 * 3.6e6, it_j=0.02 * 3.6e6)
    assert "'0.03 kWh'" in str(energy_bars(shown(little)))
    (card,) = [one for one in job_cards(shown(little), 48) if one.title == "Energy of jobs"]
    assert (card.value, card.detail) == ("0.03", "0.02 kWh into the racks")


def test_the_power_of_jobs_and_of_what_nobody_holds_is_all_there_is() -> None:
    feed, summary = world(RECORD)
    now = jobs_now(feed, summary)
    whole_w = sum(job.gpu_power_w for job in now.running) + now.idle_power_w
    assert whole_w == pytest.approx(summary.state.gpu_power_w.sum())
    assert now.jobs[0].gpu_power_w == pytest.approx(summary.state.gpu_power_w[GPUS].sum())
    assert now.held == 16.0
    assert len(power_bars(now)) == 2


def test_a_share_of_a_gpu_draws_that_share() -> None:
    feed, summary = world(replace(RECORD, job="half"), running=False)
    now_s = summary.state.time_s
    feed.world.allocations.put(Allocation("half", GPUS[:1], START_S, share=0.5), now_s)
    now = jobs_now(feed, summary)
    assert now.jobs[0].gpu_power_w == pytest.approx(0.5 * summary.state.gpu_power_w[0])
    assert now.held == 0.5


def test_ended_jobs_come_last_and_draw_nothing() -> None:
    before = replace(RECORD, job="before", start_s=START_S + 50.0)
    now = shown(before, RECORD)
    assert [job.record.job for job in now.jobs] == ["trains", "before"]
    assert math.isnan(now.jobs[1].gpu_power_w)
    assert job_rows(now)[1]["power"] is None
    assert job_rows(now)[1]["state"].startswith("ended")


def test_a_name_used_again_runs_once() -> None:
    again = replace(RECORD, start_s=START_S - 500.0, end_s=START_S - 400.0)
    now = shown(again, RECORD)
    assert [job.running for job in now.jobs] == [True, False]
    assert len({row["id"] for row in job_rows(now)}) == 2


def test_what_is_not_known_is_a_dash() -> None:
    nan = float("nan")
    told = replace(RECORD, unit="none", units=nan, steps=nan, ideal_units=nan, cost_usd=nan)
    (row,) = job_rows(shown(told))
    assert row["made"] == "–"
    assert row["per_j"] is row["factory"] is row["cost"] is row["per_million"] is None
    cards = {card.title: card.value for card in job_cards(shown(told), 48)}
    assert cards["Tokens per joule"] == cards["Factory figure"] == cards["Energy cost"] == "–"


def test_the_factory_figure_of_all_is_weighted_by_gpu_time() -> None:
    idle = replace(RECORD, job="b", gpu_s=4800.0, lost_units=4e6)
    cards = {card.title: card for card in job_cards(shown(RECORD, idle), 48)}
    assert cards["Factory figure"].value == "13.5"
    assert cards["GPUs held"].detail == "of 48 · 33 %"


def test_without_jobs_the_page_still_stands() -> None:
    now = shown(running=False)
    assert not job_rows(now)
    assert not energy_bars(now)
    assert len(job_cards(now, 48)) == 7


def test_columns_that_no_job_fills_are_left_out() -> None:
    nan = float("nan")
    silent = replace(RECORD, unit="none", units=nan, steps=nan, ideal_units=nan, cost_usd=nan)
    fields = [column["field"] for column in job_columns(job_rows(shown(silent)))]
    assert fields == ["job", "state", "profile", "gpus", "power", "energy"]
    assert {"made", "factory", "cost"} <= {
        column["field"] for column in job_columns(job_rows(shown(RECORD)))
    }
