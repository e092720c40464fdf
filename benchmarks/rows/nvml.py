"""Live reading of eight GPUs at 10 Hz: its cost and its pace, against an imitated driver."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.row import Row

SECONDS, EVERY_S, GPUS = 60.0, 0.1, 8
NAMES = ("nvml_core_share", "nvml_jitter_p99", "nvml_dropped")


def rows(only: str = "") -> Iterator[Row]:
    """Read for a minute in a process of its own; nothing without gcc or the tests' imitation.

    The answers cost next to nothing here, so the share of a core is that of the binding and of
    our code; what a real driver spends in the kernel comes on top.
    """
    if only not in ("", *NAMES) or shutil.which("gcc") is None:
        return
    try:
        from tests.fakes.nvml.imitation import Imitation, jitter_s
    except ImportError:
        return
    with tempfile.TemporaryDirectory() as scratch:
        driver = Imitation(Path(scratch), GPUS)
        out = Path(scratch) / "frames.npz"
        words = ["-m", "tests.fakes.nvml.read_frames", str(SECONDS), str(EVERY_S), str(out)]
        subprocess.run([sys.executable, *words], env=driver.environment, check=True)
        found = dict(np.load(out))
    span_s = float(found["time_s"][-1] - found["time_s"][0])
    every = (
        Row.at_most("nvml_core_share", float(found["cpu_s"]) / span_s, "ratio", 0.03),
        Row.at_most("nvml_jitter_p99", jitter_s(found["time_s"], EVERY_S), "s", 0.005),
        Row.yardstick("nvml_dropped", float(found["dropped"]), "frames"),
    )
    yield from (row for row in every if only in ("", row.name))
