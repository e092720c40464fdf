"""Both generations of names mean the same things in the same units."""

import pytest

from telemetry.prometheus.metric_names import metrics, refused_unit


@pytest.mark.parametrize(
    ("old", "reading", "new", "same"),
    [
        ("DCGM_FI_DEV_SM_CLOCK", 1980.0, "DCGM_FI_DEV_SM_CLOCK_HERTZ", 1.98e9),
        ("DCGM_FI_DEV_GPU_UTIL", 55.0, "DCGM_FI_DEV_GPU_UTIL_RATIO", 0.55),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", 5e6, "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL", 5e3),
        ("DCGM_FI_DEV_GPU_TEMP", 61.0, "DCGM_FI_DEV_GPU_TEMP_CELSIUS", 61.0),
        ("DCGM_FI_DEV_POWER_USAGE", 700.0, "DCGM_FI_DEV_BOARD_POWER_WATTS", 700.0),
    ],
)
def test_generations_agree(old: str, reading: float, new: str, same: float) -> None:
    before, after = metrics()[old], metrics()[new]
    assert before.signal == after.signal
    assert reading * before.scale + before.offset == pytest.approx(
        same * after.scale + after.offset
    )


def test_a_stated_unit_that_is_not_the_tables_is_refused() -> None:
    clock = metrics()["DCGM_FI_DEV_SM_CLOCK"]
    assert refused_unit(clock, "SM clock frequency (in MHz).") is None
    assert refused_unit(clock, "SM clock frequency.") is None
    assert refused_unit(clock, "SM clock frequency (in Hz).") == "Hz"
    assert refused_unit(metrics()["DCGM_FI_DEV_GPU_TEMP"], "GPU temperature (in C).") is None
    assert (
        refused_unit(metrics()["DCGM_FI_DEV_GPU_TEMP"], "GPU temperature (in furlongs).")
        == "furlongs"
    )


def test_every_row_of_the_table_is_a_known_signal() -> None:
    assert sum(name.startswith("DCGM_") for name in metrics()) >= 30
