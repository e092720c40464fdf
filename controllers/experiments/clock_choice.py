"""`twin experiment clock_choice`: memory-bound work at lower clocks, judged by its own pace law."""

from typing import Any, NamedTuple

import numpy as np

from controllers.experiment import (
    Curve,
    Experiment,
    Finding,
    Outcome,
    Plot,
    Setting,
    at_least,
    at_most,
)
from controllers.jobs.assigned import Assigned
from controllers.jobs.team import Team, first_team
from controllers.jobs.work import Work
from controllers.policies.clock_choice import ClockChoice
from controllers.policy import JobOn, View
from controllers.trials.plain_sight import working
from site_models.catalog import open_catalog
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from twin.start import first_state, idle_inputs
from twin.workload import workload

SITES = {"hgx-h200": 8, "edge": 64}
"""An H200 server, and a GB200 rack of which a job takes 64 GPUs."""
TOLD_AT = 0.8
RULE = 0.8
"""Clock of the simple rule: everything."""
START_S, SECONDS = 1_750_000_000.0, 240
AIR = (25.0, 18.0)
PLAYED = ("decode", "prefill", "finetuning", "data_preparation")
SHOWN = "decode"


class Row(NamedTuple):
    """A profile at one clock, by its own pace and power."""

    site: str
    profile: str
    compute_share: float
    clock: float
    lost: float
    """Share of throughput."""
    saved: float
    """Share of the GPUs' energy by unit of work."""


def _run(setting: Setting) -> Outcome:
    setting.only("clock_choice")
    policy = ClockChoice()
    ours, ruled, halves = [], [], []
    for site, gpus in SITES.items():
        plant = compile_site(site)
        for name in _profiles():
            team = _team(plant, name, gpus)
            if team is None:
                continue
            share = _share(team, TOLD_AT)
            ours.append(_row(site, plant, team, name, share, _chosen(plant, team, policy, share)))
            ruled.append(_row(site, plant, team, name, share, RULE))
            half = _share(team, 0.5)
            halves.append(_row(site, plant, team, name, half, _chosen(plant, team, policy, half)))
        setting.told(site)
    plant = compile_site("hgx-h200")
    played = {name: _played(plant, name, policy) for name in PLAYED}
    return Outcome(
        "clock_choice",
        {"do_nothing": {"lost": 0.0, "saved": 0.0}, f"all_at_{RULE:g}": _figures(ruled)},
        {
            **_figures(ours),
            "shares_told_from_half_clock": _figures(halves),
            "rows": [row._asdict() for row in ours],
            "on_the_plant": {name: {"lost": a, "saved": b} for name, (a, b) in played.items()},
        },
        _findings(ours, played),
        _plots(plant, policy),
        _notes(ours, ruled, halves, played),
    )


def _profiles() -> list[str]:
    return [n for n in open_catalog().names("workload") if not n.startswith("mlperf")]


def _team(plant: Plant, name: str, gpus: int) -> Team | None:
    try:
        team = first_team(workload(name), plant, np.arange(gpus))
    except InputError:
        return None
    return team if team.units_per_s(team.pace(np.ones(gpus))) > 0.0 else None


def _share(team: Team, told_at: float) -> float:
    """Return the compute share of a team by its steps at full clock and at another. 0..1"""
    count = len(team.gpus)
    longer = float(team.pace(np.full(count, told_at)).step_s.mean())
    longer /= float(team.pace(np.ones(count)).step_s.mean())
    return float(np.clip((longer - 1.0) / (1.0 / told_at - 1.0), 0.0, 1.0))


def _chosen(plant: Plant, team: Team, policy: ClockChoice, share: float) -> float:
    inputs = idle_inputs(plant, *AIR)
    state = first_state(plant, inputs, START_S)
    job = JobOn("job", team.gpus, compute_share=share)
    view = View(plant, state, inputs, START_S, 0.0, 0.0, np.zeros(len(plant.gpu_names)), (job,))
    clock = policy.decide(view, ())[0].gpu_clock_share
    return 1.0 if clock is None else float(clock[team.gpus[0]])


def _row(site: str, plant: Plant, team: Team, name: str, share: float, clock: float) -> Row:
    count = len(team.gpus)
    rates, energies = [], []
    for at_clock in (np.ones(count), np.full(count, clock)):
        at = team.pace(at_clock)
        rates.append(team.units_per_s(at))
        energies.append(float(team.power_w(plant, at, at_clock).sum()) / rates[-1])
    lost, saved = 1.0 - rates[1] / rates[0], 1.0 - energies[1] / energies[0]
    return Row(site, name, share, clock, lost, saved)


