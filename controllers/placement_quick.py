"""A first estimate of how hot a job would run, for many nodes at once."""

import numpy as np

from controllers.placement_ground import Ground
from controllers.placement_index import PlaceIndex
from controllers.placement_offer import Offer
from site_models.arrays import Floats, Ints
from twin.servers import LEAST_DRIVE_K


def quick_margins_k(index: PlaceIndex, ground: Ground, offer: Offer, nodes: Ints) -> Floats:
    """Return about how far below its limit the first GPU of each node would stay [K].

    Liquid: at the flow that the rack's valve would give for the job, at the present supply.
    Air: at full fan speed. Good enough to rank places that `outlooks` then looks at.
    """
    arrays = index.plant.arrays
    of, racks = arrays.nodes, arrays.racks
    rack, gpu = of.rack[nodes], of.first_gpu[nodes]
    group = arrays.gpus.group[gpu]
    wet = of.liquid_circuit[nodes] >= 0
    circuit = of.liquid_circuit[nodes]
    inlet_c = np.where(
        wet, ground.state.circuit_supply_c[circuit], ground.state.node_inlet_c[nodes]
    )
    here = np.minimum(offer.rack_room, offer.request.count)
    liquid_w = ground.rack_liquid_w + offer.rack_added_w * here
    drive_k = np.maximum(racks.return_setpoint_c[rack] - inlet_c, LEAST_DRIVE_K)
    cp = arrays.groups.coolant_cp_j_per_kg_k[group]
    asked = np.where(wet, liquid_w[rack] / (cp * drive_k), 0.0)
    flow = np.clip(asked, racks.flow_min_kg_per_s[rack], racks.flow_max_kg_per_s[rack])
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
    expected_c = inlet_c + kelvin_per_watt * offer.asked_w[gpu]
    return np.asarray(arrays.gpus.temp_limit_c[gpu] - expected_c)
