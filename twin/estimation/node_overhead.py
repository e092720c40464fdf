"""What a node draws beside its GPUs, from its own meter."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Plant
from twin.estimation.overlay import Estimate
from twin.estimation.track import Track
from twin.physics.converters import converter_output_w
from twin.physics.movers import cube_law_power_w

METER_STD = 0.01
"""Of the node's rating: a meter and what is not modelled."""
BASE_SPREAD, LOAD_SPREAD = 0.3, 0.1
"""How far the catalog's base power (as a share) and load per GPU watt may be off."""


def overhead(plant: Plant, track: Track, node: int, fan_speed: Floats) -> dict[str, Estimate]:
    """Return base power and load per GPU watt of a node; nothing where it has no meter.

    Least squares, held to the catalog where GPU power hardly moved. `fan_speed` is the
    node's course of fans over the track, on a grid of its own.
    """
    nodes, gpus = plant.arrays.nodes, plant.arrays.gpus
    wall_w = track.node_power_w[:, node]
    seen = ~np.isnan(wall_w)
    if not seen.any():
        return {}
    members = slice(nodes.first_gpu[node], nodes.first_gpu[node] + nodes.gpu_count[node])
    board_w = track.gpu_power_w[seen, members]
    above_w = np.maximum(board_w - gpus.idle_power_w[members], 0.0).sum(axis=1)
    speed = np.interp(
        np.linspace(0.0, 1.0, len(wall_w)), np.linspace(0.0, 1.0, len(fan_speed)), fan_speed
    )
    dc_w = converter_output_w(
        wall_w[seen],
        nodes.supply_rating_w[node],
        nodes.supply_loss_fixed[node],
        nodes.supply_loss_linear[node],
        nodes.supply_loss_square[node],
    )
    fans_w = cube_law_power_w(speed[seen], nodes.fan_power_max_w[node])
    rest_w = dc_w - board_w.sum(axis=1) - fans_w
    catalog = np.array([nodes.base_power_w[node], nodes.load_power_per_gpu_w[node]])
    spread = np.array([max(BASE_SPREAD * catalog[0], 1.0), LOAD_SPREAD])
    meter_w = max(METER_STD * float(nodes.supply_rating_w[node]), 1.0)
    columns = np.stack((np.ones(len(rest_w)), above_w), axis=1) / meter_w
    normal = columns.T @ columns + np.diag(spread**-2.0)
    pull = columns.T @ (rest_w / meter_w) + catalog * spread**-2.0
    value, std = np.linalg.solve(normal, pull), np.sqrt(np.diag(np.linalg.inv(normal)))
    return {
        "base_power_w": Estimate(value=max(float(value[0]), 0.0), std=float(std[0])),
        "load_power_per_gpu_w": Estimate(value=max(float(value[1]), 0.0), std=float(std[1])),
    }
