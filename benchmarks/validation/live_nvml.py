"""A minute recorded from an imitated driver, a GPU lost and back in it."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from site_models.arrays import Floats
from telemetry.recording import Recording

REFERENCE = "issue 4; imitated driver through the real binding, 8 GPUs at 10 Hz"
SECONDS, EVERY_S, GPUS, LOST = 60.0, 0.1, 8, 2
AROUND_S = 2.0
"""How long before and after its absence a lost GPU is held answerable for a gap."""
COMMAND = "from dashboards.cli import run; run()"
BUSY = "this host woke the reader late and does not grant it precedence"


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject: a minute of recording."""
    name = "Recording of this host's GPUs"
    if shutil.which("gcc") is None:
        yield Evidence.skipped(name, REFERENCE, "no gcc to build the imitated driver with")
        return
    try:
        from tests.fakes.nvml.imitation import Imitation
    except ImportError:
        yield Evidence.skipped(name, REFERENCE, "the imitated driver lies with the tests")
        return
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "recording"
        driver = Imitation(Path(scratch) / "driver", GPUS)
        report = _recorded(driver, out)
        recording = Recording(out)
        every = [recording.series("xid", gpu)[0] for gpu in recording.ids("gpu")]
        time_s = np.unique(np.concatenate(every))
        yield from _pace(time_s, report)
        yield _loss(recording, time_s)
        yield _energy(recording)


def _recorded(driver: Any, out: Path) -> dict[str, float]:
    """Record a minute; a GPU is lost after a third of it and back after half."""
    for k in range(GPUS):
        driver.draw(k, 400.0 + 10.0 * k, wave_w=100.0, wave_s=1.3 + 0.2 * k)
    words = ["record", "--source", "nvml", "--out", str(out), "--every", str(EVERY_S)]
    words += ["--for", str(SECONDS), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words],
        env=driver.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not (out / "manifest.json").exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(SECONDS / 3.0)
    driver.lose(LOST)
    time.sleep(SECONDS / 6.0)
    driver.give_back(LOST)
    told, _ = process.communicate()
    report: dict[str, float] = json.loads(told)
    return report


def _pace(time_s: Floats, report: dict[str, float]) -> Iterator[Evidence]:
    since_s = time_s - time_s[0]
    off_s = since_s - EVERY_S * np.rint(since_s / EVERY_S)
    jitter_s = float(np.percentile(np.abs(off_s - np.median(off_s)), 99.0))
    name = f"Jitter of frames over {SECONDS:.0f} s, 99th percentile"
    said = f"{len(time_s)} frames, {report['dropped']:.0f} dropped"
    yield Evidence.at_most(name, REFERENCE, 1e3 * jitter_s, 5.0, "ms", said, BUSY)


def _loss(recording: Recording, time_s: Floats) -> Evidence:
    power_s, _ = recording.series("gpu_power_w", recording.ids("gpu")[LOST])
    gaps_s = np.diff(power_s)
    gone = int(gaps_s.argmax())
    near = (time_s > power_s[gone] - AROUND_S) & (time_s < power_s[gone + 1] + AROUND_S)
    return Evidence.at_most(
        "Longest time between frames while a GPU is lost and comes back",
        REFERENCE,
        float(np.diff(time_s[near]).max()),
        1.5 * EVERY_S,
        "s",
        f"the GPU, away for 10 s, says nothing for {gaps_s[gone]:.1f} s; "
        f"longest of the whole minute {np.diff(time_s).max():.3f} s",
        BUSY,
    )


def _energy(recording: Recording) -> Evidence:
    worst = 0.0
    for gpu in recording.ids("gpu"):
        if gpu == recording.ids("gpu")[LOST]:
            continue
        energy_s, energy_j = recording.series("gpu_energy_j", gpu)
        power_s, power_w = recording.series("gpu_power_w", gpu)
        within = (power_s >= energy_s[0]) & (power_s <= energy_s[-1])
        integral_j = float(np.trapezoid(power_w[within], power_s[within]))
        worst = max(worst, abs(integral_j / float(energy_j[-1] - energy_j[0]) - 1.0))
    return Evidence.at_most(
        "Energy of a recording against the device's counter, worst GPU",
        f"{REFERENCE}, power swinging by 100 W in 1.3 to 2.7 s",
        100.0 * worst,
        0.1,
        "%",
    )
