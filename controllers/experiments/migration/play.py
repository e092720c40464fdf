"""A fault of one cooling loop of the pilot under several keepers: jobs, run, what is taken down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from controllers.policies.loop_guard import LoopGuard
from controllers.policies.migration import Migration
from controllers.policies.preemption import Preemption
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Move, Policy, View
from controllers.scenario import Job, scenario_of
from controllers.supervisor import Supervisor
from controllers.what_if import WhatIf, staged_from
from site_models.arrays import Floats
from site_models.plant import Plant
from site_models.site import Site

START = "2024-07-12T19:00:00Z"
DT_S = 5.0
LOST_S, AFTER_S = 300.0, 3600.0
"""The fault begins then; looked at for so long after it."""
LENGTH_S = 7200.0
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
SERVING = ("prefill", "decode")
"""Somebody waits for them: they are neither paused nor moved."""

NOTHING, GUARD, PAUSING, OURS = "nothing", "guard", "guard and pausing", "guard and migration"
GUARDS: Mapping[str, Policy] = {"loop_guard": LoopGuard(), "thermal_guard": ThermalGuard()}
KEEPERS: Mapping[str, Mapping[str, Policy]] = {
    NOTHING: {},
    GUARD: GUARDS,
    PAUSING: {**GUARDS, "preemption": Preemption(margin_k=5.0, back_k=4.0)},
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
    energy: float
    """Site energy for work while the fault lasts, over that before it."""
    over_limit: int
    """GPUs that were ever at their own limit or above."""
    moves: int
    moved_gpu_h: float
    """GPU hours for which moved jobs stood: checkpoint, restart, and work done again."""
    paused_gpu_h: float


def jobs_of(plant: Plant, seed: int) -> list[Job]:
    """Return the jobs in places by seed: each in one rack of the liquid-cooled ones."""
    chance = np.random.default_rng((seed, 9))
    sizes = sorted(((size, name) for name, each in MIX for size in each), reverse=True)
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    wet = np.flatnonzero(plant.arrays.racks.liquid_circuit >= 0)
    left = {int(r): np.flatnonzero(rack == r).tolist() for r in wet}
    jobs = list[Job]()
    for n, (size, name) in enumerate(sizes):
        there = int(chance.choice([r for r, gpus in left.items() if len(gpus) >= size]))
        mine, left[there] = left[there][:size], left[there][size:]
        jobs.append(
            Job(
                name=f"{name}-{n}", gpus=tuple(plant.gpu_names[gpu] for gpu in mine),
                profile=name, preemptible=name not in SERVING, priority=int(name in SERVING),
            )
        )  # fmt: skip
    return jobs


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
    supervisor = Supervisor(plant, policies, stage.rig, dict.fromkeys(policies, "armed"))
    taken, start_s = _Taken(plant, jobs), scenario.start_s
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

    def __init__(self, plant: Plant, jobs: Sequence[Job]) -> None:
        self._limit_c = plant.arrays.gpus.temp_limit_c
        self._names = [job.name for job in jobs]
        self._gpus = np.array([len(job.gpus) for job in jobs], dtype=np.float64)
        self._rows = list[tuple[float, float, Floats]]()
        self._energy_j, self._over = 0.0, np.zeros(len(self._limit_c), dtype=np.bool_)
        self._moves, self._moved_h, self._paused_h = frozenset[Move](), 0.0, 0.0
        self._redone = np.zeros(len(jobs))

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
        for job in stage.work.jobs():
            hours = len(job.gpus) * DT_S / 3600.0
            self._paused_h += hours * job.paused
            self._moved_h += hours * (job.name in moved and stage.work.stands(job.name))

    def told(self, case: Case) -> Run:
        """Return the run."""
        time_s = np.array([row[0] for row in self._rows])
        energy_j = np.array([row[1] for row in self._rows])
        kept = np.array([row[2] for row in self._rows])
        at = {
            key: int(np.argmin(np.abs(time_s - when_s)))
            for key, when_s in (("lost", 0.0), ("back", case.length_s), ("end", time_s[-1]))
        }
        rate = kept[at["lost"]] / (LOST_S)
        work = np.asarray((kept / rate) @ self._gpus / self._gpus.sum())  # seconds at full pace

        def share(first: str, last: str) -> float:
            span_s = time_s[at[last]] - time_s[at[first]]
            return float((work[at[last]] - work[at[first]]) / span_s)

        def cost(first: int, last: int) -> float:
            return float((energy_j[last] - energy_j[first]) / (work[last] - work[first]))

        every = np.arange(0, len(time_s), 24)
        return Run(
            time_s=time_s[every][1:],
            pace=np.diff(work[every]) / np.diff(time_s[every]),
            during=share("lost", "back"),
            after=share("back", "end"),
            energy=cost(at["lost"], at["back"]) / cost(0, at["lost"]),
            over_limit=int(self._over.sum()),
            moves=len(self._moves),
            moved_gpu_h=self._moved_h,
            paused_gpu_h=self._paused_h,
        )
