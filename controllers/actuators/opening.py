"""The actuators that a live site is opened with; none is armed by being opened."""

from collections.abc import Sequence
from pathlib import Path

from controllers.actuators.actuator import Actuator
from controllers.actuators.admit import Rules
from controllers.actuators.ledger import Ledger
from controllers.actuators.nobody import Nobody
from controllers.actuators.nvml import NvmlActuator
from controllers.actuators.several import Several
from controllers.actuators.slurm import SlurmActuator
from site_models.errors import InputError
from site_models.plant import Plant

KINDS = "nvml, slurm or slurm:COMMAND"


def open_actuators(specs: Sequence[str], plant: Plant, folder: Path, rules: Rules) -> Actuator:
    """Return what acts on a live site: nobody where none is named.

    `folder` keeps what was written and what is to be undone. InputError for a name that is none
    and for one that cannot be opened here.
    """
    opened = [_opened(spec, plant, folder, rules) for spec in sorted(specs)]
    if not opened:
        return Nobody(plant)
    return opened[0] if len(opened) == 1 else Several(opened)


def _opened(spec: str, plant: Plant, folder: Path, rules: Rules) -> Actuator:
    kind, _, argument = spec.partition(":")
    if kind == "nvml" and not argument:
        return NvmlActuator(plant, folder, rules.deadman_s)
    if kind == "slurm":
        ledger = Ledger(folder / "slurm_writes.jsonl")
        owed = folder / "slurm_owed"
        return SlurmActuator(plant, ledger, owed, argument or "scontrol", armed=True)
    raise InputError(f"actuator {spec!r}: expected {KINDS}")
