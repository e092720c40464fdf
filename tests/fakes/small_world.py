"""A world whose snapshots are computed on paper: loads that swing, no physics."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from controllers.actuators.nobody import Nobody
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.jobs.job_account import JobAccount
from controllers.policies.hold import Hold
from controllers.policies.thermal_guard import ThermalGuard
from controllers.policy import Decision, Mode, Policy
from controllers.snapshot import Snapshot
from controllers.supervision.supervisor import Supervisor
from controllers.surroundings import Surroundings
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S, small_inputs, small_plant, small_state


def small_snapshot(
    plant: Plant, tick: int, load: float, supervisor: Supervisor, dt_s: float = 1.0
) -> Snapshot:
    """Return a snapshot with every GPU at `load` of its range."""
    time_s = START_S + tick * dt_s
    state = small_state(plant, load, time_s)
    frame = Frame(time_s, {"gpu_power_w": state.gpu_power_w})
    cap_w = plant.arrays.gpus.power_max_w
    return Snapshot(
        plant=plant,
        frame=frame,
        state=state,
        inputs=small_inputs(plant, load),
        decision=Decision(cap_w, "device defaults"),
        gpu_cap_w=cap_w,
        standings=supervisor.standings(),
        mode="REPLAY",
        label="swinging load, made by hand",
        tick=tick,
        wall_s=0.001,
        dt_s=dt_s,
        digest=f"{tick:064x}",
        health=(),
    )


@dataclass
class SmallWorld:
    """Yields a tick every `interval_s`; for ever, or `ticks` of them."""

    plant: Plant = field(default_factory=small_plant)
    interval_s: float = 0.25
    ticks: int | None = None
    zone: str = "America/Chicago"
    live: None = None
    job_records: tuple[JobAccount, ...] = ()
    played: tuple[Assigned, ...] = ()

    def __post_init__(self) -> None:
        self.allocations = Allocations(self.plant)
        self.around = Surroundings()
        policies: dict[str, Policy] = {"hold": Hold(), "thermal_guard": ThermalGuard()}
        modes: dict[str, Mode] = {"thermal_guard": "advise"}
        self.supervisor = Supervisor(self.plant, policies, Nobody(self.plant), modes)

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield snapshots at the given pace."""
        tick = 0
        while self.ticks is None or tick < self.ticks:
            tick += 1
            load = 0.55 + 0.40 * float(np.sin(tick / 9.0))
            yield small_snapshot(self.plant, tick, load, self.supervisor)
            time.sleep(self.interval_s)
