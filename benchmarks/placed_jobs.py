"""Random placements on the pilot: what the advice says, and what the rig's jobs then do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from benchmarks.crowds import LARGE, PROFILES, SIZES, crowd, fitting_count, narrowed, told
from controllers.jobs.allocation import Allocation
from controllers.jobs.allocations import Allocations
from controllers.jobs.assigned import Assigned
from controllers.jobs.collective_told import Collective
from controllers.jobs.team import first_team
from controllers.jobs.work import Work
from controllers.placement.models import Advice, read_request
from controllers.placement.rank import rank
from controllers.simulated.rig import Rig
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import steady
from twin.workload import workload

SETTLES_S, RUNS_S, DT_S = 600.0, 900.0, 10.0
AIR_C = (33.0, 22.0)
PER_STEP_S = 0.5
"""Arithmetic of a step of the jobs that state their collective."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One job: what was said of it and what it did."""

    kind: str
    """Its profile, or the collective that its request stated."""
    told_c: float
    peak_c: float
    """Of its GPUs, from its start to the end of the run."""
    now_c: float
    """Hottest of them before it started: what persistence would say."""
    told_s: float
    took_s: float
    """What its step exchanges once it runs, before another job comes."""
    later_s: float
    """The same at the end: a job that comes later takes some of its network, or gives back what
    it takes from a third."""
    alone_s: float
    """The same without any other job: what a look at its place alone would say."""
    told_loss: float
    """Of the step of the running job that it slows most, a share."""
    loss: float
    crossed: bool
    """Left its NVLink domain."""
    crowded: bool
    """Was told to share its network with running jobs."""
    told_throttle: float
    throttle: float
    """Of its GPUs' clocks, what the devices took off on the mean of the run. 0..1"""
    told_return_c: float
    return_c: float
    """Of the warmest rack that it touches, at the end of the run; NaN in air."""


@dataclass(frozen=True, slots=True)
class Round:
    """Jobs that were placed one after another and then ran together."""

    placed: tuple[Placed, ...]
    told_w: float
    """What they were said to add at the utility meters, together."""
    rose_w: float
    """What they added there at the end: against the same run without them."""
    told_j: float
    """What they were said to add times how long each ran."""
    used_j: float


class _Now(NamedTuple):
    """A moment of the rig, and what it saw since the one before."""

    state: State
    inputs: Inputs
    peak_c: Floats
    throttle_s: Floats
    """Time that the device took off each GPU's clock."""
    site_j: float
    exchange_s: dict[str, float]
    step_s: dict[str, float]

    @property
    def site_w(self) -> float:
        """Return the power at the utility meters: the last interval's mean."""
        return self.state.ledger.energy_in_j / DT_S


class _Pick(NamedTuple):
    """A job on one of the places that it was offered."""

    job: Assigned
    advice: Advice
    kind: str


def placed_rounds(wanted: int, seed: int = 11) -> Iterator[Round]:
    """Yield rounds with so many placements together.

    Rounds of one rig: other jobs run until the plant is at rest, then a job is placed in each
    of three parts that share no cooling loop (the racks of either CDU, the air-cooled hall),
    one of the offered places at random, one job after the other. What its step exchanges and
    what its neighbours lose is seen before the next one comes, since no advice knows of that;
    how hot it gets when all have run on together. They share power, network and facility water,
    and each is told with those before it as promised. The pilot's network never crowds as built,
    so that every other round has most of its uplinks down and its jobs here and there. Every
    round is played once more without its jobs, for what they add at the meters.
    """
    built, rng = compile_site("pilot"), np.random.default_rng(seed)
    crowds, plant = narrowed(built), built
    inputs = idle_inputs(plant, *AIR_C)
    inputs = inputs._replace(
        gpu_power_basis=np.full(len(plant.gpu_names), MODELLED, dtype=np.int64)
    )
    now, done = _Now(steady(plant, inputs), inputs, np.zeros(0), np.zeros(0), 0.0, {}, {}), 0
    while done < wanted:
        plant = crowds if plant is built else built
        running = list(crowd(plant, rng, now.state.time_s, scattered=plant is crowds))
        now = _played(plant, now, running, SETTLES_S)
        table = told(plant, running, now.state.time_s)
        without = _played(plant, now, running, RUNS_S)
        seen, ends_s = [], now.state.time_s + RUNS_S
        for part in range(min(3, wanted - done)):
            pick = _picked(plant, now, table, rng, part, LARGE if plant is crowds else SIZES)
            if pick is None:
                continue
            before, running = now, [*running, pick.job]
            now = _played(plant, now, running, DT_S)
            seen.append((pick, before, now))
        last = _played(plant, now, running, ends_s - now.state.time_s)
        if seen:
            yield _round(plant, seen, last, without)
        now, done = last, done + len(seen)


