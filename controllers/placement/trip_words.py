"""What the network means to a job, in the operator's words."""

import math

import numpy as np

from controllers.placement.candidate import Candidate
from controllers.placement.index import PlaceIndex
from controllers.placement.network import Trip
from controllers.placement.offer import Offer
from controllers.placement.predict import Outlook
from controllers.placement.spare import darkened

NOTICED = 5e-4
"""Slowdowns below this are not worth a line."""


def trip_lines(
    index: PlaceIndex, offer: Offer, candidate: Candidate, trip: Trip
) -> tuple[str, ...]:
    """Return lines about exchange, pace and neighbours; none of a request that told no step."""
    request = offer.request
    if request.count < 2 or (request.collective is None and offer.wish.profile is None):
        return ()
    if trip.collective_s is None:
        model = index.plant.gpu_model[int(candidate.gpus[0])]
        return (f"no collective time: nothing is known of the links of {model}",)
    what = (
        f"{request.collective.op} of {_size(request.collective.bytes)}"
        if request.collective is not None
        else f"exchange of a {request.profile} step"
    )
    lines = [f"{what} predicted {_time(trip.collective_s)}{_road(trip)}"]
    slowdown = trip.slowdown_share
    if slowdown is not None and slowdown >= NOTICED:
        lines.append(
            f"step {slowdown:.1%} slower than on the nearest place of an empty site"
        )  # fmt: skip
    if (trip.neighbours_slowdown_share or 0.0) >= NOTICED:
        lines.append(
            f"slows job {trip.worst_neighbour} by up to {trip.neighbours_slowdown_share:.1%}"
        )
    return tuple(lines)


def loss_lines(
    index: PlaceIndex, offer: Offer, candidate: Candidate, outlook: Outlook
) -> tuple[str, ...]:
    """Return lines about what the place survives, of a request that asks for it."""
    losses, lines = offer.wish.losses, []
    if "cdu_pump" in losses and math.isfinite(outlook.spare_temp_max_c):
        lines.append(
            f"with a CDU pump lost {outlook.spare_temp_max_c:.0f} °C,"
            f" {outlook.spare_margin_k:.0f} K to the next limit"
        )
    if "feed" in losses:
        gone = darkened(index.plant, np.unique(index.walk.rack[candidate.nodes]))
        if offer.supply.stand.spares:
            lines.append("power holds with any one feed lost that racks share")
        if gone:
            lines.append(f"goes dark with {gone[-1]} lost: no other feed")
    return tuple(lines)


def _road(trip: Trip) -> str:
    if trip.bytes_per_s <= 0.0:
        return ", all on NVLink"
    rate = f"{trip.bytes_per_s / 1e9:.3g} GB/s a GPU across the network"
    return f", {rate}, shared with running jobs" if trip.crowded else f", {rate}"


def _size(size_bytes: float) -> str:
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.3g} {unit}"
    return f"{size_bytes:.0f} B"


def _time(time_s: float) -> str:
    if time_s >= 1.0:
        return f"{time_s:.3g} s"
    return f"{time_s * 1e3:.3g} ms" if time_s >= 1e-3 else f"{time_s * 1e6:.3g} us"
