"""A site compiled to flat arrays: the only description of equipment that the physics sees.

Everything is one of a few primitives, whatever the catalog called it:

- a **GPU** is a chain of four thermal masses (die, body, memory, coolant cell);
- a **node** holds GPUs in one coolant path, has fans, a supply and other consumers;
- a **rack** collects nodes (or is one lumped load), has a shelf and a coolant flow;
- a **circuit** is a circulating fluid with a supply and a return mass: the air of a hall,
  the technology cooling system of one CDU, a facility water system;
- an **exchanger** moves heat from a hot circuit to a cold one or to the outdoor air: CDU,
  CRAH, economiser, dry cooler, cooling tower;
- a **chiller** does so against the temperature difference, for electricity;
- a **feed** is a stage of the power chain with losses and a rating.

Arrays are read-only. Index -1 means none: no liquid circuit, outdoor air, no parent feed.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from site_models.arrays import Flags, Floats, Ints
from site_models.fabric import NO_FABRIC, Fabric, link_names
from site_models.placing import AS_USUAL, Placing

T = TypeVar("T", bound=tuple[Any, ...])


class Gpus(NamedTuple):
    """One entry a GPU; the GPUs of a node are neighbours."""

    node: Ints
    group: Ints
    upstream: Flags
    """Breathes the node's inlet directly; the others stand behind one that does."""
    power_max_w: Floats
    power_min_w: Floats
    idle_power_w: Floats
    temp_limit_c: Floats
    """Maximum operating temperature: the device's own control acts from here."""
    slowdown_c: Floats
    """The device halves its clock here."""
    shutdown_c: Floats
    memory_limit_c: Floats
    leakage_w: Floats
    """Leaks at its group's working temperature; part of the rated power."""
    rise_factor: Floats
    """Its temperature rise over the coolant's inlet, over that of its model [-]."""
    in_service: Flags


class GpuGroups(NamedTuple):
    """GPUs that share a model and a coolant flow, hence one transition matrix a step."""

    node: Ints
    """A node of the group, for the flow that its GPUs see."""
    die_capacity_j_per_k: Floats
    body_capacity_j_per_k: Floats
    memory_capacity_j_per_k: Floats
    coolant_capacity_j_per_k: Floats
    die_resistance_k_per_w: Floats
    """Die to body, per watt of board power."""
    body_resistance_k_per_w: Floats
    """Body to mean coolant at the reference flow."""
    memory_resistance_k_per_w: Floats
    """Memory to body, per watt of memory power."""
    memory_share: Floats
    """Part of board power spent in memory stacks. 0..1"""
    flow_reference_kg_per_s: Floats
    """Coolant flow of one GPU at which the body resistance is stated."""
    flow_exponent: Floats
    coolant_cp_j_per_kg_k: Floats
    leakage_rate_per_k: Floats
    idle_temp_c: Floats
    """Die temperature at which the idle power is stated."""
    working_temp_c: Floats
    """Die temperature at which the rated power is stated."""
    clock_max_hz: Floats
    clock_min: Floats
    """Lowest clock, as a share of the highest. 0..1"""
    voltage_flat: Floats
    """Clock up to which the core voltage is at its floor, as a share of the highest. 0..1"""
    voltage_floor: Floats
    """Lowest core voltage over that of the highest clock. 0..1"""