def _played(plant: Plant, now: _Now, jobs: list[Assigned], lasts_s: float) -> _Now:
    """Return the rig after some time with some jobs."""
    state, idle_w = now.state, plant.arrays.gpus.idle_power_w
    work = Work(plant, [job._replace(start_s=state.time_s) for job in jobs])
    clock, kept = np.ones(len(idle_w)), np.zeros(len(idle_w), dtype=np.bool_)
    rig = Rig(
        plant,
        state,
        now.inputs,
        lambda time_s: work.demand(time_s, idle_w, clock, kept),
        lambda time_s: AIR_C,
        DT_S,
        end_s=state.time_s + lasts_s,
        told=work.told,
    )
    peak_c, throttle_s, site_j = np.full(len(idle_w), -np.inf), np.zeros(len(idle_w)), 0.0
    while rig.read() is not None:
        np.maximum(peak_c, rig.state.gpu_temp_c, out=peak_c)
        throttle_s += DT_S * (1.0 - rig.state.gpu_clock_ratio)
        site_j += rig.state.ledger.energy_in_j
    names = [job.name for job in jobs]
    return _Now(
        rig.state,
        rig.inputs,
        peak_c,
        throttle_s,
        site_j,
        {name: work.exchange_s(name) for name in names},
        {name: work.step_s(name) for name in names},
    )


def _picked(
    plant: Plant,
    now: _Now,
    table: Allocations,
    rng: np.random.Generator,
    part: int,
    sizes: tuple[int, ...],
) -> _Pick | None:
    """Return a job on one of the places offered in a part of the site; None where none is."""
    now_s, name = now.state.time_s, str(rng.choice(PROFILES))
    stated = rng.random() < 0.5
    if stated:
        name = "finetuning"
    raw: dict[str, Any] = {
        "job": f"new{part}",
        "gpus": fitting_count(name, rng, sizes),
        "exclude": _elsewhere(plant, part),
        "profile": name,
        "duration_s": RUNS_S,
        "limit": 20,
    }
    profile, kind = workload(name), name
    if stated:
        collective = _collective(rng)
        raw["collective"] = collective.model_dump()
        profile, kind = _doing(profile, collective), f"{collective.op} stated"
    request = read_request(raw)
    advice = rank(plant, now.state, now.inputs, table, request, now_s).advice
    if not advice:
        return None
    pick = advice[int(rng.integers(0, len(advice)))]
    held = Allocation(
        request.job,
        table.indices(pick.gpus),
        now_s,
        profile=name,
        collective=request.collective,
    )
    table.put(held, now_s)
    return _Pick(Assigned(request.job, name, profile, held.gpus, now_s, now_s + 1e6), pick, kind)


def _collective(rng: np.random.Generator) -> Collective:
    """Return a collective of a random kind and size."""
    op = str(rng.choice(["all_reduce", "all_gather", "reduce_scatter", "alltoall"]))
    size = float(10 ** rng.uniform(6, 10))
    return Collective.model_validate({"op": op, "bytes": size, "per_step_s": PER_STEP_S})


