"""What residuals point to: a probable cause, in words, and whose.

In order: a sensor that stands still while what it measures must have moved; two GPUs that
each tell the other's temperature; a whole node that runs warm; a single GPU, whose memory
says whether the plate or the sensor is off.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from twin.estimation.residuals import RIPE_S, Watch, limit_k

STILL_S, STILL_TIMES, STILL_K = 60.0, 5.0, 5.0
"""A sensor is stuck that says the same for this long, in as many readings, while its GPU must
have moved by this much."""
ALIKE = 0.3
"""Two GPUs are swapped when each is nearer to the other's temperature than this share of what
it is off itself."""
MOST_PAIRED = 200
"""More suspects than this at once are no matter of single pairs."""
MOST_OF_NODE, FEWEST_OF_NODE = 0.75, 3
"""Of a node's GPUs, for the node to be the cause."""
FOLLOWS = 0.4
"""The memory of a GPU whose plate is fouled is off by at least this share of its die."""
SEVERAL_NODES = 4
"""From so many nodes on one coolant the median of their GPUs tells of the coolant."""


class Cause(NamedTuple):
    """One probable cause. `kind` is one of stuck, swapped, plate, airflow, sensor, power."""

    kind: str
    where: str
    """Name of the GPU or node."""
    what: str
    """A line for people, without the name."""


def line_of(cause: Cause) -> str:
    """Return a cause as one line."""
    return f"{cause.where}: {cause.what}"


def causes(plant: Plant, watch: Watch, time_s: float) -> tuple[Cause, ...]:
    """Return the probable causes of what is off, none where all is as usual."""
    stuck = _stuck(watch, time_s)
    off_k = watch.off_k - common_k(plant, watch)
    far = np.abs(off_k) > limit_k(watch)
    suspect = (watch.suspect_s >= RIPE_S) & far & ~stuck
    if not (stuck.any() or suspect.any()):
        return ()
    found = [_of_stuck(plant, watch, int(g), time_s) for g in np.flatnonzero(stuck)]
    left = suspect.copy()
    for one, other in _swapped(watch, off_k, np.flatnonzero(suspect)):
        left[[one, other]] = False
        names = plant.gpu_names[one], plant.gpu_names[other]
        said = f"tells the temperature of {names[1]} and the other way round: swapped, probably"
        found.append(Cause("swapped", names[0], said))
    for node in _warm_nodes(plant, far & (off_k > 0.0), left):
        mine = plant.arrays.gpus.node == node
        left &= ~mine
        found.append(_of_node(plant, node, float(np.median(off_k[mine]))))
    single = [_of_gpu(plant, watch, off_k, int(g)) for g in np.flatnonzero(left)]
    misled = _misled(plant, found + single)
    return (*found, *(one for one in single if one.kind != "plate" or one.where not in misled))


def common_k(plant: Plant, watch: Watch) -> Floats:
    """Return what all GPUs on one coolant are off by, where they are many. Shape (GPUs,)

    That is the coolant's, or the model's, and no single plate's.
    """
    nodes, of_gpu = plant.arrays.nodes, plant.arrays.gpus.node
    wet = nodes.liquid_circuit >= 0
    circuit = np.where(wet, nodes.liquid_circuit, nodes.air_circuit)
    shared_k = np.zeros(len(of_gpu))
    known = watch.watched_s > 0.0
    with_gpus = nodes.gpu_count > 0
    for k in np.unique(circuit[with_gpus]):
        if np.count_nonzero(with_gpus & (circuit == k)) < SEVERAL_NODES:
            continue
        mine = (circuit == k)[of_gpu]
        if (mine & known).any():
            shared_k[mine] = np.median(watch.off_k[mine & known])
    return shared_k


def _stuck(watch: Watch, time_s: float) -> Flags:
    moved_k = watch.still_high_c - watch.still_low_c
    stuck: Flags = (
        (time_s - watch.still_s >= STILL_S)
        & (watch.still_times >= STILL_TIMES)
        & (moved_k >= STILL_K)
    )
    return stuck


def _of_stuck(plant: Plant, watch: Watch, gpu: int, time_s: float) -> Cause:
    moved_k = watch.still_high_c[gpu] - watch.still_low_c[gpu]
    said = (
        f"temperature sensor stuck, probably: {watch.still_c[gpu]:.1f} °C for"
        f" {(time_s - watch.still_s[gpu]) / 60.0:.0f} min while the GPU moved by {moved_k:.0f} K"
    )
    return Cause("stuck", plant.gpu_names[gpu], said)


