"""A device's answers become signals in base units; what is not offered is not there."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.nvml.device import Device
from telemetry.nvml.limits import limits_of
from telemetry.nvml.port import ALL_LINKS, GpuLostError
from telemetry.signals import SIGNALS
from tests.fakes.nvml.fake_driver import FakeDriver, FakeGpu, board


def started(gpu: FakeGpu, *, field_values: bool = True) -> Device:
    """Return a device that has found out what the board offers."""
    driver = FakeDriver(gpu, field_values=field_values)
    driver.open()
    device = Device(driver, gpu.identity)
    device.start()
    return device


def test_readings_are_in_base_units() -> None:
    found = started(board()).read(0.0, slow=True)
    assert found["gpu_power_w"] == 300.0
    assert found["gpu_power_avg_w"] == 299.0
    assert found["gpu_energy_j"] == pytest.approx(5e6)
    assert (found["gpu_temp_c"], found["memory_temp_c"], found["gpu_margin_k"]) == (45, 55, 42)
    assert found["sm_clock_hz"] == 1.755e9
    assert (found["gpu_utilization"], found["memory_utilization"]) == (0.8, 0.4)
    assert found["memory_used_bytes"] == 20 * 1024**3
    assert found["gpu_cap_w"] == 700.0
    assert found["clocks_event_reasons"] == 4
    assert found["ecc_errors"] == 0
    assert set(found) <= set(SIGNALS)


def test_between_seconds_only_what_is_fast_is_asked() -> None:
    found = started(board()).read(0.0, slow=False)
    assert "gpu_power_w" in found
    assert "gpu_temp_c" in found
    assert "gpu_energy_j" not in found
    assert "pcie_tx_bytes_per_s" not in found


def test_what_a_board_does_not_offer_is_absent_and_the_rest_is_there() -> None:
    gpu = board()
    del gpu.fields[82, 0], gpu.calls["MarginTemperature"], gpu.calls["UtilizationRates"]
    device = started(gpu)
    found = device.read(0.0, slow=True)
    gone = {"memory_temp_c", "gpu_margin_k", "gpu_utilization", "memory_utilization"}
    assert gone == set(device.missing)
    assert not gone & set(found)
    assert found["gpu_power_w"] == 300.0


def test_an_old_driver_answers_by_its_older_calls() -> None:
    gpu = board()
    for name in ("TemperatureV", "MarginTemperature", "CurrentClocksEventReasons"):
        del gpu.calls[name]
    gpu.calls |= {
        "CurrentClocksThrottleReasons": 1,
        "PowerUsage": 250_000,
        "TotalEnergyConsumption": 7_000,
        "EnforcedPowerLimit": 500_000,
    }
    found = started(gpu, field_values=False).read(0.0, slow=True)
    assert (found["gpu_power_w"], found["gpu_energy_j"], found["gpu_cap_w"]) == (250, 7, 500)
    assert (found["gpu_temp_c"], found["clocks_event_reasons"]) == (45, 1)
    assert "gpu_power_avg_w" not in found


def test_counters_become_rates() -> None:
    gpu = board()
    device = started(gpu)
    first = device.read(10.0, slow=True)
    assert math.isnan(first["nvlink_tx_bytes_per_s"])
    gpu.fields[138, ALL_LINKS] = 1e6
    gpu.fields[197, 0] = 3e9
    then = device.read(12.0, slow=True)
    assert then["nvlink_tx_bytes_per_s"] == pytest.approx(1024 * 1e6 / 2)
    assert then["pcie_tx_bytes_per_s"] == pytest.approx(1.5e9)
    assert then["nvlink_rx_bytes_per_s"] == 0.0


def test_the_links_of_the_fifth_generation_are_summed() -> None:
    gpu = board()
    del gpu.fields[138, ALL_LINKS], gpu.fields[139, ALL_LINKS]
    gpu.fields |= {(202, link): 0.0 for link in range(4)} | {(204, link): 0.0 for link in range(4)}
    device = started(gpu)
    device.read(0.0, slow=True)
    gpu.fields |= {(202, link): 1e9 for link in range(4)}
    assert device.read(1.0, slow=True)["nvlink_tx_bytes_per_s"] == pytest.approx(4e9)


@given(st.lists(st.integers(0, 2**50), min_size=2, max_size=20))
def test_whatever_a_counter_does_no_rate_is_negative(counts: list[int]) -> None:
    gpu = board()
    device = started(gpu)
    falls = 0
    for k, count in enumerate(counts):
        falls += k > 0 and count < counts[k - 1]
        gpu.fields[197, 0] = float(count)
        rate = device.read(float(k), slow=True)["pcie_tx_bytes_per_s"]
        assert math.isnan(rate) or rate >= 0.0
    assert device.resets == falls


def test_an_energy_counter_that_starts_again_is_counted_as_a_reset() -> None:
    gpu = board()
    device = started(gpu)
    device.read(0.0, slow=True)
    gpu.fields[83, 0] = 1e3
    assert device.read(1.0, slow=True)["gpu_energy_j"] == 1.0
    assert device.resets == 1


@pytest.mark.parametrize("said", [float(2**32 - 1), -5.0, math.nan])
def test_an_impossible_reading_is_missing(said: float) -> None:
    gpu = board()
    device = started(gpu)
    gpu.fields[186, 0] = said
    assert math.isnan(device.read(0.0, slow=False)["gpu_power_w"])


def test_a_lost_device_says_so_and_keeps_what_it_offers() -> None:
    gpu = board()
    device = started(gpu)
    offered = device.signals
    gpu.lost = True
    with pytest.raises(GpuLostError):
        device.read(0.0, slow=True)
    gpu.lost = False
    gpu.calls.pop("MarginTemperature")  # a call that fails later is missing, not forgotten
    device.start()
    assert device.signals == offered
    assert math.isnan(device.read(1.0, slow=True)["gpu_margin_k"])


def test_limits_are_those_the_device_states() -> None:
    gpu = board()
    driver = FakeDriver(gpu)
    driver.open()
    limits = limits_of(driver, gpu, "NVIDIA H200")
    assert (limits.power_min_w, limits.power_max_w) == (200.0, 700.0)
    assert (limits.temp_limit_c, limits.slowdown_offset_k, limits.shutdown_offset_k) == (87, 2, 8)
    assert limits.sm_clock_max_hz == 1.98e9


def test_limits_of_an_old_driver_come_from_its_thresholds_and_constraints() -> None:
    gpu = board()
    del gpu.calls["MarginTemperature"]
    gpu.calls |= {"PowerManagementLimitConstraints": [100e3, 350e3], "TemperatureThreshold": 90}
    gpu.calls["MemoryInfo"] = SimpleNamespace(total=24 * 1024**3)
    driver = FakeDriver(gpu, field_values=False)
    driver.open()
    limits = limits_of(driver, gpu, "old")
    assert (limits.power_min_w, limits.power_max_w) == (100.0, 350.0)
    assert (limits.temp_limit_c, limits.slowdown_offset_k) == (90.0, 0.0)
    gpu.calls.clear()
    assert np.isnan(limits_of(driver, gpu, "mute").temp_limit_c)
