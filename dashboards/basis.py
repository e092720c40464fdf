"""What a GPU's figures rest on, and how a page marks what was not measured."""

from collections.abc import Sequence

import numpy as np

from dashboards.summary import Summary
from twin.state import ASSUMED, HELD, INFERRED, MEASURED

WORDS = {
    MEASURED: "measured",
    INFERRED: "inferred from the node's meter",
    HELD: "held at its last reading",
    ASSUMED: "assumed idle, never read",
}
SIGN = "≈"
"""Before a figure that rests on something other than a measurement of the GPU itself."""


def basis_of(summary: Summary, gpu: int) -> str:
    """Return in words what a GPU's power, and so its temperature, rests on."""
    return WORDS[int(summary.snapshot.inputs.gpu_power_basis[gpu])]


def sign_of(summary: Summary, gpus: Sequence[int]) -> str:
    """Return the sign to put before figures of these GPUs; empty when all were measured."""
    basis = summary.snapshot.inputs.gpu_power_basis[list(gpus)]
    return f"{SIGN} " if bool(np.any(basis != MEASURED)) else ""


def basis_counts(summary: Summary) -> list[tuple[int, str]]:
    """Return how many GPUs rest on what, in words, measured ones left out."""
    counts = np.bincount(summary.snapshot.inputs.gpu_power_basis, minlength=len(WORDS))
    return [(int(counts[code]), words) for code, words in WORDS.items()
            if code != MEASURED and counts[code]]  # fmt: skip