def _played(plant: Plant, name: str, policy: ClockChoice) -> tuple[float, float]:
    """Return throughput lost and energy saved by unit at the wall, on the simulated plant."""
    made, used = [], []
    for on in (False, True):
        count = len(plant.gpu_names)
        team = first_team(workload(name), plant, np.arange(count))
        job = Assigned(name, name, workload(name), np.arange(count), START_S, np.inf)
        work = Work(plant, [job])
        clock = np.ones(count)
        if on:
            clock[:] = _chosen(plant, team, policy, _share(team, TOLD_AT))
        state = first_state(plant, idle_inputs(plant, *AIR), START_S)
        rig = working(plant, state, work, AIR, clock)
        energy_j = 0.0
        for _ in range(SECONDS):
            rig.read()
            energy_j += float(rig.state.node_power_w.sum())
        made.append(work.records[0].units)
        used.append(energy_j / work.records[0].units)
    return 1.0 - made[1] / made[0], 1.0 - used[1] / used[0]


def _findings(rows: list[Row], played: dict[str, tuple[float, float]]) -> tuple[Finding, ...]:
    worst = max(row.lost for row in rows)
    decode = min(row.saved for row in rows if row.profile == SHOWN)
    return (
        at_most("throughput lost, most of any profile on either GPU", 100.0 * worst, 1.0, "%"),
        at_least("GPU energy saved by decode (published 7 to 13 % at 1590 of 1980 MHz)",
                 100.0 * decode, 7.0, "%"),
        at_most("throughput lost on the simulated plant, most of any profile",
                100.0 * max(lost for lost, _ in played.values()), 1.0, "%"),
        at_least("energy saved at the wall by decode on the simulated plant",
                 100.0 * played[SHOWN][1], 0.0, "%"),
    )  # fmt: skip


def _figures(rows: list[Row]) -> dict[str, Any]:
    return {
        "lost_most": max(row.lost for row in rows),
        "lost_mean": float(np.mean([row.lost for row in rows])),
        "saved_mean": float(np.mean([row.saved for row in rows])),
        "profiles_lowered": sum(row.clock < 1.0 for row in rows),
        "profiles": len(rows),
    }


def _plots(plant: Plant, policy: ClockChoice) -> tuple[Plot, ...]:
    clocks = np.linspace(0.5, 1.0, 26)
    paces = []
    for name in PLAYED:
        team = first_team(workload(name), plant, np.arange(8))
        full = team.units_per_s(team.pace(np.ones(8)))
        at = [team.units_per_s(team.pace(np.full(8, clock))) / full for clock in clocks.tolist()]
        paces.append(Curve(name, clocks, np.array(at)))
    return (
        Plot("Pace by clock on an H200 server", "clock (share of full)", "throughput (share)",
             tuple(paces), {"1 % lost": 1.0 - policy.loss}),
    )  # fmt: skip


def _notes(
    ours: list[Row], ruled: list[Row], halves: list[Row], played: dict[str, tuple[float, float]]
) -> tuple[str, ...]:
    lowered = [
        f"{row.profile} on {row.site}: clock {row.clock:.2f}, {100 * row.lost:.2f} % lost,"
        f" {100 * row.saved:.1f} % of GPU energy saved."
        for row in ours
        if row.clock < 1.0
    ]
    mean, rule, half = _figures(ours), _figures(ruled), _figures(halves)
    on = "; ".join(
        f"{n} {100 * a:.2f} % lost, {100 * b:.1f} % saved" for n, (a, b) in played.items()
    )
    return (
        *lowered,
        f"All profiles: {100 * mean['saved_mean']:.1f} % saved at {100 * mean['lost_mean']:.2f} %"
        f" lost on average; everything at {RULE:g}: {100 * rule['saved_mean']:.1f} % saved at"
        f" {100 * rule['lost_mean']:.1f} % lost, {100 * rule['lost_most']:.0f} % at the most.",
        f"Compute shares told from half clock instead: {half['profiles_lowered']} of"
        f" {half['profiles']} profiles lowered, {100 * half['saved_mean']:.1f} % saved: safe, and"
        " blind to work that stays memory-bound down to two thirds of the clock.",
        f"On the simulated H200 server, at the wall, over {SECONDS} s: {on}.",
        f"Compute share: the step's lengthening from full clock to {TOLD_AT:g}, over that of pure"
        " arithmetic. Power by the profile's core share and V(f)^2 f. No chance is involved."
        " The core share of decode was computed from the published saving, so that the saving"
        " agrees is no check of its own; the pace is.",
    )


EXPERIMENT = Experiment("Memory-bound work at lower clocks: energy saved against pace lost", _run)