class Nodes(NamedTuple):
    """One entry a node: server, compute tray or switch tray."""

    rack: Ints
    first_gpu: Ints
    gpu_count: Ints
    air_circuit: Ints
    liquid_circuit: Ints
    base_power_w: Floats
    """Drawn by everything but GPUs and fans when the GPUs idle."""
    load_power_per_gpu_w: Floats
    """Further draw of the node's other consumers per watt of GPU power above idle [-]."""
    liquid_share: Floats
    """Part of the other consumers' heat that goes to liquid. 0..1"""
    liquid_flow_share: Floats
    """Part of the rack's coolant flow through this node. 0..1"""
    airflow_max_kg_per_s: Floats
    fan_power_max_w: Floats
    fan_speed_min: Floats
    fan_target_c: Floats
    """GPU temperature that the node's own fan control holds."""
    fan_band_k: Floats
    """Fans run from their least to full speed over this band, centred on the target."""
    fan_lag_s: Floats
    """Time constant with which they follow."""
    inlet_rise_k: Floats
    """What it breathes is this much warmer than its circuit's air: its place in the room."""
    coolant_rise_k: Floats
    """What its cold plates take in is this much warmer than its circuit delivers; 0 as built."""
    supply_rating_w: Floats
    supply_loss_fixed: Floats
    supply_loss_linear: Floats
    supply_loss_square: Floats
    in_service: Flags


class Racks(NamedTuple):
    """One entry a rack."""

    row: Ints
    pod: Ints
    air_circuit: Ints
    liquid_circuit: Ints
    lumped: Flags
    """Has no nodes of its own: one load, given by Inputs.rack_load_w."""
    lumped_power_w: Floats
    """Design draw of a lumped rack; 0 elsewhere."""
    lumped_liquid_share: Floats
    rating_w: Floats
    return_setpoint_c: Floats
    """Coolant return temperature that the rack's valve holds."""
    flow_max_kg_per_s: Floats
    flow_min_kg_per_s: Floats
    loss_square_pa_s2_per_kg2: Floats
    """The rack loses `square m^2 + linear m` between its ends, without its valve."""
    loss_linear_pa_s_per_kg: Floats
    valve_square_pa_s2_per_kg2: Floats
    """K of the rack's control valve, fully open: it loses K m^2 / opening^2."""
    valve_opening_min: Floats
    """The valve moves between these two; a stuck one has both equal. 0..1"""
    valve_opening_max: Floats
    shelf_rating_w: Floats
    shelf_loss_fixed: Floats
    shelf_loss_linear: Floats
    shelf_loss_square: Floats
    storage_j: Floats
    """In the capacitors of the power shelf; 0: none."""
    in_service: Flags


AIR, TCS, FWS = 0, 1, 2
"""Kinds of circuit."""

GIVEN_FLOW, HOLDS_DP, HOLDS_FLOW = 0, 1, 2
"""How a circuit gets its flow: as its users ask, or from a pump curve and its control."""

PARCELS = 16
"""Places of a pipe: a front passes sharp if the pipe changes over in fewer steps."""


class Circuits(NamedTuple):
    """One entry a circulating fluid."""

    kind: Ints
    cp_j_per_kg_k: Floats
    supply_capacity_j_per_k: Floats
    return_capacity_j_per_k: Floats
    flow_max_kg_per_s: Floats
    flow_min_kg_per_s: Floats
    mover_power_max_w: Floats
    """Pump or fan power at the largest flow."""
    held_head_share: Floats
    """Part of the head that is held at any flow: P ~ x (h + (1 - h) x^2). 0 for fans."""
    mover_feed: Ints
    recirculation: Floats
    """Part of what a node breathes that comes back from the return side. 0..1"""
    supply_limit_c: Floats
    """Warmest supply that the equipment on the circuit accepts."""
    density_kg_per_m3: Floats
    supply_pipe_m3: Floats
    """Between supply and users, and back: fluid that passes unmixed, beside the two masses."""
    return_pipe_m3: Floats
    pump_control: Ints
    """GIVEN_FLOW, HOLDS_DP or HOLDS_FLOW; what follows is 0 where the flow is given."""
    pump_setpoint_pa: Floats
    """Differential pressure that the unit holds at its outlet."""
    pump_setpoint_kg_per_s: Floats
    pump_rest_pa: Floats
    """Head outside the unit at full speed: `rest + linear m + square m^2`, square < 0."""
    pump_linear_pa_s_per_kg: Floats
    pump_square_pa_s2_per_kg2: Floats
    pump_inner_pa_s2_per_kg2: Floats
    """What the pumps further lose inside the unit, to its exchanger and filters."""
    pump_efficiency: Floats
    """Wire to water. 0..1"""
    pump_speed_min: Floats
    """The control moves the speed between these two; of tripped pumps both say the speed."""
    pump_speed_max: Floats
    loss_square_pa_s2_per_kg2: Floats
    """Of the headers that all users share."""


