"""The signal table is consistent with itself and with what it promises."""

import pytest

from telemetry.signals import AXES, SIGNALS, Signal, on_axis
from telemetry.units import UNITS

SUFFIXES = {
    "W": "_w",
    "J": "_j",
    "degC": "_c",
    "K": "_k",
    "Hz": "_hz",
    "bytes": "_bytes",
    "bytes/s": "_bytes_per_s",
    "kg/s": "_kg_per_s",
    "Pa": "_pa",
}
CORE = """gpu_power_w gpu_power_avg_w gpu_energy_j gpu_temp_c memory_temp_c gpu_margin_k sm_clock_hz
memory_clock_hz gpu_utilization memory_utilization memory_used_bytes gpu_cap_w
clocks_event_reasons nvlink_tx_bytes_per_s nvlink_rx_bytes_per_s pcie_tx_bytes_per_s
pcie_rx_bytes_per_s sm_active tensor_active dram_active xid ecc_errors node_power_w
node_dc_power_w node_inlet_c node_fan_hz rack_power_w rack_supply_c rack_return_c
rack_flow_kg_per_s rack_dp_pa rack_leak"""
ALL = list(SIGNALS.values())


def test_every_core_signal_of_the_design_is_there() -> None:
    assert set(CORE.split()) <= set(SIGNALS)


@pytest.mark.parametrize("signal", ALL, ids=lambda signal: signal.name)
def test_a_name_ends_in_its_unit(signal: Signal) -> None:
    suffix = SUFFIXES.get(signal.unit)
    others = [other for other in SUFFIXES.values() if other != suffix]
    assert suffix is None or signal.name.endswith(suffix)
    assert suffix is not None or not signal.name.endswith(tuple(others))


@pytest.mark.parametrize("signal", ALL, ids=lambda signal: signal.name)
def test_a_signal_is_complete(signal: Signal) -> None:
    assert signal.axis in AXES
    assert signal.unit in UNITS
    assert UNITS[signal.unit].scale == 1.0
    assert UNITS[signal.unit].offset == 0.0 or signal.kind == "difference"
    assert signal.low < signal.high
    assert signal.label
    assert signal.display_scale > 0.0


def test_what_counts_is_wide_and_codes_are_integers() -> None:
    for signal in ALL:
        if signal.unit in ("mask", "code"):
            assert signal.stored.startswith("int")
        else:
            assert signal.stored == ("float64" if signal.unit in ("J", "bytes") else "float32")


def test_axes_share_no_signal() -> None:
    assert sum(len(on_axis(axis)) for axis in AXES) == len(SIGNALS)
    assert on_axis("moon") == ()
