"""The fabric of a plant: switches, links and where each GPU is plugged in, as flat arrays.

Links are bundles of equal parallel cables, loaded alike since traffic is spread over them;
rates count one direction. An access link has the index of its GPU, so that the first links
are those of the GPUs' network interfaces; then come leaf to spine and spine to core. NVLink is
not among them: a domain is one level (`Plant.gpu_nvlink_domain`), its rate and energy stand
with the GPU.
"""

from typing import NamedTuple

import numpy as np

from site_models.arrays import Floats, Ints

LEAF, SPINE, CORE = 0, 1, 2
"""Tiers of switches."""

COPPER, OPTICS = 0, 1
"""Media of links."""


UNCALIBRATED: Floats = np.full((12, 3), np.nan)
UNCALIBRATED.setflags(write=False)


class Switches(NamedTuple):
    """One entry a switch."""

    tier: Ints
    pod: Ints
    """Fabric pod; -1: core."""
    rail: Ints
    """Plane of a rail-optimised leaf; -1: any."""
    power_w: Floats
    """Typical draw without optics; NaN where no source gives it."""
    latency_s: Floats


class Links(NamedTuple):
    """One entry a bundle of cables."""

    lower: Ints
    """GPU of an access link, else the lower switch."""
    upper: Ints
    """The upper switch."""
    rate_bytes_per_s: Floats
    """Of the whole bundle, one direction."""
    latency_s: Floats
    """Propagation along the cable."""
    medium: Ints
    power_w: Floats
    """Of the transceivers at both ends of all cables."""


class Fabric(NamedTuple):
    """Switches, links and each GPU's place; without a network every GPU's leaf is -1."""

    switches: Switches
    links: Links
    gpu_leaf: Ints
    """Switch that the GPU's interface is plugged into; -1: none. Empty: no fabric at all."""
    gpu_nvlink_bytes_per_s: Floats
    gpu_nvlink_j_per_byte: Floats
    gpu_network_bytes_per_s: Floats
    leaf_uplink_bytes_per_s: Floats
    """By switch: sum of a leaf's links to spines; 0 for other switches."""
    pod_uplink_bytes_per_s: Floats
    """By fabric pod: sum of its spines' links to the core."""
    pod_names: tuple[str, ...]
    switch_names: tuple[str, ...]
    transport: str
    in_network: bool
    """The switches reduce."""
    collective_factors: Floats = UNCALIBRATED
    """What a site multiplies the three terms of the collective law with, by operation and reach
    in the order of `twin.fabric.collective_site.CALIBRATED`; NaN where the law stands as it is.
    Shape (12, 3)"""


def _none() -> Fabric:
    ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Fabric(
        Switches(ints, ints, ints, floats, floats),
        Links(ints, ints, floats, floats, ints, floats),
        ints, floats, floats, floats, floats, floats, (), (), "", False,
    )  # fmt: skip


NO_FABRIC = _none()
"""Of a plant whose site states none."""


def link_names(fabric: Fabric, gpu_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the name of every link, `lower:upper`; a GPU without a network has `gpu:none`."""
    switches = (*fabric.switch_names, "none")
    own = [f"{gpu}:{switches[leaf]}" for gpu, leaf in zip(gpu_names, fabric.gpu_leaf, strict=False)]
    lower = fabric.links.lower[len(own) :].tolist()
    upper = fabric.links.upper[len(own) :].tolist()
    return (*own, *(f"{switches[a]}:{switches[b]}" for a, b in zip(lower, upper, strict=True)))
