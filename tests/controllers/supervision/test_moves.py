"""From a wished move to an order: what is refused, who is first, how often, and what is said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.actuators.admit import Rules
from controllers.actuators.dry import writes_between
from controllers.actuators.nobody import Nobody
from controllers.actuators.order import Order, default_order
from controllers.checkpoint import resume, store
from controllers.jobs.allocation import Allocation, Conflict
from controllers.jobs.allocations import Allocations
from controllers.policy import Decision, JobOn, Move, View
from controllers.supervision.moves import admitted, first_of
from controllers.supervision.supervisor import Supervisor
from controllers.supervision.vetting import fault_of
from tests.controllers.supervision.test_scopes import Says
from tests.fakes.small_plant import small_plant, small_state
from tests.fakes.small_run import full_load, loop_of, rig_of, view_of

PLANT = small_plant()
GPUS = len(PLANT.gpu_names)
MOST_W = PLANT.arrays.gpus.power_max_w
FRESH = np.ones(GPUS, dtype=np.bool_)
RULES = Rules(moves_most=2, move_s=60.0, move_rest_s=300.0)
JOBS = (
    JobOn("fixed", np.arange(0, 4)),
    JobOn("loose", np.arange(4, 8), preemptible=True),
    JobOn("free", np.arange(8, 12), preemptible=True),
    JobOn("third", np.arange(12, 16), preemptible=True),
)
THERE = tuple(range(16, 20))


def at(second: float, jobs: tuple[JobOn, ...] = JOBS, **changes: Any) -> View:
    state = small_state(PLANT, 0.4)._replace(time_s=second)
    return replace(view_of(PLANT, state), jobs=jobs, **changes)


def asks(*moves: Any) -> Decision:
    return Decision(MOST_W, "held down", moves=frozenset(moves))


def on(job: str, gpus: tuple[int, ...]) -> tuple[JobOn, ...]:
    """Return the jobs with one of them elsewhere."""
    return tuple(replace(one, gpus=np.array(gpus)) if one.name == job else one for one in JOBS)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (asks(Move("ghost", THERE)), "no job is called"),
        (asks(Move("fixed", THERE)), "not preemptible"),
        (asks(Move("loose", THERE[:3])), "of 4 GPUs to 3"),
        (asks(Move("loose", (16, 17, 18, GPUS))), "not there"),
        (asks(Move("loose", (16, 16, 17, 18))), "GPU twice"),
        (asks(Move("loose", THERE), Move("free", (19, 20, 21, 22))), "that of another move"),
        (asks(("loose", THERE)), "instead of a Move"),
        (Decision(MOST_W, "", moves=[Move("loose", THERE)]), "instead of a frozenset"),  # type: ignore[arg-type]
        (asks(Move("loose", THERE)), ""),
        (asks(Move("loose", (0, 5, 6, 7))), ""),  # another's: seen when the order is made
    ],
)
def test_a_wish_is_looked_at(decision: Decision, said: str) -> None:
    fault = fault_of(decision, at(1.0))
    assert said in fault if said else fault == ""


def test_the_first_policy_by_rank_has_the_job_and_the_gpus() -> None:
    first, same, overlaps = Move("a", (1, 2)), Move("a", (3, 4)), Move("b", (2, 5))
    other = Move("c", (6,))
    assert first_of([frozenset({first}), frozenset({same, overlaps, other})]) == {first, other}


def ordered_moves(last: Any = (), *asked: Move, time_s: float = 0.0, **changes: Any) -> Any:
    jobs, fresh = changes.get("jobs", JOBS), changes.get("fresh", FRESH)
    return admitted(RULES, frozenset(last), frozenset(asked), jobs, fresh, time_s)


def test_so_many_move_at_a_time_and_none_again_within_the_rest() -> None:
    asked = [Move("loose", THERE), Move("free", (20, 21, 22, 23)), Move("third", (24, 25, 26, 27))]
    moves = ordered_moves((), *asked)
    assert {move.job for move in moves} == {"free", "loose"}
    assert ordered_moves(moves, *asked, time_s=10.0) == moves
    there = on("loose", THERE)
    moves = ordered_moves(moves, *asked, time_s=20.0, jobs=there)
    assert {move.job for move in moves} == {"free", "loose", "third"}
    back = Move("loose", (4, 5, 6, 7))
    assert ordered_moves(moves, back, time_s=299.0, jobs=there) == moves
    moves = ordered_moves(moves, back, time_s=301.0, jobs=there)
    assert back._replace(at_s=301.0) in moves


def test_silent_gpus_and_those_of_others_are_left_alone() -> None:
    for gpu in (4, 16):  # where it is, and where it would go
        silent = FRESH.copy()
        silent[gpu] = False
        assert ordered_moves((), Move("loose", THERE), fresh=silent) == frozenset()
    assert ordered_moves((), Move("loose", (0, 5, 6, 7))) == frozenset()
    moves = ordered_moves((), Move("loose", THERE))
    assert ordered_moves(moves, Move("free", THERE), time_s=1.0) == moves


some = st.lists(st.integers(0, 23), min_size=4, max_size=4, unique=True).map(tuple)
wished = st.builds(Move, st.sampled_from(["loose", "free", "third"]), some)


@given(st.lists(st.tuples(st.frozensets(wished, max_size=3), st.floats(1.0, 200.0)), max_size=12))
@settings(max_examples=80)
def test_no_gpu_is_ever_given_to_two(wishes: list[tuple[frozenset[Move], float]]) -> None:
    jobs: tuple[JobOn, ...] = JOBS
    moves, time_s = frozenset[Move](), 0.0
    for asked, later_s in wishes:
        time_s += later_s
        new = admitted(RULES, moves, asked, jobs, FRESH, time_s) - moves
        moves = admitted(RULES, moves, asked, jobs, FRESH, time_s)
        assert len(new) <= RULES.moves_most
        for move in new:  # one is there at once, the others later
            jobs = tuple(
                replace(one, gpus=np.array(move.gpus)) if one.name == move.job else one
                for one in jobs
            )
        held = [int(gpu) for job in jobs for gpu in job.gpus]
        assert len(set(held)) == len(held)
        names = [move.job for move in moves]
        assert len(set(names)) == len(names)


class Carries(Nobody):
    """An actuator that moves jobs, or is away."""

    commands_jobs = True

    def __init__(self) -> None:
        super().__init__(PLANT)
        self.order: Order | None = None
        self.away = False

    def apply(self, order: Order, time_s: float) -> None:
        if self.away:
            raise OSError("no answer")
        self.order = order


MOVE = Move("loose", THERE)


def supervised(actuator: Any, mode: Any = "armed", *moves: Move) -> Supervisor:
    policies: Any = {"p": Says(asks(*(moves or (MOVE,))))}
    return Supervisor(PLANT, policies, actuator, {"p": mode}, RULES)


def test_an_armed_move_is_written_journaled_and_stays_when_all_else_is_undone() -> None:
    actuator = Carries()
    supervisor = supervised(actuator)
    ruling = supervisor.rule(at(1.0))
    assert ruling.order.moves == {MOVE._replace(at_s=1.0)}
    assert actuator.order is not None
    assert actuator.order.moves == ruling.order.moves
    told = [entry.what for entry in supervisor.journal.latest(10)]
    assert any(what.startswith("job loose moved from node") for what in told)
    assert sum("moved" in what for what in told) == 1
    supervisor.set_mode("p", "advise", 2.0, "operator")
    assert supervisor.rule(at(3.0)).order.moves == ruling.order.moves
    words = [str(write) for write in writes_between(PLANT, default(), ruling.order)]
    assert words == [f"job loose: move to {PLANT.node_names[4]} (4 GPUs)"]


def default() -> Order:
    return default_order(PLANT, MOST_W)


def test_advice_moves_nothing_and_says_what_it_would() -> None:
    actuator = Carries()
    supervisor = supervised(actuator, "advise")
    ruling = supervisor.rule(at(1.0))
    assert ruling.decision.moves
    assert not ruling.order.moves
    assert actuator.order is None
    assert any("would move" in entry.what for entry in supervisor.journal.latest(10))


def test_a_held_part_keeps_its_jobs_and_gets_no_others() -> None:
    racks = [PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node[gpu]] for gpu in (4, THERE[0])]
    for rack in racks:
        supervisor = supervised(Carries())
        supervisor.hold(PLANT.rack_names[rack], 0.0, "engineer")
        assert not supervisor.rule(at(1.0)).order.moves


def test_armed_in_one_rack_alone_nothing_leaves_it() -> None:
    supervisor = supervised(Carries(), "advise")
    supervisor.set_mode("p", "armed", 0.5, "admin", scope=PLANT.rack_names[0])
    gone = PLANT.arrays.nodes.rack[PLANT.arrays.gpus.node[THERE[0]]] != 0
    assert gone
    assert not supervisor.rule(at(1.0)).order.moves


def test_what_cannot_move_jobs_says_so_in_one_line() -> None:
    supervisor = supervised(Nobody(PLANT))
    supervisor.rule(at(1.0))
    ruling = supervisor.rule(at(2.0))
    assert not ruling.order.moves
    assert "no move: nothing that acts here can move a job" in ruling.health


def test_an_actuator_that_is_away_is_alarmed_and_nothing_is_taken_for_done() -> None:
    actuator = Carries()
    actuator.away = True
    supervisor = supervised(actuator)
    ruling = supervisor.rule(at(1.0))
    assert not ruling.order.moves
    assert any("actuator unreachable" in line for line in ruling.health)
    actuator.away = False
    assert supervisor.rule(at(2.0)).order.moves == {MOVE._replace(at_s=2.0)}


def test_a_job_that_is_not_where_it_shall_be_is_alarmed() -> None:
    supervisor = supervised(Carries())
    supervisor.rule(at(1.0))
    supervisor.rule(at(50.0))
    assert not any("not verified" in line for line in supervisor.rule(at(60.0)).health)
    ruling = supervisor.rule(at(62.0))
    assert any("not verified: job loose is not on" in line for line in ruling.health)
    there = supervisor.rule(at(70.0, jobs=on("loose", THERE)))
    assert not any("not verified" in line for line in there.health)


def table() -> Allocations:
    """Return the holders of the view's jobs."""
    held = Allocations(PLANT)
    for job in JOBS:
        held.put(Allocation(job.name, job.gpus, 0.0), 0.0)
    return held


