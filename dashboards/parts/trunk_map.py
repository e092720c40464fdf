"""The trunks of a fabric, pod by pod: a tile for each leaf under that of its pod."""

import math

import numpy as np

from dashboards.fabric_now import FabricNow, trunk_names
from dashboards.findings import Severity
from dashboards.numbers import fixed
from dashboards.parts.fold import columns_of
from dashboards.parts.tiles import Colouring, Drawing, Label, Tile
from site_models.arrays import Floats, Ints
from site_models.fabric import LEAF
from site_models.plant import Plant

PER_GB = 1e9
WIDE, HIGH, GAP = 1.7, 1.2, 0.4
"""A leaf's tile and the space around a pod, in the drawing's own unit."""
FONT, MANY, MANY_FONT = 0.42, 4, 1.1
"""Letters of the pods' names; larger where there are many pods, whose tiles have no letters."""
ABOUT = "Trunks: the uplinks of each leaf, above them those of its pod to the core"


def drawn_trunks(plant: Plant) -> Ints:
    """Return the trunks that there are, in the order of the drawing: pod by pod, pod first."""
    fabric, switches = plant.fabric, plant.fabric.switches
    order: list[int] = []
    for pod in range(len(fabric.pod_names)):
        if fabric.pod_uplink_bytes_per_s[pod] > 0.0:
            order.append(len(fabric.switch_names) + pod)
        order += np.flatnonzero((switches.tier == LEAF) & (switches.pod == pod)).tolist()
    return np.array(order, dtype=np.int64)


def trunk_drawing(plant: Plant) -> Drawing:
    """Return the map; blocks of pods side by side, wrapped to the panel."""
    switches, names = plant.fabric.switches, trunk_names(plant)
    first_pod, pods = len(plant.fabric.switch_names), len(plant.fabric.pod_names)
    leafs = np.bincount(switches.pod[switches.tier == LEAF], minlength=pods)
    most = int(leafs.max(initial=1))
    columns = max(1, min(most, 8 if pods > MANY else round(math.sqrt(most * 1.6))))
    rows = -(-most // columns)
    font = FONT if pods <= MANY else MANY_FONT
    wide, high = columns * WIDE + 2.0 * GAP, (rows + 1) * HIGH + 3.0 * GAP + font * 2.0
    across = columns_of(pods, wide, high)
    tiles, labels = list[Tile](), list[Label]()
    seen = np.zeros(pods, dtype=np.int64)
    for trunk in drawn_trunks(plant).tolist():
        pod = trunk - first_pod if trunk >= first_pod else int(switches.pod[trunk])
        left, top = (pod % across) * wide, -(pod // across) * high
        if trunk >= first_pod:
            x, y, width = left + columns * WIDE / 2.0, top - HIGH, columns * WIDE
        else:
            row, column = divmod(int(seen[pod]), columns)
            x, y = left + (column + 0.5) * WIDE, top - (row + 2) * HIGH - GAP
            width, seen[pod] = WIDE, seen[pod] + 1
        tiles.append(Tile(_short(names[trunk], plant), x, y, width * 0.97, HIGH * 0.92))
    for pod in range(pods):
        left, top = (pod % across) * wide, -(pod // across) * high
        said = f"pod {plant.fabric.pod_names[pod].removeprefix('pod-')}"
        labels.append(Label(said, left, top + 0.3 * (font - FONT) - 0.05, "start"))
    return Drawing(tiles, labels, font, ABOUT, top=True)


def trunk_colours(plant: Plant, now: FabricNow) -> Colouring:
    """Return the load of every trunk over what is left of its rate; lost links are marked."""
    at, names = drawn_trunks(plant), trunk_names(plant)
    rate, built = now.trunk_rate_bytes_per_s[at], now.trunk_built_bytes_per_s[at]
    load = now.trunk_load_bytes_per_s[at]
    return Colouring(
        "Load of the trunk's rate",
        "%",
        100.0 * now.trunk_share[at],
        0.0,
        100.0,
        trunk_levels(rate, built),
        [
            _tip(names[trunk], float(load[k]), float(rate[k]), float(built[k]))
            for k, trunk in enumerate(at.tolist())
        ],
        notes=[_short(names[trunk], plant) for trunk in at.tolist()],
        words=("links lost", "all down"),
    )


def trunk_levels(rate: Floats, built: Floats) -> Ints:
    """Return the severity of trunks: near where links are lost or slow, over where all are."""
    lost = np.where(rate < built * (1.0 - 1e-9), int(Severity.NEAR), int(Severity.NOTE))
    return np.where((rate <= 0.0) & (built > 0.0), int(Severity.OVER), lost)


def _tip(name: str, load: float, rate: float, built: float) -> str:
    said = f"{name}\n{fixed(load / PER_GB, 0)} of {fixed(rate / PER_GB, 0)} GB/s"
    if rate < built:
        said += f"\nbuilt for {fixed(built / PER_GB, 0)} GB/s"
    return said


def _short(name: str, plant: Plant) -> str:
    """Return a trunk's name without that of its pod, which stands above it."""
    for pod in plant.fabric.pod_names:
        if name == pod:
            return "to the core"
        if name.startswith(f"{pod}-"):
            return name.removeprefix(f"{pod}-")
    return name
