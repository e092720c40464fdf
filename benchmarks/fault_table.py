"""What an engineer expects of each ready scenario on the pilot: one table.

Racks a1 to a4 hang on cdu-1 and busway-1, a5 to a8 on cdu-2 and busway-2; row b is air-cooled.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.fault_runs import Past
from site_models.arrays import Flags

EVER = float("inf")
COLDEST_K = -100.0
"""A bound where cooling is no matter."""


class Expectation(NamedTuple):
    """A statement on a run: its measure lies between two bounds."""

    text: str
    low: float
    high: float
    unit: str
    measure: Callable[[Past], float]


ON_CDU_1 = ("a1-", "a2-", "a3-", "a4-")
ON_CDU_2 = ("a5-", "a6-", "a7-", "a8-")


def warms_first(*where: str, rise_k: float = 10.0) -> Expectation:
    """Return that the first GPUs to warm stand there; 1: all of them, NaN: none warms."""

    def measure(past: Past) -> float:
        first = past.first_warm(rise_k)
        return float(past.gpus(*where)[first].mean()) if first.any() else float("nan")

    names = ", ".join(name.rstrip("-") for name in where)
    return Expectation(f"share of the first GPUs to warm {rise_k:g} K that are of {names}",
                       1.0, 1.0, "", measure)  # fmt: skip


def warms_after(low_s: float, high_s: float, *where: str, rise_k: float = 10.0) -> Expectation:
    """Return when the first of some GPUs has warmed."""
    return Expectation(
        f"first GPU {rise_k:g} K warmer after",
        low_s,
        high_s,
        "s",
        lambda past: past.seconds_to_warm(rise_k, past.gpus(*where)),
    )


def supply_after(low_s: float, high_s: float, circuit: str, rise_k: float = 4.0) -> Expectation:
    """Return when a circuit's supply has warmed."""
    return Expectation(
        f"supply of {circuit} {rise_k:g} K warmer after",
        low_s,
        high_s,
        "s",
        lambda past: past.seconds_to_supply(circuit, rise_k),
    )


def others_stay(*hit: str, within_k: float = 1.0, after_s: float = EVER) -> Expectation:
    """Return that all other GPUs keep their temperature, at the end or at a time."""

    def measure(past: Past) -> float:
        state = past.end if after_s == EVER else past.after(after_s)
        return float(past.gpu_rise_k(state)[~past.gpus(*hit)].max())

    when = "at the end" if after_s == EVER else f"after {after_s:g} s"
    who = "warmest of all other GPUs" if hit else "warmest of all GPUs"
    return Expectation(f"{who}, rise {when}", COLDEST_K, within_k, "K", measure)


def dark(gpus: int) -> Expectation:
    """Return how many GPUs lose their power."""
    return Expectation("GPUs without power", gpus, gpus, "", lambda past: past.dark)


def cooler(*where: str, after_s: float = EVER) -> Expectation:
    """Return that GPUs without power cool: the least cooled of them."""

    def measure(past: Past) -> float:
        state = past.end if after_s == EVER else past.after(after_s)
        return float(past.gpu_rise_k(state)[past.gpus(*where)].max())

    return Expectation("rise of the dark GPUs, the warmest", COLDEST_K, -5.0, "K", measure)


def steady_supply(circuit: str, within_k: float = 0.5) -> Expectation:
    """Return that a circuit that was not hit keeps its supply."""
    return Expectation(
        f"supply of {circuit}, change at the end",
        -within_k,
        within_k,
        "K",
        lambda past: past.supply_rise_k(circuit),
    )


def rack_power(text: str, rack: str, after_s: float, low: float, high: float) -> Expectation:
    """Return a rack's power at a time over that before the event."""

    def measure(past: Past) -> float:
        state = past.end if after_s == EVER else past.after(after_s)
        return past.rack_power_ratio(rack, state)

    return Expectation(text, low, high, "", measure)


def battery_life(past: Past) -> float:
    """Return how long the UPS lived on its battery over what that holds by hand."""
    ups = past.plant.feed_names.index("ups")
    feeds = past.plant.arrays.feeds
    held_j = feeds.battery_j[ups] * feeds.battery_efficiency[ups]
    lived_s = sum(state.feed_live[ups] > 0.0 for state in past.since())
    return float(lived_s / (held_j / past.before.feed_power_w[ups]))


