"""The key figures of a site, each with its unit and its limit."""

import math
from dataclasses import replace

import numpy as np

from dashboards.basis import sign_of
from dashboards.findings import (
    NEAR_COOLANT_K,
    NEAR_GPU_K,
    NEAR_SHARE,
    Severity,
    level_of,
    rack_href,
)
from dashboards.index import Index
from dashboards.numbers import fixed, power_unit, share
from dashboards.parts.cards import Card
from dashboards.stopped import racks_without_flow
from dashboards.summary import Summary


def site_cards(index: Index, summary: Summary) -> list[Card]:
    """Return the strip of the Site page."""
    return [
        _it_power(index, summary),
        _facility_power(index, summary),
        _hottest(index, summary),
        _coolant(index, summary),
        _headroom(index, summary),
        _water(summary),
    ]


def load_level(load: float) -> Severity:
    """Return how close a load is to its rating; NaN is no finding."""
    return level_of(1.0 - load, 1.0 - NEAR_SHARE)


def temperature_share(value_c: float, limit_c: float) -> float:
    """Return how far a temperature has come from 20 °C to its limit; 1 at the limit."""
    return (value_c - 20.0) / (limit_c - 20.0) if limit_c > 20.0 else math.nan


def power_card(title: str, value_w: float, limit_w: float, what: str, about: str) -> Card:
    """Return a power against its rating."""
    per, unit, digits = power_unit(limit_w if math.isfinite(limit_w) else value_w)
    load = value_w / limit_w if limit_w > 0.0 else math.nan
    detail = f"of {fixed(limit_w / per, digits)} {unit} {what}" if limit_w > 0.0 else "no limit"
    return Card(
        title, fixed(value_w / per, digits), unit, detail, load, load_level(load), about=about
    )


def _it_power(index: Index, summary: Summary) -> Card:
    rated_w = float(np.nansum(index.plant.arrays.racks.rating_w))
    return power_card(
        "IT power",
        summary.site["site_it_power_w"],
        rated_w,
        "rated racks",
        "Power into all racks, against the sum of their ratings",
    )


def _facility_power(index: Index, summary: Summary) -> Card:
    rated_w = float(np.sum(index.plant.arrays.feeds.rating_w[index.root_feeds]))
    value_w, pue = summary.site["site_facility_power_w"], fixed(summary.site["site_pue"], 3)
    about = (
        "Power at the utility meters, against the rating of the utility feeds. PUE, power usage"
        " effectiveness, is this over IT power: what cooling and losses add. 1 is the best."
    )
    card = power_card("Facility power", value_w, rated_w, "utility", about)
    return replace(card, detail=f"{card.detail.removesuffix(' utility')} · PUE {pue}")


def _hottest(index: Index, summary: Summary) -> Card:
    gpu = summary.worst_gpu
    if gpu < 0:
        return Card("Hottest GPU", fixed(math.nan), "°C", "no GPU on this site")
    limit_c = float(index.plant.arrays.gpus.temp_limit_c[gpu])
    value_c = summary.site["gpu_temp_max_c"]
    return Card(
        "Hottest GPU",
        sign_of(summary, [gpu]) + fixed(value_c),
        "°C",
        f"limit {fixed(limit_c, 0)} °C · {index.plant.gpu_names[gpu]}",
        temperature_share(value_c, limit_c),
        level_of(summary.site["gpu_margin_min_k"], NEAR_GPU_K),
        rack_href(index.plant.rack_names[int(index.rack_of_gpu[gpu])]),
        about="The GPU with the least room to its own limit, at which it slows itself down;"
        " ≈ marks one whose power is inferred, not measured",
    )


def _coolant(index: Index, summary: Summary) -> Card:
    circuit = summary.warmest_tcs
    if circuit < 0:
        return Card("Coolant", fixed(math.nan), "°C", "no liquid cooling on this site")
    supply_c, return_c = summary.site["tcs_supply_max_c"], summary.site["tcs_return_max_c"]
    limit_c = float(index.plant.arrays.circuits.supply_limit_c[circuit])
    served = index.plant.arrays.racks.liquid_circuit == circuit
    dry = bool((racks_without_flow(index, summary) & served).any())
    return Card(
        "Coolant supply → return",
        f"{fixed(supply_c)} → {fixed(return_c)}",
        "°C",
        f"limit {fixed(limit_c, 0)} °C · {index.plant.circuit_names[circuit]}",
        temperature_share(supply_c, limit_c),
        Severity.OVER if dry else level_of(limit_c - supply_c, NEAR_COOLANT_K),
        flag="no flow" if dry else "",
        about="Of the loop between CDUs and cold plates (TCS) whose supply is warmest, and the"
        " warmest return; the limit is that of the supply",
    )


def _headroom(index: Index, summary: Summary) -> Card:
    feed = summary.tightest_feed
    if feed < 0:
        return Card("Power headroom", fixed(math.nan), "", "no power chain on this site")
    load, left_w = summary.site["feed_load_share"], summary.site["feed_headroom_w"]
    per, unit, digits = power_unit(float(index.plant.arrays.feeds.rating_w[feed]))
    detail = (
        f"{index.plant.feed_names[feed]} · {share(load)} of"
        f" {fixed(float(index.plant.arrays.feeds.rating_w[feed]) / per, digits - 1)} {unit}"
    )
    return Card("Power headroom", fixed(left_w / per, digits), unit, detail, load,
                load_level(load),
                about="Left on the stage of the chain that is fullest for its rating")  # fmt: skip


def _water(summary: Summary) -> Card:
    rate = summary.site["site_water_kg_per_s"]
    it_w = summary.site["site_it_power_w"]
    wue = rate / it_w * 3.6e6 if it_w > 0.0 else math.nan
    return Card(
        "Make-up water",
        fixed(rate * 60.0, 2 if rate < 1.0 else 0),
        "L/min",
        f"{fixed(wue, 2)} L/kWh of IT",
        about="Water that the heat rejection takes now: evaporated, drifted and drained;"
        " over IT energy it is the WUE",
    )
