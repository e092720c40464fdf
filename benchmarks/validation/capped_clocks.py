"""The clock that a power cap leaves, against measured throughput of compute-bound kernels.

Eight B200 burn at caps from 200 to 1000 W. Above 640 W they draw what they like, so throughput
there is that of the full clock, and throughput under a cap over it is the clock's share. The twin
is told that power and the cap and no more: nothing of the catalog's B200 was fitted to throughput.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.shared import shared
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.start import first_state, idle_inputs
from twin.state import MODELLED
from twin.step import step

HERE = "public burn log of eight B200, throughput under a cap over that without one"
FOLDER = "calibration_only/b200-hgx-gpuburn/0107"
FREE_W, CAPS_W = 1000, (600, 400, 200)
KERNELS = {"": "fp32", "_tc": "tensor", "_fp64": "fp64"}
BURNING_S = (120.0, 290.0)
"""Of the run: warm, and before its end."""
LIMIT = 2.0


class Burn(NamedTuple):
    """Medians of one run. Shape (GPUs,); NaN: no throughput was told."""

    power_w: Floats
    per_s: Floats


def rows() -> Iterator[Evidence]:
    """Yield a row for each cap; skipped where the measured data are not beside the checkout."""
    folder = shared() / FOLDER
    if not folder.is_dir():
        yield Evidence.skipped("capped clocks", HERE, "no shared data beside the checkout")
        return
    plant = compile_site("hgx-b200")
    free = {key: burn(folder, FREE_W, key) for key in KERNELS}
    for cap_w in CAPS_W:
        off, lowest = [], []
        for key, full in free.items():
            measured = burn(folder, cap_w, key).per_s / full.per_s
            ours = clocks(plant, full.power_w, float(cap_w))
            off.append(ours - measured)
            lowest.append(np.nanmean(measured))
        yield _row(cap_w, np.concatenate(off), np.array(lowest))


def burn(folder: Path, cap_w: int, kernel: str) -> Burn:
    """Return the medians of the run of a kernel under a cap."""
    (path,) = folder.glob(f"*_pl{cap_w}w{kernel}.csv")
    with path.open(newline="") as lines:
        told = list(csv.DictReader(lines))
    work = next(name for name in told[0] if "flops" in name)
    columns = ("elapsed_seconds", "gpu_id", "gpu_util_pct", "gpu_power_w", work)
    at_s, gpu, busy, power_w, per_s = np.array(
        [[float(row[name] or "nan") for name in columns] for row in told]
    ).T
    on = (at_s > BURNING_S[0]) & (at_s < BURNING_S[1]) & (busy > 90.0) & (per_s > 0.0)
    each = [on & (gpu == one) for one in range(int(gpu.max()) + 1)]

    def median(values: Floats) -> Floats:
        return np.array([np.median(values[mine]) if mine.any() else np.nan for mine in each])

    return Burn(median(power_w), median(per_s))


def clocks(plant: Plant, demand_w: Floats, cap_w: float) -> Floats:
    """Return the clock over the full one that the twin comes to at rest. Shape (GPUs,)"""
    count = len(plant.gpu_names)
    inputs = idle_inputs(plant, 23.0, 16.0)._replace(
        gpu_power_w=demand_w,
        gpu_cap_w=np.full(count, cap_w),
        gpu_power_basis=np.full(count, MODELLED, dtype=np.int64),
    )
    state = first_state(plant, inputs, 0.0)
    for _ in range(60):
        state = step(plant, state, inputs, 10.0)
    return np.asarray(state.gpu_clock_ratio)


def _row(cap_w: int, off: Floats, measured: Floats) -> Evidence:
    points = 100.0 * off[np.isfinite(off)]
    per_kernel = ", ".join(
        f"{name} {100.0 * share:.1f} %"
        for name, share in zip(KERNELS.values(), measured, strict=True)
    )
    return Evidence.at_most(
        f"GPU: clock under a cap of {cap_w} W, root of the mean square error",
        HERE,
        float(np.sqrt(np.mean(points**2))),
        LIMIT,
        "points",
        baseline=f"measured {per_kernel}; ours {points.mean():+.1f} points in the mean",
        why=(
            "the catalog's idle power, 195 W of another server, leaves 5 W under this cap, which is"
            " the lowest; this server idles at 138 to 152 W, and about 35 W more than that do not"
            " follow the clock"
        ),
    )
