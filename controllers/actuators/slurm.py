"""Jobs paused and moved, nodes drained or weighed, through Slurm's `scontrol`."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from controllers.actuators.actuator import Held
from controllers.actuators.admit import Limits, catalog_limits
from controllers.actuators.ledger import Ledger
from controllers.actuators.order import Order
from controllers.actuators.scontrol import JOB, NODE, Refused, Scontrol, number, refuse
from controllers.policy import Move
from site_models.plant import Plant

T = TypeVar("T", str, Move)
AGAIN_S = 600.0
"""A job is started again no sooner, also where that failed."""
LOOK_S = 0.5
"""How often the dead-man's time is looked at."""
REASON = "twin"
"""What a node says that we drained; one that another drained is never resumed."""
Pause = Literal["suspend", "requeue"]
"""suspend: stopped where it is, memory and GPUs kept. requeue: back to the queue, held there."""

_DO = {"suspend": ("suspend",), "requeuehold": ("requeuehold", "Incomplete")}
"""Without that word Slurm would start again a job that has just ended."""
_UNDO = {"suspend": "resume", "requeuehold": "release"}


class Standing(NamedTuple):
    """What we changed and have not changed back, by job or node."""

    jobs: dict[str, str]
    """Job -> what was done to it."""
    drained: tuple[str, ...]
    weights: dict[str, int]
    """Node -> the weight that it had."""


