"""Random placements on the pilot: what the advice says, and what the rig's jobs then do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.allocations import Allocation, Allocations
from controllers.assigned import Assigned
from controllers.placement.models import Advice, read_request
from controllers.placement.rank import rank
from controllers.rig import Rig
from controllers.work import Work
from site_models.arrays import Floats, Ints
from site_models.compile import compile_site
from site_models.kinds.workload import Workload
from site_models.plant import Plant
from twin.start import idle_inputs
from twin.state import MODELLED, Inputs, State
from twin.steady import steady
from twin.workload import workload

SETTLES_S, RUNS_S, DT_S = 600.0, 900.0, 10.0
PROFILES = ("finetuning", "pretraining", "pretraining_moe", "prefill", "decode")
SIZES = (4, 8, 16, 32, 64, 128)
AIR_C = (33.0, 22.0)
CROWD = 10
"""Jobs that run already, at most."""


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
    crossed: bool
    """Left its NVLink domain."""
    crowded: bool
    """Was told to share its network with running jobs."""


def placed_jobs(wanted: int, seed: int = 11) -> Iterator[Placed]:
    """Yield so many placements.

    Rounds of one rig: other jobs run until the plant is at rest, then a job is placed in each
    of three parts that share no cooling loop (the racks of either CDU, the air-cooled hall),
    one of the offered places at random, and all run on together. They share power, network
    and facility water, and each is told with those before it as promised.
    """
    plant, rng = compile_site("pilot"), np.random.default_rng(seed)
    inputs = idle_inputs(plant, *AIR_C)
    inputs = inputs._replace(
        gpu_power_basis=np.full(len(plant.gpu_names), MODELLED, dtype=np.int64)
    )
    state, done = steady(plant, inputs), 0
    while done < wanted:
        crowd = list(_crowd(plant, rng, state.time_s))
        state, inputs, _ = _played(plant, state, inputs, crowd, SETTLES_S)
        table = _told(plant, crowd, state.time_s)
        chosen = [
            one
            for part in range(3)
            if (one := _chosen(plant, state, inputs, table, rng, part)) is not None
        ][: wanted - done]
        jobs = [job for job, _, _ in chosen]
        before_c = state.gpu_temp_c
        old = [job._replace(start_s=state.time_s) for job in crowd]
        state, inputs, seen = _played(plant, state, inputs, [*old, *jobs], RUNS_S)
        for job, advice, kind in chosen:
            yield _outcome(plant, job, advice, kind, before_c, seen)
        done += len(chosen)


@dataclass(slots=True)
class _Seen:
    peak_c: Floats
    exchange_s: dict[str, float]


def _played(
    plant: Plant, state: State, inputs: Inputs, jobs: list[Assigned], lasts_s: float
) -> tuple[State, Inputs, _Seen]:
    work, idle_w = Work(plant, jobs), plant.arrays.gpus.idle_power_w
    clock, kept = np.ones(len(idle_w)), np.zeros(len(idle_w), dtype=np.bool_)
    rig = Rig(
        plant,
        state,
        inputs,
        lambda time_s: work.demand(time_s, idle_w, clock, kept),
        lambda time_s: AIR_C,
        DT_S,
        end_s=state.time_s + lasts_s,
        told=work.told,
    )
    peak_c = np.full(len(idle_w), -np.inf)
    while rig.read() is not None:
        np.maximum(peak_c, rig.state.gpu_temp_c, out=peak_c)
    return (
        rig.state,
        rig.inputs,
        _Seen(peak_c, {job.name: work.exchange_s(job.name) for job in jobs}),
    )


def _crowd(plant: Plant, rng: np.random.Generator, start_s: float) -> Iterator[Assigned]:
    """Yield jobs on whole nodes taken at random, neighbours by number."""
    nodes = plant.arrays.nodes
    usable = np.flatnonzero(nodes.gpu_count > 0)
    taken = np.zeros(len(plant.gpu_names), dtype=np.bool_)
    for k in range(int(rng.integers(2, CROWD))):
        name = str(rng.choice(PROFILES))
        profile = workload(name)
        unit = profile.tensor * profile.pipeline * profile.expert
        first = int(rng.integers(0, len(usable)))
        count = unit * max(int(rng.choice(SIZES)) // unit, 1)
        gpus = _whole_nodes(plant, usable[first:], count)
        if len(gpus) == count and not taken[gpus].any() and _one_network(plant, gpus):
            taken[gpus] = True
            yield Assigned(f"old{k}", name, profile, gpus, start_s, start_s + 1e6)


def _whole_nodes(plant: Plant, nodes: Ints, count: int) -> Ints:
    first, size = plant.arrays.nodes.first_gpu, plant.arrays.nodes.gpu_count
    found = [np.arange(int(first[n]), int(first[n] + size[n])) for n in nodes[:count].tolist()]
    return np.concatenate(found)[:count].astype(np.int64)


def _one_network(plant: Plant, gpus: Ints) -> bool:
    return len({plant.gpu_model[g] for g in gpus.tolist()}) == 1


def _told(plant: Plant, jobs: list[Assigned], now_s: float) -> Allocations:
    table = Allocations(plant)
    for job in jobs:
        table.put(Allocation(job.name, job.gpus, now_s, profile=job.profile_name), now_s)
    return table


def _chosen(
    plant: Plant,
    state: State,
    inputs: Inputs,
    table: Allocations,
    rng: np.random.Generator,
    part: int,
) -> tuple[Assigned, Advice, str] | None:
    """Return a job on one of the places offered in a part of the site; None where none is."""
    now_s, name = state.time_s, str(rng.choice(PROFILES))
    profile = workload(name)
    stated = rng.random() < 0.5
    if stated:
        name, profile = "finetuning", _collective(rng)
    unit = profile.tensor * profile.pipeline * profile.expert
    raw: dict[str, Any] = {
        "job": f"new{part}",
        "gpus": unit * max(int(rng.choice(SIZES)) // unit, 1),
        "exclude": _elsewhere(plant, part),
        "profile": name,
        "duration_s": RUNS_S,
        "limit": 20,
    }
    traffic = profile.phases[0].traffic[0] if profile.phases[0].traffic else None
    if stated and traffic is not None:
        size = float(traffic.size_bytes)
        raw["collective"] = {"op": traffic.op, "bytes": size, "per_step_s": 1.0}
    request = read_request(raw)
    advice = rank(plant, state, inputs, table, request, now_s).advice
    if not advice:
        return None
    pick = advice[int(rng.integers(0, len(advice)))]
    gpus = table.indices(pick.gpus)
    table.put(Allocation(request.job, gpus, now_s, profile=None if stated else name), now_s)
    kind = f"{traffic.op} stated" if stated and traffic is not None else name
    return Assigned(request.job, name, profile, gpus, now_s, now_s + 1e6), pick, kind


def _collective(rng: np.random.Generator) -> Workload:
    """Return fine-tuning with one collective of a random size over all of its GPUs."""
    profile = workload("finetuning")
    phase = profile.phases[0]
    size = phase.traffic[0].size_bytes.model_copy(update={"value": float(10 ** rng.uniform(6, 10))})
    op = str(rng.choice(["all_reduce", "all_gather", "reduce_scatter", "alltoall"]))
    traffic = phase.traffic[0].model_copy(update={"op": op, "size_bytes": size})
    return profile.model_copy(
        update={"phases": (phase.model_copy(update={"traffic": (traffic,)}),)}
    )


def _elsewhere(plant: Plant, part: int) -> list[str]:
    """Return the nodes with GPUs that are not in a part: CDU 1, CDU 2, the air-cooled hall."""
    nodes, racks = plant.arrays.nodes, plant.arrays.racks
    circuit = racks.liquid_circuit[nodes.rack]
    wet = sorted(set(circuit[circuit >= 0].tolist()))
    mine = circuit == (wet[part] if part < 2 else -1)
    names = plant.node_names
    return [names[n] for n in np.flatnonzero(~mine & (nodes.gpu_count > 0)).tolist()]


def _outcome(
    plant: Plant, job: Assigned, advice: Advice, kind: str, before_c: Floats, seen: _Seen
) -> Placed:
    told = advice.predicted
    return Placed(
        kind=kind,
        told_c=told.gpu_temp_max_c,
        peak_c=float(seen.peak_c[job.gpus].max()),
        now_c=float(before_c[job.gpus].max()),
        told_s=float("nan") if told.collective_s is None else told.collective_s,
        took_s=seen.exchange_s[job.name],
        crossed=len(np.unique(plant.gpu_nvlink_domain[job.gpus])) > 1,
        crowded=any("shared with running jobs" in line for line in advice.reasons),
    )