def battery_used(past: Past) -> float:
    """Return the largest part of the UPS battery that was given."""
    ups = past.plant.feed_names.index("ups")
    least_j = min(state.feed_battery_j[ups] for state in past.since())
    return float(1.0 - least_j / past.plant.arrays.feeds.battery_j[ups])


def shut_down(most: float, *where: str) -> Expectation:
    """Return how many GPUs turn themselves off at most."""

    def measure(past: Past) -> float:
        mine: Flags = past.gpus(*where)
        return float(past.shut_down[mine].sum())

    return Expectation("GPUs that shut themselves down", 0.0, most, "", measure)


def left(high: float, *where: str) -> Expectation:
    """Return how much of the power of GPUs without cooling is left: they throttle or stop."""
    return Expectation("power left of the GPUs without cooling", 0.0, high, "",
                       lambda past: past.power_left(past.gpus(*where)))  # fmt: skip


def hall_follows(past: Past) -> float:
    """Return how long after the chilled water the hall has warmed by 3 K."""
    return past.seconds_to_supply("hall", 3.0) - past.seconds_to_supply("chw", 3.0)


def units_apart(past: Past) -> float:
    """Return how far the heats of the room units that are left lie apart."""
    units = [i for i, name in enumerate(past.plant.exchanger_names) if name.startswith("crah-")]
    heat_w = past.end.exchanger_heat_w[units[1:]]
    return float(np.ptp(heat_w) / heat_w.mean())


def opening_change(past: Past) -> float:
    """Return how far the stuck valve of cdu-1 moves after it stuck."""
    valve = past.plant.exchanger_names.index("cdu-1")
    return float(abs(past.end.exchanger_opening[valve] - past.after(2).exchanger_opening[valve]))


def read_low_w(past: Past) -> float:
    """Return how much less than true the sensors of rack a2 read at the end."""
    low = past.gpus("a2-")
    read_w = past.frames[-1].values["gpu_power_w"][low]
    return float((past.end.gpu_power_w[low] - read_w).mean())


def believed_cooler_k(past: Past) -> float:
    """Return how much cooler than true the twin believes rack a2, the least of its GPUs."""
    gap_k = past.end.gpu_temp_c - past.believed[-1].gpu_temp_c
    return float(gap_k[past.gpus("a2-")].min())


def hidden_k(past: Past) -> float:
    """Return how much warmer than its stuck sensor says the supply of cdu-1 is at the end."""
    read_c = past.frames[-1].values["cdu_tcs_supply_c"][0]
    return float(past.end.circuit_supply_c[past.circuit("cdu-1-tcs")] - read_c)


def leak_seen(past: Past) -> float:
    """Return what the leak sensor of rack a2 says in the second after the leak."""
    seen = past.frames[round(past.onset_s)].values["rack_leak"]
    return float(seen[past.rack("a2")])


def flow_left(past: Past) -> float:
    """Return the flow of the isolated rack over that before the leak."""
    at = past.rack("a2")
    return float(past.end.rack_flow_kg_per_s[at] / past.before.rack_flow_kg_per_s[at])