def reserved(held: Allocations, gpu: int, time_s: float, lasts_s: float) -> None:
    held.reserve(Allocation("other", np.array([gpu]), time_s), time_s, lasts_s)


def test_a_reservation_that_was_first_keeps_its_gpus_and_the_move_waits() -> None:
    supervisor, held = supervised(Carries()), table()
    supervisor.place_with(held)
    reserved(held, THERE[0], 0.0, 30.0)
    assert not supervisor.rule(at(1.0)).order.moves
    assert any("no move: job 'loose': GPU" in line for line in supervisor.rule(at(2.0)).health)
    assert supervisor.rule(at(31.0)).order.moves  # it has run out


def test_gpus_of_a_move_are_nobody_elses_until_the_job_is_there() -> None:
    supervisor, held = supervised(Carries()), table()
    supervisor.place_with(held)
    supervisor.rule(at(1.0))
    assert not held.free_share(2.0)[list(THERE)].any()
    with pytest.raises(Conflict):
        reserved(held, THERE[0], 2.0, 30.0)
    held.release("loose")  # the scheduler starts it again
    with pytest.raises(Conflict):
        reserved(held, THERE[0], 3.0, 30.0)
    held.put(Allocation("loose", np.array(THERE), 4.0), 4.0)
    assert held.free_share(4.0)[[4, 5, 6, 7]].all()
    assert not held.free_share(100.0)[list(THERE)].any()
    held.release("loose")
    assert held.free_share(5.0)[list(THERE)].all()  # the claim went with the arrival