def _doing(profile: Workload, asked: Collective) -> Workload:
    """Return a profile whose step is some arithmetic, then one collective over all its GPUs."""
    phase = profile.phases[0]
    traffic, flop = phase.traffic[0], phase.compute_flop
    assert flop is not None
    doing = traffic.model_copy(
        update={
            "op": asked.op,
            "size_bytes": traffic.size_bytes.model_copy(update={"value": asked.bytes}),
            "hidden": traffic.hidden.model_copy(update={"value": 0.0}),
        }
    )
    work = {"compute_flop": None, "compute_s": flop.model_copy(update={"value": asked.per_step_s})}
    return profile.model_copy(
        update={"phases": (phase.model_copy(update={**work, "traffic": (doing,)}),)}
    )


def _elsewhere(plant: Plant, part: int) -> list[str]:
    """Return the nodes with GPUs that are not in a part: CDU 1, CDU 2, the air-cooled hall."""
    nodes, racks = plant.arrays.nodes, plant.arrays.racks
    circuit = racks.liquid_circuit[nodes.rack]
    wet = sorted(set(circuit[circuit >= 0].tolist()))
    mine = circuit == (wet[part] if part < 2 else -1)
    names = plant.node_names
    return [names[n] for n in np.flatnonzero(~mine & (nodes.gpu_count > 0)).tolist()]


def _round(plant: Plant, seen: list[tuple[_Pick, _Now, _Now]], last: _Now, without: _Now) -> Round:
    """Return what became of a round's jobs: each with the moments around its start."""
    moments = [*(then for _, _, then in seen), last]
    ends_s = last.state.time_s
    told_w = [pick.advice.predicted.facility_power_w for pick, _, _ in seen]
    lasted_s = [ends_s - before.state.time_s for _, before, _ in seen]
    return Round(
        placed=tuple(
            _outcome(plant, pick, before, moments[k:]) for k, (pick, before, _) in enumerate(seen)
        ),
        told_w=sum(told_w),
        rose_w=last.site_w - without.site_w,
        told_j=sum(w * s for w, s in zip(told_w, lasted_s, strict=True)),
        used_j=sum(moment.site_j for moment in moments) - without.site_j,
    )


def _outcome(plant: Plant, pick: _Pick, before: _Now, after: list[_Now]) -> Placed:
    """Return what was said of a job and what it did; `after` from its start on."""
    job, predicted, then, last = pick.job, pick.advice.predicted, after[0], after[-1]
    losses = [1.0 - step_s / then.step_s[name] for name, step_s in before.step_s.items()]
    rack = np.unique(plant.arrays.nodes.rack[plant.arrays.gpus.node[job.gpus]])
    wet = plant.arrays.racks.liquid_circuit[rack] >= 0
    ran_s = last.state.time_s - before.state.time_s
    throttle_s = np.sum([moment.throttle_s[job.gpus].mean() for moment in after])
    return Placed(
        kind=pick.kind,
        told_c=predicted.gpu_temp_max_c,
        peak_c=float(max(moment.peak_c[job.gpus].max() for moment in after)),
        now_c=float(before.state.gpu_temp_c[job.gpus].max()),
        told_s=_or_nan(predicted.collective_s),
        took_s=then.exchange_s[job.name],
        later_s=last.exchange_s[job.name],
        alone_s=_alone_s(plant, job),
        told_loss=_or_nan(predicted.neighbours_slowdown_share),
        loss=max(losses, default=0.0),
        crossed=len(np.unique(plant.gpu_nvlink_domain[job.gpus])) > 1,
        crowded=any("shared with running jobs" in line for line in pick.advice.reasons),
        told_throttle=predicted.throttle_share,
        throttle=float(throttle_s / ran_s),
        told_return_c=_or_nan(predicted.tcs_return_c),
        return_c=float(last.state.rack_return_c[rack][wet].max(initial=-np.inf))
        if wet.any()
        else float("nan"),
    )


def _alone_s(plant: Plant, job: Assigned) -> float:
    return float(first_team(job.profile, plant, job.gpus).exchange.time_s.sum())


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
