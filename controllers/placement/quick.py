"""A first estimate of how hot a job would run, for many nodes at once."""

import numpy as np

from controllers.placement.flow import wants_of
from controllers.placement.ground import Ground, liquid_factor, whole_rack_w
from controllers.placement.index import PlaceIndex
from controllers.placement.offer import Offer
from controllers.placement.settling import wanted_flows
from site_models.arrays import Floats, Ints


def quick_margins_k(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints) -> Floats:
    """Return about how far below its limit the first GPU of each node would stay [K].

    Liquid: at the flow that the rack's valve would give for the part of the job that the node
    can take, at the present supply.
    Air: at full fan speed. Good enough to rank places that `outlooks` then looks at.
    """
    arrays = index.plant.arrays
    of = arrays.nodes
    rack, gpu = of.rack[nodes], of.first_gpu[nodes]
    group = arrays.gpus.group[gpu]
    wet = of.liquid_circuit[nodes] >= 0
    circuit = of.liquid_circuit[nodes]
    inlet_c = np.where(
        wet, ground.state.circuit_supply_c[circuit], ground.state.node_inlet_c[nodes]
    )
    here = np.minimum(offer.node_room[nodes], offer.request.count)
    liquid_w = ground.node_liquid_w[nodes] + liquid_factor(index.plant)[nodes] * (
        offer.supply.rack_added_w[rack] * here
    )
    sized_w = np.maximum(ground.rack_sized_w[rack], whole_rack_w(of, nodes, liquid_w))
    flow = wanted_flows(rack, sized_w, inlet_c, wants_of(index.plant))
    cp = arrays.groups.coolant_cp_j_per_kg_k[group]
    count = np.maximum(of.gpu_count[nodes], 1)
    stream = np.where(
        wet,
        flow * of.liquid_flow_share[nodes] / count,
        2.0 * of.airflow_max_kg_per_s[nodes] / count,
    )
    ratio = np.maximum(stream / arrays.groups.flow_reference_kg_per_s[group], 1e-3)
    kelvin_per_watt = (
        0.5 / np.maximum(stream * cp, 1e-9)
        + arrays.groups.body_resistance_k_per_w[group] * ratio ** arrays.groups.flow_exponent[group]
        + arrays.groups.die_resistance_k_per_w[group]
    )
    expected_c = inlet_c + kelvin_per_watt * np.maximum(
        offer.supply.node_asked_w[nodes], ground.gpu_w[gpu]
    )
    return np.asarray(arrays.gpus.temp_limit_c[gpu] - expected_c)
