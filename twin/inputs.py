"""From what was measured to what drives the step: never NaN, and it says where from.

In order of trust: the GPU's own power; its share of what its node's meter, or its rack's,
leaves after everything else in there; the last value; before any reading, idle.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from site_models.arrays import Flags, Floats, Ints
from site_models.plant import Plant
from telemetry.frame import Frame
from twin.physics.converters import converter_output_w
from twin.physics.movers import cube_law_power_w
from twin.state import HELD, INFERRED, MEASURED, Inputs, State

Outdoors = Callable[[float], tuple[float, float]]
"""Time [s] -> dry-bulb and wet-bulb temperature [C] where the frame says nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Meters:
    """Readings of meters that stand above GPUs, each with the GPUs it covers."""

    gpu: Ints
    """Shape (GPUs,): the meter that covers each GPU; -1: none."""
    others_w: Floats
    """What everything but the GPUs draws behind each meter when they idle."""
    load_per_gpu_w: Floats
    """Further draw per watt of GPU power above idle [-]."""


class Believer:
    """Turns frames into inputs for one plant.

    Inverting a node's meter assumes that its GPUs share equally; its fans are taken as
    believed, its other consumers as the catalog has them. Checked: a node's model applied
    to the inferred power gives the meter's reading back, ``tests/twin/test_inputs.py``.
    """

    def __init__(self, plant: Plant, outdoors: Outdoors) -> None:
        self._plant, self._outdoors = plant, outdoors

    def __call__(self, frame: Frame, before: Inputs, state: State) -> Inputs:
        """Return the inputs of the interval that ends with the frame."""
        arrays = self._plant.arrays
        power_w = _either(frame, "gpu_power_w", "gpu_power_avg_w", before.gpu_power_w)
        basis = np.where(np.isnan(power_w), np.maximum(before.gpu_power_basis, HELD), MEASURED)
        for meters, dc_w in self._meters(frame, state):
            inferred_w = self._inferred(meters, dc_w, power_w)
            found = np.isnan(power_w) & ~np.isnan(inferred_w)
            power_w = np.where(found, inferred_w, power_w)
            basis = np.where(found, INFERRED, basis)
        dry_bulb_c, wet_bulb_c = self._outdoors(frame.time_s)
        return Inputs(
            gpu_power_w=np.where(np.isnan(power_w), before.gpu_power_w, power_w),
            gpu_power_basis=basis.astype(np.int64),
            gpu_cap_w=before.gpu_cap_w,
            rack_load_w=self._lumped(frame, before, arrays.racks.lumped),
            exchanger_setpoint_c=before.exchanger_setpoint_c,
            circuit_flow_share=before.circuit_flow_share,
            dry_bulb_c=_single(frame, "dry_bulb_c", dry_bulb_c),
            wet_bulb_c=_single(frame, "wet_bulb_c", wet_bulb_c),
        )

    def _meters(self, frame: Frame, state: State) -> list[tuple[Meters, Floats]]:
        """Return what meters say of DC power behind them, the nearest to the GPUs first."""
        found: list[tuple[Meters, Floats]] = []
        nodes = self._plant.arrays.nodes
        if "node_dc_power_w" in frame.values:
            found.append((self._node_meters(state), frame.values["node_dc_power_w"]))
        if "node_power_w" in frame.values:
            dc_w = converter_output_w(
                frame.values["node_power_w"],
                nodes.supply_rating_w,
                nodes.supply_loss_fixed,
                nodes.supply_loss_linear,
                nodes.supply_loss_square,
            )
            found.append((self._node_meters(state), dc_w))
        if "rack_power_w" in frame.values:
            racks = self._plant.arrays.racks
            dc_w = converter_output_w(
                frame.values["rack_power_w"],
                racks.shelf_rating_w,
                racks.shelf_loss_fixed,
                racks.shelf_loss_linear,
                racks.shelf_loss_square,
            )
            found.append((self._rack_meters(state), dc_w))
        return found

    def _node_meters(self, state: State) -> Meters:
        nodes = self._plant.arrays.nodes
        fans_w = cube_law_power_w(state.fan_speed, nodes.fan_power_max_w)
        return Meters(
            gpu=self._plant.arrays.gpus.node,
            others_w=nodes.base_power_w + fans_w,
            load_per_gpu_w=nodes.load_power_per_gpu_w,
        )

    def _rack_meters(self, state: State) -> Meters:
        """Return the meters of racks whose nodes hang on one bus bar without own supplies."""
        nodes, racks = self._plant.arrays.nodes, self._plant.arrays.racks
        count = len(racks.row)
        bare = np.bincount(nodes.rack, weights=nodes.supply_rating_w, minlength=count) == 0.0
        node = self._node_meters(state)
        gpus = np.bincount(nodes.rack, weights=nodes.gpu_count, minlength=count)
        load = np.bincount(
            nodes.rack, weights=nodes.load_power_per_gpu_w * nodes.gpu_count, minlength=count
        )
        rack_of_gpu = nodes.rack[self._plant.arrays.gpus.node]
        return Meters(
            gpu=np.where(bare[rack_of_gpu], rack_of_gpu, -1),
            others_w=np.bincount(nodes.rack, node.others_w, count).astype(np.float64),
            load_per_gpu_w=load / np.maximum(gpus, 1.0),
        )

    def _inferred(self, meters: Meters, dc_w: Floats, known_w: Floats) -> Floats:
        """Return each unknown GPU's equal share of what its meter leaves; NaN: no reading.

        Solves m P + k m max(P - P_idle, 0) = rest for the m unknown GPUs of a meter, k the
        draw of other consumers per watt above idle.
        """
        if not len(known_w):
            return known_w
        idle_w = self._plant.arrays.gpus.idle_power_w
        place, count = np.maximum(meters.gpu, 0), len(dc_w)
        unknown = np.isnan(known_w) & (meters.gpu >= 0)
        load = meters.load_per_gpu_w[place]
        drawn_w = np.where(unknown, 0.0, known_w + load * np.maximum(known_w - idle_w, 0.0))
        drawn_w = np.where((meters.gpu >= 0) & ~np.isnan(drawn_w), drawn_w, 0.0)
        rest_w = dc_w - meters.others_w - np.bincount(place, weights=drawn_w, minlength=count)
        several = np.bincount(place, weights=unknown, minlength=count)
        share_w = rest_w[place] / np.maximum(several[place], 1.0)
        above_w = (share_w + load * idle_w) / (1.0 + load)
        inferred_w = np.maximum(np.where(above_w >= idle_w, above_w, share_w), 0.0)
        return np.where(unknown, inferred_w, np.nan)

    def _lumped(self, frame: Frame, before: Inputs, lumped: Flags) -> Floats:
        """Return the load of each lumped rack: as metered, else as before."""
        if "rack_power_w" not in frame.values:
            return before.rack_load_w
        racks = self._plant.arrays.racks
        load_w = converter_output_w(
            frame.values["rack_power_w"],
            racks.shelf_rating_w,
            racks.shelf_loss_fixed,
            racks.shelf_loss_linear,
            racks.shelf_loss_square,
        )
        return np.where(lumped & ~np.isnan(load_w), load_w, before.rack_load_w)


def _either(frame: Frame, first: str, second: str, like: Floats) -> Floats:
    """Return the first signal's readings, the second's where it is silent, else NaN."""
    silent = np.full(len(like), np.nan)
    readings = frame.values.get(first, silent)
    return np.where(np.isnan(readings), frame.values.get(second, silent), readings)


def _single(frame: Frame, name: str, otherwise: float) -> float:
    """Return a signal of one id, or another value where it is silent."""
    if name not in frame.values or np.isnan(frame.values[name][0]):
        return otherwise
    return float(frame.values[name][0])
