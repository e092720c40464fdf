"""NCCL's own tuning formula for all-reduce and all-gather, as a baseline.

Values of NCCL's src/graph/tuning.cc (commit 5067397): base latency, latency of a step by
algorithm, protocol and kind of link, channel rates. The graph search that gives channels and
rates per channel is replaced by its usual results on these systems. It has no model of
point-to-point traffic. Times are `latency + size / bandwidth`, the least over algorithms and
protocols.
"""

import math
from collections.abc import Iterator

from twin.fabric.collective_fit import Table
from twin.physics.collective import AMPERE, BLACKWELL

_BASE_US = {"tree": (6.8, 14.0, 8.4), "ring": (6.6, 14.0, 8.4)}
_NVLINK_US = {"tree": (0.6, 1.25, 4.0), "ring": (0.6, 1.9, 3.4)}
_NET_US = {"tree": (5.0, 8.5, 14.0), "ring": (2.7, 4.0, 14.0)}
_NVLS_US, _NVLS_NET_US, _NVLS_TREE_US = 25.0, 18.0, 20.9
_RING_GB = {AMPERE: (12, 20.0), 1: (12, 30.0), BLACKWELL: (8, 90.0)}
"""Channels and GB/s a channel of one node."""
_LL_MAX_GB = {AMPERE: (87.7, 22.5, 19.0), 1: (141.0, 45.0, 35.0), BLACKWELL: (282.0, 90.0, 70.0)}
_LL128_CHANNEL_GB = {AMPERE: 20.0, 1: 36.7, BLACKWELL: 40.0}
_TREE_CHANNEL_GB = {
    AMPERE: (24.0, 23.6, 17.8), 1: (38.7, 41.4, 36.0), BLACKWELL: (70.0, 42.8, 24.0),
}  # fmt: skip
_NVLS_EFFICIENCY = {1: 0.85, BLACKWELL: 0.74}
_NVLS_CHANNEL_GB = {1: (8, 40.0), BLACKWELL: (8, 80.0)}
_NIC_GB_PER_400G = 48.0


def tuning_times(table: Table) -> list[float]:
    """Return NCCL's predicted time of each row [s]; NaN for operations that it has no model of."""
    return [_row(table, index) for index in range(len(table))]


def _row(table: Table, index: int) -> float:
    passes = {"all_reduce": 2, "all_gather": 1, "reduce_scatter": 1}.get(table.op[index])
    if passes is None:
        return math.nan
    size = float(table.size_bytes[index])
    wanted = table.algorithm[index]
    times = [
        latency_us * 1e-6 + size / (bandwidth_gb * 1e9)
        for name, latency_us, bandwidth_gb in _ways(table, index, passes)
        if not wanted or name == wanted
    ]
    return min(times) if times else math.nan


def _ways(table: Table, index: int, passes: int) -> Iterator[tuple[str, float, float]]:
    """Yield algorithm, latency [us] and algorithm bandwidth [GB/s]."""
    span = table.span
    gpus, domains = float(span.gpus[index]), float(span.domains[index])
    generation = int(span.generation[index])
    few = 0 if domains == 1 else 1 if domains == 2 else 2
    nic_gb = float(span.network_bytes_per_s[index]) / 50e9 * _NIC_GB_PER_400G
    channels, each_gb = _RING_GB[generation]
    bus_gb = channels * each_gb
    if domains > 1:
        bus_gb = min(bus_gb, nic_gb * float(span.per_domain[index]))
    ring_share = gpus / (passes * (gpus - 1.0))
    ll_gb = min(0.5 * bus_gb, _LL_MAX_GB[generation][few])
    ll128_gb = min(0.92 * bus_gb, channels * _LL128_CHANNEL_GB[generation])
    for protocol, rate_gb in enumerate((ll_gb, ll128_gb, bus_gb)):
        net = passes * domains if domains > 1 else 0.0
        steps = passes * (gpus - 1.0) - net
        latency = (
            _BASE_US["ring"][protocol]
            + steps * _NVLINK_US["ring"][protocol]
            + net * _NET_US["ring"][protocol]
        )
        yield "ring", latency, rate_gb * ring_share
    if passes == 2:
        yield from _trees(table, index, bus_gb, few, nic_gb)


def _trees(
    table: Table, index: int, bus_gb: float, few: int, nic_gb: float
) -> Iterator[tuple[str, float, float]]:
    span = table.span
    domains, inside = float(span.domains[index]), float(span.per_domain[index])
    generation = int(span.generation[index])
    tree_gb = min(0.92 * bus_gb, 8.0 * _TREE_CHANNEL_GB[generation][few] * 1.5)
    levels = math.log2(domains) if domains > 1 else 0.0
    for protocol, share in enumerate((1.0 / 3.8, 0.92, 1.0)):
        latency = _BASE_US["tree"][protocol] + 2.0 * (
            (inside - 1.0) * _NVLINK_US["tree"][protocol] + levels * _NET_US["tree"][protocol]
        )
        yield "tree", latency, 0.5 * share * tree_gb
    if generation == AMPERE or not bool(span.multicast[index]) or inside < 4:
        return
    channels, each_gb = _NVLS_CHANNEL_GB[generation]
    nvls_gb = _NVLS_EFFICIENCY[generation] * channels * each_gb
    if domains == 1:
        yield "nvls", _NVLS_US, nvls_gb
        return
    net_gb = nic_gb * inside * (1.0 if domains == 2 else 0.5)
    yield "nvls", _NVLS_US + 2.0 * levels * _NVLS_TREE_US, min(nvls_gb, net_gb)
