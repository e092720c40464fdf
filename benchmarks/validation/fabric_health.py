"""Finding what is slow in a fabric, and what a fault does to the jobs that cross it.

Faults are put into measurements by a rule that the search does not know: a path goes at the pace
of its slowest part. Noise of 2 %, three times the everyday spread of published tables.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.evidence import Evidence
from site_models.arrays import Ints
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.fabric.counters import ill_links
from twin.fabric.health import slow_parts
from twin.fabric.links import Running, link_load, with_links
from twin.fabric.pairs import Pairs
from twin.fabric.span import lone_rate, use_of

NOISE = 0.02
TRIALS = 60
INJECTED = "injected fault, paths at the pace of their slowest part"


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    pod, pilot = compile_site("superpod-h100"), compile_site("pilot")
    yield from alarms((pod, pilot))
    yield from found(pod)
    yield counters(pod)
    yield from effects(pod)


def campaign(plant: Plant, random: np.random.Generator, each: int = 8) -> Pairs:
    """Return pairs between GPUs of one rail, every GPU in about twice `each`, with noise.

    On sites whose leafs join all rails any two GPUs of one fabric pod meet.
    """
    leaf = plant.fabric.gpu_leaf
    group = plant.gpu_rail if (plant.fabric.switches.rail[leaf] >= 0).all() else leaf * 0
    group = group * 1000 + plant.fabric.switches.pod[leaf]
    first, second = [], []
    for name in np.unique(group):
        mine = np.flatnonzero(group == name)
        for _ in range(each):
            order = random.permutation(mine)
            first.append(order)
            second.append(np.roll(order, 1))
    a, b = np.concatenate(first), np.concatenate(second)
    apart = plant.gpu_nvlink_domain[a] != plant.gpu_nvlink_domain[b]
    a, b = a[apart], b[apart]
    usual = 0.9 * plant.fabric.gpu_network_bytes_per_s[a]
    return Pairs(a, b, usual * np.exp(NOISE * random.standard_normal(len(a))))


def slowed(pairs: Pairs, crosses: Ints, share: float) -> Pairs:
    """Return the pairs with those that cross a part at a share of their rate."""
    rate = pairs.bytes_per_s.copy()
    rate[crosses] *= share
    return pairs._replace(bytes_per_s=rate)


def alarms(plants: tuple[Plant, ...]) -> Iterator[Evidence]:
    """Yield how often a sound fabric is suspected."""
    for plant in plants:
        named = sum(
            bool(slow_parts(plant, campaign(plant, np.random.default_rng(seed))))
            for seed in range(TRIALS)
        )
        yield Evidence.at_most(
            f"{plant.site}: campaigns of a sound fabric in which anything is suspected",
            f"{TRIALS} campaigns with noise of {NOISE:.0%}",
            100.0 * named / TRIALS,
            1.0,
            "%",
        )


def found(plant: Plant) -> Iterator[Evidence]:
    """Yield how often the right part is named, and nothing else."""
    node_of, leaf_of = plant.arrays.gpus.node, plant.fabric.gpu_leaf
    for noun, share, names, of_gpu in (
        ("GPU's link with one of four lanes lost", 0.75, plant.gpu_names, None),
        ("GPU's link at half rate", 0.5, plant.gpu_names, None),
        ("node 20 % slow", 0.8, plant.node_names, node_of),
        ("leaf's uplinks at half rate", 0.5, plant.fabric.switch_names, leaf_of),
    ):
        right = 0
        for seed in range(TRIALS):
            random = np.random.default_rng(1000 + seed)
            pairs = campaign(plant, random)
            gpu = int(random.integers(len(plant.gpu_names)))
            ends = np.stack([pairs.first, pairs.second])
            if of_gpu is None:
                hit, name = (ends == gpu).any(axis=0), names[gpu]
            else:
                behind = of_gpu[ends] == of_gpu[gpu]
                hit, name = behind.any(axis=0), names[of_gpu[gpu]]
                if of_gpu is leaf_of:
                    hit &= ~behind.all(axis=0)
            suspects = slow_parts(plant, slowed(pairs, np.flatnonzero(hit), share))
            right += len(suspects) == 1 and suspects[0].name == name
        yield Evidence.within(
            f"{plant.site}: {noun}, named and nothing beside it",
            f"{INJECTED}, {TRIALS} places",
            100.0 * right / TRIALS,
            95.0,
            100.0,
            "%",
        )


def counters(plant: Plant) -> Evidence:
    """Return how often the one bundle that lost a lane is told by what its siblings carry."""
    links, own, names = plant.fabric.links, len(plant.fabric.gpu_leaf), plant.axis("link")
    right = 0
    for seed in range(TRIALS):
        random = np.random.default_rng(seed)
        noise = np.exp(NOISE * random.standard_normal(len(names)))
        sent = 0.6 * links.rate_bytes_per_s * noise
        ill = int(random.integers(own, len(sent)))
        sent[ill] *= 0.75
        suspects = ill_links(plant, {"link_tx_bytes_per_s": sent})
        right += [s.name for s in suspects] == [names[ill]]
    return Evidence.within(
        f"{plant.site}: one of {len(names) - own} links between switches at 75 %, by counters",
        f"{INJECTED}, {TRIALS} places",
        100.0 * right / TRIALS,
        95.0,
        100.0,
        "%",
    )


def effects(plant: Plant) -> Iterator[Evidence]:
    """Yield what faults do to an all-to-all over two groups of nodes, against the closed form."""
    gpus = np.arange(512)
    job = (Running("job", gpus, "alltoall"),)
    use = use_of(plant, gpus, "alltoall")
    names = plant.axis("link")
    leaf = plant.fabric.switch_names[int(plant.fabric.gpu_leaf[0])]
    above = [k for k, name in enumerate(names) if name.startswith(f"{leaf}:")]
    worst = 0.0
    for count in (0, 1, len(above) // 2, len(above) - 2, len(above)):
        ill = with_links(plant, np.array(above[:count], dtype=np.int64), 0.0)
        first = int(plant.fabric.gpu_leaf[0])
        weight = float(use.weight[use.trunk == first][0])
        left = plant.fabric.leaf_uplink_bytes_per_s[first] * (1.0 - count / len(above))
        law = min(left / weight, lone_rate(plant, gpus, "alltoall"))
        worst = max(worst, abs(link_load(ill, job).rates["job"] - law))
    yield Evidence.at_most(
        f"All-to-all of 512 GPUs, 0 to all of {len(above)} uplinks of a leaf down: rate",
        "closed form: what is left of the leaf's uplinks over what crosses it",
        worst,
        1.0,
        "B/s",
    )
    slow = with_links(plant, np.array([0]), 0.5)
    jobs = (Running("hit", np.arange(256)), Running("other", np.arange(256, 512)))
    before, after = link_load(plant, jobs).rates, link_load(slow, jobs).rates
    off = abs(after["hit"] / before["hit"] - 0.5) + abs(after["other"] / before["other"] - 1.0)
    yield Evidence.at_most(
        "One GPU's link at half rate: its job at half rate, its neighbour as before",
        "a ring goes at the pace of its slowest link",
        off,
        1e-9,
        "",
    )
