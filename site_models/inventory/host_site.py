"""The site of one host, made of the GPUs that its driver finds."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from site_models.catalog import SHIPPED as SHIPPED_CATALOG
from site_models.catalog import open_catalog
from site_models.gpu_names import gpu_key
from site_models.host_gpu import HostGpu
from site_models.inventory.drafted import DraftedSite
from site_models.inventory.rack_entries import scaled
from site_models.kinds.node import Node
from site_models.site import SHIPPED as SHIPPED_SITES
from site_models.yaml_file import read_yaml

HOST_SITE = "workstation"
"""The shipped site that stands for this host; without GPUs it is as its file says."""
GENERIC_GPU, GENERIC_NODE = "workstation_gpu", "workstation_node"
READ_ON = "2026-11-22"
"""Date of the figures a device states: when this was written, not the day of a run, with which
the site's hash would change from day to day."""
MOST_IDLE_SHARE = 0.3
"""No board idles at more of its rating."""
MOST_LEAKING_SHARE = 0.4
"""Nor leaks more of what it idles at."""
FEED_ROOM = 2.0
"""Rating of the feed over that of the host: cooling hangs on it too."""


def host_site(gpus: Sequence[HostGpu]) -> DraftedSite:
    """Return the site of a host with the given GPUs, named gpu0, gpu1, ... in their order.

    A model that the catalog holds gives its thermal figures; of another board only the rating
    is known, and the chain of a workstation board is scaled to it. The limits are always the
    device's own. Eight boards of a known server are that server, others stand in a chassis
    scaled from a workstation.
    """
    entries: dict[str, dict[str, Any]] = {}
    assumptions: list[str] = []
    nodes, power_w = [], 0.0
    for number, (_, members) in enumerate(groupby(gpus, key=lambda gpu: gpu.name)):
        alike = list(members)
        gpu = _gpu_entry(alike[0], assumptions)
        node = _node_entry(alike, float(gpu["power_max_w"]["value"]), assumptions)
        entries[f"gpu/host_gpu{number}"] = gpu
        entries[f"node/host_node{number}"] = node | {"gpu": f"host_gpu{number}"}
        nodes.append({"model": f"host_node{number}", "count": 1, "prefix": "node"})
        power_w += _watts(node["power_max_w"])
    rack = _shipped("rack", "workstation") | {"nodes": nodes, "rating_w": _stated(power_w, "W")}
    entries["rack/host_rack"] = rack | {"label": "This host"}
    site = read_yaml(SHIPPED_SITES / f"{HOST_SITE}.yaml")
    site["halls"][0]["rows"][0]["racks"][0]["model"] = "host_rack"
    feed = site["feeds"][0]
    feed["rating_w"] = max(float(feed["rating_w"]), math.ceil(FEED_ROOM * power_w))
    site["default_source"] = "nvml"
    return DraftedSite(site, entries, tuple(assumptions))


def _gpu_entry(gpu: HostGpu, assumptions: list[str]) -> dict[str, Any]:
    """Return a GPU model with the limits that the device states."""
    catalog = open_catalog()
    key = gpu_key(gpu.name, catalog.names("gpu"))
    raw = _shipped("gpu", key) if key else {}
    if "air" not in raw:
        assumptions.append(f"{gpu.name}: cooled like a workstation board, scaled to its rating")
        raw = _shipped("gpu", GENERIC_GPU)
        share = gpu.power_max_w / _watts(raw["power_max_w"])
        if share > 0.0:
            _scale_board(raw, share)
    model_hz = _hertz(raw["sm_clock_max_hz"])
    for name, unit in _STATED:
        value = getattr(gpu, name)
        if not math.isnan(value):
            raw[name] = _stated(value, unit)
    power_w = _watts(raw["power_max_w"])
    for name, most in (("power_min_w", 1.0), ("idle_power_w", MOST_IDLE_SHARE)):
        if _watts(raw[name]) > most * power_w:  # of the model, but this board is smaller
            raw[name] = raw[name] | {"value": most * power_w, "unit": "W", "basis": "estimated"}
    leaks_w = MOST_LEAKING_SHARE * _watts(raw["idle_power_w"])
    if _watts(raw["leakage_w"]) > leaks_w:
        figure = raw["leakage_w"] | {"value": leaks_w, "unit": "W", "basis": "estimated"}
        raw["leakage_w"] = figure
    if not math.isnan(gpu.sm_clock_max_hz):  # the voltage bends where it does on a known board
        for name in ("sm_clock_min_hz", "voltage_flat_hz"):
            raw[name] = scaled(raw[name], gpu.sm_clock_max_hz / model_hz, key or GENERIC_GPU)
    return raw | {"label": gpu.name}


_STATED = (
    ("power_min_w", "W"),
    ("power_max_w", "W"),
    ("temp_limit_c", "degC"),
    ("slowdown_offset_k", "K"),
    ("shutdown_offset_k", "K"),
    ("memory_bytes", "bytes"),
    ("sm_clock_max_hz", "Hz"),
)


def _scale_board(raw: dict[str, Any], share: float) -> None:
    """Scale a board's rating and its chain, so that it is as warm at its own rating."""
    for name in ("power_max_w", "power_min_w", "idle_power_w", "leakage_w"):
        raw[name] = scaled(raw[name], share, GENERIC_GPU)
    raw["memory_resistance_k_per_w"] = scaled(
        raw["memory_resistance_k_per_w"], 1.0 / share, GENERIC_GPU
    )
    for name, figure in raw["air"].items():
        if name.endswith("_resistance_k_per_w"):
            raw["air"][name] = scaled(figure, 1.0 / share, GENERIC_GPU)


def _node_entry(gpus: Sequence[HostGpu], power_max_w: float, said: list[str]) -> dict[str, Any]:
    """Return the server that holds so many of a model, or a workstation scaled to them."""
    catalog = open_catalog()
    key = gpu_key(gpus[0].name, catalog.names("gpu"))
    for name in catalog.names("node") if key else ():
        node = catalog.get(Node, name)
        if (node.gpu, node.gpu_count, node.cooling) == (key, len(gpus), "air"):
            return _shipped("node", name)
    said.append(f"{len(gpus)} x {gpus[0].name}: in a chassis scaled from a workstation")
    raw = _shipped("node", GENERIC_NODE)
    share = len(gpus) * power_max_w / _watts(_shipped("gpu", GENERIC_GPU)["power_max_w"])
    for name in ("base_power_w", "power_max_w", "airflow_rated_m3_per_s", "fan_power_max_w"):
        raw[name] = scaled(raw[name], max(share, 1.0), GENERIC_NODE)
    raw["supply"]["rating_w"] = scaled(raw["supply"]["rating_w"], max(share, 1.0), GENERIC_NODE)
    return raw | {"gpu_count": len(gpus), "label": f"This host ({len(gpus)} GPUs)"}


def _shipped(kind: str, name: str) -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(SHIPPED_CATALOG / kind / f"{name}.yaml")
    return raw


def _stated(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "basis": "measured", "source": "NVML", "date": READ_ON}


def _hertz(figure: dict[str, Any]) -> float:
    return float(figure["value"]) * {"MHz": 1e6, "GHz": 1e9}.get(figure.get("unit", ""), 1.0)


def _watts(figure: dict[str, Any]) -> float:
    return float(figure["value"]) * (1e3 if figure.get("unit") == "kW" else 1.0)
