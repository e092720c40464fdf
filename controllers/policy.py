"""What a policy is: it looks at a view, answers a decision, and changes nothing."""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.state import Inputs, State

Mode = Literal["off", "shadow", "advise", "armed"]
"""off: not asked. shadow: asked and journaled. advise: shown to people as well. armed: written."""

MODES: tuple[Mode, ...] = ("off", "shadow", "advise", "armed")


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """All that a policy may know at one instant. No array of it holds a NaN for a GPU."""

    plant: Plant
    state: State
    inputs: Inputs
    time_s: float
    dt_s: float
    """Since the previous decision; 0 at the first."""
    frame_age_s: float
    """How old the newest frame is: 0 in replay and what-if."""
    gpu_age_s: Floats
    """How old each GPU's own newest reading is."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A power cap for each GPU, and why."""

    gpu_cap_w: Floats
    """Shape (GPUs,). Within the device's limits once the supervisor has admitted it."""
    reason: str
    """One line in the operator's words."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one policy of the stack is doing: what the pages list."""

    name: str
    mode: Mode
    reason: str
    """Its latest reason; empty while off."""
    alarm: str
    """Why it was taken out of the stack; empty while it is in."""


class Policy(Protocol):
    """A frozen dataclass whose fields are its parameters (see `controllers.parameters`).

    Its memory is a number, an array, or a (named) tuple of such: plain enough to be stored.
    """

    def start(self, plant: Plant) -> Any:
        """Return the memory before the first decision."""
        ...

    def decide(self, view: View, memory: Any) -> tuple[Decision, Any]:
        """Return the caps for this instant and the memory for the next. Pure."""
        ...


def find_policies() -> dict[str, type[Any]]:
    """Return the policy classes by name: each file of `controllers/policies` has a POLICY."""
    package = importlib.import_module("controllers.policies")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    return {name: importlib.import_module(f"controllers.policies.{name}").POLICY for name in names}
