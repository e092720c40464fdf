"""Safety under fire: random policies, frames and faults on an imitated driver; loops killed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence

TRIALS, SEEDS = 10_000, (11, 12)
"""Half of the trials on each seed, in a process of its own."""
KILLS, DEADMAN_S, GPUS = 20, 1.0, 4
ORDER_S = 30.0
"""How long an order of a trial is owed."""
IMITATION = "an imitation of the driver in C, through the real binding"
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 900.0


def rows() -> Iterator[Evidence]:
    """Play 10,000 trials, then kill armed loops at random instants."""
    if shutil.which("gcc") is None:
        yield Evidence.skipped("safety under fire", IMITATION, "no gcc to build it with")
        return
    with tempfile.TemporaryDirectory() as folder:
        found = _trials(Path(folder))
        yield Evidence.at_most(
            f"what did not hold in {found['trials']} random trials: limits, stale or NaN data,"
            " rates, ledger, defaults",
            IMITATION, float(found["faults"]), 0.0, "faults",
            baseline=f"{found['writes']} writes were made",
            why="; ".join(found["first"]),
        )  # fmt: skip
        yield Evidence.at_most(
            "defaults restored after the end of a trial, longest", IMITATION,
            found["restored_s"], ORDER_S, "s", baseline="an order is owed for 30 s",
        )  # fmt: skip
        late_s = _killed(Path(folder) / "killed")
        yield Evidence.at_most(
            f"defaults restored after {KILLS} armed loops were killed, longest", IMITATION,
            late_s, DEADMAN_S, "s", baseline="without a watchdog: never",
        )  # fmt: skip


def _trials(folder: Path) -> dict[str, Any]:
    """Return what the trials of all seeds found together."""
    runs = []
    for seed in SEEDS:
        mine = folder / f"driver{seed}"
        mine.mkdir()
        variables = {
            **os.environ,
            "LD_LIBRARY_PATH": str(mine),
            "NVML_IMITATION_STATE": str(mine / "state"),
            "NVML_IMITATION_LOG": str(mine / "writes.log"),
        }
        words = [str(TRIALS // len(SEEDS)), str(seed), str(mine)]
        runs.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.fakes.under_fire", *words],
                cwd=ROOT,
                env=variables,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
    told = [json.loads(run.communicate(timeout=PATIENCE_S)[0]) for run in runs]
    return {
        "trials": sum(one["trials"] for one in told),
        "faults": sum(one["faults"] for one in told),
        "first": [line for one in told for line in one["first"]],
        "writes": sum(one["writes"] for one in told),
        "restored_s": max(one["restored_s"] for one in told),
    }


def _killed(folder: Path) -> float:
    """Return the longest time from a kill until everything was as it came [s]."""
    from tests.fakes.nvml.imitation import Imitation

    driver = Imitation(folder, GPUS)
    driver.state.may_write = 1
    chance = np.random.default_rng(5)
    longest_s = 0.0
    for _ in range(KILLS):
        words = ["-m", "tests.fakes.nvml.armed_loop", str(folder / "runs"), str(DEADMAN_S), "60"]
        loop = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=driver.environment, stdout=subprocess.PIPE
        )
        assert loop.stdout is not None
        loop.stdout.readline()
        time.sleep(float(chance.uniform(0.0, 0.1)))
        loop.send_signal(signal.SIGKILL)
        loop.wait()
        began_s = time.monotonic()
        while _restrained(driver) and time.monotonic() - began_s < 10.0 * DEADMAN_S:
            time.sleep(0.001)
        longest_s = max(longest_s, time.monotonic() - began_s)
        loop.stdout.close()
        time.sleep(0.2)  # the watchdog lets go of its lock
    return longest_s


def _restrained(driver: Any) -> bool:
    return any(
        gpu.limit_mw != gpu.limit_default_mw or gpu.locked_max_mhz for gpu in driver.gpus[:GPUS]
    )
