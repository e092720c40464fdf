"""Nobody holds a GPU that another holds, whatever the order of calls."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.jobs.allocation import Allocation, Conflict
from controllers.jobs.allocations import Allocations
from site_models.errors import InputError
from tests.fakes.small_plant import small_plant

PLANT = small_plant()


def holding(job: str, *gpus: int, end_s: float | None = None, share: float = 1.0) -> Allocation:
    return Allocation(job, np.array(gpus), 0.0, end_s, share=share)


def test_a_told_job_holds_its_gpus_until_it_is_released() -> None:
    table = Allocations(PLANT)
    table.put(holding("a", 0, 1), 0.0)
    assert table.free_share(0.0)[:3].tolist() == [0.0, 0.0, 1.0]
    assert table.release("a")
    assert not table.release("a")
    assert table.free_share(0.0).all()


def test_telling_twice_changes_nothing_and_telling_anew_replaces() -> None:
    table = Allocations(PLANT)
    first = table.put(holding("a", 0, 1), 0.0)
    assert table.put(holding("a", 1, 0), 0.0) is first
    table.put(holding("a", 1, 2), 0.0)
    assert table.free_share(0.0)[:3].tolist() == [1.0, 0.0, 0.0]


def test_a_taken_gpu_is_refused_by_name_and_nothing_changes() -> None:
    table = Allocations(PLANT)
    table.put(holding("a", 3), 0.0)
    table.put(holding("b", 7), 0.0)
    with pytest.raises(Conflict, match="job 'b': GPU gpu3 is held by job 'a'"):
        table.put(holding("b", 3, 4), 0.0)
    free = table.free_share(0.0)
    assert (free[3], free[4], free[7]) == (0.0, 1.0, 0.0)


def test_a_job_past_its_end_holds_nothing() -> None:
    table = Allocations(PLANT)
    table.put(holding("a", 0, end_s=10.0), 0.0)
    assert table.free_share(9.9)[0] == 0.0
    assert table.free_share(10.0)[0] == 1.0
    with pytest.raises(InputError, match="end_s"):
        table.put(Allocation("b", np.array([0]), 5.0, 5.0), 0.0)


def test_gpus_that_work_untold_are_not_free() -> None:
    unused = np.ones(len(PLANT.gpu_names), dtype=np.bool_)
    table = Allocations(PLANT, unused=lambda: unused)
    table.put(holding("a", 0), 0.0)
    before = table.holdings(0.0)
    assert table.holdings(0.0) is before
    unused = unused & (np.arange(len(unused)) != 2)
    after = table.holdings(0.0)
    assert after.free_share[:4].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert after.version != before.version


def test_a_reservation_is_spent_by_its_token_or_expires() -> None:
    table = Allocations(PLANT)
    token = table.reserve(holding("a", 0, 1), 0.0, 30.0)
    with pytest.raises(Conflict, match="a reservation"):
        table.put(holding("b", 0), 1.0)
    taken = table.put(holding("a", 0, 1), 1.0, token)
    assert table.put(holding("a", 0, 1), 2.0, token) is taken
    with pytest.raises(Conflict, match="unknown or has expired"):
        table.put(holding("c", 9), 2.0, token)
    late = table.reserve(holding("d", 5), 2.0, 30.0)
    assert table.free_share(32.0)[5] == 1.0
    with pytest.raises(Conflict, match="expired"):
        table.put(holding("d", 5), 33.0, late)


def test_a_reservation_that_has_expired_cannot_be_given_back() -> None:
    table = Allocations(PLANT)
    early, late = (table.reserve(holding("a", gpu), 0.0, 30.0) for gpu in (0, 1))
    given = table.cancel(early, 29.0)
    assert given is not None
    assert given.gpus.tolist() == [0]
    assert table.cancel(late, 30.0) is None, "though nobody has looked since"


def test_a_reserved_share_and_power_come_with_the_token() -> None:
    table = Allocations(PLANT)
    asked = Allocation("a", np.array([0]), 0.0, share=0.25, gpu_power_w=400.0)
    token = table.reserve(asked, 0.0, 30.0)
    table.put(holding("a", 0), 1.0, token)
    assert table.free_share(1.0)[0] == 0.75
    assert table.holdings(1.0).expected_w[0] == 100.0
    table.put(replace(holding("a", 0), preemptible=True), 2.0)
    assert table.jobs(2.0)[0].preemptible
    assert table.free_share(2.0)[0] == 0.75, "told anew where it is, it is the same job"
    assert table.holdings(2.0).expected_w[0] == 100.0
    table.put(holding("a", 1), 3.0)
    assert table.free_share(3.0)[:2].tolist() == [1.0, 0.0], "elsewhere it is told as it is"


def test_unknown_and_double_names_are_refused() -> None:
    table = Allocations(PLANT)
    with pytest.raises(InputError, match="no GPU 'x'"):
        table.indices(["gpu0", "x"])
    with pytest.raises(InputError, match="twice"):
        table.indices(["gpu0", "gpu0"])


calls = st.lists(
    st.tuples(
        st.sampled_from(["put", "reserve", "release"]),
        st.sampled_from("abcd"),
        st.sets(st.integers(0, 7), min_size=1, max_size=4),
        st.sampled_from([0.25, 0.5, 1.0]),
        st.floats(0.0, 20.0),
    ),
    max_size=30,
)


@given(calls)
def test_no_gpu_is_held_beyond_its_whole(
    steps: list[tuple[str, str, set[int], float, float]],
) -> None:
    table, now_s = Allocations(PLANT), 0.0
    for verb, job, gpus, share, wait_s in steps:
        now_s += wait_s
        wanted = holding(job, *sorted(gpus), end_s=now_s + 15.0, share=share)
        try:
            if verb == "put":
                table.put(wanted, now_s)
            elif verb == "reserve":
                table.reserve(wanted, now_s, 10.0)
            else:
                table.release(job)
        except Conflict:
            pass
        free = table.free_share(now_s)
        assert (free >= -1e-9).all()
        assert (free <= 1.0 + 1e-9).all()
    assert np.allclose(table.free_share(now_s + 100.0), 1.0)
    assert np.allclose(table.holdings(now_s + 100.0).expected_w, 0.0)


def test_threads_never_share_a_gpu() -> None:
    table, got = Allocations(PLANT), []

    def grab(worker: int) -> None:
        for gpu in range(48):
            try:
                table.put(holding(f"{worker}-{gpu}", gpu), 0.0)
                got.append(gpu)
            except Conflict:
                pass

    threads = [threading.Thread(target=grab, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(48))