class Exchangers(NamedTuple):
    """One entry a heat exchanger."""

    hot_circuit: Ints
    cold_circuit: Ints
    """-1: outdoor air."""
    hot_flow_rated_kg_per_s: Floats
    cold_flow_rated_kg_per_s: Floats
    cold_cp_j_per_kg_k: Floats
    ua_rated_w_per_k: Floats
    hot_share: Floats
    """Part of the UA's thermal resistance on the hot side. 0..1"""
    capacity_w: Floats
    setpoint_c: Floats
    """Supply temperature of the hot circuit that the valve or fan holds."""
    setpoint_least_c: Floats
    """The setpoint in force is never below: dew point of the hall and a margin, for a CDU."""
    band_k: Floats
    """Proportional band of the controller: error that moves the opening from 0 to 1."""
    reset_s: Floats
    opening_min: Floats
    opening_max: Floats
    fan_power_max_w: Floats
    fan_feed: Ints
    adiabatic_effectiveness: Floats
    """How far to the wet bulb the air of an outdoor unit may come: a wetted pad's, 1 for a
    tower, 0 for a dry coil."""
    concentration_cycles: Floats
    """Salts of the circulating or sprayed water over those of the make-up. > 1"""
    tower: Ints
    """Entry among the towers; -1: a coil or plates."""
    economiser: Flags
    """Works only where its cold circuit is colder than what it is to cool."""
    in_service: Flags


YORKCALC, MERKEL = 0, 1
"""Laws of a tower."""


class Towers(NamedTuple):
    """One entry an open cooling tower; flows, UA and fans stand with its exchanger."""

    law: Ints
    liquid_to_gas_rated: Floats
    """YorkCalc's ratio at which the correlation meets the rating. [-]"""
    wet_bulb_rated_c: Floats
    free_convection_share: Floats
    """Heat with the fans off over heat with full fans. 0..1"""
    approach_k: Floats
    """Fans hold no colder water than this far above the wet bulb."""
    drift_share: Floats
    """Of the circulating water, carried off as drops. 0..1"""


class Curves(NamedTuple):
    """One entry a performance curve: six coefficients, their meaning the user's."""

    c0: Floats
    c1: Floats
    c2: Floats
    c3: Floats
    c4: Floats
    c5: Floats


class Chillers(NamedTuple):
    """One entry a chiller that trims a circuit's supply; its order is that of staging."""

    circuit: Ints
    condenser_circuit: Ints
    """Takes its heat and power; -1: outdoor air."""
    condenser_flow_rated_kg_per_s: Floats
    capacity_w: Floats
    rated_cop: Floats
    """Where the curves are 1; 0 without curves."""
    capacity_curve: Ints
    """-1: no curves, the second law alone."""
    input_curve: Ints
    load_curve: Ints
    leaving_low_c: Floats
    """The curves hold between the lows and highs; unused without curves."""
    leaving_high_c: Floats
    entering_low_c: Floats
    entering_high_c: Floats
    part_load_min: Floats
    """Below it the compressor goes on and off. 0..1"""
    second_law_efficiency: Floats
    """COP over Carnot COP between supply and condensing temperature. 0..1"""
    condenser_approach_k: Floats
    """Condensing temperature over outdoor air or entering condenser water."""
    entering_max_c: Floats
    """Condenser water this warm trips it."""
    trim_setpoint_c: Floats
    restart_s: Floats
    """From the return of power, service or condenser water until it cools again."""
    feed: Ints
    available: Flags
    """Has power and has not tripped; the pumps around it go on without it."""
    in_service: Flags


