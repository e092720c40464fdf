"""One run of the unit: jobs, an event of the grid, and who answers it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from controllers.policy import LoadTarget, Policy
from controllers.scenario import Job, Scenario
from controllers.simulated.what_if import WhatIf, staged_from
from controllers.supervision.supervisor import Supervisor
from controllers.trials.plain_sight import seen
from site_models.arrays import Floats
from site_models.plant import Plant

START = datetime(2026, 7, 14, 18, 0, tzinfo=UTC)
DT_S = 5.0
WARM_S, BASE_S = 1500.0, 600.0
"""Before the event is told, and the last part of it that the baseline is the mean of."""
AFTER_S = 1800.0
"""Watched after the end."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the grid asks."""

    cut: float
    """Part of the baseline."""
    notice_s: float
    for_s: float

    @property
    def start_s(self) -> float:
        """Return when the target holds from, since the run's start."""
        return WARM_S + self.notice_s

    @property
    def end_s(self) -> float:
        """Return when it ends, since the run's start."""
        return self.start_s + self.for_s


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What the meters showed and the jobs did. Times since the run's start, of steps' ends."""

    time_s: Floats
    site_w: Floats
    """At the utility meters: mean over each step."""
    it_w: Floats
    """Into the racks."""
    cooling_w: Floats
    """Pumps, fans and chillers of the site; fans of servers are in `it_w`."""
    units: Mapping[str, Floats]
    """Work that each job had done by then."""
    target_w: float
    """NaN where nothing was asked."""
    reasons: tuple[str, ...]
    """What the policy said at the middle of the event."""

    def mean_w(self, values_w: Floats, from_s: float, to_s: float) -> float:
        """Return a mean over a part of the run."""
        return float(values_w[(self.time_s > from_s) & (self.time_s <= to_s)].mean())


def do_nothing(plant: Plant, air: tuple[float, float], jobs: Sequence[Job], for_s: float) -> Run:
    """Play the jobs alone."""
    stage = _stage(plant, air, jobs, for_s)
    rows: list[tuple[float, ...]] = []
    done: list[Mapping[str, float]] = []
    while stage.rig.read() is not None:
        _note(stage, rows, done)
    return _run(rows, done, float("nan"), ())


def answered(
    plant: Plant, air: tuple[float, float], jobs: Sequence[Job], event: Event, policy: Policy
) -> Run:
    """Play the jobs and an event that a policy, armed, answers through the supervisor."""
    stage = _stage(plant, air, jobs, event.end_s + AFTER_S)
    supervisor = Supervisor(plant, {"grid": policy}, stage.rig, modes={"grid": "armed"})
    rows: list[tuple[float, ...]] = []
    done: list[Mapping[str, float]] = []
    reasons: list[str] = []
    target_w = float("nan")
    begin_s = START.timestamp()
    while stage.rig.read() is not None:
        _note(stage, rows, done)
        now_s = rows[-1][0]
        if now_s >= WARM_S and np.isnan(target_w):
            base_w = np.mean([row[1] for row in rows if row[0] > WARM_S - BASE_S])
            target_w = float(base_w) * (1.0 - event.cut)
            asked = LoadTarget(target_w, begin_s + event.start_s, begin_s + event.end_s, "test")
            stage.around.targets.set("event", asked)
        reason = supervisor.rule(seen(stage, DT_S)).decision.reason
        if abs(now_s - 0.5 * (event.start_s + event.end_s)) <= 0.5 * DT_S:
            reasons.append(reason)
    return _run(rows, done, target_w, tuple(reasons))


def slowdowns(run: Run, alone: Run, event: Event) -> Mapping[str, float]:
    """Return the part of each job's work of the event that it has lost by the run's end.

    What is lost on the way down and on the way back counts as well.
    """
    last = min(len(run.time_s), len(alone.time_s)) - 1
    first = int(np.searchsorted(run.time_s, WARM_S - 1e-6))
    begin, end = (
        int(np.searchsorted(alone.time_s, t - 1e-6)) for t in (event.start_s, event.end_s)
    )
    lost = {}
    for name, alone_units in alone.units.items():
        ours = run.units[name][last] - run.units[name][first]
        missing = (alone_units[last] - alone_units[first]) - ours
        lost[name] = float(missing / (alone_units[end] - alone_units[begin]))
    return lost


def _stage(plant: Plant, air: tuple[float, float], jobs: Sequence[Job], for_s: float) -> WhatIf:
    scenario = Scenario(site=plant.site, start=START, duration_s=for_s, jobs=tuple(jobs))
    return staged_from(scenario, Path("demand_response"), plant, lambda time_s: air, DT_S)


def _note(stage: WhatIf, rows: list[tuple[float, ...]], done: list[Mapping[str, float]]) -> None:
    """Write down a step's powers and what the jobs have done by now."""
    state, ledger = stage.rig.state, stage.rig.state.ledger
    cooling_w = sum(
        float(part.sum())
        for part in (
            state.circuit_mover_power_w, state.exchanger_fan_power_w, state.chiller_power_w,
        )
    )  # fmt: skip
    now_s = state.time_s - START.timestamp()
    rows.append((now_s, ledger.energy_in_j / DT_S, ledger.it_energy_j / DT_S, cooling_w))
    done.append({record.job: record.units for record in stage.work.records})


def _run(
    rows: list[tuple[float, ...]],
    done: list[Mapping[str, float]],
    target_w: float,
    reasons: tuple[str, ...],
) -> Run:
    time_s, site_w, it_w, cooling_w = np.array(rows).T
    names = sorted(done[-1])
    units = {name: np.array([at.get(name, 0.0) for at in done]) for name in names}
    return Run(time_s, site_w, it_w, cooling_w, units, target_w, reasons)


def windows(run: Run, from_s: float, to_s: float, of_s: float = 15.0) -> Iterator[float]:
    """Yield the means of consecutive windows that lie within a part of the run [W]."""
    per = round(of_s / DT_S)
    inside = np.flatnonzero((run.time_s > from_s + 1e-6) & (run.time_s <= to_s + 1e-6))
    for k in range(0, len(inside) - per + 1, per):
        yield float(run.site_w[inside[k : k + per]].mean())
