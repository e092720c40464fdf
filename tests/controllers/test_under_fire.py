"""Policies, frames, devices and ends drawn at random: what must hold does, and a kill undoes it.

Each test runs in a process of its own that loads the imitated driver; `twin validate --only
safety` plays 10,000 trials.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build it with")


def in_own_process(folder: Path, *words: str) -> str:
    """Return what a command printed that was run with the imitated driver."""
    folder.mkdir(exist_ok=True)
    variables = {
        **os.environ,
        "LD_LIBRARY_PATH": str(folder),
        "NVML_IMITATION_STATE": str(folder / "state"),
        "NVML_IMITATION_LOG": str(folder / "writes.log"),
    }
    done = subprocess.run(
        [sys.executable, *words, str(folder)], cwd=ROOT, env=variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_whatever_is_drawn_nothing_unsafe_is_written(tmp_path: Path) -> None:
    in_own_process(tmp_path / "driver", "-m", "tests.fakes.under_fire_drawn", "250")


def test_the_seeded_trials_hold(tmp_path: Path) -> None:
    told = in_own_process(tmp_path / "driver", "-m", "tests.fakes.under_fire", "60", "1")
    report = json.loads(told)
    assert report["first"] == []
    assert report["writes"] > 500
    assert report["restored_s"] <= 30.0