class Feeds(NamedTuple):
    """One entry a stage of the power chain; a parent stands before its children."""

    parent: Ints
    rating_w: Floats
    loss_fixed: Floats
    loss_linear: Floats
    loss_square: Floats
    air_circuit: Ints
    """Hall air that takes the stage's losses; -1: outdoors."""
    in_service: Flags
    """The stage itself is closed. Opening it and closing it again resets what had tripped."""
    supplied: Flags
    """What stands in front reaches it: the utility of a meter, else its parent."""
    breaker_rating_a: Floats
    """Line current at the stage's rating; 0: no breaker."""
    breaker_trip_level: Floats
    breaker_magnetic: Floats
    """Current over rating that trips at once."""
    battery_j: Floats
    """Energy in a full battery; 0: none."""
    battery_power_w: Floats
    """Most that the battery gives to the stage, losses of the stage included."""
    charge_power_w: Floats
    battery_efficiency: Floats
    """One way. 0..1"""
    generator_w: Floats
    """Rating of the set that is the stage's other source; 0: none."""
    generator_start_s: Floats
    generator_block: Floats
    """Part of its rating that the set accepts at once. 0..1"""
    generator_interval_s: Floats
    generator_cooldown_s: Floats
    transfer_delay_s: Floats
    transfer_return_s: Floats
    transfer_dead_s: Floats


class RackFeeds(NamedTuple):
    """One entry a connection between a rack and a feed."""

    rack: Ints
    feed: Ints
    share: Floats


class Arrays(NamedTuple):
    """All of it, as the compiled kernel takes it."""

    gpus: Gpus
    groups: GpuGroups
    nodes: Nodes
    racks: Racks
    circuits: Circuits
    exchangers: Exchangers
    towers: Towers
    chillers: Chillers
    curves: Curves
    feeds: Feeds
    rack_feeds: RackFeeds


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plant:
    """A compiled site. Names are unique along their axis and in the arrays' order."""

    site: str
    site_hash: str
    arrays: Arrays
    gpu_names: tuple[str, ...]
    node_names: tuple[str, ...]
    rack_names: tuple[str, ...]
    row_names: tuple[str, ...]
    pod_names: tuple[str, ...]
    circuit_names: tuple[str, ...]
    exchanger_names: tuple[str, ...]
    chiller_names: tuple[str, ...]
    feed_names: tuple[str, ...]
    gpu_model: tuple[str, ...]
    """Catalog key of each GPU's model."""
    node_model: tuple[str, ...]
    rack_model: tuple[str, ...]
    gpu_nvlink_domain: Ints
    nvlink_domain_names: tuple[str, ...]
    gpu_rail: Ints
    """Index of the GPU's network interface within its node: its plane of leaf switches."""
    cdu_exchangers: Ints
    """The exchangers that are CDUs: the axis `cdu` of frames and recordings."""
    facility_circuits: Ints
    """The facility water circuits: the axis `plant` of frames and recordings."""
    rack_place_m: Floats
    """Shape (racks, 5): x and y of the centre, width, depth [m], facing angle [rad]."""
    hall_size_m: tuple[float, float]
    fabric: Fabric = NO_FABRIC
    placing: Placing = AS_USUAL

    def __repr__(self) -> str:
        return f"Plant({self.site}, {len(self.gpu_names)} GPUs, {len(self.rack_names)} racks)"

    def axis(self, name: str) -> tuple[str, ...]:
        """Return the ids along a frame's axis; KeyError for an axis a plant has not."""
        if name == "link":
            return link_names(self.fabric, self.gpu_names)
        return {
            "gpu": self.gpu_names,
            "node": self.node_names,
            "rack": self.rack_names,
            "cdu": tuple(self.exchanger_names[i] for i in self.cdu_exchangers),
            "plant": tuple(self.circuit_names[i] for i in self.facility_circuits),
            "power": self.feed_names,
            "site": (self.site,),
            "weather": (self.site,),
        }[name]


def freeze(arrays: T) -> T:
    """Return the same tuple with every array made read-only."""
    for array in arrays:
        array.setflags(write=False)
    return arrays
