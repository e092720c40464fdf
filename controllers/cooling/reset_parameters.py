"""What cooling by need may do: margins, rates, bounds and prices, one home for its policies."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ResetParameters:
    """Parameters that the reset by need and the policy that looks ahead share.

    Chosen on the second hottest and second coldest week of Dallas, which are not scored:
    `ready` and `reserve_k` as the least that kept every limit there, `led_k` and `it_weight` by
    cooling energy.
    """

    margin_k: float = field(
        default=5.0,
        metadata={"doc": "Distance of GPUs and memory to their limit", "unit": "K",
                  "minimum": 1.0},
    )  # fmt: skip
    reserve_k: float = field(
        default=0.5,
        metadata={"doc": "Distance of supplies to what the equipment accepts", "unit": "K",
                  "minimum": 0.0},
    )  # fmt: skip
    ready: float = field(
        default=0.1,
        metadata={"doc": "Part of the way to full load that flows are ready for", "unit": "",
                  "minimum": 0.0, "maximum": 1.0},
    )  # fmt: skip
    share_min: float = field(
        default=0.3,
        metadata={"doc": "Least flow over the built one", "unit": "", "minimum": 0.1,
                  "maximum": 1.0},
    )  # fmt: skip
    coolant_lowest_c: float = field(
        default=18.0,
        metadata={"doc": "Coldest supply of a CDU", "unit": "degC"},
    )
    air_lowest_c: float = field(
        default=18.0,
        metadata={"doc": "Coldest supply air", "unit": "degC"},
    )
    water_lowest_c: float = field(
        default=8.0,
        metadata={"doc": "Coldest facility water", "unit": "degC"},
    )
    water_rate_k_per_min: float = field(
        default=0.5,
        metadata={"doc": "Fastest move of a water or coolant setpoint", "unit": "K/min",
                  "minimum": 0.01},
    )  # fmt: skip
    air_rate_k_per_min: float = field(
        default=0.25,
        metadata={"doc": "Fastest move of a supply air setpoint", "unit": "K/min",
                  "minimum": 0.01},
    )  # fmt: skip
    more_flow_per_min: float = field(
        default=0.5,
        metadata={"doc": "Fastest rise of a flow share", "unit": "1/min", "minimum": 0.01},
    )
    less_flow_per_min: float = field(
        default=0.1,
        metadata={"doc": "Fastest fall of a flow share", "unit": "1/min", "minimum": 0.01},
    )
    search_s: float = field(
        default=300.0,
        metadata={"doc": "Longest time between searches", "unit": "s", "minimum": 1.0},
    )
    it_weight: float = field(
        default=0.0,
        metadata={"doc": "Weight of leakage and server fans against cooling power", "unit": "",
                  "minimum": 0.0, "maximum": 1.0},
    )  # fmt: skip
    water_j_per_kg: float = field(
        default=3600.0,
        metadata={"doc": "Energy that a kilogram of make-up water counts for", "unit": "J/kg",
                  "minimum": 0.0},
    )  # fmt: skip
    led_k: float = field(
        default=4.0,
        metadata={"doc": "How far coolers at full fans are led below the others; 0: all alike",
                  "unit": "K", "minimum": 0.0, "maximum": 10.0},
    )  # fmt: skip
