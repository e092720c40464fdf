"""Spines and core of a fabric, counted from what the tier below needs."""

import math

import numpy as np

from site_models.arrays import Ints
from site_models.fabric import CORE, SPINE
from site_models.kinds.cable import Cable
from site_models.kinds.switch import Switch
from site_models.lowering.draft import Draft
from site_models.lowering.fabric_parts import Parts
from site_models.site_fabric import FabricPod, Tier

_LATENCY_S = 330e-9
"""Of a switch whose model states none: what is quoted for the Quantum-2."""


def add_spines(
    draft: Draft, parts: Parts, pod: FabricPod, number: int, leafs: Ints, counts: Ints
) -> None:
    """Add a pod's spines, with equal bundles from every leaf; none for a pod of one leaf alone."""
    switch = draft.catalog.get(Switch, pod.spine.switch)
    cable = draft.catalog.get(Cable, pod.spine.cable)
    uplink = counts * pod.nic_bytes_per_s / pod.spine.oversubscription
    if len(leafs) < 2 and draft.site.fabric and draft.site.fabric.core is None:
        return
    room = switch.ports * float(switch.port_bytes_per_s)
    share = 1.0 if draft.site.fabric is None or draft.site.fabric.core is None else 0.5
    needed = max(1, math.ceil(float(uplink.sum()) / (share * room)))
    spines = _spread(round(float(uplink.max()) / float(cable.rate_bytes_per_s)), needed)
    first = len(parts.tier)
    for index in range(spines):
        parts.add(f"{parts.pods[number]}-spine{index}", SPINE, number, -1, *figures(switch))
    lower = np.repeat(leafs, spines)
    upper = np.tile(np.arange(first, first + spines), len(leafs))
    parts.join(lower, upper, np.repeat(uplink / spines, spines), pod.spine.length_m, cable)


def _spread(cables: int, needed: int) -> int:
    """Return how many switches a leaf's cables go to: they divide equally among them."""
    fitting = [count for count in range(needed, cables + 1) if cables % count == 0]
    return fitting[0] if fitting else needed


def add_core(draft: Draft, parts: Parts, core: Tier) -> None:
    """Add the core in planes: each spine of a pod meets one group of core switches."""
    switch = draft.catalog.get(Switch, core.switch)
    cable = draft.catalog.get(Cable, core.cable)
    spines = np.flatnonzero(np.array(parts.tier) == SPINE)
    pod = np.array(parts.pod)[spines]
    per_pod = np.bincount(pod, minlength=len(parts.pods))
    up = parts.into(spines) / core.oversubscription
    planes = int(np.gcd.reduce(per_pod[per_pod > 0]))
    plane = (np.arange(len(spines)) - np.searchsorted(pod, pod)) % planes
    heaviest = float(np.bincount(plane, weights=up).max())
    room = switch.ports * float(switch.port_bytes_per_s)
    needed = max(1, math.ceil(heaviest / room))
    each = _spread(round(float(up.max()) / float(cable.rate_bytes_per_s)), needed)
    first = len(parts.tier)
    for index in range(planes * each):
        parts.add(f"core{index}", CORE, -1, -1, *figures(switch))
    upper = first + (plane[:, None] * each + np.arange(each)).ravel()
    parts.join(np.repeat(spines, each), upper, np.repeat(up / each, each), core.length_m, cable)


def figures(switch: Switch) -> tuple[float, float]:
    """Return typical power [W], NaN if no source gives it, and latency [s] of a switch."""
    power_w = float(switch.power_typical_w) if switch.power_typical_w else math.nan
    return power_w, float(switch.latency_s) if switch.latency_s else _LATENCY_S
