"""Orders and faults that change on which GPUs a job stands: withheld, paused, moved.

A job whose GPUs are taken restarts on those that are left, from its last checkpoint. One that is
moved writes a checkpoint first, while its new GPUs are kept for it, leaves the old ones and
restarts on the new: nothing is done twice, unless a GPU was dead and no checkpoint could be
written. A pause costs the same two, when the job goes on.
"""

from dataclasses import replace

import numpy as np

from controllers.jobs.assigned import resume_s
from controllers.jobs.running import MEANT_S, Run
from controllers.jobs.team import Team, first_team, team_of
from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.fabric.contention import Contention
from twin.fabric.span import trunk_rates


class Formation:
    """Forms the teams of one run's jobs and shares the network among them."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._contention = Contention(trunk_rates(plant))

    def join(self, run: Run) -> None:
        """Let a job on to the network."""
        if run.team is not None and run.team.use is not None and not run.paused:
            self._contention.start(run.job.name, run.team.use)
            run.uses_network = True

    def leave(self, run: Run) -> None:
        """Take a job off the network."""
        if run.uses_network:
            self._contention.end(run.job.name)
            run.uses_network = False

    def share(self, run: Run) -> None:
        """Give a job its present share of the network."""
        if run.team is not None and run.uses_network:
            run.team = run.team.at_rate(self._plant, self._contention.rate(run.job.name))

    def withhold(self, run: Run, withheld: Flags) -> None:
        """Form a job anew where other GPUs of its own are withheld than before; (GPUs,)."""
        mine = withheld[run.job.gpus]
        if mine.tobytes() != (run.withheld or np.zeros_like(mine).tobytes()):
            self._restart(run, team_of(run.job.profile, self._plant, run.job.gpus[~mine]))
            _lose(run)
        run.withheld = mine.tobytes()

    def pause(self, run: Run, stands: bool) -> None:
        """Let a job stand, or go on."""
        if run.paused == stands:
            return
        self.leave(run)
        run.paused = stands
        run.pause_left_s += 0.0 if stands else resume_s(run.job.profile)
        self.join(run)

    def set_out(self, run: Run, gpus: Ints, clock: Floats) -> bool:
        """Begin to move a job to other GPUs; False, and nothing done, where it cannot run there.

        `clock` is what devices leave to each GPU, 0 for dead ones: a job on one cannot write its
        checkpoint. Shape (GPUs,)
        """
        team = _team_on(run, self._plant, gpus)
        if team is None or len(gpus) != len(run.job.gpus) or run.goes_to is not None:
            return False
        run.goes_to = team
        if run.team is None or not (clock[run.team.gpus] > 0.0).all():
            _lose(run)
            run.pause_left_s = 0.0
        elif not run.paused:
            run.pause_left_s = float(run.job.profile.checkpoint_s or 0.0)
        run.since_s = run.since_units = 0.0
        return True

    def arrive(self, run: Run) -> None:
        """Put a job that has written its checkpoint on its new GPUs; others stay as they are."""
        if run.goes_to is None or (run.pause_left_s > MEANT_S and not run.paused):
            return
        run.job = run.job._replace(gpus=run.goes_to.gpus)
        run.withheld = b""
        self._restart(run, run.goes_to)
        run.goes_to = None

    def _restart(self, run: Run, team: Team | None) -> None:
        self.leave(run)
        run.team = team
        self.join(run)
        # one that is paused restarts when it goes on
        run.pause_left_s = 0.0 if run.paused else float(run.job.profile.restart_s or 0.0)


def _team_on(run: Run, plant: Plant, gpus: Ints) -> Team | None:
    """Return a job's team on other GPUs; None where there is none, or no network joins them."""
    try:
        team = first_team(run.job.profile, plant, gpus)
    except InputError:
        return None
    apart = team.use is not None and not (team.rate_bytes_per_s or 0.0) > 0.0
    return None if apart else team


def _lose(run: Run) -> None:
    """Forget what a job has done since its last checkpoint."""
    if run.job.profile.together == "job":
        lost = run.record.lost_units + run.since_units
        run.record = replace(run.record, lost_units=lost)
    run.since_s = run.since_units = 0.0
