"""What a person asks to run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.simulated.onset import Onset

SCENARIO = "scenario:"
"""How the SPEC of a what-if begins; a shipped name or a file follows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks to run."""

    site: str
    spec: str = ""
    """SPEC of the source; empty: the site's default."""
    also: tuple[str, ...] = ()
    """Further live sources, on the same frame."""
    policies: tuple[str, ...] = ("hold",)
    """Names, each with `=MODE` where not shadow; armed in a scenario alone."""
    dt_s: float = 1.0
    speed: float = float("inf")
    """Simulated seconds in a second of the clock; infinite: as fast as it goes."""
    from_s: float = -np.inf
    to_s: float = np.inf
    loop: bool = False
    """Start a recording again when it ends."""
    resume: Path | None = None
    """Stored state of a run to go on with."""
    journal: Path | None = None
    onset: Onset | None = None
    """What a scenario begins from; at rest if not given."""
    catalogs: tuple[Path, ...] = ()
    params: Path | None = None
    """Overlay of identified parameters."""
    job_list: Path | None = None
    """Recording of a job list whose jobs a scenario plays besides its own."""
    actuators: tuple[str, ...] = ()
    """What a live site may be acted on with: `nvml`, `slurm`; none is armed by that."""
    setpoints: str = ""
    """Bus of the facility that CDU supply temperatures may be asked on: `mqtt://HOST?map=FILE`."""
    runs: Path = Path("runs")
    """Folder of what actuators write down."""