class SlurmActuator:
    """Runs `scontrol` for what was decided, and undoes it when its time is over.

    Dry unless armed: what it would run stands in the ledger and nothing is run. Only jobs by
    their number and nodes by a plain name are touched. What was changed is noted on disk
    before it is; a next start undoes what was left. Checked against a command that notes its
    words in ``tests/controllers/actuators/test_slurm_actuator.py``, moves against a real Slurm in
    ``tests/integrations/test_slurm_moves.py``.

    A job is moved by requeueing it held, with the nodes it shall have, and releasing it: it
    writes its own checkpoint when it is told to end, and which GPUs of a node it gets is Slurm's
    to say. Slurm itself lets a requeued job wait for two minutes. The nodes stay required of it
    should it be requeued again.
    """

    commands_jobs = True

    def __init__(
        self,
        plant: Plant,
        ledger: Ledger,
        owed: Path | None = None,
        command: str = "scontrol",
        armed: bool = False,
        pause: Pause = "suspend",
        now_s: Callable[[], float] = time.time,
    ) -> None:
        """`owed`: the file that says what is to be undone. Undoes first what stands in it."""
        self.armed = armed
        self._limits, self._owed = catalog_limits(plant), owed
        self._scontrol = Scontrol(command, ledger, armed)
        self._plant, self._moved_s = plant, dict[str, float]()
        self._now_s = now_s
        self._verb = "suspend" if pause == "suspend" else "requeuehold"
        self._until_s = float("inf")
        self._lock, self._over = threading.RLock(), threading.Event()
        self.standing = self._left()
        self._thread = threading.Thread(target=self._keep, name="slurm dead-man", daemon=True)
        self._thread.start()

    def limits(self) -> Limits:
        """Return the catalog's: Slurm limits no power."""
        return self._limits

    def held(self) -> Held | None:
        """Return nothing: no power limit is Slurm's."""
        return None

    def apply(self, order: Order, time_s: float) -> None:
        """Pause and move the jobs of an order, let others of ours go on; OSError if that fails.

        What fails for one job keeps no other from its turn.
        """
        with self._lock:
            self._until_s = order.until_s
            last_s = self._moved_s.get
            due = [m for m in order.moves if m.at_s - last_s(m.job, -math.inf) >= AGAIN_S]
            troubles = [*_each(self._move, due)]
            troubles += _each(self._pause, order.paused - self.standing.jobs.keys())
            troubles += _each(self._go_on, self.standing.jobs.keys() - order.paused)
            for trouble in troubles:
                raise trouble

    def expire(self, time_s: float) -> None:
        """Undo everything that is ours; OSError where that fails."""
        with self._lock:
            for trouble in [*_each(self._go_on, self.standing.jobs)]:
                raise trouble
            for node in self.standing.drained:
                self.resume(node)
            for node, weight in sorted(self.standing.weights.items()):
                self._scontrol.run("update", f"NodeName={node}", f"Weight={weight}")
                del self.standing.weights[node]
                self._note()
            self._until_s = float("inf")

    def drain(self, node: str, reason: str) -> None:
        """Let no new job start on a node."""
        with self._lock:
            refuse(NODE, node, "node")
            self._stand(self.standing._replace(drained=(*self.standing.drained, node)))
            why = f"Reason={REASON}: {reason}"
            self._scontrol.run("update", f"NodeName={node}", "State=DRAIN", why)

    def resume(self, node: str) -> None:
        """Open a node again that we drained; any other is left."""
        with self._lock:
            if node in self.standing.drained:
                self._scontrol.run("update", f"NodeName={node}", "State=RESUME")
                left = tuple(other for other in self.standing.drained if other != node)
                self._stand(self.standing._replace(drained=left))

    def requeue(self, job: str) -> None:
        """Put a job back into the queue, where it may start elsewhere at once."""
        refuse(JOB, job, "job")
        self._scontrol.run("requeue", "Incomplete", number(job))

    def weigh(self, node: str, weight: int, before: int) -> None:
        """Give a node a weight: of those that fit a job the lowest is taken first."""
        with self._lock:
            refuse(NODE, node, "node")
            self.standing.weights.setdefault(node, before)
            self._note()
            self._scontrol.run("update", f"NodeName={node}", f"Weight={int(weight)}")

    def close(self) -> None:
        """Undo everything and end; OSError where that fails."""
        self._over.set()
        self._thread.join(timeout=2.0)
        self.expire(self._now_s())

    def _pause(self, job: str) -> None:
        refuse(JOB, job, "job")
        self.standing.jobs[job] = self._verb
        self._note()
        self._scontrol.run(*_DO[self._verb], number(job))

    def _move(self, move: Move) -> None:
        """Start a job again on other nodes. Where that fails half-way it is released, wherever."""
        refuse(JOB, move.job, "job")
        nodes = np.unique(self._plant.arrays.gpus.node[list(move.gpus)])
        names = [self._plant.node_names[node] for node in nodes]
        for name in names:
            refuse(NODE, name, "node")
        self._moved_s[move.job] = move.at_s  # once: where the job then is tells what came of it
        self.standing.jobs[move.job] = "requeuehold"
        self._note()
        self._scontrol.run(*_DO["requeuehold"], number(move.job))
        self._scontrol.run("update", f"JobId={number(move.job)}", f"ReqNodeList={','.join(names)}")
        self._go_on(move.job)

    def _go_on(self, job: str) -> None:
        """Undo what was done to a job; one that has ended or goes on already is owed nothing."""
        try:
            self._scontrol.run(_UNDO[self.standing.jobs[job]], number(job))
        except Refused as refused:
            if not refused.is_moot:
                raise
        del self.standing.jobs[job]
        self._note()

    def _keep(self) -> None:
        """Undo what is over, whether or not anybody calls."""
        while not self._over.wait(LOOK_S):
            if self._until_s <= self._now_s():
                try:
                    self.expire(self._now_s())
                except OSError:
                    continue  # the scheduler is away: it is tried again at the next look

    def _left(self) -> Standing:
        """Return what a former run left, which is then undone at the first look."""
        if self._owed is None or not self._owed.exists():
            return Standing({}, (), {})
        left = json.loads(self._owed.read_text())
        self._until_s = float("-inf")
        return Standing(left["jobs"], tuple(left["drained"]), left["weights"])

    def _stand(self, standing: Standing) -> None:
        self.standing = standing
        self._note()

    def _note(self) -> None:
        """Keep on disk what is to be undone: before it is done, and after it is undone."""
        if self._owed is None or not self.armed:
            return
        beside = self._owed.with_name(self._owed.name + ".part")
        beside.write_text(json.dumps(self.standing._asdict()))
        beside.replace(self._owed)


def _each(act: Callable[[T], None], ones: Iterable[T]) -> Iterator[OSError]:
    """Do it to each in their order; yield what went wrong."""
    for one in sorted(ones):
        try:
            act(one)
        except OSError as trouble:
            yield trouble
