"""Numbers as engineers read them: the display's door from base units."""

import math

NONE = "–"
"""Shown where there is no reading."""

WATER_KG_PER_L, PG25_KG_PER_L = 0.994, 1.010
"""Densities near 35-40 °C; water and the fit of CoolProp's INCOMP::MPG-25%."""


def fixed(value: float, digits: int = 1) -> str:
    """Return `value` with a fixed number of decimals; a dash where it is missing."""
    if not math.isfinite(value):
        return NONE
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0.0 else text.replace("-", "−")


def power_unit(scale_w: float) -> tuple[float, str, int]:
    """Return watts per unit, the unit and decimals that suit powers of about `scale_w`."""
    if scale_w >= 1e6:
        return 1e6, "MW", 2
    if scale_w >= 1e3:
        return 1e3, "kW", 1
    return 1.0, "W", 0


def power(value_w: float, scale_w: float | None = None) -> str:
    """Return a power with its unit; `scale_w` fixes the unit so that it does not flicker."""
    if not math.isfinite(value_w):
        return NONE
    per, unit, digits = power_unit(abs(value_w) if scale_w is None else scale_w)
    return f"{fixed(value_w / per, digits)} {unit}"


def litres_per_min(flow_kg_per_s: float, cp_j_per_kg_k: float) -> float:
    """Return a volume flow [L/min] of water or PG25, told apart by their heat capacity.

    The density is that of 35-40 °C; off by at most 1 % between 15 and 60 °C.
    """
    density = WATER_KG_PER_L if cp_j_per_kg_k > 4050.0 else PG25_KG_PER_L
    return flow_kg_per_s * 60.0 / density


def share(value: float) -> str:
    """Return a share 0..1 in percent."""
    return NONE if not math.isfinite(value) else f"{fixed(100.0 * value, 0)} %"


def counted(count: float) -> str:
    """Return a large number with the letter of its thousands.

    >>> counted(3.2e6)
    '3.20 M'
    """
    for size, word in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{fixed(count / size, 2)} {word}"
    return fixed(count, 0)


def span(seconds: float) -> str:
    """Return a duration in the two largest units that matter."""
    if not math.isfinite(seconds):
        return NONE
    if seconds < 60.0:
        return f"{fixed(seconds, 0)} s"
    minutes = round(seconds / 60.0)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"


def number(value: float) -> float | None:
    """Return a JSON number: missing is null, never 0."""
    return float(value) if math.isfinite(value) else None
