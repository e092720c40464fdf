"""What is told of a place."""

from controllers.placement.ground import Ground
from controllers.placement.index import PlaceIndex
from controllers.placement.models import Advice, Predicted, of_ours
from controllers.placement.offer import Offer
from controllers.placement.score import reasons_for
from controllers.placement.search import Place

STALE_S = 15.0
"""Advice on telemetry older than this says so."""


def advice_on(
    index: PlaceIndex, ground: Ground, offer: Offer, place: Place, age_s: float
) -> Advice:
    """Return what is told of a place."""
    plant, request, gpus = index.plant, offer.request, place.candidate.gpus
    outlook, trip = place.outlook, place.trip
    lost, slowdown = outlook.lost_share, trip.slowdown_share
    reasons = reasons_for(index, ground, offer, place.candidate, outlook, trip)
    if lost:
        most_w = float(plant.arrays.gpus.power_max_w[gpus].mean())
        reasons += (f"asks {request.gpu_power_w:.0f} W a GPU, the device gives {most_w:.0f} W",)
    if age_s > STALE_S:
        reasons += (f"stale: rests on telemetry {age_s:.0f} s old",)
    predicted = {
        "gpu_temp_max_c": outlook.gpu_temp_max_c,
        "throttle_share": lost,
        "rack_headroom_w": outlook.rack_headroom_w,
        "row_headroom_w": outlook.row_headroom_w,
        "site_headroom_w": outlook.site_headroom_w,
        "tcs_return_c": outlook.tcs_return_c,
        "collective_s": trip.collective_s,
        "slowdown_share": lost if slowdown is None else slowdown,
        "neighbours_slowdown_share": trip.neighbours_slowdown_share,
        "facility_power_w": outlook.facility_power_w,
    }
    advice = {
        "nodes": tuple(index.node_name[place.candidate.nodes].tolist()),
        "gpus": tuple(index.gpu_name[gpus].tolist()),
        "reservation": None,
        "score": round(place.score, 6),
        "predicted": of_ours(Predicted, predicted),
        "reasons": reasons,
    }
    return of_ours(Advice, advice)
