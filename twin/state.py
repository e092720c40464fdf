"""What the twin believes at one instant, and what drives it to the next.

Both are tuples of arrays along the plant's axes: immutable by use, cheap to hand to the
compiled kernel, equal bytes for equal runs.
"""

from typing import NamedTuple

from site_models.arrays import Flags, Floats, Ints

MEASURED, INFERRED, HELD, ASSUMED, MODELLED = 0, 1, 2, 3, 4
"""Read from the device; from its node's meter; last value seen; never seen; played.

Modelled power is what a load asks for: leakage and the device's own control act on it.
Every other contains them already and stays as it is.
"""


SMALLEST_ENERGY_J = 1e3
"""Through a dark site nothing flows, and rounding in 1e10 J of stored heat is not an error."""


class Ledger(NamedTuple):
    """Energy that crossed the site's boundary during the last step."""

    energy_in_j: float
    """Through the utility meters and from generators, electrical."""
    heat_out_j: float
    """To the outdoor air, losses of outdoor stages included."""
    stored_j: float
    """Rise of the heat held in every thermal mass and of the energy in batteries."""
    it_energy_j: float
    """Into the racks."""
    water_kg: float
    """Taken in: what evaporated, drifted off and was bled or blown down."""
    evaporated_kg: float = 0.0
    drift_kg: float = 0.0
    generator_j: float = 0.0
    """Of `energy_in_j`, from generators on the site."""
    battery_j: float = 0.0
    """Of `stored_j`, into batteries; below 0: out of them."""

    @property
    def balance_error(self) -> float:
        """Return energy unaccounted for over energy in, or over SMALLEST_ENERGY_J. [-]"""
        missing_j = self.energy_in_j - self.heat_out_j - self.stored_j
        return abs(missing_j) / max(abs(self.energy_in_j), abs(self.stored_j), SMALLEST_ENERGY_J)


class State(NamedTuple):
    """Believed state. The first block is integrated; the second follows from it."""

    time_s: float
    gpu_temp_c: Floats
    gpu_body_c: Floats
    """Cold plate or heat sink with lid and package."""
    memory_temp_c: Floats
    gpu_coolant_c: Floats
    """Mean coolant or air at the GPU."""
    gpu_off: Flags
    """Turned itself off at its shutdown temperature, for good."""
    fan_speed: Floats
    """Node fans, share of full speed. 0..1"""
    rack_valve: Floats
    """Opening of each rack's coolant valve. 0..1"""
    circuit_pump_speed: Floats
    """Share of full speed. 0..1"""
    circuit_low_flow_s: Floats
    """How long a loop has had less than nine tenths of the flow that is asked of it."""
    circuit_supply_c: Floats
    """Leaving the unit."""
    circuit_return_c: Floats
    """Leaving the racks."""
    supply_pipe_m3: Floats
    """Parcels in each circuit's supply pipe from its outlet on. Shape (circuits, PARCELS)"""
    supply_pipe_c: Floats
    return_pipe_m3: Floats
    return_pipe_c: Floats
    exchanger_opening: Floats
    """Valve or fan position. 0..1"""
    exchanger_integral: Floats
    feed_open: Floats
    """1: tripped by its breaker, or by an overload of its battery or generator; it stays so."""
    feed_breaker_thermal: Floats
    """0 cold, 1 after hours at the rating."""
    feed_battery_j: Floats
    generator_turning_s: Floats
    generator_cooling_s: Floats
    transfer_alternate: Floats
    """1: the stage hangs on its generator."""
    transfer_waited_s: Floats
    transfer_dead_left_s: Floats
    chiller_running: Floats
    """1 while the compressor is on or goes on and off, else 0."""
    chiller_ready_s: Floats
    """Until it may start after a trip or a loss of power."""

    gpu_power_w: Floats
    gpu_clock_ratio: Floats
    """Clock over the one that the load asks for; 1 for measured power. 0..1"""
    gpu_event_reasons: Ints
    """Clocks event reasons in NVML's bits, all that acted within the last substep."""
    node_power_w: Floats
    """At the node's power inlet: AC of a server, bus bar of a tray."""
    node_dc_power_w: Floats
    node_liquid_heat_w: Floats
    """Given to the coolant by the node's cold plates."""
    node_inlet_c: Floats
    node_outlet_c: Floats
    node_airflow_kg_per_s: Floats
    rack_power_w: Floats
    """At the rack's inlet."""
    rack_liquid_heat_w: Floats
    rack_air_heat_w: Floats
    rack_return_c: Floats
    rack_flow_kg_per_s: Floats
    rack_dp_pa: Floats
    """Between a rack's supply and return, its valve included."""
    circuit_delivered_c: Floats
    """Arriving at the racks during the last substep; the supply where there are no pipes."""
    circuit_arriving_c: Floats
    """Arriving back at the unit; the return where there are no pipes."""
    circuit_flow_kg_per_s: Floats
    circuit_dp_pa: Floats
    """Head outside the unit; 0 where no curve gives it."""
    circuit_mover_power_w: Floats
    exchanger_heat_w: Floats
    exchanger_fan_power_w: Floats
    exchanger_cold_flow_kg_per_s: Floats
    exchanger_evaporated_kg_per_s: Floats
    exchanger_make_up_kg_per_s: Floats
    chiller_heat_w: Floats
    chiller_power_w: Floats
    feed_power_w: Floats
    """Into the stage, from its parent, utility or generator; 0 on battery."""
    feed_output_w: Floats
    """Out of the stage: what hangs on it."""
    feed_battery_w: Floats
    """From the battery into the stage; below 0: it is charged."""
    feed_live: Floats
    """1: the stage gives power."""
    feed_on_battery: Floats
    rack_powered: Floats
    """1: in service and on a living feed. The same for what moves a circuit, for the fans of
    an exchanger and, its restart over, for a chiller; 1 where no feed is named."""
    circuit_powered: Floats
    exchanger_powered: Floats
    chiller_powered: Floats
    ledger: Ledger


class Inputs(NamedTuple):
    """What drives the plant during a step; held constant over it. No value is NaN."""

    gpu_power_w: Floats
    """Board power of each GPU, or what its load would draw unthrottled where it is MODELLED:
    at the group's working temperature for the rated power, cooler for less [W]."""
    gpu_power_basis: Ints
    """Where that came from: MEASURED, INFERRED, HELD, ASSUMED or MODELLED."""
    gpu_cap_w: Floats
    """Power limit in force, which a MODELLED GPU keeps to [W]."""
    rack_load_w: Floats
    """IT power of each lumped rack [W]; ignored for racks with nodes."""
    exchanger_setpoint_c: Floats
    circuit_flow_share: Floats
    """What a loop's pumps are asked to hold, over what it was built to hold: flow, or the
    pressure difference by its square root. Above 0; 1: as built. Counts where pumps hold one."""
    dry_bulb_c: float
    wet_bulb_c: float
