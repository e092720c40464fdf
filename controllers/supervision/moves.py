"""Moves of preemptible jobs to other GPUs: what may be asked, what is ordered, what came of it.

From: a policy names a job and its new GPUs (`Decision.moves`); it takes them of `View.free`.
Owner: the supervisor. It admits a move once, keeps it in the order (`Order.moves`) until the job
may be moved again, and claims the GPUs where schedulers ask (`Allocations.claim`).
To: an actuator carries each move of the order out once; `View.jobs` then tells where the job is.
"""

from collections.abc import Iterable, Sequence

from controllers.actuators.admit import Rules
from controllers.actuators.order import where
from controllers.policy import JobOn, Move, Moves, View
from site_models.arrays import Flags
from site_models.plant import Plant


def fault_of_moves(moves: Moves, view: View) -> str:
    """Return why moves cannot be: no such job, another count, a GPU twice; empty when they can.

    GPUs that others hold are no fault: who was faster is seen when the order is made.
    """
    if not isinstance(moves, frozenset):
        return f"moves is a {type(moves).__name__} instead of a frozenset"
    jobs = {job.name: job for job in view.jobs} if moves else {}
    taken = set[int]()
    for move in moves:
        if not isinstance(move, Move) or not isinstance(move.gpus, tuple):
            return f"moves holds {move!r} instead of a Move"
        job = jobs.get(move.job)
        if job is None:
            return f"would move {move.job!r}, which no job is called"
        if not job.preemptible:
            return f"would move {move.job!r}, which is not preemptible"
        if len(move.gpus) != len(job.gpus):
            return f"would move {move.job!r} of {len(job.gpus)} GPUs to {len(move.gpus)}"
        if not set(move.gpus) <= set(range(len(view.plant.gpu_names))):
            return f"would move {move.job!r} to a GPU that is not there"
        if len(taken | set(move.gpus)) < len(taken) + len(move.gpus):
            return f"would move {move.job!r} to a GPU twice, or to that of another move"
        taken |= set(move.gpus)
    return ""


def first_of(ranked: Iterable[Moves]) -> Moves:
    """Return the moves of several policies by their rank: the first one for a job or a GPU."""
    found, jobs, taken = set[Move](), set[str](), set[int]()
    for moves in ranked:
        mine = [move for move in moves if move.job not in jobs and taken.isdisjoint(move.gpus)]
        found.update(mine)
        jobs |= {move.job for move in mine}
        taken |= {gpu for move in mine for gpu in move.gpus}
    return frozenset(found)


def admitted(
    rules: Rules, last: Moves, asked: Moves, jobs: Sequence[JobOn], fresh: Flags, time_s: float
) -> Moves:
    """Return the moves of an order: those of the last one while they count, and new ones.

    New is what is asked of a job that was not moved for `move_rest_s`, from and to GPUs with a
    fresh reading that no other job has or is on its way to, `moves_most` on their way at a time.
    Checked in ``tests/controllers/supervision/test_moves.py``: no GPU is ever given to two.
    """
    kept = {move for move in last if time_s - move.at_s < rules.move_rest_s}
    if not asked:
        return frozenset(kept)
    on = {job.name: job for job in jobs}
    owner = {int(gpu): job.name for job in jobs for gpu in job.gpus}
    underway = [move for move in kept if under_way(move, on.get(move.job), rules, time_s)]
    owner |= {gpu: move.job for move in underway for gpu in move.gpus}
    resting, left = {move.job for move in kept}, rules.moves_most - len(underway)
    for move in sorted(asked):
        job, places = on.get(move.job), list(move.gpus)
        if left <= 0 or job is None or move.job in resting:
            continue
        alone = all(owner.get(gpu, move.job) == move.job for gpu in places)
        if alone and fresh[places].all() and fresh[job.gpus].all():
            kept.add(move._replace(at_s=time_s))
            owner |= dict.fromkeys(places, move.job)
            left -= 1
    return frozenset(kept)


def under_way(move: Move, job: JobOn | None, rules: Rules, time_s: float) -> bool:
    """Say whether a move was ordered a short time ago and its job is not there yet.

    One that nobody tells of waits to be started again.
    """
    if time_s - move.at_s >= rules.move_s:
        return False
    return job is None or set(move.gpus) != set(job.gpus.tolist())


def astray(plant: Plant, moves: Moves, jobs: Sequence[JobOn], rules: Rules, time_s: float) -> str:
    """Return which jobs are not where they were ordered for too long; empty when all are.

    Nodes are compared: which of its GPUs a node gives is the scheduler's to say.
    """
    late = {move.job: move for move in moves if time_s - move.at_s >= rules.move_s}
    node = plant.arrays.gpus.node
    for job in jobs if late else ():
        move = late.get(job.name)
        if move is not None and set(node[list(move.gpus)]) != set(node[job.gpus]):
            return f"not verified: job {job.name} is not on {where(plant, move.gpus)}"
    return ""


def moves_inside(moves: Moves, part: Flags, jobs: Sequence[JobOn]) -> Moves:
    """Return the moves that begin and end inside a part. Shape (GPUs,)"""
    on = {job.name: job.gpus for job in jobs} if moves else {}
    return frozenset(
        move for move in moves if part[list(move.gpus)].all() and part[on[move.job]].all()
    )


def moves_beside(moves: Moves, last: Moves, part: Flags, jobs: Sequence[JobOn]) -> Moves:
    """Return the moves without new ones that touch a part which is held. Shape (GPUs,)"""
    on = {job.name: job.gpus for job in jobs}

    def touches(move: Move) -> bool:
        return bool(part[list(move.gpus)].any() or part[on[move.job]].any())

    return frozenset(move for move in moves if move in last or not touches(move))
