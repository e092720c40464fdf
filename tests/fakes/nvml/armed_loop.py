"""An armed loop to be killed: `python -m tests.fakes.nvml.armed_loop FOLDER DEADMAN SECONDS`.

Writes other caps and clocks to this host's GPUs every 20 ms, says `armed` once it has, and
ends after so long, without a word.
"""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from controllers.actuators.nvml import NvmlActuator
from controllers.actuators.order import Order
from controllers.policy import Facility

COUNT = 4


def main(folder: Path, deadman_s: float, seconds: float) -> None:
    """Write until the time is over."""
    groups = SimpleNamespace(clock_min=np.array([0.2]))
    gpus = SimpleNamespace(
        power_min_w=np.full(COUNT, 100.0),
        power_max_w=np.full(COUNT, 900.0),
        group=np.zeros(COUNT, dtype=np.int64),
    )
    plant = SimpleNamespace(
        gpu_names=tuple(f"gpu{k}" for k in range(COUNT)),
        arrays=SimpleNamespace(gpus=gpus, groups=groups),
    )
    actuator = NvmlActuator(plant, folder, deadman_s)  # type: ignore[arg-type]
    limits, end_s = actuator.limits(), time.monotonic() + seconds
    chance, none = np.random.default_rng(1), Facility(np.zeros(0), np.zeros(0))
    while time.monotonic() < end_s:
        cap_w = chance.uniform(limits.gpu_cap_min_w, 0.9 * limits.gpu_cap_max_w)
        clock = chance.uniform(0.3, 0.9, COUNT)
        now_s = time.time()
        order = Order(cap_w, clock, none, frozenset(), until_s=now_s + deadman_s)
        try:
            actuator.apply(order, now_s)
        except OSError as error:
            if "over already" in str(error):  # a busy machine: the order came too late
                continue
            raise
        sys.stdout.write("armed\n")
        sys.stdout.flush()
        time.sleep(0.02)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
