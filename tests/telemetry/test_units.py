"""Units convert to handbook values and refuse to measure what they cannot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.errors import InputError
from telemetry.signals import SIGNALS
from telemetry.units import UNITS, to_base


def base(signal: str, reading: float, unit: str) -> float:
    return float(to_base(SIGNALS[signal], np.array([reading]), unit, "log.csv: x")[0])


@pytest.mark.parametrize(
    ("signal", "reading", "unit", "expected"),
    [
        ("gpu_power_w", 700_000.0, "mW", 700.0),
        ("gpu_energy_j", 2.0, "kWh", 7.2e6),
        ("gpu_temp_c", 212.0, "degF", 100.0),
        ("gpu_temp_c", 273.15, "K", 0.0),
        ("gpu_margin_k", 9.0, "degF", 5.0),
        ("gpu_margin_k", 9.0, "degC", 9.0),
        ("gpu_margin_k", 9.0, "K", 9.0),
        ("gpu_utilization", 55.0, "percent", 0.55),
        ("sm_clock_hz", 1980.0, "MHz", 1.98e9),
        ("node_fan_hz", 12_000.0, "rpm", 200.0),
        ("memory_used_bytes", 1.0, "MiB", 1_048_576.0),
        ("pcie_tx_bytes_per_s", 1.0, "MB/s", 1e6),
        ("pcie_tx_bytes_per_s", 1.0, "KiB/s", 1024.0),
        ("rack_flow_kg_per_s", 60.0, "L/min", 0.997),
        ("rack_flow_kg_per_s", 1.0, "gpm", 0.0630902 * 0.997),
        ("rack_dp_pa", 18.4, "psi", 126_863.5),
        ("rack_dp_pa", 1.5, "bar", 150_000.0),
    ],
)
def test_readings_become_base_units(
    signal: str, reading: float, unit: str, expected: float
) -> None:
    assert base(signal, reading, unit) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_volume_flow_takes_the_coolant_s_density() -> None:
    flow = to_base(SIGNALS["cdu_flow_kg_per_s"], np.array([60.0]), "L/min", "x", 1021.0)
    assert flow[0] == pytest.approx(1.021)


def test_a_unit_of_another_quantity_is_refused_by_name() -> None:
    with pytest.raises(InputError, match=r"log.csv: x: kW is a unit of power.*gpu_temp_c"):
        base("gpu_temp_c", 1.0, "kW")
    with pytest.raises(InputError, match="unknown unit 'furlong'"):
        base("gpu_temp_c", 1.0, "furlong")


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(SIGNALS)))
def test_missing_stays_missing_in_every_unit(unit: str, signal: str) -> None:
    if UNITS[unit].quantity == UNITS[SIGNALS[signal].unit].quantity:
        assert np.isnan(base(signal, np.nan, unit))
