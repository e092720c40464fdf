"""Run work that waits for memory or network at lower clocks, at next to no loss of pace."""

from dataclasses import dataclass

import numpy as np

from controllers.parameters import share
from controllers.policy import Decision, View
from site_models.arrays import Floats
from site_models.plant import Plant


def clock_at_loss(compute_share: float, loss: float, lowest: float) -> float:
    r"""Return the lowest clock at which a job loses no more than a share of its pace. 0..1 [-]

    A step lengthens at most as :math:`c/f + 1 - c` at a share f of full clock, from full
    clock down to the one that c, the compute share, was told at: a step is a sum of phases,
    each the longer of work over f and of what follows no clock, so it is convex in 1/f and
    lies below the chord between its ends. Solved for a pace of 1 - loss. Checked against the
    profiles' own pace in ``tests/controllers/experiments/test_clock_choice.py``.
    """
    room = 1.0 / (1.0 - loss) - 1.0 + compute_share
    clock = compute_share / room if room > 0.0 else 1.0
    return min(max(clock, lowest), 1.0)


@dataclass(frozen=True, slots=True)
class ClockChoice:
    """Lock the clock of each job at the lowest that costs it next to nothing.

    By compute share alone: a job bound by arithmetic keeps its full clock, a memory-bound one
    goes as low as allowed, and power above idle falls with V(f)^2 f. The share must have been
    told from a clock no higher than that; from a lower one the choice is safe and timid.
    GPUs without a job and jobs that would save less than it is worth are left alone. A job
    that has lost more than that already, in an event of the grid, is not slowed further.
    """

    loss: float = share("Share of its pace that a job may lose", 0.01, 0.0, 0.5)
    lowest: float = share("Lowest clock, of full clock: compute shares hold down to here", 0.8, 0.5)
    least: float = share("Clock reductions smaller than this are left", 0.02, 0.0, 0.5)

    def start(self, plant: Plant) -> tuple[()]:
        """Return no memory."""
        return ()

    def decide(self, view: View, memory: tuple[()]) -> tuple[Decision, tuple[()]]:
        """Return clocks by job; no cap is asked for."""
        gpus = view.plant.arrays.gpus
        clock: Floats = np.ones(len(gpus.node))
        lowered = []
        for job in view.jobs:
            at = clock_at_loss(job.compute_share, self.loss, self.lowest)
            if not job.paused and job.slowdown <= self.loss and at <= 1.0 - self.least:
                clock[job.gpus] = at
                lowered.append(f"{job.name} at {100.0 * at:.0f} %")
        more = f" and {len(lowered) - 3} more" if len(lowered) > 3 else ""
        reason = ", ".join(lowered[:3]) + more or "no job waits for memory"
        return Decision(gpus.power_max_w.copy(), reason, gpu_clock_share=clock), memory


POLICY = ClockChoice
