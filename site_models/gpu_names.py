"""What vendors, drivers and schedulers call a GPU, and its key in the catalog."""

import re
from collections.abc import Iterable

_OTHER_BOARDS = re.compile(r"PCIE|NVL|MIG|GH\d|[AH]800|H20(?!\d)|(?<!\d)(?:40|64|94|96)GB")
"""Marks of boards that the catalog does not hold although their chip's name looks like one."""

_FAMILIES = {
    "GB300": "gb300_gpu",
    "GB200": "gb200_gpu",
    "B300": "b300_sxm6",
    "B200": "b200",
    "H200": "h200_sxm",
    "H100": "h100_sxm5_80",
    "A100": "a100_sxm4_80",
}


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
    if _OTHER_BOARDS.search(text):
        return None
    for family, key in _FAMILIES.items():
        if key in keys and re.search(rf"(?<![A-Z0-9]){family}(?!\d)", text):
            return key
    return None
