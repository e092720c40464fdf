"""The composition root: a site, a source and policies put together into one loop.

The three worlds differ in the pair of source and actuator alone. Replay: recorded frames,
and nobody to act on. What-if: the rig is both. Live: devices and their actuator.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from controllers.actuators.actuator import Actuator
from controllers.actuators.admit import Rules
from controllers.actuators.several import Several
from controllers.checkpoint import resume
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.jobs.job_account import JobAccount
from controllers.jobs.retold import Retold
from controllers.learner import Learner
from controllers.live import Live
from controllers.loop import Loop, Progress, begun
from controllers.opening import IDLE_START_S, open_spec
from controllers.outdoors import outdoors_of
from controllers.simulated.what_if import WhatIf, staged
from controllers.snapshot import Snapshot
from controllers.supervision.acting import Acting, acted_on, modes_of, policies_of
from controllers.supervision.journal import Journal
from controllers.supervision.supervisor import Supervisor
from controllers.surroundings import Surroundings, free_of, jobs_of
from controllers.this_host import located
from controllers.wish import SCENARIO, Wish
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from site_models.site import Site, load_site
from telemetry.frame import Frame
from telemetry.pace import Paced
from telemetry.source import Source
from twin.estimation.overlay import applied, read_overlay
from twin.inputs import Believer, Outdoors
from twin.start import idle_inputs
from twin.steady import rest_or_first


@dataclass(slots=True)
class World:
    """A site with its running loop, and what people and schedulers tell it."""

    site: Site
    plant: Plant
    loop: Loop
    supervisor: Supervisor
    allocations: Allocations
    outdoors: Outdoors
    around: Surroundings
    """What policies are told beside the plant: targets may be set, charges told."""
    what_if: WhatIf | None = None
    """The scenario that is played and its rig; None where nothing is simulated."""
    live: Live | None = None
    """The live sources and their health; None where nothing is live."""
    closing: tuple[Callable[[], None], ...] = ()

    @property
    def zone(self) -> str:
        """Return the site's time zone."""
        return self.site.location.time_zone

    @property
    def job_records(self) -> tuple[JobAccount, ...]:
        """Return the records of the jobs that a scenario plays by their profiles."""
        return () if self.what_if is None else self.what_if.work.records

    @property
    def played(self) -> tuple[Assigned, ...]:
        """Return those of them that run now."""
        return () if self.what_if is None else self.what_if.work.running

    def snapshots(self) -> Iterator[Snapshot]:
        """Run the loop."""
        return iter(self.loop)

    def close(self) -> None:
        """Let go of sources, and restore and let go of what is acted on."""
        for close in self.closing:
            close()


def open_world(wish: Wish, acting: Acting | None = None, rules: Rules | None = None) -> World:
    """Return the world that a wish describes; InputError, one line, where it cannot be.

    `acting` and `rules` are for plans: see `Acting`.
    """
    name, catalogs = located(wish.site, wish.catalogs)
    wish = replace(wish, site=name, catalogs=catalogs)
    site = load_site(name)
    plant = compile_site(name, catalogs)
    if wish.params is not None:
        plant = applied(plant, read_overlay(wish.params))
    outdoors = outdoors_of(site.location)
    spec = wish.spec or site.default_source or "idle"
    if spec.startswith(SCENARIO):
        return _open_scenario(spec, site, plant, outdoors, wish, acting)
    believer = Believer(plant, outdoors)
    source, label, _ = open_spec(spec, plant, wish)
    acted = acted_on(plant, wish, isinstance(source, Live), acting, rules)
    supervisor = acted.supervisor
    if wish.resume is not None:
        progress = resume(wish.resume, plant, supervisor)
    else:
        progress = _first_progress(plant, believer, outdoors, source.read())
    allocations = Allocations(plant)
    around = Surroundings(outdoors, jobs_of(allocations), free=free_of(allocations))
    supervisor.place_with(allocations)
    around.zone = ZoneInfo(site.location.time_zone)
    if isinstance(source, Live):  # what was read does not come again
        loop = Loop(
            plant,
            source,
            partial(acted.bus.believe, believer) if acted.bus else believer,
            supervisor,
            progress,
            "LIVE",
            label,
            time.time,
            troubles=source.troubles,
            learner=Learner(plant),
            around=around,
        )
        closing = (source.close, *acted.closing)
        return World(
            site, plant, loop, supervisor, allocations, outdoors, around, None, source, closing
        )
    after_s = progress.state.time_s if progress.tick else -np.inf
    source, label, told = open_spec(spec, plant, wish, after_s)
    if told is not None:
        source = Retold(source, told.log, allocations, told.recorded_s)
    if np.isfinite(wish.speed):
        source = Paced(source, wish.speed)
    loop = Loop(
        plant,
        source,
        believer,
        supervisor,
        progress,
        "REPLAY",
        label,
        learner=Learner(plant),
        around=around,
    )
    return World(site, plant, loop, supervisor, allocations, outdoors, around)


def _open_scenario(
    spec: str,
    site: Site,
    plant: Plant,
    outdoors: Outdoors,
    wish: Wish,
    acting: Acting | None = None,
) -> World:
    """Return a world whose rig is source and actuator; policies may be armed on it."""
    if wish.resume is not None:
        raise InputError(f"{wish.resume}: a scenario cannot be resumed, expected none")
    name, jobs = spec.removeprefix(SCENARIO), wish.job_list
    what_if = staged(name, plant, outdoors, wish.dt_s, wish.onset, jobs)
    actuator = what_if.rig if acting is None else Several((what_if.rig, acting(plant)))
    loop = looped(what_if, plant, wish.policies, wish.journal, wish.speed, actuator=actuator)
    around = what_if.around
    allocations = Allocations(plant, unused=lambda: around.free)
    loop.supervisor.place_with(allocations)
    around.zone = ZoneInfo(site.location.time_zone)
    return World(site, plant, loop, loop.supervisor, allocations, outdoors, around, what_if)


def looped(
    what_if: WhatIf,
    plant: Plant,
    policies: Sequence[str],
    journal: Path | None = None,
    speed: float = np.inf,
    rules: Rules | None = None,
    actuator: Actuator | None = None,
) -> Loop:
    """Return the loop of a what-if, whose policies may be armed; InputError for unknown ones.

    `actuator`: in place of the rig alone.
    """
    rig = what_if.rig
    supervisor = Supervisor(
        plant,
        policies_of(policies),
        rig if actuator is None else actuator,
        modes=modes_of(policies, may_arm=True),
        rules=rules,
        journal=Journal(journal),
    )
    source: Source = rig if np.isinf(speed) else Paced(rig, speed)
    return Loop(
        plant,
        source,
        what_if.believe,
        supervisor,
        begun(plant, rig.state, rig.inputs),
        "WHAT-IF",
        what_if.label,
        in_force=lambda: rig.plant,
        around=what_if.around,
    )


def _first_progress(
    plant: Plant, believer: Believer, outdoors: Outdoors, frame: Frame | None
) -> Progress:
    """Return the start of a run: at rest under what the first frame says."""
    time_s = frame.time_s if frame is not None else IDLE_START_S
    idle = idle_inputs(plant, *outdoors(time_s))
    state = rest_or_first(plant, idle, time_s)
    if frame is None:
        return begun(plant, state, idle)
    inputs = believer(frame, idle, state)
    return begun(plant, rest_or_first(plant, inputs, time_s), inputs)
