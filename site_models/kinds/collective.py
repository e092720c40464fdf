"""Constants of the collective library: what hardware names alone do not tell of its times."""

from typing import Literal

from site_models.figure import Equipment, Positive, Share


class Collective(Equipment):
    """Constants of the laws in `twin/physics/collective.py`, one set for all hardware."""

    kind: Literal["collective"]
    label: str
    copy_share: Share
    """Part of the NVLink rate that copying kernels reach."""
    copy_share_hopper: Share
    multicast_share_hopper: Share
    """Part of the NVLink rate that reductions in the NVLink switch reach: bytes of the buffer
    a second, over the rate of one direction."""
    multicast_share_blackwell: Share
    peer_share: Share
    """Part of the network interface's rate that point-to-point traffic reaches."""
    start_s: Positive
    """Launch of the kernel and first synchronisation."""
    nvlink_step_s: Positive
    """Step of a ring inside one NVLink domain."""
    network_step_s: Positive
    """Step of a ring that crosses the network."""
    tree_level_s: Positive
    """One level of a tree across the network, one way."""
    multicast_s: Positive
    """Reduction in the NVLink switch, whatever the number of GPUs."""
    multicast_gpu_s: Positive
    """The same, for each GPU of the domain."""
    peer_s: Positive
    """Opening of the connection to one peer in a pairwise exchange."""
    cloud_factor: Positive
    """Network steps of the cloud transports (EFA, TCPXO) over those of InfiniBand and RoCE."""
    fill: Positive
    """Cost of filling the pipeline over the optimum with ideal chunks."""
    ll128_nvlink: Share
    """Latency of the protocol LL128 over that of Simple on NVLink."""
    ll128_network: Share
    ll_nvlink: Share
    ll_network: Share


MODEL = Collective
