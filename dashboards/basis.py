"""What a GPU's figures rest on, and how a page marks what was not measured."""

from collections.abc import Sequence

import numpy as np

from dashboards.numbers import fixed
from dashboards.summary import Summary
from twin.physics.clocks import (
    HW_SLOWDOWN,
    HW_THERMAL,
    IDLE,
    POWER_BRAKE,
    SW_POWER_CAP,
    SW_THERMAL,
)
from twin.state import ASSUMED, HELD, INFERRED, MEASURED, MODELLED

WORDS = {
    MEASURED: "measured",
    INFERRED: "inferred from the node's meter",
    HELD: "held at its last reading",
    ASSUMED: "assumed idle, never read",
    MODELLED: "modelled from the load asked for",
}
REASONS = {
    IDLE: "idle",
    SW_POWER_CAP: "held at its power limit",
    HW_SLOWDOWN: "slowed down by hardware",
    SW_THERMAL: "throttled by temperature",
    HW_THERMAL: "at its slowdown temperature",
    POWER_BRAKE: "power brake",
}
"""Clocks event reasons, bit by bit."""
SIGN = "≈"
"""Before a figure that rests on something other than a measurement of the GPU itself."""


def basis_of(summary: Summary, gpu: int) -> str:
    """Return in words what a GPU's power, and so its temperature, rests on."""
    return WORDS[int(summary.snapshot.inputs.gpu_power_basis[gpu])]


def throttling_of(summary: Summary, gpu: int) -> str:
    """Return in words what lowers a GPU's clock, and to how much; empty if nothing does."""
    state = summary.state
    if state.gpu_off[gpu]:
        return "turned itself off at its shutdown temperature"
    bits = int(state.gpu_event_reasons[gpu])
    if not bits & ~IDLE:
        return ""
    words = ", ".join(said for bit, said in REASONS.items() if bits & bit)
    return f"clock {fixed(100.0 * float(state.gpu_clock_ratio[gpu]), 0)} %: {words}"


def sign_of(summary: Summary, gpus: Sequence[int]) -> str:
    """Return the sign to put before figures of these GPUs; empty when all were measured."""
    basis = summary.snapshot.inputs.gpu_power_basis[list(gpus)]
    return f"{SIGN} " if bool(np.any(basis != MEASURED)) else ""


def basis_counts(summary: Summary) -> list[tuple[int, str]]:
    """Return how many GPUs rest on what, in words, measured ones left out."""
    counts = np.bincount(summary.snapshot.inputs.gpu_power_basis, minlength=len(WORDS))
    return [(int(counts[code]), words) for code, words in WORDS.items()
            if code != MEASURED and counts[code]]  # fmt: skip
