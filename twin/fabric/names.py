"""What the names of hardware say of its fabric: GPU model, GPUs a node, nodes, interconnect.

The interconnect is text as benchmark pages write it: `8x400G IB NDR`, `NVLink5 MNNVL (NVL72)`,
`32x100G EFAv2`, `RoCE RDMA only (MNNVL=0 NVLS=0)`, `... across 2 racks`.
"""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from site_models.errors import InputError
from twin.physics.collective import AMPERE, BLACKWELL, HOPPER, Span

_BYTES_PER_S_OF_GBIT = 1e9 / 8.0
_NVL72 = 72


class Model(NamedTuple):
    """What a GPU's name says."""

    generation: int
    nvlink_bytes_per_s: float
    """One direction, all links."""
    network_bytes_per_s: float
    """Of the interface that its systems usually carry for each GPU."""


MODELS = {
    "GB300": Model(BLACKWELL, 900e9, 100e9),
    "GB200": Model(BLACKWELL, 900e9, 50e9),
    "B300": Model(BLACKWELL, 900e9, 100e9),
    "B200": Model(BLACKWELL, 900e9, 50e9),
    "H200": Model(HOPPER, 450e9, 50e9),
    "H100": Model(HOPPER, 450e9, 50e9),
    "A100": Model(AMPERE, 300e9, 25e9),
}


def gpu_model(name: str) -> Model:
    """Return what a GPU's name says; InputError for one that is not known."""
    for family, model in MODELS.items():
        if re.search(rf"(?<![A-Z0-9]){family}(?!\d)", name.upper()):
            return model
    raise InputError(f"gpu: unknown GPU {name!r}, expected one of: {', '.join(MODELS)}")


class Names(NamedTuple):
    """One system by its names."""

    gpu: str
    gpus_per_node: int
    nodes: int
    interconnect: str


def span_of_names(rows: Sequence[Names], where: str = "") -> Span:
    """Return the span of several systems, one entry a row; InputError as `span_row`."""
    columns = list(zip(*[span_row(names, where) for names in rows], strict=True))
    gpus, domains, per_domain, nvlink, network, generation, cloud, multicast, reduces, reach = (
        np.array(column) for column in columns
    )
    return Span(
        gpus, domains, per_domain, nvlink, network, generation.astype(np.int64),
        cloud, multicast, reduces, reach,
    )  # fmt: skip


def span_row(names: Names, where: str = "") -> tuple[float | int | bool, ...]:
    """Return one entry of a span; InputError for an unknown GPU or counts below 1.

    NVLink reaches across nodes where the text says MNNVL, NVL72 or GB200's and GB300's own
    `NVLinkN` alone, up to a rack of 72 GPUs, unless it says `MNNVL=0` or `RDMA only`.
    """
    model = gpu_model(names.gpu)
    if names.gpus_per_node < 1 or names.nodes < 1:
        raise InputError(f"{where}gpus-per-node, nodes: expected whole numbers above 0")
    text = names.interconnect.upper()
    gpus = names.gpus_per_node * names.nodes
    domains = _domains(names, text, gpus)
    return (
        float(gpus),
        float(domains),
        float(gpus // domains),
        model.nvlink_bytes_per_s,
        _network_bytes_per_s(names, text, model),
        model.generation,
        "EFA" in text or "TCPX" in text,
        "NVLS=0" not in text,
        "SHARP" in text and "SHARP NOT" not in text,
        0.0,
    )


def _domains(names: Names, text: str, gpus: int) -> int:
    rack_wide = "MNNVL" in text or "NVL72" in text
    if "MNNVL=0" in text or "RDMA ONLY" in text or not rack_wide:
        return names.nodes
    racks = re.search(r"ACROSS\s+(\d+)\s+RACKS", text)
    return min(names.nodes, int(racks[1])) if racks else math.ceil(gpus / _NVL72)


def _network_bytes_per_s(names: Names, text: str, model: Model) -> float:
    """Return the rate of one GPU's share of its node's interfaces [B/s]."""
    found = re.search(r"(\d+)\s*X\s*(\d+)\s*G(?:BIT/S|B/S)?(?:\s*/\s*(\d+)\s*GPU)?", text)
    if found is None:
        return model.network_bytes_per_s
    whole_node = 4 if names.gpu.upper().startswith("GB") else 8
    served = int(found[3]) if found[3] else max(names.gpus_per_node, whole_node)
    return int(found[1]) * int(found[2]) * _BYTES_PER_S_OF_GBIT / served
