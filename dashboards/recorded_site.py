"""What learning verbs share: a recording, the site it is of, and complaints that name it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from controllers.outdoors import outdoors_of
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from site_models.site import load_site
from telemetry.recording import Recording
from telemetry.samples import sample
from telemetry.sources.replay import ReplaySource
from twin.estimation.identify import Fit
from twin.estimation.track import Track, gathered
from twin.inputs import Outdoors

Rec = Annotated[Path, typer.Argument(metavar="REC", help="Folder of a recording.")]


def site_and_weather(site: str, catalog: list[Path] | None) -> tuple[Plant, Outdoors]:
    """Return a site and its weather."""
    return compile_site(site, tuple(catalog or ())), outdoors_of(load_site(site).location)


def stored_at(recording: Path) -> Recording:
    """Return a recording, by its folder or the name of a shipped one."""
    return Recording(sample(str(recording)) or recording)


def fit_of(stored: Recording, fitted: Callable[[], Fit]) -> Fit:
    """Return a fit; InputError naming the recording."""
    try:
        return fitted()
    except InputError as error:
        raise InputError(f"{stored.folder}: {error}") from None


def track_of(stored: Recording, plant: Plant, from_s: float, to_s: float) -> Track:
    """Return what a recording holds of a plant; InputError naming the recording."""
    source = ReplaySource(stored, plant, from_s=from_s, to_s=to_s)
    try:
        return gathered(iter(source.read, None), plant)
    except InputError as error:
        raise InputError(f"{stored.folder}: {error}") from None
