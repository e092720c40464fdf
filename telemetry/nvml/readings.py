"""What is asked of a device, how often, and what the answers mean in base units.

Every quantity has a list of ways to it, the best first; which one a device offers is found
out once. Field numbers, units and scopes are those of the library's header, version 13.
"""

from dataclasses import dataclass

from telemetry.nvml.port import ALL_LINKS, MEMORY_CLOCK, SM_CLOCK, Wanted

GPU_SCOPE = 0
"""Of power fields: the board alone; 1 would be the module with its CPU."""
MOST_LINKS = 18


@dataclass(frozen=True, slots=True)
class Fields:
    """The sum of fields of the field-value interface, times a scale."""

    wanted: tuple[Wanted, ...]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """The answer to `nvmlDeviceGet<what>`, or one part of it a signal, times a scale."""

    what: str
    arguments: tuple[int, ...] = ()
    scale: float = 1.0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Signals that one way brings."""

    signals: tuple[str, ...]
    ways: tuple[Fields | Call, ...]
    slow: bool = False
    """Once a second is enough."""
    rate: bool = False
    """The answer counts; the signal is its growth per second."""


def _one(number: int, scale: float = 1.0, scope: int = 0) -> Fields:
    return Fields(((number, scope),), scale)


def _links(number: int) -> Fields:
    return Fields(tuple((number, link) for link in range(MOST_LINKS)))


_MEMORY_V2 = 0x02000028

READINGS: tuple[Reading, ...] = (
    Reading(("gpu_power_w",), (_one(186, 1e-3, GPU_SCOPE),)),
    Reading(("gpu_power_avg_w",), (_one(185, 1e-3, GPU_SCOPE),)),
    Reading(("gpu_temp_c",), (Call("TemperatureV", (0,)), Call("Temperature", (0,)))),
    Reading(("memory_temp_c",), (_one(82),)),
    Reading(("sm_clock_hz",), (Call("ClockInfo", (SM_CLOCK,), 1e6),)),
    Reading(
        ("clocks_event_reasons",),
        (Call("CurrentClocksEventReasons"), Call("CurrentClocksThrottleReasons")),
    ),
    Reading(
        ("gpu_utilization", "memory_utilization"),
        (Call("UtilizationRates", (), 1e-2, ("gpu", "memory")),),
    ),
    Reading(("gpu_energy_j",), (_one(83, 1e-3), Call("TotalEnergyConsumption", (), 1e-3)), True),
    Reading(("gpu_cap_w",), (_one(190, 1e-3), Call("EnforcedPowerLimit", (), 1e-3)), True),
    Reading(("gpu_margin_k",), (Call("MarginTemperature"),), True),
    Reading(("memory_clock_hz",), (Call("ClockInfo", (MEMORY_CLOCK,), 1e6),), True),
    Reading(
        ("memory_used_bytes",),
        (Call("MemoryInfo", (_MEMORY_V2,), 1.0, ("used",)), Call("MemoryInfo", (), 1.0, ("used",))),
        True,
    ),
    Reading(("ecc_errors",), (_one(4),), True),
    Reading(
        ("nvlink_tx_bytes_per_s",), (_one(138, 1024.0, ALL_LINKS), _links(202)), True, rate=True
    ),
    Reading(
        ("nvlink_rx_bytes_per_s",), (_one(139, 1024.0, ALL_LINKS), _links(204)), True, rate=True
    ),
    Reading(("pcie_tx_bytes_per_s",), (_one(197),), True, rate=True),
    Reading(("pcie_rx_bytes_per_s",), (_one(198),), True, rate=True),
)
"""PCIe throughput by its own call would block for 20 ms: the counters do not."""

OLD_POWER = Reading(("gpu_power_w",), (Call("PowerUsage", (), 1e-3),))
"""Where neither power field is offered, the device is old and this call is the instant draw;
where they are, it would be the one-second mean."""
