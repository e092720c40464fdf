"""What a scheduler's jobs used, by the steps of the plant they stood on."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.accounts.charges import Charges
from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.job_account import JobAccount, StepShares, shares_of_step
from controllers.jobs.job_books import JobBooks
from site_models.plant import Plant
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state
from twin.accounts.account import account_of_step
from twin.state import State
from twin.step import step


def after(plant: Plant, state: State) -> State:
    """Return the state a second later at 60 % load."""
    return step(plant, state, small_inputs(plant, 0.6), 1.0)


def held(job: str, gpus: range, share: float = 1.0, start_s: float = START_S) -> Allocation:
    """Return an allocation without an end."""
    return Allocation(job, np.array(gpus, dtype=np.int64), start_s, share=share)


def test_jobs_on_all_gpus_are_charged_what_racks_with_gpus_used() -> None:
    plant = small_plant()
    table, count = Allocations(plant), len(plant.gpu_names)
    table.put(held("a", range(10)), START_S)
    table.put(held("b", range(10, count)), START_S)
    books, state, racks_j = JobBooks(table, Charges()), small_state(plant), 0.0
    lumped = plant.arrays.racks.lumped
    for _ in range(5):
        state = after(plant, state)
        books.look(plant, state, 1.0)
        share = state.rack_power_w[~lumped].sum() / state.rack_power_w.sum()
        racks_j += float(share) * state.ledger.it_energy_j
    assert sum(one.it_j for one in books.records) == pytest.approx(racks_j, rel=1e-9)
    assert [one.held_s for one in books.records] == [pytest.approx(5.0)] * 2


def test_a_share_of_a_gpu_is_charged_that_share() -> None:
    plant = small_plant()
    table = Allocations(plant)
    table.put(held("whole", range(1)), START_S)
    table.put(held("half", range(1, 2), share=0.5), START_S)
    books, state = JobBooks(table, Charges()), after(plant, small_state(plant))
    books.look(plant, state, 1.0)
    told = {one.job: one for one in books.records}
    assert told["half"].gpu_j == pytest.approx(0.5 * float(state.gpu_power_w[1]))
    assert told["half"].gpu_s == 0.5
    site_j = account_of_step(plant, state, 1.0, Charges().terms).site_j
    assert 0.0 < told["whole"].site_j < site_j


def test_a_job_counts_from_its_start_to_its_end_and_its_record_stays() -> None:
    plant = small_plant()
    table = Allocations(plant)
    table.put(held("late", range(4), start_s=START_S + 1.5), START_S)
    books, state = JobBooks(table, Charges()), small_state(plant)
    for second in range(4):
        if second == 3:
            table.release("late")
        state = after(plant, state)
        books.look(plant, state, 1.0)
    (told,) = books.records
    assert (told.start_s, told.end_s) == (START_S + 1.5, START_S + 3.0)
    assert told.held_s == pytest.approx(1.5)
    assert told.figures()["units"] is None
    assert told.figures()["effectiveness"] is None


def one_by_one(
    open_: dict[str, JobAccount], job: Allocation, shares: StepShares, time_s: float
) -> None:
    """Charge a second to a single job, as the definition says."""
    begun_s = max(job.start_s, time_s - 1.0)
    if begun_s >= time_s:
        return
    nan, held_s = float("nan"), time_s - begun_s
    was = open_.get(job.job) or JobAccount(
        job.job, job.profile or "", "none", 0, begun_s, begun_s, steps=nan, units=nan,
        ideal_units=nan,
    )  # fmt: skip
    now = replace(
        was,
        gpus=len(job.gpus),
        end_s=time_s,
        held_s=was.held_s + held_s,
        running_s=was.running_s + held_s,
        gpu_s=was.gpu_s + held_s * job.share * len(job.gpus),
    )
    open_[job.job] = shares.charged(now, job.gpus, job.share * held_s)


@pytest.mark.parametrize("seed", range(4))
def test_jobs_that_come_grow_and_go_are_charged_as_each_would_be_alone(seed: int) -> None:
    rng, plant = np.random.default_rng(seed), small_plant()
    table, charges, state = Allocations(plant), Charges(), small_state(plant)
    books, count = JobBooks(table, charges), len(plant.gpu_names)
    open_: dict[str, JobAccount] = {}
    ended: list[JobAccount] = []
    for _ in range(30):
        if rng.random() < 0.3:
            table.release(f"j{rng.integers(6)}")
        if rng.random() < 0.6:
            name, first = f"j{rng.integers(6)}", int(rng.integers(count - 4))
            table.release(name)
            free = np.flatnonzero(table.free_share(state.time_s) >= 1.0)
            gpus = free[first % max(len(free), 1) :][: 1 + int(rng.integers(4))]
            start_s = state.time_s + float(rng.choice([0.0, 0.5, 2.5]))
            if len(gpus):
                one = Allocation(name, gpus, start_s, profile=f"p{rng.integers(2)}", share=0.5)
                table.put(one, state.time_s)
        state = after(plant, state)
        books.look(plant, state, 1.0)
        held_now = table.jobs(state.time_s)
        names = {job.job for job in held_now}
        ended += [open_.pop(name) for name in list(open_) if name not in names]
        shares = shares_of_step(plant, state, 1.0, charges.terms)
        for job in held_now:
            one_by_one(open_, job, shares, state.time_s)
    expected = sorted([*ended, *open_.values()], key=lambda r: (-r.start_s, r.job, r.end_s))
    told = sorted(books.records, key=lambda r: (-r.start_s, r.job, r.end_s))
    assert [told_of(record) for record in told] == [told_of(record) for record in expected]
    assert min(len(ended), len(open_)) > 0


def told_of(record: JobAccount) -> dict[str, object]:
    """Return a record's figures to twelve digits."""
    return {
        key: float(f"{value:.12g}") if isinstance(value, float) else value
        for key, value in record.figures().items()
    }
