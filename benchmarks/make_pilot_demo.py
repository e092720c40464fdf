"""Make the pilot's demo recording: measured server runs, placed on the nodes of the site.

    python benchmarks/make_pilot_demo.py OUT

Each HGX node plays a measured run of an 8-GPU H200 server as it is. No such measurement of
an NVL72 rack is public, so its trays play the same runs scaled to the tray's rating, all
trays of a rack together as one job would. The last two racks and the last two rows of nodes
are told as jobs; what else runs nobody told the twin of, as on a site that is told in part.
`OUT` is by default `telemetry/samples/pilot-demo`, which must be empty. The same runs give the
same bytes.
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from site_models.compile import compile_site
from site_models.plant import Plant
from telemetry.recording import Recording, RecordingWriter
from telemetry.recording.job_log import JobLog, Told
from telemetry.samples import H200_WALL, PILOT_DEMO
from telemetry.sources.traces import Trace, TraceSource

START_S = datetime(2024, 7, 12, 19, 0, tzinfo=UTC).timestamp()
"""A July afternoon at the pilot, the day after the first run was measured."""
SECONDS = 1800
MEASURED_PEAK_W = 6390.0
"""Highest wall power of the measured server, which stands for a tray's full load."""
STAGGER_S = 97.0
"""Between neighbours, so that no two play the same second of a run."""
TOLD = ("a7", "a8", "b7", "b8")
"""Racks whose jobs a scheduler is taken to have told of."""
SOURCE = (
    "measured wall power of 8-GPU H200 servers (MLPerf Inference v4.1, NVIDIA) on the HGX nodes; "
    "the same runs, scaled to the tray's rating, on the NVL72 racks"
)


def main() -> None:
    """Read the arguments and make the recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", default=PILOT_DEMO)
    make(parser.parse_args().out)


def make(out: Path) -> None:
    """Make the recording with its licence and source."""
    plant, runs = compile_site("pilot"), Recording(H200_WALL)
    traces = cast(plant, runs.ids("node"))
    frames = TraceSource(runs, plant.node_names, traces, start_s=START_S)
    axes = {"node": plant.node_names}
    with RecordingWriter(
        out, source=SOURCE, axes=axes, site="pilot", host={}, part_s=np.inf
    ) as writer:
        for _ in range(SECONDS):
            frame = frames.read()
            assert frame is not None
            writer.add(frame)
    shutil.copyfile(H200_WALL / "LICENSE.md", out / "LICENSE.md")
    with JobLog(out) as log:
        for told in jobs(plant, traces):
            log.note(told)
    (out / "SOURCE.md").write_text(source_text(traces), encoding="utf-8")


def cast(plant: Plant, runs: tuple[str, ...]) -> dict[str, Trace]:
    """Return which run each node plays, from where and with what factor."""
    nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
    traces = {}
    for n, name in enumerate(plant.node_names):
        if nodes.gpu_count[n] == 0:
            continue
        at_the_wall = nodes.supply_rating_w[n] > 0.0
        turn = n if at_the_wall else int(nodes.rack[n]) * 5
        mine = slice(nodes.first_gpu[n], nodes.first_gpu[n] + nodes.gpu_count[n])
        boards_w = float(gpus.power_max_w[mine].sum())
        above_w = boards_w - float(gpus.idle_power_w[mine].sum())
        full_w = boards_w + nodes.base_power_w[n] + nodes.load_power_per_gpu_w[n] * above_w
        scale = 1.0 if at_the_wall else float(np.round(full_w / MEASURED_PEAK_W, 3))
        traces[name] = Trace(runs[turn % len(runs)], turn * STAGGER_S, scale)
    return traces


def jobs(plant: Plant, traces: dict[str, Trace]) -> list[Told]:
    """Return the runs of `TOLD` racks as jobs: one to an NVL72 rack, one to an HGX node."""
    nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
    told: dict[str, tuple[Trace, list[str]]] = {}
    for gpu, name in enumerate(plant.gpu_names):
        node = int(gpus.node[gpu])
        rack = plant.rack_names[nodes.rack[node]]
        if rack in TOLD:
            place = plant.node_names[node] if nodes.supply_rating_w[node] > 0.0 else rack
            told.setdefault(place, (traces[plant.node_names[node]], []))[1].append(name)
    return [
        Told(
            START_S,
            f"{place}-{trace.run.replace('.', '-')}",
            tuple(names),
            START_S,
            profile="mlperf_" + "".join(c if c.isalnum() else "_" for c in trace.run),
        )
        for place, (trace, names) in told.items()
    ]


def source_text(traces: dict[str, Trace]) -> str:
    """Return what stands in SOURCE.md."""
    lines = [
        "# Demo of the pilot site",
        "",
        f"{SOURCE[0].upper()}{SOURCE[1:]}.",
        "",
        "- Runs: `../h200-mlperf-inference-wall`, its SOURCE.md names repository and commit",
        "- Licence: Apache-2.0 (LICENSE.md)",
        "- Made by: `benchmarks/make_pilot_demo.py`",
        f"- Jobs: the runs on {', '.join(TOLD)} are told as jobs (`jobs.jsonl`), others not",
        "",
        "| nodes | run | from second | factor |",
        "|---|---|---|---|",
    ]
    played: dict[Trace, list[str]] = {}
    for node, trace in traces.items():
        played.setdefault(trace, []).append(node)
    for trace, nodes in played.items():
        who = nodes[0] if len(nodes) == 1 else f"{nodes[0]} to {nodes[-1]}"
        lines.append(f"| {who} | {trace.run} | {trace.offset_s:.0f} | {trace.scale:g} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
