"""Slurm's `scontrol`: every call is in the ledger before it is made, and made where armed."""

import re
import subprocess

from controllers.actuators.ledger import Ledger, Write

ANSWER_S = 10.0
JOB = re.compile(r"(?:slurm-)?(\d+(?:[_+]\d+)?)")
"""A job by its number, or as the allocations call it that Slurm's controller told of."""
NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NOT_SO_ANY_MORE = (
    "Invalid job id specified",
    "Job has already finished",
    "Job/step already completing or completed",
    "Job is not suspended",
    "Job is pending execution",
)
"""What Slurm says where there is nothing to resume or to release: the job has ended or is
forgotten, or somebody else has let it go on or put it back."""


class Refused(OSError):  # noqa: N818 - it is told as one, a refusal
    """Slurm did not do it; the message is its own."""

    @property
    def is_moot(self) -> bool:
        """Whether what was to be undone is not so any more."""
        return any(said in str(self) for said in NOT_SO_ANY_MORE)


class Scontrol:
    """Runs the command with words that name one job or node. Dry: notes them alone."""

    def __init__(self, command: str, ledger: Ledger, armed: bool) -> None:
        self.armed = armed
        self._command, self._ledger = command, ledger

    def run(self, *words: str) -> None:
        """Run one command; OSError where it does not answer, Refused with what it said."""
        write = Write("slurm", self._command, " ".join(words))
        self._ledger.note(write, "asked" if self.armed else "dry")
        if not self.armed:
            return
        try:
            done = subprocess.run(
                [self._command, *words],
                capture_output=True,
                text=True,
                timeout=ANSWER_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._ledger.note(write, "no answer")
            raise OSError(f"{self._command} does not answer") from None
        said = " ".join(done.stderr.split())[:200]
        self._ledger.note(write, "accepted" if done.returncode == 0 else f"refused: {said}")
        if done.returncode != 0:
            raise Refused(f"{self._command} {words[0]}: {said or f'exit {done.returncode}'}")


def number(job: str) -> str:
    """Return Slurm's own number of a job."""
    return job.removeprefix("slurm-")


def refuse(pattern: re.Pattern[str], name: str, what: str) -> None:
    """Raise OSError for a name that Slurm could take for something else."""
    if not pattern.fullmatch(name):
        raise OSError(f"{what} {name!r} is none of Slurm's")
