"""One GPU at half clock in a job over two racks of the pilot, on the rig."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.evidence import Evidence
from controllers.scenario import scenario_of
from controllers.simulated.what_if import WhatIf, staged_from
from site_models.arrays import Floats
from site_models.compile import compile_site

SITE = "pilot"
JOB, BESIDE = ("a1", "a2"), ("a3", "a4")
SLOW_S, EXCLUDED_S = 60.0, 120.0
RESTARTED_S = 250.0
"""After the exclusion and the profile's restart."""
SETTLED_S = 400.0


class Look(NamedTuple):
    """Both jobs at an instant."""

    job_s: float
    """Of a step."""
    beside_s: float
    beside_w: Floats
    """Power of the GPUs of the job beside."""


def slow_gpu_rows() -> Iterator[Evidence]:
    """Yield what the slow GPU does to its job, to its neighbours and after it is excluded."""
    closed_form = "closed form: all GPUs wait for the slowest; arithmetic takes time over clock"
    before, slow, after = played()
    yield Evidence.within(
        "Pace of a synchronous job with one GPU at half clock, over that before", closed_form,
        before.job_s / slow.job_s, 0.49, 0.51, "-",
        "144 GPUs, fine-tuning, exchange hidden behind the work",
    )  # fmt: skip
    yield Evidence.at_most(
        "Pace of the job beside it, change", closed_form,
        100.0 * abs(slow.beside_s / before.beside_s - 1.0), 1e-9, "%",
    )  # fmt: skip
    yield Evidence.at_most(
        "GPU power of the job beside it, worst change", closed_form,
        100.0 * float(np.abs(slow.beside_w / before.beside_w - 1.0).max()), 0.1, "%",
        "racks share facility water, so power may follow temperature a little",
    )  # fmt: skip
    yield Evidence.within(
        "Pace of the job with the slow GPU excluded, over that before", closed_form,
        before.job_s / after.job_s, 0.99, 1.01, "-", "143 GPUs",
    )  # fmt: skip


def played() -> tuple[Look, Look, Look]:
    """Return both jobs before, under the slow GPU and after its exclusion."""
    plant = compile_site(SITE)
    slow = plant.gpu_names[0]
    raw = {
        "site": SITE,
        "start": "2025-07-01T12:00:00",
        "duration_s": SETTLED_S,
        "jobs": [
            {"name": "job", "racks": list(JOB), "profile": "finetuning"},
            {"name": "beside", "racks": list(BESIDE), "profile": "finetuning"},
        ],
        "events": [
            {"kind": "slow_gpu", "target": slow, "clock": 0.5, "at_s": SLOW_S},
            {"kind": "gpu_excluded", "target": slow, "at_s": EXCLUDED_S},
        ],
    }
    path = Path("one slow GPU")
    what_if = staged_from(scenario_of(raw, path), path, plant, lambda _: (25.0, 18.0), 1.0)
    return _until(what_if, SLOW_S), _until(what_if, EXCLUDED_S), _until(what_if, SETTLED_S)


def _until(what_if: WhatIf, after_s: float) -> Look:
    rig, work = what_if.rig, what_if.work
    end_s = what_if.scenario.start_s + after_s
    while rig.state.time_s < end_s - 1e-6:
        rig.read()
    beside = np.array([name.startswith(BESIDE) for name in rig.plant.gpu_names])
    power_w = rig.state.gpu_power_w[beside].copy()
    return Look(work.step_s("job"), work.step_s("beside"), power_w)
