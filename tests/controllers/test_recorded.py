"""A world that is served is recorded while it runs, and runs on when that is impossible."""

from pathlib import Path

import numpy as np
import pytest

from controllers.jobs.allocation import Allocation
from controllers.recorded import RecordedWorld
from controllers.wish import Wish
from controllers.worlds import open_world
from site_models.errors import InputError
from telemetry.recording import Recording
from telemetry.recording.recorder import Recorder


@pytest.fixture
def served(tmp_path: Path) -> RecordedWorld:
    wish = Wish(site="pilot", spec="replay:pilot-demo", to_s=1_720_810_800.0 + 90.0)
    return RecordedWorld(open_world(wish), tmp_path / "r")


def test_what_is_replayed_is_recorded_with_rollups_per_rack(served: RecordedWorld) -> None:
    shots = list(served.snapshots())
    served.close()
    recording = Recording(served.recorder.folder)
    assert recording.manifest.closed
    assert recording.manifest.site == "pilot"
    assert recording.signals("node") == ("node_power_w",)
    frames = list(recording.frames())
    assert len(frames) == len(shots)
    name = recording.ids("node")[0]
    place = served.plant.node_names.index(name)
    _, watts = recording.series("node_power_w", name)
    seen = [shot.frame.values["node_power_w"][place] for shot in shots]
    np.testing.assert_allclose(watts, seen, rtol=1e-6)
    assert shots[-1].health == ()


def test_who_held_which_gpus_is_recorded_and_told_again(
    served: RecordedWorld, tmp_path: Path
) -> None:
    shots = served.snapshots()
    for _ in range(30):
        next(shots)
    table, names = served.allocations, served.plant.gpu_names
    mine = Allocation("mine", table.indices(names[:4]), 1_720_810_830.0, preemptible=True)
    table.put(mine, 1_720_810_830.0)
    for _ in range(30):
        next(shots)
    table.release("mine")
    list(shots)
    served.close()
    again = open_world(Wish(site="pilot", spec=f"replay:{tmp_path / 'r'}"))
    held = [
        {one.job for one in again.allocations.jobs(shot.state.time_s)} for shot in again.snapshots()
    ]
    assert [k for k, jobs in enumerate(held) if "mine" in jobs] == list(range(30, 60))
    assert all(len(jobs - {"mine"}) == 10 for jobs in held)


def test_an_alarm_of_the_recorder_is_in_the_snapshots(
    served: RecordedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "start", lambda recorder: None)
    served.recorder.alarm = "recording stopped: no room"
    assert next(served.snapshots()).health[-1] == "recording stopped: no room"
    served.close()


def test_times_before_the_recorded_ones_are_refused(served: RecordedWorld, tmp_path: Path) -> None:
    list(served.snapshots())
    served.close()
    again = open_world(Wish(site="pilot", spec="replay:pilot-demo"))
    with pytest.raises(InputError, match=r"recorded up to 2024-07-12T19:01:30.*a new folder"):
        RecordedWorld(again, tmp_path / "r")
    assert Recording(tmp_path / "r").manifest.closed