def _swapped(watch: Watch, off_k: Floats, suspects: Ints) -> list[tuple[int, int]]:
    """Return pairs that tell each other's temperature; each GPU in one pair at most."""
    if not 2 <= len(suspects) <= MOST_PAIRED:
        return []
    usual_k = watch.usual_product / np.maximum(watch.usual_square, 1.0) * watch.rise_k
    expected_c = (watch.free_c + usual_k)[suspects]
    told_c = expected_c + off_k[suspects]
    miss_k = np.abs(told_c[:, None] - expected_c[None, :])
    least_k = ALIKE * np.minimum.outer(np.abs(off_k[suspects]), np.abs(off_k[suspects]))
    fits = np.maximum(miss_k, miss_k.T) <= least_k
    fits &= np.sign(off_k[suspects])[:, None] != np.sign(off_k[suspects])[None, :]
    worth_k = np.where(fits, miss_k + miss_k.T, np.inf)
    pairs = []
    while len(worth_k) and np.isfinite(worth_k.min()):
        one, other = sorted(int(i) for i in np.unravel_index(np.argmin(worth_k), worth_k.shape))
        pairs.append((int(suspects[one]), int(suspects[other])))
        for i in (one, other):
            worth_k[i, :] = worth_k[:, i] = np.inf
    return pairs


def _warm_nodes(plant: Plant, warm: Flags, ripe: Flags) -> list[int]:
    """Return nodes most of whose GPUs are warm, one of them for long enough."""
    count, of_gpu = plant.arrays.nodes.gpu_count, plant.arrays.gpus.node
    several = np.bincount(of_gpu, warm, len(count))
    some = np.bincount(of_gpu, ripe, len(count)) > 0.0
    most = (several >= MOST_OF_NODE * count) & (several >= FEWEST_OF_NODE) & some
    return [int(n) for n in np.flatnonzero(most)]


def _misled(plant: Plant, found: list[Cause]) -> set[str]:
    """Return the GPUs of air-cooled nodes in which a sensor is false.

    The twin takes the node's fans to follow that sensor, so the others seem off as well.
    """
    false = {cause.where for cause in found if cause.kind in ("stuck", "swapped", "sensor")}
    if not false:
        return set()
    nodes, of_gpu = plant.arrays.nodes, plant.arrays.gpus.node
    hit = np.isin(plant.gpu_names, list(false))
    node = np.bincount(of_gpu, hit, len(nodes.rack)) > 0.0
    mine = (node & (nodes.liquid_circuit < 0))[of_gpu]
    return {plant.gpu_names[g] for g in np.flatnonzero(mine)}


def _of_node(plant: Plant, node: int, off_k: float) -> Cause:
    name = plant.node_names[node]
    if plant.arrays.nodes.liquid_circuit[node] >= 0:
        said = f"cold plates clogged or fouled, probably: its GPUs run {off_k:.1f} K warm"
        return Cause("plate", name, said)
    said = f"fan degraded or warm air taken in, probably: its GPUs run {off_k:.1f} K warm"
    return Cause("airflow", name, said)


def _of_gpu(plant: Plant, watch: Watch, off_k: Floats, gpu: int) -> Cause:
    name, off = plant.gpu_names[gpu], float(off_k[gpu])
    memory_k = float(watch.memory_off_k[gpu])
    follows = np.isfinite(memory_k) and memory_k / off >= FOLLOWS
    way = f"{abs(off):.1f} K {'warmer' if off > 0.0 else 'cooler'} than it should be"
    if off > 0.0 and (follows or np.isnan(memory_k)):
        wet = plant.arrays.nodes.liquid_circuit[plant.arrays.gpus.node[gpu]] >= 0
        what = "cold plate fouled or clogged" if wet else "heat sink fouled"
        return Cause("plate", name, f"{what}, probably: {way}, its memory too" if follows else
                     f"{what}, probably, or its sensor biased: {way}")  # fmt: skip
    if follows:
        return Cause("power", name, f"power read too high, probably: {way}, its memory too")
    return Cause("sensor", name, f"temperature sensor biased, probably: {way}")
