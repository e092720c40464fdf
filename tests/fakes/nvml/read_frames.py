"""Reads this host's GPUs for a while, in a process of its own: a process loads one library.

`python -m tests.fakes.nvml.read_frames SECONDS EVERY OUT.npz` stores `time_s`, every signal of
shape (frames, GPUs) with NaN where a frame has it not, `dropped` and `cpu_s` of the reading.
"""

import sys
import time
from types import SimpleNamespace

import numpy as np

from telemetry.recording.collecting import take_precedence
from telemetry.sources.nvml import host_gpus, open_source


def main(seconds: float, every_s: float, out: str) -> None:
    """Read and store."""
    names = tuple(f"gpu{k}" for k in range(len(host_gpus())))
    source = open_source("", SimpleNamespace(gpu_names=names), every_s=every_s)  # type: ignore[arg-type]
    take_precedence()
    source.read()
    began_s, frames = time.process_time(), [source.read()]
    while frames[-1].time_s - frames[0].time_s < seconds - every_s / 2.0:
        frames.append(source.read())
    cpu_s = time.process_time() - began_s
    label, dropped = source.label, source.dropped
    source.close()
    none = np.full(len(names), np.nan)
    signals = dict.fromkeys(name for frame in frames for name in frame.values)
    found = {n: np.array([frame.values.get(n, none) for frame in frames]) for n in signals}
    found["time_s"] = np.array([frame.time_s for frame in frames])
    found |= {"label": np.array(label), "dropped": np.array(dropped), "cpu_s": np.array(cpu_s)}
    np.savez(out, allow_pickle=False, **found)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
