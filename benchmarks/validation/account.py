"""Cost, carbon and energy of a site against sums made by pandas."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.evidence import Evidence
from benchmarks.shared import shared
from site_models.arrays import Floats
from site_models.compile import compile_site
from telemetry.files.tariffs import StepSeries, read_carbon, read_price
from twin.accounts.account import Terms, account_of
from twin.accounts.step_sums import product_sum
from twin.start import first_state, idle_inputs, rated_inputs
from twin.step import step

DATA = shared() / "data"
PRICES = DATA / "ercot-price-2023" / "US-TEX-ERCO_electricity_prices_2023.csv"
GRID = DATA / "grid-carbon-eia" / "TX_NG_&_avgCI.csv"
ZONE = "America/Chicago"
STEP_S = 300.0


def rows() -> Iterator[Evidence]:
    """Yield the rows of this subject."""
    if not PRICES.is_file():
        yield Evidence.skipped("Cost and carbon of a year", "pandas", "no shared data here")
        return
    try:
        pd = importlib.import_module("pandas")
    except ImportError:
        yield Evidence.skipped("Cost and carbon of a year", "pandas", "pandas not installed")
        return
    yield from a_year(pd)
    yield from the_days_the_clocks_change(pd)
    yield from a_run(pd)


def a_year(pd: Any) -> Iterator[Evidence]:
    """Yield a year of five-minute power on hourly prices and carbon."""
    per_wh = 1e-6  # of USD/MWh as of g/kWh in kg
    for name, path, series, column in (
        ("Cost", PRICES, read_price(PRICES), "Price (USD/MWh)"),
        ("Carbon", GRID, read_carbon(GRID), "avg_CI"),
    ):
        edges_s, power_w = five_minutes(series)
        ours = product_sum(edges_s, power_w, series)
        frame = pd.read_csv(path)
        hourly = pd.Series(
            frame[column].to_numpy(), index=pd.to_datetime(frame.iloc[:, 0], utc=True)
        )
        power = pd.Series(power_w, index=pd.to_datetime(edges_s[:-1], unit="s", utc=True))
        whole = power.index[0] + pd.to_timedelta(np.arange(len(power) * 5), unit="min")
        by_minute = hourly.reindex(whole, method="ffill") * power.reindex(whole, method="ffill")
        theirs = float(by_minute.sum() / 60.0 * per_wh)
        at_start = hourly.reindex(power.index, method="ffill") * power
        unsplit = float(at_start.sum() * STEP_S / 3600.0 * per_wh)
        mean = float(hourly.mean() * power.sum() * STEP_S / 3600.0 * per_wh)
        yield Evidence.at_most(
            f"{name} of a year, power every 5 min, {path.parent.name}",
            f"pandas {pd.__version__}: both held on a grid of minutes and summed",
            100.0 * abs(ours / theirs - 1.0),
            1e-9,
            "%",
            f"energy times the mean of the year: {100.0 * abs(mean / theirs - 1.0):.1f} % off;"
            f" the price at each step's start: {100.0 * abs(unsplit / theirs - 1.0):.3f} % off",
        )


def five_minutes(series: StepSeries) -> tuple[Floats, Floats]:
    """Return edges and a power with a day and a season in it, two minutes off the hours."""
    edges_s = np.arange(series.edges_s[0] + 120.0, series.edges_s[-1], STEP_S)
    days = (edges_s[:-1] - edges_s[0]) / 86_400.0
    swing = 0.20 * np.sin(2.0 * np.pi * days) + 0.15 * np.sin(2.0 * np.pi * days / 365.0)
    noise = np.random.default_rng(3).uniform(-0.05, 0.05, len(days))
    return edges_s, 2e6 * (1.0 + swing + noise)


def the_days_the_clocks_change(pd: Any) -> Iterator[Evidence]:
    """Yield local days of 23 and 25 hours: minutes of local time, prices of each instant."""
    price = read_price(PRICES)
    frame = pd.read_csv(PRICES)
    at = pd.to_datetime(frame["Datetime (UTC)"], utc=True).dt.tz_convert(ZONE)
    hourly = pd.Series(frame["Price (USD/MWh)"].to_numpy(), index=at)
    for day, hours in (("2023-03-12", 23), ("2023-11-05", 25)):
        minutes = pd.date_range(day, periods=hours * 60, freq="min", tz=ZONE)
        power_w = np.linspace(1e6, 2e6, len(minutes), dtype=np.float64)
        theirs = float((hourly.reindex(minutes, method="ffill") * power_w).sum() / 60.0 / 1e6)
        start_s = minutes[0].timestamp()
        edges_s = start_s + 60.0 * np.arange(len(minutes) + 1, dtype=np.float64)
        ours = product_sum(edges_s, power_w, price)
        day_of_24 = product_sum(edges_s[:1441], power_w[:1440], price) if hours > 24 else (
            product_sum(np.append(edges_s, edges_s[-1] + 3600.0), np.append(power_w, 1e6), price)
        )  # fmt: skip
        yield Evidence.at_most(
            f"Cost of the local day {day} of {hours} hours, power every minute",
            f"pandas {pd.__version__}: local times of {ZONE}",
            100.0 * abs(ours / theirs - 1.0),
            1e-9,
            "%",
            f"a day of 24 hours: {100.0 * abs(day_of_24 / theirs - 1.0):.1f} % off",
        )


def a_run(pd: Any) -> Iterator[Evidence]:
    """Yield a run of a site whose powers are summed by pandas, beside its account."""
    plant = compile_site("edge")
    price = read_price(PRICES)
    start_s = float(price.edges_s[5000]) - 90.0
    idle, rated = idle_inputs(plant, 35.0, 22.0), rated_inputs(plant, 35.0, 22.0)
    state = first_state(plant, idle, start_s)
    steps, records = [], []
    for k in range(240):
        state = step(plant, state, rated if k % 60 < 40 else idle, 1.0)
        steps.append((state, 1.0))
        metered_w = float(state.feed_power_w[plant.arrays.feeds.parent < 0].sum())
        records.append((state.time_s - 1.0, metered_w, float(state.rack_power_w.sum())))
    account = account_of(plant, steps, Terms(price))
    table = pd.DataFrame(records, columns=["time", "site", "rack"])
    mwh = pd.read_csv(PRICES)["Price (USD/MWh)"].to_numpy()
    table["usd"] = table.site / 3.6e9 * mwh[np.where(table.time < price.edges_s[5000], 4999, 5000)]
    trapezoid = float(np.trapezoid(table.site, table.time))
    for name, ours, theirs in (
        ("Site energy", account.site_j, float(table.site.sum())),
        ("IT energy", account.rack_j, float(table.rack.sum())),
        ("Cost across a change of price", account.cost_usd, float(table.usd.sum())),
    ):
        yield Evidence.at_most(
            f"{name} of a run of 240 s on `edge`",
            f"pandas {pd.__version__}: sum of the powers of every second",
            100.0 * abs(ours / theirs - 1.0),
            1e-9,
            "%",
            f"trapezoid over the same powers: {100.0 * abs(trapezoid / account.site_j - 1.0):.2f} %"
            if name == "Site energy"
            else "",
        )
