"""Real weeks of prices and carbon, and what may be known of them at a time."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from controllers.accounts.publication import known_until_s
from controllers.policy import Outlook
from site_models.arrays import Floats
from site_models.errors import InputError
from telemetry.files.tariffs import StepSeries, read_carbon, read_price
from telemetry.samples import sample_tariff
from twin.accounts.step_sums import held_at

HOUR_S, WEEK_S = 3600.0, 7 * 86_400.0
TEXAS = ZoneInfo("America/Chicago")
PRICES = "ercot-price-2023/US-TEX-ERCO_electricity_prices_2023.csv"
CARBON = "grid-carbon-eia/TX_NG_&_avgCI.csv"
SHIPPED = "texas-july"
"""Where the whole years are not at hand."""

Known = Callable[[float], float]
"""Time [s] -> until when prices are known then [s]."""


class Week(NamedTuple):
    """Seven days from a Monday's local midnight, with the days around them."""

    number: int
    start_s: float
    price: StepSeries
    carbon: StepSeries

    def at(self, time_s: float) -> tuple[float, float]:
        """Return price [USD/J] and carbon [kg/J] at a time."""
        return float(_held(self.price, time_s)), float(_held(self.carbon, time_s))

    def outlook(self, time_s: float, price_s: float, carbon_s: float, hours: int) -> Outlook:
        """Return the hours from now on, prices and carbon told up to the given times."""
        now_s = np.floor(time_s / HOUR_S) * HOUR_S
        at_s = now_s + HOUR_S * np.arange(float(hours))
        still = np.zeros(hours)
        price = np.where(at_s < price_s, _held(self.price, at_s), np.nan)
        carbon = np.where(at_s < carbon_s, _held(self.carbon, at_s), np.nan)
        return Outlook(at_s, still, still, price, carbon)


def day_ahead(time_s: float) -> float:
    """Return until when a day-ahead market has told its prices."""
    return known_until_s(time_s, TEXAS)


def present(time_s: float) -> float:
    """Return the end of this hour: all that is known of what nobody tells ahead."""
    return float(np.floor(time_s / HOUR_S) * HOUR_S) + HOUR_S


def always(time_s: float) -> float:
    """Return that everything is known."""
    return float("inf")


def year(price: Path | None) -> tuple[StepSeries, StepSeries, str]:
    """Return prices, carbon on the same dates, and a line on where they are from.

    `price`: a file in place of ERCOT's of 2023. Where the shared years are not at hand, the
    shipped July. InputError where a file cannot be used.
    """
    folder = Path(os.environ.get("TWIN_SHARED", "../shared")) / "data"
    whole = (folder / PRICES).is_file() and (folder / CARBON).is_file()
    shipped = Path(SHIPPED)
    prices_at = folder / PRICES if whole else sample_tariff(shipped, "price")
    carbon_at = folder / CARBON if whole else sample_tariff(shipped, "carbon")
    prices = read_price(prices_at if price is None else price)
    carbon = read_carbon(carbon_at).on_dates_of(float(prices.edges_s[0]))
    told = "hourly prices of ERCOT, 2023" if price is None else f"prices of {price.name}"
    return prices, carbon, f"{told}; average carbon of Texas by EIA-930, the same dates of 2022"


def weeks(prices: StepSeries, carbon: StepSeries) -> list[Week]:
    """Return the whole weeks that both series cover, one day before them covered too."""
    first_s = max(prices.edges_s[0], carbon.edges_s[0]) + 86_400.0
    last_s = min(prices.edges_s[-1], carbon.edges_s[-1])
    day = datetime.fromtimestamp(float(first_s), TEXAS).replace(hour=0, minute=0) + timedelta(1)
    day += timedelta((7 - day.weekday()) % 7)
    found: list[Week] = []
    while day.timestamp() + WEEK_S + HOUR_S <= last_s:
        found.append(Week(day.isocalendar().week, day.timestamp(), prices, carbon))
        day += timedelta(7)
    if not found:
        raise InputError("price: expected hours that cover a week from a Monday on")
    return found


def _held(series: StepSeries, time_s: Floats | float) -> Floats:
    return held_at(series, np.asarray(time_s) + 1e-3)