def test_a_claim_that_nobody_comes_for_runs_out() -> None:
    held = table()
    held.claim("loose", np.array((6, 7, 16, 17)), 1.0, 60.0)  # two are its own
    assert not held.free_share(2.0)[[16, 17]].any()
    held.put(Allocation("loose", np.arange(4, 8), 2.0, end_s=1e6), 2.0)  # it is still there
    assert not held.free_share(3.0)[[16, 17]].any()
    assert held.free_share(62.0)[[16, 17]].all()
    assert not held.free_share(62.0)[[4, 5, 6, 7]].any()


def test_a_stored_run_remembers_its_moves(tmp_path: Path) -> None:
    rig = rig_of(PLANT, full_load(PLANT), 10.0)
    rig.commands_jobs = True
    policies: Any = {"p": Says(asks())}
    loop = loop_of(PLANT, rig, policies)
    next(iter(loop))
    supervisor = loop.supervisor
    orders = supervisor.memory().orders
    moved = orders.written._replace(moves=frozenset({MOVE._replace(at_s=1.0)}))
    supervisor.restore(supervisor.memory()._replace(orders=orders._replace(written=moved)))
    store(tmp_path / "state.npz", loop)
    again = loop_of(PLANT, rig_of(PLANT, full_load(PLANT), 10.0), policies)
    resume(tmp_path / "state.npz", PLANT, again.supervisor)
    assert again.supervisor.memory().orders.written.moves == moved.moves