EXPECTED: dict[str, tuple[Expectation, ...]] = {
    "breaker_trip": (
        dark(72),
        rack_power("power of a4 while its breaker is open, over before", "a4", 10.0, 0.0, 0.0),
        cooler("a4-", after_s=179.0),
        rack_power("power of a4 once it is closed, over before", "a4", EVER, 0.97, 1.03),
        rack_power("power of its neighbour a3 meanwhile, over before", "a3", 10.0, 0.97, 1.03),
    ),
    "cdu_loss": (
        warms_first(*ON_CDU_2),
        warms_after(1.0, 10.0, *ON_CDU_2),
        left(0.5, *ON_CDU_2),
        others_stay(*ON_CDU_2),
    ),
    "chiller_loss": (
        supply_after(5.0, 180.0, "chw"),
        Expectation("hall 3 K warmer, after the chilled water was", 1.0, 600.0, "s", hall_follows),
        Expectation("hall at the end, rise", 3.0, 40.0, "K",
                    lambda past: past.supply_rise_k("hall")),
        steady_supply("cdu-1-tcs"),
    ),
    "clogged_plate": (
        warms_first("a3-tray5-", rise_k=5.0),
        warms_after(1.0, 60.0, "a3-tray5-", rise_k=5.0),
        others_stay("a3-tray5-"),
        shut_down(0.0, "a", "b"),
    ),
    "facility_water_loss": (
        supply_after(3.0, 60.0, "cdu-1-tcs"),
        Expectation("rise of the loop's mean in 20 s, over its heat through its volume", 0.8, 1.2,
                    "", lambda past: past.rise_as_heat_says("cdu-1-tcs", 20.0)),
        warms_first(*ON_CDU_1, *ON_CDU_2),
        warms_after(20.0, 180.0, *ON_CDU_1, *ON_CDU_2),
        left(0.8, *ON_CDU_1, *ON_CDU_2),
        others_stay("a", within_k=3.0),
    ),
    "fan_failure": (
        warms_first("b3-node1-", rise_k=5.0),
        warms_after(3.0, 150.0, "b3-node1-", rise_k=5.0),
        others_stay("b3-node1-", within_k=3.0, after_s=300.0),
        Expectation("room units left, spread of their heats", 0.0, 0.02, "", units_apart),
        steady_supply("hall", within_k=3.0),
    ),
    "feed_loss": (
        dark(288),
        rack_power("power of a1 on the lost busway, over before", "a1", 10.0, 0.0, 0.0),
        cooler(*ON_CDU_1),
        rack_power("power of a5 on the other busway, over before", "a5", EVER, 0.97, 1.03),
    ),
    "ups_on_battery": (
        Expectation("time on battery, over its energy over its load", 0.97, 1.03, "", battery_life),
        dark(832),
        rack_power("power of a1 once the battery is empty, over before", "a1", EVER, 0.0, 0.0),
    ),
    "utility_loss": (
        dark(0),
        rack_power("power of a1 until the generator has taken over, over before", "a1", 8.0, 0.97,
                   1.03),
        supply_after(1.0, 60.0, "chw", rise_k=2.0),
        Expectation("battery used, of all it holds", 0.02, 0.07, "", battery_used),
        Expectation("warmest of all GPUs, rise at the end", COLDEST_K, 5.0, "K",
                    lambda past: float(past.gpu_rise_k(past.end).max())),
    ),
    "hot_day": (
        Expectation("time over any limit", 0.0, 0.0, "s", lambda past: past.limits_over_s),
        Expectation("power at the meters, over before", 1.001, 1.3, "",
                    lambda past: past.end.ledger.energy_in_j / past.before.ledger.energy_in_j),
        Expectation("water evaporated, over before", 1.01, 5.0, "",
                    lambda past: past.end.ledger.water_kg / past.before.ledger.water_kg),
        Expectation("IT power, over before", 0.97, 1.03, "",
                    lambda past: past.end.ledger.it_energy_j / past.before.ledger.it_energy_j),
    ),
    "leak": (
        Expectation("leak sensor in the next second", 1.0, 1.0, "", leak_seen),
        rack_power("power of a2 until it is isolated, over before", "a2", 9.0, 0.9, 1.1),
        rack_power("power of a2 once isolated, over before", "a2", 15.0, 0.0, 0.0),
        Expectation("flow of a2 once isolated, over before", 0.0, 0.01, "", flow_left),
        dark(72),
    ),
    "pump_trip": (
        warms_first(*ON_CDU_1),
        warms_after(2.0, 12.0, *ON_CDU_1),
        others_stay(*ON_CDU_1, after_s=10.0),
        others_stay(),
        shut_down(0.0, "a", "b"),
    ),
    "sensor_bias": (
        Expectation("sensors of a2 read low by", 149.5, 150.5, "W", read_low_w),
        Expectation("twin believes a2 cooler than it is by", 1.0, 15.0, "K", believed_cooler_k),
        others_stay(within_k=0.5),
    ),
    "sensor_stuck": (
        Expectation("supply of cdu-1 above what its sensor says", 15.0, 80.0, "K", hidden_k),
        supply_after(33.0, 90.0, "cdu-1-tcs"),
        warms_first(*ON_CDU_1),
        others_stay(*ON_CDU_1),
    ),
    "stuck_valve": (
        Expectation("the valve moves by", 0.0, 0.0, "", opening_change),
        supply_after(5.0, 240.0, "cdu-1-tcs"),
        warms_first(*ON_CDU_1, rise_k=5.0),
        steady_supply("cdu-2-tcs"),
        others_stay(*ON_CDU_1),
    ),
}  # fmt: skip
