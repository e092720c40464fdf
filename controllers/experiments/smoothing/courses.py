"""A synchronous training site from idle to idle, at steps of 10 ms, by what is done about it."""

from typing import NamedTuple

import numpy as np

from controllers.experiments.smoothing.boards import SWING_J, controlled
from controllers.policies.ramp_limit import RampLimit
from controllers.policy import View
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from site_models.repeat import expanded
from site_models.site import Site, site_path
from site_models.yaml_file import read_yaml
from twin.electrical.fast_power import STEP_S, Smoothing, fast_power, up_the_tree
from twin.electrical.swings import Swing, staggered
from twin.physics.converters import converter_input_w
from twin.physics.level_control import Bank
from twin.start import first_state, idle_inputs
from twin.state import MODELLED, State
from twin.step import step

RACKS, RACK_GPUS = 8, 72
START_S, TAIL_S = 20.0, 40.0
"""The job starts, and stops so long before the end."""
EFFICIENCY = 0.985
"""Of a bank, one way: capacitors and their converter. Estimate."""
RAMP_PER_S = 0.0075
"""That the policy opens caps by, of all GPU limits together."""
RAMP_DOWN_PER_S = 0.015
"""Of a board's limit: the devices' own ramp-down once their job has stopped."""


class Way(NamedTuple):
    """What is done about the swing."""

    name: str
    bank_j_per_gpu: float = 0.0
    """Under the level control; 0: no bank."""
    shelf: bool = False
    """The shelf's own 65 J, whose draw follows its load with 5 s."""
    floor: float = 0.0
    ramped: bool = False
    """Starts by the policy `ramp_limit`, stops by the devices' ramp-down."""
    jobs: int = 1
    """Equal jobs, their steps spread evenly over the period."""


WAYS = (
    Way("nothing"),
    Way("shelf of 65 J that follows", shelf=True),
    Way("floor of 90 %", floor=0.9),
    Way("65 J levelled, eight staggered jobs", 65.0, ramped=True, jobs=8),
    Way("400 J levelled, eight staggered jobs", 400.0, ramped=True, jobs=8),
    Way("400 J levelled, ramped", 400.0, ramped=True),
    Way("500 J levelled, ramped", 500.0, ramped=True),
)


class Ran(NamedTuple):
    """A course."""

    way: Way
    utility_w: Floats
    energy_j: float
    """Through the meters over the course, less what the banks hold more at its end."""
    made_up_j: float
    """Energy of the work that slower starts left undone, at mean power."""


def gb300_site() -> Plant:
    """Return the pilot with GB300 in its eight NVL72 racks, whose shelves hold 65 J a GPU."""
    path = site_path("pilot")
    raw = expanded(read_yaml(path), str(path))
    for rack in (r for hall in raw["halls"] for row in hall["rows"] for r in row["racks"]):
        if rack["model"] == "gb200_nvl72":
            rack["model"] = "gb300_nvl72"
    for feed in (*raw["feeds"], *(feed for hall in raw["halls"] for feed in hall["feeds"])):
        feed["oversubscribed"] = True
    return compile_site(Site.model_validate(raw))


def site_swing_j(plant: Plant) -> float:
    """Return a period's swing at the racks, for each GPU [J]: its tray's other parts follow it."""
    return SWING_J * (1.0 + float(plant.arrays.nodes.load_power_per_gpu_w[0]))


def idle_site(plant: Plant) -> State:
    """Return the site before its job: what is slow stays so over the course."""
    return first_state(plant, idle_inputs(plant, 25.0, 18.0), 0.0)


def course(plant: Plant, way: Way, seconds: float, seed: int) -> Ran:
    """Return the course of power of a job that starts at 20 s and stops 40 s before the end."""
    stop_s = seconds - TAIL_S
    swings = tuple(
        Swing(np.arange(RACKS * RACK_GPUS)[k :: way.jobs] if way.jobs == 1 else
              np.arange(k * RACK_GPUS, (k + 1) * RACK_GPUS), start_s=START_S, end_s=stop_s)
        for k in range(way.jobs)
    )  # fmt: skip
    if way.jobs > 1:
        swings = staggered(tuple(s._replace(start_s=START_S + s.period_s) for s in swings))
    state = idle_site(plant)
    racks = np.arange(RACKS, dtype=np.int64)
    smoothing = Smoothing(floor=way.floor, storage=way.shelf)
    raw = fast_power(plant, state, swings, seconds, STEP_S, smoothing, racks, seed)
    load_w, made_up_j = raw.load_w, 0.0
    if way.ramped:
        load_w, made_up_j = _ramped(plant, load_w, raw.time_s, stop_s)
    power_w, stored_j = raw.rack_power_w, float(raw.stored_j.sum())
    if way.bank_j_per_gpu > 0.0:
        power_w, stored_j = _banked(plant, load_w, way.bank_j_per_gpu)
    _, utility_w = up_the_tree(plant, state, racks, power_w)
    energy_j = float(utility_w.sum()) * STEP_S - stored_j
    return Ran(way, utility_w, energy_j, made_up_j)


