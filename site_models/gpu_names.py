"""What vendors, drivers and schedulers call a GPU, and its key in the catalog."""

import re
from collections.abc import Iterable

_OTHER_BOARDS = re.compile(r"PCIE|NVL|GH\d|MIG|40GB|64GB|96GB|H20(?!0)|H800|A800|B200A")
"""Of boards that the catalog does not hold although their chip's name looks like one."""

_FAMILIES = (
    (re.compile(r"GB300"), "gb300_gpu"),
    (re.compile(r"GB200"), "gb200_gpu"),
    (re.compile(r"B300"), "b300_sxm6"),
    (re.compile(r"B200"), "b200"),
    (re.compile(r"H200"), "h200_sxm"),
    (re.compile(r"H100"), "h100_sxm5_80"),
    (re.compile(r"A100"), "a100_sxm4_80"),
)
"""Looked for in this order: `GB200` holds `B200`."""


def gpu_key(name: str, known: Iterable[str]) -> str | None:
    """Return the catalog key of a GPU's name, None if no model of `known` is meant.

    `NVIDIA H200`, `H200-SXM-141GB`, `gpu:h200:8` and `NVIDIA-H100-80GB-HBM3` are understood, a
    catalog key stands for itself. PCIe and NVL boards, MIG slices and other memory sizes are
    other models: a wrong power limit is worse than a question.
    """
    keys = list(known)
    plain = name.strip().lower()
    parts = [plain, *plain.split(":")]
    for part in parts:
        if part in keys:
            return part
    text = re.sub(r"NVL(?:INK)?72", "", name.upper())
    text = re.sub(r"[^A-Z0-9]", "", text)
    if _OTHER_BOARDS.search(text):
        return None
    for pattern, key in _FAMILIES:
        if pattern.search(text) and key in keys:
            return key
    return None
