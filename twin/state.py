"""What the twin believes at one instant, and what drives it to the next.

Both are tuples of arrays along the plant's axes: immutable by use, cheap to hand to the
compiled kernel, equal bytes for equal runs.
"""

from typing import NamedTuple

from site_models.arrays import Floats, Ints

MEASURED, INFERRED, HELD, ASSUMED = 0, 1, 2, 3
"""Read from the device; from its node's meter; last value seen; never seen."""


SMALLEST_ENERGY_J = 1e3
"""Through a dark site nothing flows, and rounding in 1e10 J of stored heat is not an error."""


class Ledger(NamedTuple):
    """Energy that crossed the site's boundary during the last step."""

    energy_in_j: float
    """Through the utility meters, electrical."""
    heat_out_j: float
    """To the outdoor air, losses of outdoor stages included."""
    stored_j: float
    """Rise of the heat held in every thermal mass."""
    it_energy_j: float
    """Into the racks."""
    water_kg: float
    """Taken in: what evaporated, drifted off and was bled or blown down."""
    evaporated_kg: float = 0.0
    drift_kg: float = 0.0

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
    fan_speed: Floats
    """Node fans, share of full speed. 0..1"""
    rack_flow_kg_per_s: Floats
    circuit_supply_c: Floats
    circuit_return_c: Floats
    exchanger_opening: Floats
    """Valve or fan position. 0..1"""
    exchanger_integral: Floats
    chiller_running: Floats
    """1 while the compressor is on or goes on and off, else 0."""
    chiller_ready_s: Floats
    """Until it may start after a trip or a loss of power."""

    gpu_power_w: Floats
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
    circuit_flow_kg_per_s: Floats
    circuit_mover_power_w: Floats
    exchanger_heat_w: Floats
    exchanger_fan_power_w: Floats
    exchanger_cold_flow_kg_per_s: Floats
    exchanger_evaporated_kg_per_s: Floats
    exchanger_make_up_kg_per_s: Floats
    chiller_heat_w: Floats
    chiller_power_w: Floats
    feed_power_w: Floats
    """Into the stage."""
    ledger: Ledger


class Inputs(NamedTuple):
    """What drives the plant during a step; held constant over it. No value is NaN."""

    gpu_power_w: Floats
    """Board power of each GPU [W]."""
    gpu_power_basis: Ints
    """Where that came from: MEASURED, INFERRED, HELD or ASSUMED."""
    rack_load_w: Floats
    """IT power of each lumped rack [W]; ignored for racks with nodes."""
    exchanger_setpoint_c: Floats
    dry_bulb_c: float
    wet_bulb_c: float
