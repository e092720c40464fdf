"""What a day-ahead market has told at a time, over the changes of the clocks too."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from controllers.accounts.charges import Charges
from controllers.accounts.publication import known_until_s, published
from controllers.surroundings import Surroundings
from telemetry.files.tariffs import StepSeries
from twin.accounts.account import Terms

TEXAS = ZoneInfo("America/Chicago")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=TEXAS).timestamp()


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2023-07-10T00:00", "2023-07-11T00:00"),
        ("2023-07-10T13:59", "2023-07-11T00:00"),
        ("2023-07-10T14:00", "2023-07-12T00:00"),
        ("2023-03-11T20:00", "2023-03-13T00:00"),  # a day of 23 hours is the last told
        ("2023-11-05T01:30", "2023-11-06T00:00"),  # within the hour that comes twice
    ],
)
def test_the_next_day_is_told_in_the_afternoon(now: str, until: str) -> None:
    assert known_until_s(at(now), TEXAS) == at(until)


def test_an_outlook_tells_no_price_before_it_is_out_and_no_carbon_ahead() -> None:
    first_s = at("2023-07-10T00:00")
    hours_s = first_s + 3600.0 * np.arange(73.0)
    series = StepSeries("x", hours_s, np.arange(72.0))
    around = Surroundings(lambda time_s: (30.0, 20.0))
    around.zone, around.charges = TEXAS, Charges(Terms(series, series))
    for hour, known in ((10.0, 14), (15.0, 24)):
        outlook = around.at(first_s + 3600.0 * hour).outlook
        assert outlook is not None
        assert outlook.price_per_j is not None
        assert outlook.carbon_kg_per_j is not None
        told = np.isfinite(outlook.price_per_j)
        assert int(told.sum()) == 4 * known + (hour == 15.0)
        assert np.isfinite(outlook.carbon_kg_per_j).sum() == 1
    assert published(None, hours_s, first_s) is None
