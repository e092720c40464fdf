"""What a run is charged by: price and carbon of electricity from files, and what to say of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from site_models.errors import InputError
from telemetry.files.tariffs import StepSeries, read_carbon, read_price
from telemetry.samples import sample_tariff
from twin.accounts.account import Terms

NO_PRICE = "no price series was given (--price)"
NO_CARBON = "no carbon series was given (--carbon)"


@dataclass(frozen=True, slots=True)
class Charges:
    """The terms of an account and, for each series, where it comes from or why there is none."""

    terms: Terms = field(default_factory=Terms)
    price: str = NO_PRICE
    carbon: str = NO_CARBON

    def at(self, end_s: float) -> "Charges":
        """Return the charges of a step that ends then: without a series that has ended.

        What is charged by it is unknown from there on, and `price` or `carbon` says why.
        """
        terms, price, carbon = self.terms, self.price, self.carbon
        if _ended(terms.price_usd_per_j, end_s):
            terms, price = Terms(None, terms.carbon_kg_per_j), _why(price)
        if _ended(terms.carbon_kg_per_j, end_s):
            terms, carbon = Terms(terms.price_usd_per_j, None), _why(carbon)
        return self if terms is self.terms else Charges(terms, price, carbon)


def read_charges(price: Path | None, carbon: Path | None, start_s: float) -> Charges:
    """Return the charges of a run that starts at a time, from files as `telemetry.files.tariffs`
    reads.

    A shipped tariff is given by its name. A file of another year stands for the same dates,
    and `price` or `carbon` says so.
    Raises InputError, one line naming the file, for one that cannot be read or has no such date.
    Checked in ``tests/controllers/accounts/test_books.py``.
    """
    priced = weighed = None
    if price is not None:
        path = sample_tariff(price, "price")
        priced = _dated(path, price.name, read_price(path), start_s)
    if carbon is not None:
        path = sample_tariff(carbon, "carbon")
        weighed = _dated(path, carbon.name, read_carbon(path), start_s)
    return Charges(
        Terms(priced and priced[0], weighed and weighed[0]),
        priced[1] if priced else NO_PRICE,
        weighed[1] if weighed else NO_CARBON,
    )


def _dated(path: Path, name: str, series: StepSeries, start_s: float) -> tuple[StepSeries, str]:
    """Return a series on the run's dates and what is to be said of it."""
    try:
        moved = series.on_dates_of(start_s)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if moved is series:
        return series, name
    year = datetime.fromtimestamp(start_s - moved.edges_s[0] + series.edges_s[0], UTC).year
    return moved, f"{name}, the same dates of {year}"


def _ended(series: object, end_s: float) -> bool:
    return isinstance(series, StepSeries) and bool(end_s > series.edges_s[-1])


def _why(told: str) -> str:
    return f"{told}: ends before the interval does"
