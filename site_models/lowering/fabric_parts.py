"""A fabric in the making: switches and bundles of links, in the order of adding."""

from dataclasses import dataclass, field

import numpy as np

from site_models.arrays import Floats, Ints
from site_models.fabric import COPPER, OPTICS
from site_models.kinds.cable import Cable

_S_PER_M = 5e-9


@dataclass(slots=True)
class Parts:
    """Columns of switches, and arrays of bundles."""

    names: list[str] = field(default_factory=list)
    tier: list[int] = field(default_factory=list)
    pod: list[int] = field(default_factory=list)
    rail: list[int] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    latency_s: list[float] = field(default_factory=list)
    pods: list[str] = field(default_factory=list)
    _bundles: list[tuple[Ints, Ints, Floats, Floats, Ints, Floats]] = field(default_factory=list)

    def add_pod(self, name: str) -> int:
        """Add a fabric pod and return its number."""
        self.pods.append(name)
        return len(self.pods) - 1

    def add(
        self, name: str, tier: int, pod: int, rail: int, power_w: float, latency_s: float
    ) -> None:
        """Add a switch."""
        self.names.append(name)
        self.tier.append(tier)
        self.pod.append(pod)
        self.rail.append(rail)
        self.power_w.append(power_w)
        self.latency_s.append(latency_s)

    def join(self, lower: Ints, upper: Ints, rate: Floats, length_m: float, cable: Cable) -> None:
        """Add bundles of cables between switches; rates in bytes a second, one direction."""
        cables = np.ceil(rate / float(cable.rate_bytes_per_s) - 1e-9)
        medium = OPTICS if cable.medium == "optics" else COPPER
        self._bundles.append(
            (
                lower.astype(np.int64),
                upper.astype(np.int64),
                rate,
                np.full(len(rate), length_m * _S_PER_M),
                np.full(len(rate), medium, dtype=np.int64),
                2.0 * float(cable.end_power_w) * cables,
            )
        )

    def into(self, switches: Ints) -> Floats:
        """Return the rate that comes into switches from below [B/s]."""
        _, upper, rate, *_ = self.joined()
        return sums(upper, rate, len(self.tier))[switches]

    def joined(self) -> tuple[Ints, Ints, Floats, Floats, Ints, Floats]:
        """Return the bundles' columns."""
        ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        all_bundles = [(ints, ints, floats, floats, ints, floats), *self._bundles]
        lower, upper, rate, latency_s, medium, power_w = (
            np.concatenate(column) for column in zip(*all_bundles, strict=True)
        )
        return lower, upper, rate, latency_s, medium, power_w


def sums(place: Ints, values: Floats, count: int) -> Floats:
    """Return the sum of the values at each of `count` places."""
    return np.asarray(np.bincount(place, weights=values, minlength=count), dtype=np.float64)
