"""The pilot's default scenario: measured power of real 8-GPU H200 servers.

Each HGX node plays a measured run as it is. No such measurement of an NVL72 rack is public,
so its trays play the same runs scaled to the tray's rating, all trays of a rack together as
one job would; that is what `scaled` in the banner says.
"""

from datetime import UTC, datetime

import numpy as np

from site_models.plant import Plant
from telemetry.recording import Recording
from telemetry.samples import H200_WALL
from telemetry.sources.traces import Trace, TraceSource

START_S = datetime(2024, 7, 12, 19, 0, tzinfo=UTC).timestamp()
"""A July afternoon at the pilot, the day after the first run was measured."""
MEASURED_PEAK_W = 6390.0
"""Highest wall power of the measured servers, which stands for a tray's full load."""
STAGGER_S = 97.0
"""Between neighbours, so that no two play the same second of a run."""


def demo_source(plant: Plant, dt_s: float, start_s: float = START_S) -> TraceSource:
    """Return the demo's frames for a plant from `start_s` on; the traces begin at START_S."""
    recording = Recording(H200_WALL)
    runs = recording.ids("node")
    nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
    traces = {}
    for n, name in enumerate(plant.node_names):
        if nodes.gpu_count[n] == 0:
            continue
        at_the_wall = nodes.supply_rating_w[n] > 0.0
        turn = n if at_the_wall else int(nodes.rack[n]) * 5
        first = nodes.first_gpu[n]
        mine = slice(first, first + nodes.gpu_count[n])
        boards_w = float(gpus.power_max_w[mine].sum())
        above_w = boards_w - float(gpus.idle_power_w[mine].sum())
        full_w = boards_w + nodes.base_power_w[n] + nodes.load_power_per_gpu_w[n] * above_w
        scale = 1.0 if at_the_wall else float(np.round(full_w / MEASURED_PEAK_W, 3))
        traces[name] = Trace(runs[turn % len(runs)], turn * STAGGER_S, scale)
    return TraceSource(
        recording, plant.node_names, traces, dt_s=dt_s, start_s=start_s, begun_s=START_S
    )


LABEL = (
    "measured power of 8-GPU H200 servers (MLPerf Inference v4.1), looped; "
    "on the NVL72 racks the same runs, scaled"
)
