"""What-ifs that begin from a recording: what was believed goes on, jobs take over."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from controllers.headless import run_headless
from controllers.scenario import load_scenario
from controllers.simulated.onset import Onset
from controllers.tail import onset_of
from controllers.wish import SCENARIO, Wish
from controllers.worlds import World, open_world
from site_models.errors import InputError

BUSY = """site: edge
start: 2024-07-12T19:00:00Z
duration_s: 60
jobs: [{name: train, racks: ["*"], share: 0.9}]
"""
TRIP = """site: edge
start: 2001-01-01T00:00:00Z
duration_s: 30
events: [{at_s: 10, kind: pump_trip, target: cdu}]
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a minute of a busy rack, recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    path = folder / "busy.yaml"
    path.write_text(BUSY)
    run_headless(open_world(Wish("edge", f"{SCENARIO}{path}")), folder / "run", "busy")
    return folder / "run"


def opened(text: str, recorded: Path, tmp_path: Path) -> World:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    wish = Wish("edge", f"{SCENARIO}{path}")
    onset = onset_of(str(recorded), load_scenario(path).recording_time, wish)
    return open_world(replace(wish, onset=onset))


def last_of(onset: Onset) -> datetime:
    return datetime.fromtimestamp(onset.state.time_s, UTC)


def test_it_begins_with_what_the_replay_ended_with(recorded: Path) -> None:
    wish = Wish("edge")
    onset = onset_of(str(recorded), None, wish)
    whole = open_world(Wish("edge", f"replay:{recorded}"))
    shots = list(whole.snapshots())
    np.testing.assert_array_equal(onset.state.gpu_temp_c, shots[-1].state.gpu_temp_c)
    np.testing.assert_array_equal(onset.inputs.gpu_power_w, shots[-1].inputs.gpu_power_w)
    assert last_of(onset).isoformat() == "2024-07-12T19:01:00+00:00"
    told = onset.as_json()
    assert (told["gpus"], told["gpus_inferred"]) == (72, 0)


def test_loads_go_on_and_the_event_follows(recorded: Path, tmp_path: Path) -> None:
    world = opened(TRIP, recorded, tmp_path)
    assert world.what_if is not None
    rig = world.what_if.rig
    before = rig.state
    shots = list(world.snapshots())
    assert shots[0].state.time_s == before.time_s + 1.0
    quiet = shots[8].state
    assert (shots[8].inputs.gpu_power_w > 900.0).all()
    assert np.abs(quiet.gpu_temp_c - before.gpu_temp_c).max() < 0.5
    assert (shots[12].state.gpu_temp_c > before.gpu_temp_c + 5.0).any()
    assert world.what_if.rig.inputs.dry_bulb_c == shots[0].inputs.dry_bulb_c


def test_the_jobs_of_the_scenario_take_over(recorded: Path, tmp_path: Path) -> None:
    job = "jobs: [{name: t, gpus: [rack1-tray0-*], share: 0.5}]\n"
    world = opened(TRIP + job, recorded, tmp_path)
    shots: Iterator[object] = world.snapshots()
    next(shots)
    assert world.what_if is not None
    power_w = world.what_if.rig.inputs.gpu_power_w
    np.testing.assert_allclose(power_w[:4], 600.0)
    np.testing.assert_allclose(power_w[4:], 1080.0, rtol=2e-3)  # as drawn: with leakage


def test_an_instant_of_the_recording_may_be_given(recorded: Path, tmp_path: Path) -> None:
    world = opened(TRIP + "recording_time: 2024-07-12T19:00:20Z\n", recorded, tmp_path)
    first = next(world.snapshots())
    assert first.state.time_s == datetime(2024, 7, 12, 19, 0, 21, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (TRIP + "recording_time: 2030-01-01\n", "holds 2024-07-12.*recording_time"),
        (TRIP.replace("target: cdu", "target: cdu-9"), "events.0.target: 'cdu-9'"),
        (TRIP.replace("site: edge", "site: pilot"), "site: 'pilot', the site asked for"),
    ],
)
def test_what_does_not_fit_the_recording_is_one_line(
    recorded: Path, tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(InputError, match=named):
        opened(text, recorded, tmp_path)


def test_an_instant_without_a_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TRIP + "recording_time: 2024-07-12\n")
    with pytest.raises(InputError, match=r"mine\.yaml: recording_time"):
        open_world(Wish("edge", f"{SCENARIO}{path}"))
