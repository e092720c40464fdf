"""The power chain during one substep: from the racks up to the utility meters."""

import numpy as np

from site_models.arrays import Floats
from site_models.plant import Arrays
from twin.physics.converters import converter_input_w
from twin.physics.law import compiled
from twin.state import State


@compiled
def load_feeds(arrays: Arrays, state: State, to_air_w: Floats) -> tuple[float, float]:
    """Sum the power tree from the leaves up; add indoor stage losses to `to_air_w`.

    A rack's load lies on those of its feeds that are in service; if none is, on all.
    Returns power through the utility meters and losses given to the outdoor air [W].
    """
    feeds, links = arrays.feeds, arrays.rack_feeds
    out_w = np.zeros(feeds.parent.size)
    live = np.zeros(arrays.racks.row.size)
    for i in range(links.rack.size):
        live[links.rack[i]] += links.share[i] * feeds.in_service[links.feed[i]]
    for i in range(links.rack.size):
        r, share = links.rack[i], links.share[i]
        if live[r] > 0.0:
            share *= feeds.in_service[links.feed[i]] / live[r]
        out_w[links.feed[i]] += share * state.rack_power_w[r]
    for k in range(arrays.circuits.kind.size):
        if arrays.circuits.mover_feed[k] >= 0:
            out_w[arrays.circuits.mover_feed[k]] += state.circuit_mover_power_w[k]
    for x in range(arrays.exchangers.hot_circuit.size):
        if arrays.exchangers.fan_feed[x] >= 0:
            out_w[arrays.exchangers.fan_feed[x]] += state.exchanger_fan_power_w[x]
    for c in range(arrays.chillers.circuit.size):
        out_w[arrays.chillers.feed[c]] += state.chiller_power_w[c]
    metered_w, outdoors_w = 0.0, 0.0
    for f in range(feeds.parent.size - 1, -1, -1):
        in_w = converter_input_w(
            out_w[f],
            feeds.rating_w[f],
            feeds.loss_fixed[f],
            feeds.loss_linear[f],
            feeds.loss_square[f],
        )
        state.feed_power_w[f] = in_w
        if feeds.air_circuit[f] >= 0:
            to_air_w[feeds.air_circuit[f]] += in_w - out_w[f]
        else:
            outdoors_w += in_w - out_w[f]
        if feeds.parent[f] >= 0:
            out_w[feeds.parent[f]] += in_w
        else:
            metered_w += in_w
    return metered_w, outdoors_w
