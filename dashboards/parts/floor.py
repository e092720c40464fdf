"""The hall from above: racks where they stand, coloured by a chosen signal."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dashboards.basis import sign_of
from dashboards.findings import NEAR_COOLANT_K, NEAR_GPU_K, NEAR_SHARE, Severity, rack_href
from dashboards.index import Index, pick
from dashboards.numbers import PG25_KG_PER_L, WATER_KG_PER_L, fixed, power
from dashboards.parts.fold import closed_up, folded
from dashboards.parts.tiles import Colouring, Drawing, Label, Tile, margin_levels
from dashboards.stopped import racks_with_gpus_off, racks_without_flow
from dashboards.summary import Summary
from site_models.arrays import Floats, Ints

LARGE, LARGE_FONT_M = 200, 2.2
"""Above so many racks the map is folded, and a rack says only its name and value."""


@dataclass(frozen=True, slots=True)
class FloorSignal:
    """A way to colour the racks: from base units to the display, over a fixed range."""

    name: str
    title: str
    unit: str
    low: float
    high: float
    shown: Callable[[Floats], Floats]
    """From the rack signal's base unit to `unit`."""
    levels: Callable[[Floats], Ints]
    """Severity of each rack by the base-unit values."""


def floor_signals(index: Index) -> dict[str, FloorSignal]:
    """Return the choices for a site; their printed limits never move while it is served."""
    arrays = index.plant.arrays
    racks, per_w, power_unit = arrays.racks, *_power_scale(arrays.racks.rating_w)
    cp = pick(arrays.circuits.cp_j_per_kg_k, racks.liquid_circuit)
    per_l = 60.0 / np.where(cp > 4050.0, WATER_KG_PER_L, PG25_KG_PER_L)
    gpu_c, supply_c = index.rack_gpu_limit_c, index.rack_inlet_limit_c
    none = np.full(len(racks.rating_w), np.nan)
    signals = [
        FloorSignal("rack_power_w", "Rack power", power_unit, 0.0,
                    _round_up(_most(racks.rating_w) / per_w), lambda v: v / per_w,
                    lambda v: margin_levels(racks.rating_w - v,
                                            (1.0 - NEAR_SHARE) * racks.rating_w)),
        FloorSignal("rack_gpu_temp_max_c", "Hottest GPU", "°C", 30.0,
                    _round_up(_most(gpu_c, 90.0)), lambda v: v,
                    lambda v: margin_levels(gpu_c - v, NEAR_GPU_K)),
        FloorSignal("rack_return_c", "Coolant return", "°C", 20.0, 65.0, lambda v: v,
                    lambda v: margin_levels(none - v, 0.0)),
        FloorSignal("rack_flow_kg_per_s", "Coolant flow", "L/min", 0.0,
                    _round_up(_most(racks.flow_max_kg_per_s * per_l)), lambda v: v * per_l,
                    lambda v: margin_levels(none - v, 0.0)),
        FloorSignal("rack_inlet_c", "Inlet air", "°C", 10.0, 45.0, lambda v: v,
                    lambda v: margin_levels(supply_c - v, NEAR_COOLANT_K)),
    ]  # fmt: skip
    return {signal.name: signal for signal in signals}


def floor_drawing(index: Index) -> Drawing:
    """Return the racks with the names of their rows; of their pods on a large site."""
    plant = index.plant
    large = len(plant.rack_names) > LARGE
    place_m = closed_up(plant.rack_place_m)
    labels, font = _row_labels(index, place_m), _font_m(place_m)
    if large:
        place_m, tops_m = folded(plant.rack_place_m, plant.arrays.racks.pod)
        font = LARGE_FONT_M
        labels = [
            Label(name, x, y + font, "middle")
            for name, (x, y) in zip(plant.pod_names, tops_m.tolist(), strict=True)
        ]
    tiles = [
        Tile(name, x, y, width, depth, facing - math.pi / 2.0, rack_href(name))
        for name, (x, y, width, depth, facing) in zip(
            plant.rack_names, place_m.tolist(), strict=True
        )
    ]
    return Drawing(tiles, labels, font, "Floor map of racks", front=not large)


