"""Means of the five liquid-cooled racks in the recorded messages of NVIDIA's DSX Exchange.

The messages are shared beside the checkout, `reference/dsx-exchange` (Apache-2.0, its SOURCE.md
says what is known of them); nothing of them is kept here.
"""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.shared import shared

MESSAGES = Path("reference", "dsx-exchange", "dsx_exemplar.csv")
RACK = re.compile(r"BMS/v1/PUB/Value/Rack/(\w+)/.*/row(\w)/rack(\d\d)/")
CDU_DP = re.compile(r"BMS/v1/PUB/Value/CDU/LiquidDifferentialPressure/.*/secondary/dp/feedback/")
VALUE = re.compile(r'"value":(-?[\d.]+)')
BUSY_W = 1000.0
L_PER_MIN = 1e-3 / 60.0


@dataclass(frozen=True, slots=True)
class MeasuredRack:
    """Means over the recording's 99 s."""

    name: str
    power_w: float
    flow_m3_per_s: float
    supply_c: float
    return_c: float
    dp_pa: float
    opening: float


def find_messages() -> Path | None:
    """Return the shared file of messages, None where there is none."""
    path = shared() / MESSAGES
    return path if path.is_file() else None


def read_racks(path: Path) -> tuple[list[MeasuredRack], float]:
    """Return the racks that draw power, by name, and the differential that their CDU holds [Pa]."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with path.open(newline="") as file:
        for message in csv.DictReader(file):
            value = VALUE.search(message["payload"])
            if value is None:
                continue
            if rack := RACK.match(message["topic"]):
                found[rack[2] + rack[3], rack[1]].append(float(value[1]))
            elif CDU_DP.match(message["topic"]):
                found["CDU", "dp"].append(float(value[1]))
    mean = {key: float(np.mean(values)) for key, values in found.items()}
    racks = [
        MeasuredRack(
            name=name,
            power_w=1e3 * mean[name, "RackPower"],
            flow_m3_per_s=L_PER_MIN * mean[name, "RackLiquidFlow"],
            supply_c=mean[name, "RackLiquidSupplyTemperature"],
            return_c=mean[name, "RackLiquidReturnTemperature"],
            dp_pa=1e3 * mean[name, "RackLiquidDifferentialPressure"],
            opening=0.01 * mean[name, "RackControlValvePosition"],
        )
        for name, what in sorted(mean)
        if what == "RackPower" and 1e3 * mean[name, what] > BUSY_W
    ]
    return racks, 1e3 * mean["CDU", "dp"]
