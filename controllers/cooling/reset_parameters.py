"""What cooling by need may do: margins, rates, bounds and prices, one home for its policies."""

from dataclasses import dataclass

from controllers.parameters import parameter, share


@dataclass(frozen=True, slots=True)
class ResetParameters:
    """Parameters that the reset by need and the policy that looks ahead share.

    Chosen on the second hottest and second coldest week of Dallas, which are not scored:
    `ready` and `reserve_k` as the least that kept every limit there, `led_k` and `it_weight` by
    cooling energy.
    """

    margin_k: float = parameter("Distance of GPUs and memory to their limit", 5.0, "K", 1.0)
    reserve_k: float = parameter(
        "Distance of supplies to what the equipment accepts", 0.5, "K", 0.0
    )
    ready: float = share("Part of the way to full load that flows are ready for", 0.1)
    share_min: float = share("Least flow over the built one", 0.3, 0.1)
    coolant_lowest_c: float = parameter("Coldest supply of a CDU", 18.0, "degC")
    air_lowest_c: float = parameter("Coldest supply air", 18.0, "degC")
    water_lowest_c: float = parameter("Coldest facility water", 8.0, "degC")
    water_rate_k_per_min: float = parameter(
        "Fastest move of a water or coolant setpoint", 0.5, "K/min", 0.01
    )
    air_rate_k_per_min: float = parameter(
        "Fastest move of a supply air setpoint", 0.25, "K/min", 0.01
    )
    more_flow_per_min: float = parameter("Fastest rise of a flow share", 0.5, "1/min", 0.01)
    less_flow_per_min: float = parameter("Fastest fall of a flow share", 0.1, "1/min", 0.01)
    search_s: float = parameter("Longest time between searches", 300.0, "s", 1.0)
    it_weight: float = share("Weight of leakage and server fans against cooling power", 0.0)
    water_j_per_kg: float = parameter(
        "Energy that a kilogram of make-up water counts for", 3600.0, "J/kg", 0.0
    )
    led_k: float = parameter(
        "How far coolers at full fans are led below the others; 0: all alike", 4.0, "K", 0.0, 10.0
    )
