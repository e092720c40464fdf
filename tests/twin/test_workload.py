"""Profiles: the slowest sets the pace of those who run together, and of nobody else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from site_models.catalog import open_catalog
from site_models.errors import InputError
from site_models.kinds.gpu import Gpu
from site_models.kinds.workload import Workload
from site_models.yaml_file import read_yaml, validated
from twin.workload import (
    Pattern,
    activity,
    mean_power_w,
    pace,
    pattern_of,
    phase_power_w,
    step_wave,
    workload,
)

CATALOG = open_catalog()
H200 = CATALOG.get(Gpu, "h200_sxm")
NAMES = CATALOG.names("workload")
ALONE = np.array([0])
clocks = st.floats(0.2, 1.0)


def pattern(compute_s: list[float], floor_s: list[float], gpus: int = 1) -> Pattern:
    """Return a pattern of equal GPUs at 80 % of the span, waiting at 20 %."""
    share = np.full(len(compute_s), 0.8)
    return Pattern(np.array([compute_s] * gpus), np.array([floor_s] * gpus), share, share, 0.2, 0.7)


def power_of(name: str, clock: float = 1.0) -> float:
    """Return the mean power of an H200 that runs a profile without communication [W]."""
    one = np.array([clock])
    on = pattern_of(workload(name), [H200])
    none = np.zeros(on.compute_s.shape[1])
    idle, limit = np.array([float(H200.idle_power_w)]), np.array([float(H200.power_max_w)])
    flat = np.array([float(H200.voltage_flat_hz) / float(H200.sm_clock_max_hz)])
    phase_w = phase_power_w(on, one, idle, limit, flat, np.array([float(H200.voltage_floor)]))
    return float(mean_power_w(pace(on, one, ALONE, none, none), on, phase_w, idle, limit)[0])


@given(st.lists(clocks, min_size=2, max_size=6))
def test_those_who_run_together_run_at_the_pace_of_the_slowest(clock: list[float]) -> None:
    on = pattern([2.0], [0.5], len(clock))
    none = np.zeros(1)
    together = pace(on, np.array(clock), np.zeros(len(clock), np.int64), none, none)
    np.testing.assert_allclose(together.step_s, 2.0 / min(clock))
    each = pace(on, np.array(clock), np.arange(len(clock)), none, none)
    np.testing.assert_allclose(each.step_s, 2.0 / np.array(clock))


def test_memory_sets_the_pace_until_the_clock_is_low_enough() -> None:
    on, none = pattern([1.0], [2.0]), np.zeros(1)
    for clock, step_s in ((1.0, 2.0), (0.6, 2.0), (0.5, 2.0), (0.25, 4.0)):
        assert pace(on, np.array([clock]), ALONE, none, none).step_s[0] == pytest.approx(step_s)


def test_communication_shows_where_work_does_not_hide_it() -> None:
    on = pattern([2.0], [0.0])
    for exchange_s, hidden, step_s in ((1.0, 0.0, 3.0), (1.0, 0.5, 2.0), (1.5, 0.5, 2.5)):
        at = pace(on, np.ones(1), ALONE, np.array([exchange_s]), np.array([hidden]))
        assert at.step_s[0] == pytest.approx(step_s)


def test_a_pipeline_adds_its_bubble_to_the_work_only() -> None:
    at = pace(pattern([2.0], [0.0]), np.ones(1), ALONE, np.ones(1), np.zeros(1), bubble=0.25)
    assert at.step_s[0] == pytest.approx(2.0 * 1.25 + 1.0)


def test_who_waits_draws_the_waiting_power() -> None:
    on = pattern([2.0], [0.0], 2)
    idle, limit = np.full(2, 100.0), np.full(2, 700.0)
    at = pace(on, np.array([1.0, 0.5]), np.zeros(2, np.int64), np.zeros(1), np.zeros(1))
    phase_w = phase_power_w(on, np.ones(2), idle, limit, np.full(2, 0.5), np.full(2, 0.6))
    fast_w, slow_w = mean_power_w(at, on, phase_w, idle, limit)
    assert slow_w == pytest.approx(100.0 + 0.8 * 600.0)
    assert fast_w == pytest.approx(100.0 + 0.5 * 0.8 * 600.0 + 0.5 * 0.2 * 600.0)
    np.testing.assert_allclose(activity(at, on), [0.4, 0.8])


@given(clocks, clocks)
def test_the_wave_of_a_step_has_its_length_and_its_mean_power(one: float, other: float) -> None:
    on, clock = pattern([2.0, 0.1], [0.0, 0.5], 2), np.array([one, other])
    idle, limit = np.full(2, 100.0), np.full(2, 700.0)
    at = pace(on, clock, np.zeros(2, np.int64), np.array([3.0, 0.1]), np.array([0.5, 0.0]), 0.1)
    phase_w = phase_power_w(on, clock, idle, limit, np.full(2, 0.5), np.full(2, 0.6))
    mean_w = mean_power_w(at, on, phase_w, idle, limit)
    for gpu in range(2):
        lengths_s, powers_w = step_wave(at, on, phase_w, idle, limit, gpu)
        assert lengths_s.sum() == pytest.approx(at.step_s[gpu])
        assert lengths_s @ powers_w / lengths_s.sum() == pytest.approx(mean_w[gpu])


def test_what_memory_and_links_draw_follows_the_pace_of_the_work() -> None:
    """Bytes cost their energy at any clock [ENGINEERING 8.1]: core 0.7, the rest 0.3."""
    idle, limit, clock = np.array([100.0]), np.array([700.0]), np.array([0.5])
    flat, floor = np.array([0.5]), np.array([0.6])
    switching = 0.5 * 0.6**2
    arithmetic = phase_power_w(pattern([1.0], [0.0]), clock, idle, limit, flat, floor)
    assert arithmetic[0, 0] == pytest.approx(100.0 + 480.0 * (0.7 * switching + 0.3 * 0.5))
    streaming = phase_power_w(pattern([1.0], [4.0]), clock, idle, limit, flat, floor)
    assert streaming[0, 0] == pytest.approx(100.0 + 480.0 * (0.7 * switching + 0.3))


def test_a_gpu_that_stands_stands_its_set_and_nobody_else() -> None:
    on = pattern([2.0], [0.0], 4)
    at = pace(on, np.array([0.0, 1.0, 1.0, 1.0]), np.array([0, 0, 1, 1]), np.ones(1), np.ones(1))
    assert at.step_s.tolist() == [np.inf, np.inf, 2.0, 2.0]
    idle, limit = np.full(4, 100.0), np.full(4, 700.0)
    phase_w = phase_power_w(on, np.ones(4), idle, limit, np.full(4, 0.5), np.full(4, 0.6))
    assert mean_power_w(at, on, phase_w, idle, limit)[:2].tolist() == [220.0, 220.0]


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_profile_draws_between_idle_and_limit(name: str) -> None:
    assert float(H200.idle_power_w) <= power_of(name) <= float(H200.power_max_w)
    assert power_of(name, 0.6) <= power_of(name) + 1e-9


def test_decode_draws_what_was_measured_and_a_lower_clock_saves_as_much() -> None:
    """H200 decode: 137 to 300 W; 1590 for 1980 MHz saves 7 to 13 % [ENGINEERING 1.4]."""
    full_w, locked_w = power_of("decode"), power_of("decode", 1590.0 / 1980.0)
    assert 137.0 <= full_w <= 300.0
    assert 0.07 <= 1.0 - locked_w / full_w <= 0.13
    on, none = pattern_of(workload("decode"), [H200]), np.zeros(1)
    steps = [pace(on, np.array([c]), ALONE, none, none).step_s[0] for c in (1.0, 1590.0 / 1980.0)]
    assert steps[1] == pytest.approx(steps[0], rel=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.9, basis", "1.9, basis", "power_share: expected a share 0..1, got 1.9"),
        ("kind: workload", "kind: workload\nphase: 3", "phase: unknown key"),
        ("together: job", "together: all", "together"),
        ("compute_share:", "compute_part:", "compute_part"),
        ("checkpoint_s:", "restart_part_s:", "restart_part_s"),
    ],
)
def test_a_profile_that_is_none_is_refused_in_one_line(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    shipped = Path("site_models/catalog/workload/finetuning.yaml").read_text()
    assert old in shipped
    path = tmp_path / "mine.yaml"
    path.write_text(shipped.replace(old, new))
    with pytest.raises(InputError, match=said) as error:
        validated(Workload, read_yaml(path), path)
    assert "\n" not in str(error.value)


def test_a_gpu_without_rates_is_refused_by_name() -> None:
    nameless = CATALOG.get(Gpu, "workstation_gpu")
    with pytest.raises(InputError, match="no tensor_flop_per_s, expected one for phase 'step'"):
        pattern_of(workload("finetuning"), [nameless])
