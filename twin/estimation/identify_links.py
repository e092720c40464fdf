"""The collective law of a site from a recording of nccl-tests, as an overlay."""

from collections.abc import Iterable

import numpy as np

from site_models.plant import Plant
from twin.estimation.identify import Fit
from twin.estimation.overlay import COLLECTIVE, Estimate, Overlay
from twin.fabric.collective_fit import Factors
from twin.fabric.collective_site import Timed, calibration


def identify_links(plant: Plant, measured: Iterable[Timed], recording_sha256: str) -> Fit:
    """Return the overlay of factors by operation; its error is relative to the time.

    Raises InputError as `twin.fabric.collective_site.calibration` does.
    """
    found = calibration(plant, measured)
    parameters = {
        f"{COLLECTIVE}{name}": {
            op: Estimate(value=getattr(one.factors, name), std=getattr(one.std, name))
            for op, one in found.items()
        }
        for name in Factors._fields
    }
    overlay = Overlay(recording_sha256=recording_sha256, site=plant.site, parameters=parameters)
    off = np.sqrt(np.mean([one.relative_rmse**2 for one in found.values()]))
    return Fit(overlay, {"collective_s_relative": float(off)})
