"""What a scheduler's jobs used, by the steps of the plant they stood on."""

import numpy as np
import pytest

from controllers.accounts.charges import Charges
from controllers.jobs.allocations import Allocation, Allocations
from controllers.jobs.job_books import JobBooks
from site_models.plant import Plant
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state
from twin.account import account_of_step
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
