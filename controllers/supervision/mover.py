"""The supervisor's hand for moves: GPUs claimed before, words in the journal after."""

import numpy as np

from controllers.actuators.admit import Rules
from controllers.actuators.order import where
from controllers.jobs.allocation import Conflict
from controllers.jobs.allocations import Allocations
from controllers.policy import Mode, Moves, View
from controllers.supervision.journal import Entry, Journal
from site_models.plant import Plant

PART = "supervisor"


class Mover:
    """Lets a new move out when what acts can carry it out and its GPUs are ours to take."""

    def __init__(self, plant: Plant, able: bool, rules: Rules, journal: Journal) -> None:
        self.allocations: Allocations | None = None
        """Where schedulers ask for GPUs; None: nobody does."""
        self.trouble = ""
        """Why the last moves that were asked for were not ordered."""
        self._plant, self._able, self._rules, self._journal = plant, able, rules, journal

    def claimed(self, moves: Moves, last: Moves, time_s: float) -> Moves:
        """Return the moves that may be ordered: the last ones, and new ones with their claim."""
        new, self.trouble = moves - last, ""
        if new and not self._able:
            self.trouble = "no move: nothing that acts here can move a job"
            return moves - new
        refused = {move for move in new if not self._claims(move.job, move.gpus, time_s)}
        return moves - refused

    def tell(self, moves: Moves, mode: Mode, view: View, reason: str) -> None:
        """Write new moves into the journal."""
        on = {job.name: job.gpus for job in view.jobs} if moves else {}
        for move in sorted(moves):
            way = f"{where(self._plant, on[move.job])} to {where(self._plant, move.gpus)}"
            what = f"job {move.job} {'moved' if mode == 'armed' else 'would move'} from {way}"
            self._journal.write(Entry(view.time_s, PART, mode, what, reason))

    def _claims(self, job: str, gpus: tuple[int, ...], time_s: float) -> bool:
        if self.allocations is None:
            return True
        try:
            places = np.array(gpus, dtype=np.int64)
            self.allocations.claim(job, places, time_s, self._rules.move_s)
        except Conflict as conflict:
            self.trouble = f"no move: {conflict}"
            return False
        return True
