"""Rack: nodes on a bus bar or single servers, or one lumped load."""

from typing import Literal

from pydantic import model_validator

from site_models.figure import Equipment, Figure, Positive, Share, Strict
from site_models.kinds.node import SupplyLoss


class RackNodes(Strict):
    """Nodes of one model in a rack."""

    model: str
    count: int
    prefix: str
    """Of the node's name, after the rack's: `tray` gives a01-tray0."""


class RackCoolant(Equipment):
    """How the rack's valve sets its coolant flow: it holds the return temperature."""

    return_setpoint_c: Figure
    flow_max_m3_per_s: Positive
    flow_min_m3_per_s: Positive
    pressure_curve: str
    """Key in `flow_curve`: what the rack loses, without its valve."""
    valve_open_pa: Positive
    """What the open valve loses at the largest flow."""


class LumpedLoad(Equipment):
    """A rack whose inside is not modelled."""

    power_w: Positive
    liquid_share: Share


class Rack(Equipment):
    """A rack model."""

    kind: Literal["rack"]
    label: str
    nodes: tuple[RackNodes, ...] = ()
    lumped: LumpedLoad | None = None
    coolant: RackCoolant | None = None
    shelf: SupplyLoss | None = None
    storage_j: Positive | None = None
    """In the capacitors of the power shelf."""
    rating_w: Positive
    width_m: Positive
    depth_m: Positive
    height_m: Positive
    mass_kg: Positive
    front_clearance_m: Positive
    rear_clearance_m: Positive

    @model_validator(mode="after")
    def _one_content(self) -> "Rack":
        if bool(self.nodes) == (self.lumped is not None):
            raise ValueError("nodes, lumped: expected exactly one of them")
        return self


MODEL = Rack
