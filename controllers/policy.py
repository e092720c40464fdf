"""What a policy is: it looks at a view, answers a decision, and changes nothing."""

import importlib
import math
import pkgutil
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from site_models.arrays import Flags, Floats, Ints
from site_models.errors import InputError
from site_models.plant import Plant
from twin.state import Inputs, State

Mode = Literal["off", "shadow", "advise", "armed"]
"""off: not asked. shadow: asked and journaled. advise: shown to people as well. armed: written."""

MODES: tuple[Mode, ...] = ("off", "shadow", "advise", "armed")


def mode_of(text: str) -> Mode:
    """Return a mode; InputError for what is none."""
    for mode in MODES:
        if mode == text:
            return mode
    raise InputError(f"mode: expected one of {', '.join(MODES)}, got {text!r}")


@dataclass(frozen=True, slots=True, eq=False)
class JobOn:
    """A job that runs or is paused, as far as policies may treat it differently."""

    name: str
    gpus: Ints
    """Places of its GPUs."""
    priority: int = 0
    """Water-filling gives the higher ones their power first."""
    allowed_slowdown: float = 1.0
    """Part of its throughput that it may lose during an event of the grid. 0..1"""
    preemptible: bool = False
    """May be paused and gone on with, here or on other GPUs."""
    paused: bool = False
    compute_share: float = 1.0
    """Part of its step's time that follows the clock; the rest waits for memory or network."""
    slowdown: float = 0.0
    """Part of its throughput that it has lost since the event began. 0..1"""
    finish_by_s: float = math.inf
    """When its work must be done; infinite: nobody gave it time to spare."""
    left_s: float = math.inf
    """What its work takes yet at full pace, checkpoints included; infinite: without end."""
    resume_s: float = 0.0
    """Of that pace, what a pause or a move costs it besides: the checkpoint before, the restart
    after."""
    profile: str | None = None
    """Catalog name of what it does; None: nobody told."""
    together: bool = True
    """Runs at the pace of its slowest GPU."""


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """What the grid, or a person, asks the site to draw for a while."""

    power_w: float
    """At the utility meters, cooling included; the mean of any 15 s is judged."""
    start_s: float
    """When the target holds from: the ramp is over by then."""
    end_s: float
    reason: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What is expected of the hours ahead, at regular times from now on. Shapes (times,).

    Prices and carbon are what is known now: NaN for hours that nobody has told of yet.
    """

    time_s: Floats
    dry_bulb_c: Floats
    wet_bulb_c: Floats
    price_per_j: Floats | None = None
    carbon_kg_per_j: Floats | None = None


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
    jobs: tuple[JobOn, ...] = ()
    """Empty where nobody tells of jobs."""
    target: LoadTarget | None = None
    """In force or to come; None: nothing is asked."""
    outlook: Outlook | None = None
    free: Flags | None = None
    """GPUs that nobody holds or has reserved; None: nobody tells. Shape (GPUs,)"""
    site_metered_w: float = math.nan
    """What the utility meters show now [W]; NaN: no meter, or its reading is old. What the twin
    believes is in the state: see `controllers.site_power`."""


class Facility(NamedTuple):
    """Wishes for cooling. NaN: no wish, what the site was built with stays."""

    exchanger_setpoint_c: Floats
    """What the exchanger holds: a CDU's coolant supply, a cooler's water.
    Shape (exchangers,)"""
    circuit_flow_share: Floats
    """Flow, or pressure by its square root, over the built setpoint; above 0.
    Shape (circuits,)"""


class Move(NamedTuple):
    """A job that shall go on with its work on other GPUs: as many, each its own."""

    job: str
    gpus: tuple[int, ...]
    """Places of its new GPUs in their order; some of the old may be among them."""
    at_s: float = -math.inf
    """When it was ordered: the supervisor's to say."""


Moves = frozenset[Move]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What a policy asks for at one instant, and why. What it leaves out it does not ask."""

    gpu_cap_w: Floats
    """Power cap of each GPU. Shape (GPUs,). Within the device's limits once admitted."""
    reason: str
    """One line in the operator's words."""
    gpu_clock_share: Floats | None = None
    """Locked clock of each GPU over its full clock; 1: not locked. Shape (GPUs,)"""
    facility: Facility | None = None
    paused: frozenset[str] = frozenset()
    """Names of preemptible jobs that shall stand."""
    racks_off: frozenset[str] = frozenset()
    """Names of racks that shall be shut down in order; a person turns them on again."""
    moves: Moves = frozenset()
    """Asked for until the job is there; see `controllers.supervision.moves`."""


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
    One that guards people or hardware says so by a class attribute, `safety: ClassVar = True`:
    its wishes for the facility come first (see `controllers.supervision.stack`).
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
