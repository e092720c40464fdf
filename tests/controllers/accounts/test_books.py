"""Running accounts: sums, hours and days of the site's clock, series of other years, reasons."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from controllers.accounts.account_figures import NO_IT, NO_STEP, figures_of
from controllers.accounts.books import Books, Entry
from controllers.accounts.charges import NO_CARBON, NO_PRICE, Charges, read_charges
from site_models.compile import compile_site
from site_models.errors import InputError
from site_models.plant import Plant
from telemetry.files.tariffs import StepSeries
from twin.accounts.account import Terms, account_of
from twin.start import first_state, idle_inputs, rated_inputs
from twin.state import State
from twin.step import step

OSLO = "Europe/Oslo"
PRICES = "Datetime (UTC),Price (USD/MWh)\n"
CARBON = "timestamp,avg_CI\n"


@pytest.fixture(scope="module")
def plant() -> Plant:
    return compile_site("edge")


def ran(plant: Plant, start_s: float, steps: int, dt_s: float = 1.0) -> list[tuple[State, float]]:
    """Return a run that is idle for half of its steps and busy for the rest."""
    inputs = [make(plant, 20.0, 15.0) for make in (idle_inputs, rated_inputs)]
    state, run = first_state(plant, inputs[0], start_s), []
    for k in range(steps):
        state = step(plant, state, inputs[k >= steps // 2], dt_s)
        run.append((state, dt_s))
    return run


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def kept(plant: Plant, run: list[tuple[State, float]], books: Books) -> dict[str, Entry]:
    for state, dt_s in run:
        books.look(plant, state, dt_s)
    return {entry.span: entry for entry in books.entries()}


def hourly(path: Path, head: str, first: str, values: list[float]) -> Path:
    """Write a series of hours from a time on."""
    start = np.datetime64(first)
    rows = (f"{start + np.timedelta64(k, 'h')}+00:00,{value}\n" for k, value in enumerate(values))
    path.write_text(head + "".join(rows))
    return path


def test_the_sum_of_a_run_is_the_account_of_its_steps(plant: Plant) -> None:
    run = ran(plant, at("2024-07-12T12:00:00Z"), 40)
    series = StepSeries("price", at("2024-07-12T00:00:00Z") + 3600.0 * np.arange(25.0), np.ones(24))
    books = Books(Charges(Terms(series)))
    ours = kept(plant, run, books)["run"].account
    theirs = account_of(plant, run, Terms(series))
    assert ours is not None
    assert (ours.start_s, ours.end_s) == (theirs.start_s, theirs.end_s)
    for name in ("site_j", "rack_j", "cooling_j", "evaporated_kg", "cost_usd"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-12)
    assert ours.cost_usd == pytest.approx(ours.site_j)


def test_hour_and_day_begin_anew_on_the_clock_of_the_site(plant: Plant) -> None:
    midnight_s = at("2024-07-12T22:00:00Z")  # 00:00 in Oslo
    run = ran(plant, midnight_s - 10.0, 30)
    told = kept(plant, run, Books(Charges(), OSLO, ("hour", "day", "run")))
    spans = {span: entry.account for span, entry in told.items()}
    assert spans["run"] is not None
    assert spans["day"] is not None
    assert spans["hour"] is not None
    assert spans["run"].accounted_s == pytest.approx(30.0)
    assert spans["day"].start_s == spans["hour"].start_s == midnight_s
    assert spans["day"].accounted_s == pytest.approx(20.0)
    assert spans["day"].site_j < spans["run"].site_j


def test_the_day_the_clock_goes_back_has_one_account(plant: Plant) -> None:
    zone = ZoneInfo(OSLO)
    first_s = datetime(2024, 10, 27, 0, 30, tzinfo=zone).timestamp()
    run = ran(plant, first_s, 50, 1800.0)
    told = kept(plant, run, Books(Charges(), OSLO, ("day",)))["day"].account
    assert told is not None
    assert told.start_s == datetime(2024, 10, 28, tzinfo=zone).timestamp()
    assert told.start_s - first_s == 24.5 * 3600.0  # a day of 25 hours


def test_a_series_of_another_year_stands_for_the_same_dates_and_says_so(tmp_path: Path) -> None:
    path = hourly(tmp_path / "p.csv", PRICES, "2023-07-12T00:00", [10.0 * k for k in range(24)])
    start_s = at("2024-07-12T05:00:00Z")
    charges = read_charges(path, None, start_s)
    series = charges.terms.price_usd_per_j
    assert series is not None
    now = int(np.searchsorted(series.edges_s, start_s, side="right")) - 1
    assert series.value[now] == pytest.approx(50.0 / 3.6e9)
    assert charges.price == "p.csv, the same dates of 2023"
    assert charges.carbon == NO_CARBON
    own = read_charges(path, None, at("2023-07-12T05:00:00Z"))
    assert own.price == "p.csv"


def test_29_february_of_a_common_year_is_the_day_before(tmp_path: Path) -> None:
    path = hourly(tmp_path / "c.csv", CARBON, "2023-02-28T00:00", [float(k) for k in range(24)])
    charges = read_charges(None, path, at("2024-02-29T07:00:00Z"))
    series = charges.terms.carbon_kg_per_j
    assert series is not None
    now = int(np.searchsorted(series.edges_s, at("2024-02-29T07:00:00Z"), side="right")) - 1
    assert series.value[now] == pytest.approx(7e-3 / 3.6e6)


def test_a_series_without_the_date_is_refused_by_its_file(tmp_path: Path) -> None:
    path = hourly(tmp_path / "p.csv", PRICES, "2023-01-01T00:00", [1.0] * 24)
    with pytest.raises(InputError, match=r"p\.csv: electricity price.*expected the date of 2024"):
        read_charges(path, None, at("2024-07-12T05:00:00Z"))


def test_what_a_series_no_longer_covers_is_unknown_and_says_why(
    plant: Plant, tmp_path: Path
) -> None:
    path = hourly(tmp_path / "p.csv", PRICES, "2024-07-12T10:00", [50.0, 60.0])
    start_s = at("2024-07-12T12:00:00Z") - 5.0
    books = Books(read_charges(path, None, start_s))
    told = figures_of(kept(plant, ran(plant, start_s, 5), books)["run"])
    figures = told["figures"]
    assert isinstance(figures, dict)
    assert figures["cost"]["value"] > 0.0
    late = figures_of(kept(plant, ran(plant, start_s + 5.0, 5), books)["run"])["figures"]
    assert isinstance(late, dict)
    assert late["cost"]["value"] is None
    assert late["cost"]["why"] == "p.csv: ends before the interval does"


def test_what_cannot_be_told_is_null_with_its_reason_and_never_zero(plant: Plant) -> None:
    entry = kept(plant, ran(plant, at("2024-07-12T12:00:00Z"), 5), Books(Charges()))["run"]
    figures = figures_of(entry)["figures"]
    assert isinstance(figures, dict)
    unknown = {key: figure["why"] for key, figure in figures.items() if figure["value"] is None}
    assert unknown == {"cost": NO_PRICE, "emissions": NO_CARBON, "cue": NO_CARBON}
    assert all(figure["boundary"] for figure in figures.values())
    assert figures["tue"]["value"] == pytest.approx(
        figures["itue"]["value"] * figures["pue"]["value"]
    )


def test_without_it_energy_there_is_no_ratio(plant: Plant) -> None:
    entry = kept(plant, ran(plant, at("2024-07-12T12:00:00Z"), 3), Books(Charges()))["run"]
    assert entry.account is not None
    dark = replace(entry, account=replace(entry.account, rack_j=0.0, compute_j=0.0))
    figures = figures_of(dark)["figures"]
    assert isinstance(figures, dict)
    for key in ("pue", "wue", "itue", "tue", "ere", "ppue_cooling"):
        assert (figures[key]["value"], figures[key]["why"]) == (None, NO_IT)


def test_before_the_first_step_there_is_no_figure(plant: Plant) -> None:
    books = Books(Charges())
    books.look(plant, first_state(plant, idle_inputs(plant, 20.0, 15.0), 0.0), 0.0)
    told = figures_of(books.entries()[0])
    assert (told["figures"], told["why"]) == ({}, NO_STEP)


def test_a_tariff_is_shipped() -> None:
    charges = read_charges(Path("texas-july"), Path("texas-july"), at("2024-07-12T19:00:00Z"))
    assert charges.price == "texas-july, the same dates of 2023"
    assert charges.carbon == "texas-july, the same dates of 2022"
    for series, low, high in (
        (charges.terms.price_usd_per_j, -100.0, 5000.0),
        (charges.terms.carbon_kg_per_j, 100.0, 600.0),
    ):
        assert isinstance(series, StepSeries)
        told = series.value * 3.6e9  # USD/MWh, and as many g/kWh
        assert low < told.min() < told.max() <= high
        assert len(series.value) == 31 * 24 + 1
