"""Sites and rows of training swings through compiled racks: pilot, and pilot with GB300 racks."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.evidence import Evidence
from controllers.experiments.smoothing.courses import gb300_site
from site_models.arrays import Floats
from site_models.compile import compile_site
from site_models.plant import Plant
from twin.electrical.fast_power import Smoothing, fast_power
from twin.electrical.grid_quality import band_share, load_grid, quality_of, verdicts
from twin.electrical.swings import Phase, Swing, staggered
from twin.start import first_state, rated_inputs
from twin.state import State

HIGH, LOW, LOW_TIME = 1.0, 0.35, 0.3
STEPS = 40
"""A period; both edges of the square wave fall on steps."""


def idle_state(plant: Plant) -> State:
    """Return a state with fans at their least and nothing drawn by pumps and fans of the site.

    What is slow is a constant to a swing; the rows judge the racks.
    """
    return first_state(plant, rated_inputs(plant, 30.0, 20.0), 0.0)


def nvl72(plant: Plant) -> Plant:
    """Return the plant unchanged after checking that its first racks hold 72 GPUs each."""
    rack = plant.arrays.nodes.rack[plant.arrays.gpus.node]
    assert np.bincount(rack)[:8].tolist() == [72] * 8
    return plant


def rows() -> Iterator[Evidence]:
    """Yield the swing of a pre-training job and what storage makes of a wave."""
    yield from pretraining(nvl72(compile_site("pilot")))
    yield from storage(nvl72(gb300_site()))


def pretraining(plant: Plant) -> Iterator[Evidence]:
    """Yield the band and the size of the pilot's swing."""
    published = "arXiv 2508.14318: training swings at 0.2 to 3 Hz, tens of per cent of rack power"
    course = fast_power(plant, idle_state(plant), (Swing(np.arange(576)),), 120.0)
    rack = quality_of(course.rack_power_w[0], 0.01)
    yield Evidence.at_most(
        "Pre-training job on pilot: part of the swing's energy outside 0.2 to 3 Hz",
        published,
        100.0 * (1.0 - band_share(rack.spectrum, 0.2, 3.0)),
        10.0,
        "%",
        f"strongest at {rack.dominant_hz:.2f} Hz; limit our reading of 'concentrated'",
    )
    yield Evidence.within(
        "Pre-training job on pilot: swing of a rack over its rating",
        published,
        100.0 * rack.dynamic_range_w / float(plant.arrays.racks.rating_w[0]),
        10.0,
        90.0,
        "%",
        f"{rack.dynamic_range_w / 1e3:.1f} kW of {rack.peak_w / 1e3:.1f} kW",
    )
    grid = load_grid("large_load")
    halves = tuple(Swing(np.arange(72 * k, 72 * k + 72)) for k in range(8))
    site = course.utility_w
    flat = fast_power(
        plant, idle_state(plant), staggered(halves), 120.0, smoothing=Smoothing(floor=0.9)
    ).utility_w
    broken = [
        v.name for v in verdicts(quality_of(site, 0.01), grid, float(site.max())) if not v.met
    ]
    left = quality_of(flat, 0.01).dynamic_range_w / quality_of(site, 0.01).dynamic_range_w
    yield Evidence.at_most(
        "The same as eight staggered jobs with a floor of 90 %: swing left at the meter",
        "what a floor of 90 % of the limit leaves of a dip to 35 %, in one job",
        100.0 * left,
        100.0 * 0.1 / 0.65 * 1.05,
        "%",
        f"as one job it breaks: {'; '.join(broken) or 'nothing'}",
    )


def storage(plant: Plant) -> Iterator[Evidence]:
    """Yield what 65 J a GPU do to a square wave of the boards, in compiled GB300 racks."""
    said = "closed form: energy above the mean against 65 J"
    fast_hz = (3.0, 4.0, 7.0, 20.0)
    still = steady_others(plant)
    yield Evidence.at_most(
        "GB300 racks, wave of 1400 W boards at 3, 4, 7 and 20 Hz: swing left, held at the mean",
        said,
        100.0 * max(left_of(still, hz, math.inf) for hz in fast_hz),
        1.0,
        "% of the wave",
        "processors and network cards of the trays at a steady draw",
    )
    tried_hz = (3.0, 3.1, 3.15, 3.2, 3.3, 4.0)
    flat_hz = min(hz for hz in tried_hz if left_of(plant, hz, math.inf) < 0.01)
    yield Evidence.at_most(
        "The same with all of the tray following its boards: lowest frequency held flat",
        said,
        flat_hz,
        3.0,
        "Hz",
        f"at 3 Hz {100 * left_of(plant, 3.0, math.inf):.0f} % of the wave is left for one step",
        "what follows the boards adds 7.1 % to the wave: 68 J a GPU at 3 Hz, and the shelf has 65",
    )
    lowered = []
    for tau_s, level in (
        *((math.inf, level) for level in np.linspace(0.9, 1.0, 41)),
        *((tau_s, math.nan) for tau_s in np.geomspace(0.01, 30.0, 8)),
    ):
        raw, drawn = wave(plant, 0.5, float(tau_s), float(level))
        lowered.append(1.0 - drawn[-STEPS:].max() / raw[-STEPS:].max())
    yield Evidence.at_most(
        "GB300 racks: peak of a 2 s period lowered at most, any level and any time constant",
        said,
        100.0 * max(lowered),
        4.0,
        "%",
        f"level at the mean {100 * lowered[-1]:.2g} %",
    )


def steady_others(plant: Plant) -> Plant:
    """Return the plant whose nodes draw nothing more when their boards do."""
    nodes = plant.arrays.nodes
    nodes = nodes._replace(load_power_per_gpu_w=np.zeros_like(nodes.load_power_per_gpu_w))
    return replace(plant, arrays=plant.arrays._replace(nodes=nodes))


def left_of(plant: Plant, frequency_hz: float, tau_s: float) -> float:
    """Return the swing of a rack's draw over that of its load, once settled."""
    raw, drawn = wave(plant, frequency_hz, tau_s)
    return float(np.ptp(drawn[-STEPS:]) / np.ptp(raw[-STEPS:]))


def wave(
    plant: Plant, frequency_hz: float, tau_s: float, level: float = math.nan
) -> tuple[Floats, Floats]:
    """Return what one rack draws of a square wave, without and with its capacitors [W].

    Thirty periods, and sixteen time constants where there are some.
    """
    period_s = 1.0 / frequency_hz
    phases = (
        Phase((1.0 - LOW_TIME) * period_s, HIGH, 0.0),
        Phase(LOW_TIME * period_s, LOW, 0.0),
    )
    settle_s = 0.0 if math.isinf(tau_s) else 16.0 * tau_s
    seconds = max(30, math.ceil(settle_s * frequency_hz)) * period_s
    swing, state = (Swing(np.arange(72), phases, step_spread=0.0),), idle_state(plant)
    raw, drawn = (
        fast_power(plant, state, swing, seconds, period_s / STEPS, smoothing).rack_power_w[0]
        for smoothing in (Smoothing(storage=False), Smoothing(tau_s=tau_s, level=level))
    )
    return raw, drawn
