"""Which trunks sets of GPUs load, and in how many NVLink domains they lie: one compiled walk."""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import borrowing, compiled_for


@borrowing
def _counted(gpus: Ints, number: Ints, counts: Ints, met: Ints) -> int:
    """Count GPUs by a number that each has; note in `met` which numbers there are, return how
    many."""
    found = 0
    for g in gpus:
        k = number[g]
        if counts[k] == 0:
            met[found] = k
            found += 1
        counts[k] += 1
    return found


@borrowing
def _least(counts: Ints, met: Ints) -> int:
    """Return the smallest count of the numbers met, and clear the counts."""
    least: int = counts[met[0]]
    for k in met:
        least, counts[k] = min(least, counts[k]), 0
    return least


@borrowing
def _placed(
    counts: Ints, met: Ints, place_of: Ints, first: int, behind: Ints, most: Ints, places: Ints,
    found: int,
) -> int:  # fmt: skip
    """Sum counts of pairs by place, numbered from `first`, note new places after the `found`
    ones, and clear the counts; return how many places are noted. The last pair is none."""
    for k in met:
        if k < len(counts) - 1:
            at = first + place_of[k]
            if behind[at] == 0:
                places[found] = at
                found += 1
            behind[at] += counts[k]
            most[at] = max(most[at], counts[k])
            counts[k] = 0
    return found


@borrowing
def _sort(values: Ints) -> None:
    """Sort values that nearly are in order."""
    for i in range(1, len(values)):
        value, k = values[i], i
        while k > 0 and values[k - 1] > value:
            values[k], k = values[k - 1], k - 1
        values[k] = value


@borrowing
def _lowest(gpus: Ints, figure: Floats) -> float:
    """Return the lowest of the GPUs' figures; NaN where one is."""
    lowest = figure[gpus[0]]
    for g in gpus:
        if figure[g] < lowest or np.isnan(figure[g]):
            lowest = figure[g]
    return float(lowest)


@compiled_for(
    "Tuple((i8[::1], i8[::1], b1[::1], i8[::1], i8[::1], i8[::1], f8[::1], f8[:,::1]))(i8[::1],"
    " i8[::1], b1, i8[::1], i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8, i8[::1], i8[::1],"
    " b1[::1], f8[::1], f8[::1], f8[::1])"
)
def crossings(
    gpus: Ints,
    start: Ints,
    all_to_all: bool,
    domain: Ints,
    domain_count: int,
    leaf_pair: Ints,
    pod_pair: Ints,
    pair_leaf: Ints,
    pair_pod: Ints,
    block: Ints,
    block_count: int,
    leaf_block: Ints,
    trunk_of: Ints,
    apart: Flags,
    network_bytes_per_s: Floats,
    nvlink_bytes_per_s: Floats,
    generation: Floats,
) -> tuple[Ints, Ints, Flags, Ints, Ints, Ints, Floats, Floats]:
    """Return what each set of GPUs means to the network.

    `gpus` are the sets one after the other, `start` tells where each begins, and the end. In an
    all-to-all each GPU sends to every other; else along rings or trees of domains. The rest are
    the fields of `controllers.placement.wiring.Numbers`.

    Of each set: its domains, the GPUs of the one with the fewest, whether a network joins them,
    the tiers that it crosses, where its trunks begin (and the end of the last). Then the trunks,
    ascending, and the bytes that each carries for a byte of one GPU; none for one domain. Last of
    each set the least network rate, NVLink rate and generation. Shape (sets, 3)
    """
    sets, leafs = len(start) - 1, len(leaf_block)
    in_domain, in_block = np.zeros(domain_count, np.int64), np.zeros(block_count, np.int64)
    of_leaf, of_pod = np.zeros(len(pair_leaf) + 1, np.int64), np.zeros(len(pair_pod) + 1, np.int64)
    behind, most = np.zeros(len(trunk_of), np.int64), np.zeros(len(trunk_of), np.int64)
    places, lowest = np.zeros(len(trunk_of), np.int64), np.zeros((sets, 3))
    domains, least = np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    joined, tiers, begin = np.zeros(sets, np.bool_), np.zeros(sets, np.int64), start * 0
    trunk, weight = np.zeros(2 * len(gpus), np.int64), np.zeros(2 * len(gpus))
    met, blocks_met = np.empty(len(gpus), np.int64), np.empty(len(gpus), np.int64)
    for s in range(sets):
        mine, total, end = gpus[start[s] : start[s + 1]], start[s + 1] - start[s], begin[s]
        lowest[s, 0] = _lowest(mine, network_bytes_per_s)
        lowest[s, 1] = _lowest(mine, nvlink_bytes_per_s)
        lowest[s, 2] = _lowest(mine, generation)
        domains[s] = _counted(mine, domain, in_domain, met)
        least[s] = _least(in_domain, met[: domains[s]])
        begin[s + 1] = end
        if domains[s] < 2:
            continue
        blocks = _counted(mine, block, in_block, blocks_met)
        pairs = _counted(mine, leaf_pair, of_leaf, met)
        found = _placed(of_leaf, met[:pairs], pair_leaf, 0, behind, most, places, 0)
        across = -found
        pairs = _counted(mine, pod_pair, of_pod, met)
        found = _placed(of_pod, met[:pairs], pair_pod, leafs, behind, most, places, found)
        across += found
        _sort(places[:found])
        joined[s] = of_leaf[-1] == 0
        tiers[s] = min(across, 2) if blocks > 1 else 0
        for p in places[:found]:
            joined[s] &= across < 2 or p < leafs or not apart[p - leafs]
            inside = in_block[leaf_block[p]] if p < leafs else behind[p]
            each = float(most[p]) if p < leafs or across > 1 else 0.0
            if all_to_all:
                each = behind[p] * float(total - inside) / max(total - 1, 1)
            if blocks > 1 and each > 0.0:
                trunk[end], weight[end], end = trunk_of[p], each, end + 1
            behind[p] = most[p] = 0
        begin[s + 1], of_leaf[-1], of_pod[-1] = end, 0, 0
        _least(in_block, blocks_met[:blocks])
    return (
        domains, least, joined, tiers, begin, trunk[: begin[-1]], weight[: begin[-1]], lowest
    )  # fmt: skip
