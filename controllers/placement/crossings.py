"""Which trunks sets of GPUs load, and in how many NVLink domains they lie: one compiled walk."""

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from twin.physics.law import compiled, compiled_for


@compiled
def _counted(gpus: Ints, number: Ints, counts: Ints) -> int:
    """Count GPUs by a number that each has; return how many numbers there are."""
    found = 0
    for g in gpus:
        found += counts[number[g]] == 0
        counts[number[g]] += 1
    return found


@compiled
def _least(gpus: Ints, number: Ints, counts: Ints) -> int:
    """Return the smallest count of any number, and clear the counts."""
    least = len(gpus)
    for g in gpus:
        if counts[number[g]] > 0:
            least = min(least, counts[number[g]])
            counts[number[g]] = 0
    return least


@compiled
def _placed(
    gpus: Ints,
    pair: Ints,
    counts: Ints,
    place_of: Ints,
    first: int,
    behind: Ints,
    most: Ints,
    places: Ints,
    found: int,
) -> int:
    """Sum counts of pairs by place, numbered from `first`, note new places after the `found`
    ones, and clear the counts; return how many places are noted. The last pair is none."""
    for g in gpus:
        k = pair[g]
        if k < len(counts) - 1 and counts[k] > 0:
            at = first + place_of[k]
            if behind[at] == 0:
                places[found] = at
                found += 1
            behind[at] += counts[k]
            most[at] = max(most[at], counts[k])
            counts[k] = 0
    return found


@compiled_for(
    "Tuple((i8[::1], i8[::1], b1[::1], i8[::1], i8[::1], i8[::1], f8[::1]))(i8[::1], i8[::1], b1,"
    " i8[::1], i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8, i8[::1], i8[::1], b1[::1])"
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
) -> tuple[Ints, Ints, Flags, Ints, Ints, Ints, Floats]:
    """Return what each set of GPUs means to the network.

    `gpus` are the sets one after the other, `start` tells where each begins, and the end. In an
    all-to-all each GPU sends to every other; else along rings or trees of domains. The rest are
    the fields of `controllers.placement.wiring.Numbers`.

    Of each set: its domains, the GPUs of the one with the fewest, whether a network joins them,
    the tiers that it crosses, where its trunks begin (and the end of the last). Then the trunks,
    ascending, and the bytes that each carries for a byte of one GPU; none for one domain.
    """
    sets, leafs = len(start) - 1, len(leaf_block)
    in_domain, in_block = np.zeros(domain_count, np.int64), np.zeros(block_count, np.int64)
    of_leaf, of_pod = np.zeros(len(pair_leaf) + 1, np.int64), np.zeros(len(pair_pod) + 1, np.int64)
    behind, most = np.zeros(len(trunk_of), np.int64), np.zeros(len(trunk_of), np.int64)
    places = np.zeros(len(trunk_of), np.int64)
    domains, least = np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    joined, tiers, begin = np.zeros(sets, np.bool_), np.zeros(sets, np.int64), start * 0
    trunk, weight = np.zeros(2 * len(gpus), np.int64), np.zeros(2 * len(gpus))
    for s in range(sets):
        mine, total, end = gpus[start[s] : start[s + 1]], start[s + 1] - start[s], begin[s]
        domains[s] = _counted(mine, domain, in_domain)
        least[s] = _least(mine, domain, in_domain)
        begin[s + 1] = end
        if domains[s] < 2:
            continue
        blocks = _counted(mine, block, in_block)
        _counted(mine, leaf_pair, of_leaf)
        _counted(mine, pod_pair, of_pod)
        found = _placed(mine, leaf_pair, of_leaf, pair_leaf, 0, behind, most, places, 0)
        across = -found
        found = _placed(mine, pod_pair, of_pod, pair_pod, leafs, behind, most, places, found)
        across += found
        places[:found].sort()
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
        _least(mine, block, in_block)
    return domains, least, joined, tiers, begin, trunk[: begin[-1]], weight[: begin[-1]]
