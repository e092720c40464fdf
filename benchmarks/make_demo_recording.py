"""Make the demo recording of the project from the published logs of MLPerf Inference v4.1.

    python benchmarks/make_demo_recording.py SHARED/data/mlperf-inf-v4.1-h200-wall OUT

`OUT` is by default `telemetry/samples/h200-mlperf-inference-wall`, which must be empty. The
same logs give the same bytes.
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import numpy as np

from site_models.arrays import Floats, Ints
from telemetry.files.readings import Log, read_text, screened
from telemetry.importers import spec_ptd
from telemetry.recording import RecordingWriter
from telemetry.samples import H200_WALL

START = np.datetime64("2024-07-12T00:00:00", "us")
"""Where every run is put; they were measured one after another between 11 and 24 July."""

LONGEST_S = 1800
"""What is longer is cut to its first half hour."""

SOURCE = "MLPerf Inference v4.1, closed power, NVIDIA, 8x H200 SXM: wall power by SPEC PTDaemon"


def main() -> None:
    """Read the arguments and make the recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path)
    parser.add_argument("out", type=Path, nargs="?", default=H200_WALL)
    arguments = parser.parse_args()
    make(arguments.logs, arguments.out)


def make(logs: Path, out: Path) -> None:
    """Make the recording of the distinct runs under `logs`, with licence and source."""
    runs = distinct_runs(logs)
    with RecordingWriter(out, source=SOURCE, axes={"node": tuple(runs)}, part_s=np.inf) as writer:
        seconds, power = zip(*(on_seconds(path) for path in runs.values()), strict=True)
        place = np.repeat(np.arange(len(runs)), [len(times) for times in seconds])
        time_us = START.astype(np.int64) + np.concatenate(seconds) * 1_000_000
        writer.add_rows("node", place, time_us, {"node_power_w": np.concatenate(power)})
    shutil.copyfile(logs / "LICENSE.md", out / "LICENSE.md")
    (out / "SOURCE.md").write_text(source_text(logs, runs), encoding="utf-8")


def distinct_runs(logs: Path) -> dict[str, Path]:
    """Return the log of each run by its name; of equal files the shortest name counts."""
    found = {
        f"{path.parts[-5]}.{path.parts[-4].lower()}": path for path in logs.rglob("run_1/spl.txt")
    }
    seen: set[str] = set()
    runs = {}
    for name in sorted(found, key=lambda name: (len(name), name)):
        digest = hashlib.sha256(found[name].read_bytes()).hexdigest()
        if digest not in seen:
            runs[name] = found[name]
        seen.add(digest)
    return dict(sorted(runs.items()))


def on_seconds(path: Path) -> tuple[Ints, Floats]:
    """Return whole seconds since the run's start and the power [W] read there.

    The analyser samples once a second within a tenth; each reading goes to the nearest.
    """
    run = screened(spec_ptd.read(Log(path, read_text(path))))
    second = np.rint((run.time_us - run.time_us[0]) / 1e6).astype(np.int64)
    second, first = np.unique(second, return_index=True)
    kept = second < LONGEST_S
    return second[kept], run.values["node_power_w"][first[kept]]


def source_text(logs: Path, runs: dict[str, Path]) -> str:
    """Return what stands in SOURCE.md."""
    where = (logs / "SOURCE.md").read_text(encoding="utf-8").splitlines()
    stated = [line for line in where if line.startswith(("- Repo", "- Comm", "- Path", "- Lic"))]
    cited = [line for line in where if line.startswith(("- Cit", "- Hard"))]
    lines = [
        "# Wall power of an 8-GPU H200 server",
        "",
        *stated,
        *cited,
        "- Changes: of identical logs one is kept; every run begins at "
        f"{START.astype('datetime64[s]')}Z; readings stand at the nearest whole second; runs "
        f"are cut to their first {LONGEST_S} s; powers are as published, stored as float32.",
        "- Made by: `benchmarks/make_demo_recording.py`",
        "",
        "| id | log |",
        "|---|---|",
    ]
    lines += [f"| {name} | `{path.relative_to(logs).as_posix()}` |" for name, path in runs.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
