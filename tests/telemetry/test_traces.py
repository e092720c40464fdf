"""Measured runs cycle on the nodes they are given to."""

from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.frame import Frame
from telemetry.recording import Recording, RecordingWriter
from telemetry.sources.traces import Trace, TraceSource

NODES = ("n0", "n1", "n2")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Run a: 0..4 kW in five seconds; run b: three seconds of 7 kW; jitter of 20 ms."""
    with RecordingWriter(tmp_path / "r", source="", axes={"node": ("a", "b")}) as writer:
        for k in range(5):
            power = np.array([1000.0 * k, 7000.0 if k < 3 else np.nan])
            writer.add(Frame(1e9 + k + 0.02 * (k % 2), {"node_power_w": power}))
    return Recording(tmp_path / "r")


def powers(source: TraceSource, count: int) -> np.ndarray:
    frames = [source.read() for _ in range(count)]
    return np.array([f.values["node_power_w"] for f in frames if f is not None])


def test_nodes_cycle_from_their_offsets(recording: Recording) -> None:
    traces = {"n0": Trace("a"), "n2": Trace("a", offset_s=3.0, scale=2.0)}
    source = TraceSource(recording, NODES, traces, start_s=500.0)
    shown = powers(source, 7)
    np.testing.assert_array_equal(shown[:, 0], [0, 1000, 2000, 3000, 4000, 0, 1000])
    np.testing.assert_array_equal(shown[:, 2], [6000, 8000, 0, 2000, 4000, 6000, 8000])
    assert np.isnan(shown[:, 1]).all()
    following = source.read()
    assert following is not None
    assert following.time_s == 507.0
    assert source.label == "measured and scaled, looped"
    assert source.labels == {"n0": "measured", "n2": "measured, scaled by 2"}


def test_a_later_start_on_the_same_grid_gives_the_later_frames(recording: Recording) -> None:
    traces = {"n0": Trace("a", 1.0), "n1": Trace("b")}
    whole = powers(TraceSource(recording, NODES, traces, start_s=0.0), 9)
    rest = powers(TraceSource(recording, NODES, traces, start_s=4.0, begun_s=0.0), 5)
    np.testing.assert_array_equal(whole[4:], rest)


def test_without_loop_it_ends_with_the_longest_run(recording: Recording) -> None:
    traces = {"n0": Trace("a"), "n1": Trace("b")}
    source = TraceSource(recording, NODES, traces, loop=False)
    shown = powers(source, 20)
    assert len(shown) == 5
    np.testing.assert_array_equal(shown[:, 1], [7000, 7000, 7000, np.nan, np.nan])
    assert source.label == "measured"


def test_an_unknown_node_or_run_is_named(recording: Recording) -> None:
    with pytest.raises(InputError, match="'n9'"):
        TraceSource(recording, NODES, {"n9": Trace("a")})
    with pytest.raises(InputError, match="'c'"):
        TraceSource(recording, NODES, {"n0": Trace("c")})
