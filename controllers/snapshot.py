"""What one tick of the loop produced: the only thing pages, API and recorder read."""

from dataclasses import dataclass
from typing import Literal

from controllers.actuators.order import Order
from controllers.policy import Decision, Standing
from site_models.arrays import Floats
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.estimation.residual_causes import Cause
from twin.state import Inputs, State

World = Literal["LIVE", "REPLAY", "WHAT-IF"]
"""Where the frames come from; every page says it."""

LONGEST_STEP_S = 1800.0
"""Of a longer gap only this much is stepped: with held inputs a plant is at rest by then."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One instant, complete and immutable; safe to hand to another thread."""

    plant: Plant
    frame: Frame
    """What was measured (or recorded, or simulated)."""
    state: State
    """What the twin believes."""
    inputs: Inputs
    """What the twin was driven with; holds the last reading where the frame is silent."""
    decision: Decision
    """What all policies that are not off come to, admitted and complete, and whose it is."""
    gpu_cap_w: Floats
    """Caps in force on the devices: what was written, else the device default."""
    standings: tuple[Standing, ...]
    """One line a policy, in the stack's order."""
    mode: World
    label: str
    """What is shown beside the mode: the recording or scenario, and what is scaled in it."""
    tick: int
    """Frames taken since the run began, resumed runs counting on."""
    wall_s: float
    """Computing time of this tick."""
    dt_s: float
    """Since the previous frame taken."""
    digest: str
    """Chain over every frame, state and decision so far (see `controllers.digest`)."""
    health: tuple[str, ...]
    """Short lines on what is not as it should be; empty when all is well."""
    causes: tuple[Cause, ...] = ()
    """What residuals point to; each is a line of `health` too."""
    rise_k: Floats | None = None
    """What each node takes in is believed to be this much warmer than the plant says; None
    where the loop does not correct its belief."""
    order: Order | None = None
    """All that is in force, `gpu_cap_w` among it; None where nothing can be ordered."""