def floor_colours(
    index: Index, signal: FloorSignal, summary: Summary, marked: Sequence[int] = ()
) -> Colouring:
    """Return the racks' colours at one tick; racks in `marked` are pointed out."""
    values = summary.rack[signal.name]
    return Colouring(
        title=_sign(index, signal, summary) + signal.title,
        unit=signal.unit,
        values=signal.shown(values),
        low=signal.low,
        high=signal.high,
        levels=_worst_levels(index, summary),
        tips=_tips(index, summary) if len(values) <= LARGE else (),
        marked=marked,
        words=("near", "over or down"),
        notes=index.plant.rack_names,
    )


def _worst_levels(index: Index, summary: Summary) -> Ints:
    """Return the severity of each rack by any of its limits, whatever the colour shows."""
    every = floor_signals(index).values()
    worst: Ints = np.max([one.levels(summary.rack[one.name]) for one in every], axis=0)
    stand = racks_without_flow(index, summary) | racks_with_gpus_off(index, summary)
    return np.where(stand, int(Severity.OVER), worst)


def _sign(index: Index, signal: FloorSignal, summary: Summary) -> str:
    """Return the sign of figures that rest on inferred power of any GPU."""
    of_gpus = signal.name == "rack_gpu_temp_max_c"
    return sign_of(summary, range(len(index.plant.gpu_names))) if of_gpus else ""


def _tips(index: Index, summary: Summary) -> list[str]:
    """Return what a rack says when pointed at."""
    rack, plant, tips = summary.rack, index.plant, []
    off, dry = racks_with_gpus_off(index, summary), racks_without_flow(index, summary)
    for at, name in enumerate(plant.rack_names):
        lines = [
            f"{name} · {plant.rack_model[at]}",
            f"{power(rack['rack_power_w'][at])} of {power(plant.arrays.racks.rating_w[at])}",
        ]
        if math.isfinite(rack["rack_gpu_temp_max_c"][at]):
            limit_c = index.rack_gpu_limit_c[at]
            hottest = fixed(rack["rack_gpu_temp_max_c"][at])
            lines.append(f"hottest GPU {hottest} °C, limit {fixed(limit_c, 0)} °C")
        if math.isfinite(rack["rack_return_c"][at]):
            supply, back = rack["rack_supply_c"][at], rack["rack_return_c"][at]
            lines.append(f"coolant {fixed(supply)} → {fixed(back)} °C")
        if off[at]:
            lines.append("■ GPUs are off")
        if dry[at]:
            lines.append("■ no coolant runs through it")
        lines.append(f"inlet air {fixed(rack['rack_inlet_c'][at])} °C")
        tips.append("\n".join(lines))
    return tips


def _row_labels(index: Index, place_m: Floats) -> list[Label]:
    """Return each row's name: left of a row along x, above one along y."""
    plant, labels = index.plant, []
    for row, name in enumerate(plant.row_names):
        place = place_m[plant.arrays.racks.row == row]
        if len(place) == 0:
            continue
        x, y, reach = place[:, 0], place[:, 1], float(place[:, 2:4].max()) / 2.0
        if np.ptp(x) >= np.ptp(y):
            labels.append(Label(name, float(x.min()) - reach - 0.1, float(y.mean())))
        else:
            labels.append(Label(name, float(x.mean()), float(y.max()) + reach + 0.3, "middle"))
    return labels


def _font_m(place: Floats) -> float:
    """Return a letter size that suits the racks."""
    return 0.36 * float(place[:, 2:4].min()) if len(place) else 0.3


def _power_scale(rating_w: Floats) -> tuple[float, str]:
    return (1e3, "kW") if _most(rating_w) >= 1e3 else (1.0, "W")


def _most(values: Floats, otherwise: float = 1.0) -> float:
    """Return the largest number there is."""
    good = values[np.isfinite(values)]
    return float(good.max()) if len(good) else otherwise


def _round_up(value: float) -> float:
    """Return a round number not below `value`, for a printed limit."""
    if value <= 0.0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value)) / 2.0
    return math.ceil(value / step - 1e-9) * step