def _banked(plant: Plant, load_w: Floats, j_per_gpu: float) -> tuple[Floats, float]:
    """Return what racks draw through shelves with such banks, and the rise of these [J]."""
    racks, power_w, stored_j = plant.arrays.racks, np.empty_like(load_w), 0.0
    bank = Bank(j_per_gpu * RACK_GPUS, EFFICIENCY)
    for k in range(len(load_w)):
        draw_w = np.empty_like(load_w[k])
        stored_j += controlled(bank, np.ascontiguousarray(load_w[k]), STEP_S, draw_w)
        power_w[k] = converter_input_w(
            draw_w, racks.shelf_rating_w[k], racks.shelf_loss_fixed[k],
            racks.shelf_loss_linear[k], racks.shelf_loss_square[k],
        )  # fmt: skip
    return power_w, stored_j


def _ramped(plant: Plant, load_w: Floats, time_s: Floats, stop_s: float) -> tuple[Floats, float]:
    """Return rack loads under the policy's caps and the devices' ramp-down, and work undone.

    What a rack draws beyond idle follows its boards, which a job's barrier keeps alike.
    """
    gpus, nodes = plant.arrays.gpus, plant.arrays.nodes
    idle_w = load_w[:, :1]
    span_w = float(gpus.power_max_w[0] - gpus.idle_power_w[0])
    full_w = RACK_GPUS * span_w * (1.0 + float(nodes.load_power_per_gpu_w[0]))
    share = (load_w - idle_w) / full_w
    runs = (time_s >= START_S) & (time_s < stop_s)
    caps = _cap_shares(plant, int(np.ceil(time_s[-1])) + 1, float(share[:, runs].mean()))
    held = np.minimum(share, caps[:, time_s.astype(np.int64)])
    undone = float((share - held).sum()) / max(float(share[:, runs].sum()), 1e-9)
    mean = share[:, runs].mean(axis=1, keepdims=True)
    falling = np.clip(mean - RAMP_DOWN_PER_S * (time_s - stop_s), 0.0, None)
    held = np.where(time_s >= stop_s, np.maximum(held, falling), held)
    undone_j = undone * float(load_w[:, runs].sum()) * STEP_S
    return np.asarray(idle_w + full_w * held), undone_j


def _cap_shares(plant: Plant, seconds: int, mean: float) -> Floats:
    """Return the policy's caps by rack and second, over the span of a board from idle.

    It decides once a second on the simulated plant, whose GPUs want the job's mean power from
    the job's start on; its caps hold from the next second.
    """
    gpus, policy = plant.arrays.gpus, RampLimit(ramp=RAMP_PER_S)
    mine = np.arange(RACKS * RACK_GPUS)
    span_w = gpus.power_max_w - gpus.idle_power_w
    wanted_w = gpus.idle_power_w.copy()
    wanted_w[mine] += mean * span_w[mine]
    state, inputs = idle_site(plant), idle_inputs(plant, 25.0, 18.0)
    memory = policy.start(plant)
    cap_w, shares = memory.cap_w, np.ones((RACKS, seconds))
    for second in range(seconds):
        shares[:, second] = ((cap_w - gpus.idle_power_w) / span_w)[mine].reshape(RACKS, -1)[:, 0]
        if second > START_S and (cap_w[mine] >= gpus.power_max_w[mine]).all():
            shares[:, second:] = 1.0
            break
        asked_w = wanted_w if second >= START_S else gpus.idle_power_w
        inputs = inputs._replace(
            gpu_power_w=asked_w, gpu_cap_w=cap_w,
            gpu_power_basis=np.full(len(asked_w), MODELLED, dtype=np.int64),
        )  # fmt: skip
        state = step(plant, state, inputs, 1.0)
        view = View(plant, state, inputs, state.time_s, 1.0, 0.0, np.zeros(len(asked_w)))
        decision, memory = policy.decide(view, memory)
        cap_w = decision.gpu_cap_w
    return shares
