"""Move preemptible work away from where it is held down for long, to healthy free places."""

from collections.abc import Mapping
from dataclasses import dataclass

from controllers.actuators.order import where
from controllers.migration.held_down import alive, to_be_worked_on
from controllers.migration.new_place import new_place
from controllers.migration.watched import Watched, asked_yet, noted, unwatched, watched
from controllers.parameters import parameter, share
from controllers.policy import Decision, JobOn, Move, View
from site_models.arrays import Flags
from site_models.plant import Plant

MOST = 1e5
"""Of every time and cost [s]."""


@dataclass(frozen=True, slots=True)
class Migration:
    """Move a job once it has lost as much where it is as the move costs it.

    How long a fault lasts nobody knows: it is expected to last as long again as it has. So a job
    is moved when what it has lost, less what it would have lost at the new place, exceeds `worth`
    times checkpoint and restart; whatever then comes, it loses at most twice what hindsight
    would have. Of a dead GPU, and of one that maintenance takes within `ahead_s`, the outlook is
    known to be long.

    Held down is a job below `held` of its pace, by the clocks that caps, heat and faults leave
    its slowest GPU; half-way back it counts as before, above that it is well. The place is the
    placement engine's best of free GPUs on nodes and loops that have been well for `again_s`,
    and it takes the job as it is: see `migration.new_place`. At most `at_once` jobs are on
    their way or restarting; one that was moved stays for `again_s`. A paused job is left alone.
    Nothing is asked where nobody tells which GPUs are free.

    Checked in ``tests/controllers/policies/test_migration.py`` and by the experiment of this name.
    """

    held: float = share("Part of its pace below which a job is held down", 0.9, 0.1)
    least_s: float = parameter("Shortest time held down before a move", 60.0, "s", 0.0, MOST)
    worth: float = parameter("Loss to be avoided over the cost of the move", 1.0, "", 0.1, 100.0)
    cost_s: float = parameter("Cost of a move where the job tells none", 300.0, "s", 0.0, MOST)
    longest_s: float = parameter("Outlook for dead GPUs and maintenance", 3600.0, "s", 0.0, MOST)
    ahead_s: float = parameter("How early jobs leave before maintenance", 900.0, "s", 0.0, MOST)
    at_once: float = parameter("Jobs that move or restart at a time", 3.0, "", 1.0, 1000.0)
    again_s: float = parameter("Time in which no job moves twice", 1800.0, "s", 0.0, MOST)
    patience_s: float = parameter("How long one place is asked for", 600.0, "s", 1.0, MOST)
    settle_s: float = parameter("Between two looks for places", 60.0, "s", 0.0, MOST)
    margin_k: float = parameter("Least distance of GPUs to their limit there", 5.0, "K", 0.0, 50.0)

    def start(self, plant: Plant) -> Watched:
        """Return that all has been well for long."""
        return unwatched(plant)

    def decide(self, view: View, memory: Watched) -> tuple[Decision, Watched]:
        """Return the moves that are asked for; no cap is."""
        seen = watched(view, memory, self.held)
        moves = asked_yet(view, seen, self.patience_s)
        why = self._standing(view, seen)
        if view.free is not None and seen.looked_s >= self.settle_s:
            for job, gain_s in self._candidates(view, seen, moves):
                if self._underway(view, seen, moves) >= self.at_once:
                    break
                seen = seen._replace(looked_s=0.0)
                move = self._found(view, seen, job, gain_s, moves)
                if move is not None:
                    moves[move.job] = move
                    why = f"{move.job} to {where(view.plant, move.gpus)}: {why}"
        decision = Decision(
            view.plant.arrays.gpus.power_max_w.copy(), why, moves=frozenset(moves.values())
        )
        return decision, noted(view, seen, moves)

    def _candidates(
        self, view: View, seen: Watched, moves: Mapping[str, Move]
    ) -> list[tuple[JobOn, float]]:
        """Return the jobs worth a move to a perfect place and what it would save them [s].

        Those that gain the most GPU time first.
        """
        living = alive(view)
        planned, lasts_s = to_be_worked_on(view, self.ahead_s)
        found = list[tuple[JobOn, float]]()
        for job in view.jobs:
            mine = job.gpus
            rests = job.name in moves or (seen.rest_s[mine] < self.again_s).any()
            if not job.preemptible or job.paused or rests or not len(mine):
                continue
            gain_s = float(seen.lost_s[mine].max())
            if not living[mine].all():
                gain_s += self.longest_s
            soon = planned[mine].any()
            if soon:
                gain_s += min(float(lasts_s[mine].max()), self.longest_s)
            gain_s = min(gain_s, job.left_s)
            long = soon or float(seen.held_s[mine].max()) >= self.least_s
            if long and gain_s > self.worth * self._cost_s(job):
                found.append((job, gain_s))
        return sorted(found, key=lambda one: (-one[1] * len(one[0].gpus), one[0].name))

    def _found(
        self, view: View, seen: Watched, job: JobOn, gain_s: float, moves: Mapping[str, Move]
    ) -> Move | None:
        """Return a job's move to the best place there is, where that is worth it."""
        planned, _ = to_be_worked_on(view, self.ahead_s)
        avoid = (seen.well_s < self.again_s) | planned
        late: Flags = seen.rest_s < self.patience_s
        place = new_place(
            view, job, moves.values(), avoid, late, self.longest_s, self.margin_k
        )  # fmt: skip
        if place is None:
            return None
        held_s = max(float(seen.held_s[job.gpus].max()), gain_s)
        saved_s = gain_s - (1.0 - place.pace) * held_s
        if saved_s <= self.worth * self._cost_s(job):
            return None
        return Move(job.name, tuple(sorted(place.gpus)))

    def _underway(self, view: View, seen: Watched, moves: Mapping[str, Move]) -> int:
        restarting = sum(
            bool((seen.rest_s[job.gpus] < self._cost_s(job)).all())
            for job in view.jobs
            if job.name not in moves
        )
        return len(moves) + restarting

    def _cost_s(self, job: JobOn) -> float:
        return job.resume_s if job.resume_s > 0.0 else self.cost_s

    def _standing(self, view: View, seen: Watched) -> str:
        down = [job for job in view.jobs if len(job.gpus) and seen.held_s[job.gpus].max() > 0.0]
        if not down:
            return "no job is held down"
        lost_h = sum(float(seen.lost_s[job.gpus].sum()) for job in down) / 3600.0
        return f"{len(down)} of {len(view.jobs)} jobs held down, {lost_h:.1f} GPU hours lost so far"


POLICY = Migration
