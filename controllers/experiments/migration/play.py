"""A fault of one cooling loop of the pilot under several keepers: jobs, run, what is taken down."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from controllers.actuators.admit import Rules
from controllers.policies.loop_guard import LoopGuard
from controllers.policies.migration import Migration
from controllers.policies.preemption import Preemption
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Mode, Move, Policy, View
from controllers.scenario import Job, scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from controllers.supervision.supervisor import Supervisor
from site_models.arrays import Floats
from site_models.plant import Plant
from site_models.site import Site

START = "2024-07-12T19:00:00Z"
DT_S = 5.0
LOST_S, AFTER_S = 300.0, 3600.0
"""The fault begins then; looked at for so long after it."""
LENGTH_S = 7200.0
EVERY = 24
"""Steps between two points of a curve."""
STUCK: Mapping[str, Any] = {"kind": "valve_stuck", "target": "cdu-1", "opening": 0.05}
GONE: Mapping[str, Any] = {"kind": "cdu_loss", "target": "cdu-1"}

MIX: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("pretraining", (64, 64, 48, 32)),
    ("pretraining_moe", (48, 32, 16)),
    ("finetuning", (32, 16, 16, 8, 4)),
    ("prefill", (8,)),
    ("decode", (8, 8)),
)
"""Profile -> GPUs of its jobs: 404 of 576 GB200, 70 %."""
TRAY = 4
"""GPUs of a node."""
SERVING = ("prefill", "decode")
"""Somebody waits for them: they are neither paused nor moved."""

NOTHING, GUARD, PAUSING, OURS = "nothing", "guard", "guard and pausing", "guard and migration"
GUARDS: Mapping[str, Policy] = {"loop_guard": LoopGuard(), "thermal_guard": ThermalGuard()}
KEEPERS: Mapping[str, Mapping[str, Policy]] = {
    NOTHING: {},
    GUARD: GUARDS,
    PAUSING: {**GUARDS, "preemption": Preemption(margin_k=4.5, back_k=0.3, settle_s=240.0)},
    OURS: {**GUARDS, "migration": Migration()},
}


@dataclass(frozen=True, slots=True)
class Case:
    """A fault and how long it lasts."""

    event: Mapping[str, Any]
    length_s: float = LENGTH_S
    after_s: float = AFTER_S


class Run(NamedTuple):
    """One keeper and seed. Work is over that of the five minutes before the fault, by GPUs."""

    time_s: Floats
    """Since the fault."""
    pace: Floats
    """Work of all jobs between two times over that before."""
    during: float
    """Of all jobs while the fault lasts; what is done again counts once. 0..1"""
    after: float
    """NaN where nothing is looked at after it."""
    whole: float
    """From the fault to the end."""
    work_gpu_h: float
    """The same in GPU hours at the pace before."""
    energy: float
    """Site energy for work while the fault lasts, over that before it."""
    over_limit: int
    """GPUs that were ever at their own limit or above."""
    moves: int
    twice: int
    """Jobs that were moved more than once."""
    moved_gpu_h: float
    """GPU hours for which jobs that were moved wrote checkpoints or restarted."""
    paused_gpu_h: float


def jobs_of(plant: Plant, seed: int) -> list[Job]:
    """Return the jobs in places by seed: each in one rack of the liquid-cooled ones."""
    chance = np.random.default_rng((seed, 9))
    sizes = sorted(((size, name) for name, each in MIX for size in each), reverse=True)
    wet = np.flatnonzero(plant.arrays.racks.liquid_circuit >= 0)
    nodes = plant.arrays.nodes
    left = {
        int(r): np.flatnonzero((nodes.rack == r) & (nodes.gpu_count == TRAY)).tolist() for r in wet
    }
    jobs = list[Job]()
    for n, (size, name) in enumerate(sizes):
        trays = size // TRAY
        there = int(chance.choice([r for r, free in left.items() if len(free) >= trays]))
        mine, left[there] = left[there][:trays], left[there][trays:]
        jobs.append(
            Job(
                name=f"{name}-{n}", nodes=tuple(plant.node_names[node] for node in mine),
                profile=name, preemptible=name not in SERVING, priority=int(name in SERVING),
            )
        )  # fmt: skip
    return jobs


def free_elsewhere(plant: Plant, seed: int) -> int:
    """Return the free GPUs on the loops that the fault leaves alone."""
    nodes, racks = plant.arrays.nodes, plant.arrays.racks
    hit = plant.arrays.exchangers.hot_circuit[plant.exchanger_names.index(STUCK["target"])]
    loop = racks.liquid_circuit[nodes.rack]
    busy = {name for job in jobs_of(plant, seed) for name in job.nodes}
    free = np.array([name not in busy for name in plant.node_names])
    return int(nodes.gpu_count[free & (loop >= 0) & (loop != hit)].sum())


def play(site: Site, plant: Plant, seed: int, policies: Mapping[str, Policy], case: Case) -> Run:
    """Return how a stack, armed, brings the jobs of a seed through a fault."""
    jobs = jobs_of(plant, seed)
    end_s = LOST_S + case.length_s + case.after_s
    event = {**case.event, "at_s": LOST_S, "lasts_s": case.length_s}
    raw = {
        "site": plant.site, "start": START, "duration_s": end_s, "jobs": jobs, "events": [event],
    }  # fmt: skip
    scenario, path = scenario_of(raw, Path("migration")), Path("migration")
    air = (site.location.design_dry_bulb_c, site.location.design_wet_bulb_c)
    stage = staged_from(scenario, path, plant, lambda time_s: air, DT_S)
    modes: dict[str, Mode] = dict.fromkeys(policies, "armed")
    supervisor = Supervisor(plant, policies, stage.rig, modes, Rules(decide_s=np.inf))
    taken, start_s = (
        _Taken(plant, {job.name: TRAY * len(job.nodes) for job in jobs}),
        scenario.start_s,
    )
    while stage.rig.read() is not None:
        taken.note(stage, stage.rig.state.time_s - start_s - LOST_S)
        supervisor.rule(_view(stage))
    return taken.told(case)


def _view(stage: WhatIf) -> View:
    """Return what policies see: the plant in force as it is."""
    rig = stage.rig
    around = stage.around.at(rig.state.time_s)
    fresh_s = np.zeros(len(rig.plant.gpu_names))
    return View(
        rig.plant, rig.state, rig.inputs, rig.state.time_s, DT_S, 0.0, fresh_s, around.jobs,
        free=around.free,
    )  # fmt: skip


class _Taken:
    """What is taken down of a run."""

    def __init__(self, plant: Plant, jobs: Mapping[str, int]) -> None:
        """Take the GPUs of each job."""
        self._limit_c = plant.arrays.gpus.temp_limit_c
        self._names, self._gpus = tuple(jobs), np.array(list(jobs.values()), dtype=np.float64)
        self._rows = list[tuple[float, float, Floats]]()
        self._energy_j, self._over = 0.0, np.zeros(len(self._limit_c), dtype=np.bool_)
        self._moves, self._moved_h, self._paused_h = frozenset[Move](), 0.0, 0.0

    def note(self, stage: WhatIf, time_s: float) -> None:
        """Take down a step that ended at a time since the fault."""
        state, order = stage.rig.state, stage.rig.order
        self._energy_j += state.ledger.energy_in_j
        self._over |= state.gpu_temp_c >= self._limit_c
        records = {record.job: record for record in stage.work.records}
        kept = np.array([records[name].kept_units for name in self._names])
        self._rows.append((time_s, self._energy_j, kept))
        self._moves |= order.moves
        moved = {move.job for move in self._moves}
        for job in stage.work.running:
            hours = len(job.gpus) * DT_S / 3600.0
            self._paused_h += hours * (job.name in order.paused)
            self._moved_h += hours * (job.name in moved and stage.work.stands(job.name))

    def told(self, case: Case) -> Run:
        """Return the run."""
        time_s = np.array([row[0] for row in self._rows])
        energy_j = np.array([row[1] for row in self._rows])
        kept = np.array([row[2] for row in self._rows])
        first, back = (int(np.argmin(np.abs(time_s - s))) for s in (0.0, case.length_s))
        last, gpus = len(time_s) - 1, self._gpus.sum()
        each = kept * (LOST_S / kept[first])  # seconds at the pace before
        work_s = np.asarray(each @ self._gpus / gpus)

        def share(begin: int, end: int) -> float:
            span_s = float(time_s[end] - time_s[begin])
            return float(work_s[end] - work_s[begin]) / span_s if span_s > 0.0 else np.nan

        def cost_w(begin: int, end: int) -> float:
            return float(energy_j[end] - energy_j[begin]) / float(work_s[end] - work_s[begin])

        every, moved = slice(first, None, EVERY), [move.job for move in self._moves]
        return Run(
            time_s=time_s[every][1:],
            pace=np.diff(work_s[every]) / np.diff(time_s[every]),
            during=share(first, back),
            after=share(back, last),
            whole=share(first, last),
            work_gpu_h=float(work_s[last] - work_s[first]) * float(gpus) / 3600.0,
            energy=cost_w(first, back) / cost_w(0, first),
            over_limit=int(self._over.sum()),
            moves=len(moved),
            twice=len(moved) - len(set(moved)),
            moved_gpu_h=self._moved_h,
            paused_gpu_h=self._paused_h,
        )
