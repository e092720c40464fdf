"""`python -m tests.fakes.under_fire_drawn COUNT FOLDER`: trials that hypothesis draws and shrinks."""

import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.nvml.imitation import Imitation
from tests.fakes.under_fire import ENDS, FAULTS, HERE, KINDS, Range, Tick, Trial, played

share = st.floats(0.0, 1.0)
kind = st.sampled_from([name for name in KINDS if name != "hang"])
ticks = st.builds(
    Tick,
    dt_s=st.sampled_from([0.1, 1.0, 5.0, 40.0]),
    kinds=st.tuples(kind, kind),
    number=share,
    age_s=st.sampled_from([0.0, 0.0, 0.0, 10.1, 1e9]),
    broken=st.sampled_from([False, False, False, True]),
    silent=st.integers(-1, HERE - 1),
    load=share,
    fault=st.sampled_from(FAULTS),
    gpu=st.integers(0, HERE - 1),
)
trials = st.builds(
    Trial,
    ticks=st.lists(ticks, min_size=1, max_size=6).map(tuple),
    end=st.sampled_from(ENDS),
    at=st.integers(0, 4000),
)


def main(count: int, driver_folder: Path) -> None:
    """Draw trials until one fails; its smallest form is then raised."""
    ground = Range(Imitation(driver_folder, HERE))

    @given(trials)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    def holds(trial: Trial) -> None:
        with tempfile.TemporaryDirectory() as folder:
            assert played(ground, trial, Path(folder)).faults == ()

    holds()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
