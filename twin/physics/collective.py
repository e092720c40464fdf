"""Time of a collective operation by algorithm: latency of its path, transfer, pipeline fill.

Every algorithm comes down to two times: `path_s`, the latency of its chain of steps with an
empty buffer, and `transfer_s`, the bytes of the busiest link over its rate. A buffer cut into
ideal chunks takes (sqrt(path) + sqrt(transfer))^2, that is path + transfer + 2 sqrt(path *
transfer): the third term is the cost of filling the pipeline and explains the square root that
measured tables show. Libraries do not reach the ideal chunk at every step and do not pay it at
every one either; one constant scales the term.

All functions take arrays that broadcast, one entry an operation. Sizes follow nccl-tests: the
total buffer of a rank. Held against measured tables in `benchmarks/validation/collectives.py`.

References: NCCL's tuning model (src/graph/tuning.cc, commit 5067397) for the steps and for the
ratios of the protocols; R. Thakur, R. Rabenseifner, W. Gropp, *Optimization of Collective
Communication Operations in MPICH*, IJHPCA 19(1), 2005, for ring, tree and pairwise exchange.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Flags, Floats, Ints

AMPERE, HOPPER, BLACKWELL = 0, 1, 2
"""Generations of NVLink: 3, 4, 5. The switches of the latter two reduce and multicast."""

SIMPLE, LL128, LL = 0, 1, 2
"""Protocols. LL sends a flag with every 4 bytes, LL128 one with every 120 bytes."""

PAYLOAD = (1.0, 0.92, 0.5)
"""Part of the rate that each protocol leaves for the buffer (NCCL: 0.92 for LL128's 120/128)."""


class Constants(NamedTuple):
    """What the tables taught; meanings stand in `site_models/kinds/collective.py`."""

    copy_share: float
    copy_share_hopper: float
    multicast_share_hopper: float
    multicast_share_blackwell: float
    peer_share: float
    start_s: float
    nvlink_step_s: float
    network_step_s: float
    tree_level_s: float
    multicast_s: float
    multicast_gpu_s: float
    peer_s: float
    cloud_factor: float
    fill: float
    ll128_nvlink: float
    ll128_network: float
    ll_nvlink: float
    ll_network: float


class Span(NamedTuple):
    """The GPUs of an operation, as the laws see them: one entry an operation."""

    gpus: Floats
    domains: Floats
    """NVLink domains that the GPUs stand in."""
    per_domain: Floats
    """GPUs of the domain with the fewest."""
    nvlink_bytes_per_s: Floats
    """Of one GPU, one direction."""
    network_bytes_per_s: Floats
    """Of one GPU towards other domains, one direction."""
    generation: Ints
    cloud: Flags
    """The network is a cloud transport with a longer path through the host."""
    multicast: Flags
    """Reductions in the NVLink switch are allowed."""
    in_network: Flags
    """Reductions in the network's switches work."""
    reach_s: Floats
    """Latency of the longest path beyond that of one leaf switch, one way."""


class Terms(NamedTuple):
    """The two times that an algorithm comes down to; infinite where it cannot run."""

    path_s: Floats
    transfer_s: Floats


def total_s(terms: Terms, start_s: float, fill: float) -> Floats:
    """Return the time of an operation with its start and the filling of its pipeline [s]."""
    path_s = start_s + terms.path_s
    with np.errstate(invalid="ignore"):
        return path_s + terms.transfer_s + 2.0 * fill * np.sqrt(path_s * terms.transfer_s)


def ring(passes: Floats, size_bytes: Floats, span: Span, c: Constants, protocol: int) -> Terms:
    """Return the terms of a ring through all GPUs.

    `passes` is how often the buffer goes around: 2 for all-reduce, 1 for all-gather,
    reduce-scatter and broadcast. All steps go at the pace of the slowest link, so that one
    network link in the ring makes every step a network step. A node's rings leave it through
    all its network interfaces at once.
    """
    steps = passes * (span.gpus - 1.0)
    crossing = span.domains > 1.0
    step_s = np.where(crossing, network_step_s(span, c), c.nvlink_step_s)
    rate = np.minimum(copy_rate(span, c), _domain_rate(span))
    transfer_s = steps / span.gpus * size_bytes / (rate * PAYLOAD[protocol])
    return Terms(steps * step_s * _latency_share(crossing, c, protocol), transfer_s)


def tree(size_bytes: Floats, span: Span, c: Constants, protocol: int) -> Terms:
    """Return the terms of all-reduce along a double binary tree of domains, chains inside.

    A domain that is inner in one tree is a leaf in the other: together they send the buffer
    twice, up and down, through its interfaces and, in the chain, through every GPU's NVLink.
    """
    crossing = span.domains > 1.0
    levels = np.ceil(np.log2(span.domains))
    path_s = 2.0 * ((span.per_domain - 1.0) * c.nvlink_step_s + levels * _level_s(span, c))
    rate = np.minimum(copy_rate(span, c), _domain_rate(span) * PAYLOAD[LL128])
    transfer_s = 2.0 * size_bytes / (rate * PAYLOAD[protocol])
    return Terms(path_s * _latency_share(crossing, c, protocol), transfer_s)


def nvls(size_bytes: Floats, span: Span, c: Constants) -> Terms:
    """Return the terms of all-reduce in the NVLink switches, with a tree across domains.

    Two domains exchange halves, so that the buffer leaves each once; from three on the inner
    domains of the double tree send it twice. NVLink and network work at the same time: the
    slower one counts.
    """
    levels = np.ceil(np.log2(span.domains))
    path_s = _multicast_s(span, c) + 2.0 * levels * _level_s(span, c)
    copies = np.where(span.domains > 2.0, 2.0, 1.0)
    return _switched(size_bytes, path_s, copies, span, c)


def in_network(size_bytes: Floats, span: Span, c: Constants) -> Terms:
    """Return the terms of all-reduce in the NVLink switches and the network's switches.

    The buffer leaves each domain once, whatever their number, and comes back reduced.
    """
    path_s = _multicast_s(span, c) + 2.0 * _level_s(span, c)
    terms = _switched(size_bytes, path_s, np.ones_like(span.domains), span, c)
    ok = span.in_network & (span.domains > 1.0)
    return Terms(np.where(ok, terms.path_s, np.inf), terms.transfer_s)


def pairwise(size_bytes: Floats, span: Span, c: Constants) -> Terms:
    """Return the terms of all-to-all: every GPU exchanges its part with each other GPU."""
    outside = span.gpus - span.per_domain
    inside = span.per_domain - 1.0
    path_s = c.peer_s * (inside + outside * np.where(span.cloud, c.cloud_factor, 1.0))
    inner_s = inside / copy_rate(span, c)
    outer_s = outside / _peer_rate(span, c)
    part_bytes = size_bytes / span.gpus
    path_s = path_s + np.where(outside > 0.0, span.reach_s, 0.0)
    return Terms(path_s, part_bytes * np.maximum(inner_s, outer_s))


def direct(size_bytes: Floats, span: Span, c: Constants) -> Terms:
    """Return the terms of send and receive around all GPUs: each sends its buffer once."""
    crossing = span.domains > 1.0
    rate = np.where(crossing, _peer_rate(span, c), copy_rate(span, c))
    path_s = np.where(crossing, network_step_s(span, c), c.peer_s)
    return Terms(path_s, size_bytes / rate)


def copy_rate(span: Span, c: Constants) -> Floats:
    """Return what copying kernels get through one GPU's NVLink [B/s], one direction."""
    share = np.where(span.generation == HOPPER, c.copy_share_hopper, c.copy_share)
    return share * span.nvlink_bytes_per_s


def network_step_s(span: Span, c: Constants) -> Floats:
    """Return the latency of one step across the network [s]."""
    return c.network_step_s * np.where(span.cloud, c.cloud_factor, 1.0) + span.reach_s


def _switched(
    size_bytes: Floats, path_s: Floats, copies: Floats, span: Span, c: Constants
) -> Terms:
    share = np.where(
        span.generation == BLACKWELL, c.multicast_share_blackwell, c.multicast_share_hopper
    )
    inner_s = size_bytes / (share * span.nvlink_bytes_per_s)
    outer_s = copies * size_bytes / _domain_rate(span)
    possible = span.multicast & (span.generation != AMPERE) & (span.per_domain >= 4.0)
    return Terms(np.where(possible, path_s, np.inf), np.maximum(inner_s, outer_s))


def _multicast_s(span: Span, c: Constants) -> Floats:
    return c.multicast_s + span.per_domain * c.multicast_gpu_s


def _level_s(span: Span, c: Constants) -> Floats:
    return c.tree_level_s + span.reach_s


def _domain_rate(span: Span) -> Floats:
    """Return the rate of a domain's interfaces [B/s]; endless where nothing leaves it."""
    rate = span.per_domain * span.network_bytes_per_s
    return np.where(span.domains > 1.0, rate, np.inf)


def _peer_rate(span: Span, c: Constants) -> Floats:
    return np.where(span.domains > 1.0, c.peer_share * span.network_bytes_per_s, np.inf)


def _latency_share(crossing: Flags, c: Constants, protocol: int) -> Floats | float:
    if protocol == SIMPLE:
        return 1.0
    nvlink = c.ll128_nvlink if protocol == LL128 else c.ll_nvlink
    network = c.ll128_network if protocol == LL128 else c.ll_network
    return np.where(crossing, network, nvlink)
