"""Price and carbon files: clocks that change, and what is refused."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from site_models.errors import InputError
from telemetry.files.tariffs import (
    CARBON,
    KG_PER_J,
    PRICE,
    USD_PER_J,
    Columns,
    read_carbon,
    read_price,
)
from telemetry.files.tariffs import read_steps as read
from telemetry.files.zones import zone_of

CHICAGO = zone_of("America/Chicago")
LOCAL = Columns("price", "time", "usd", USD_PER_J, -1e4, 2e4)
HEAD = "Datetime (UTC),Datetime (Local),Price (USD/MWh)\n"


def instant(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


def written(folder: Path, text: str) -> Path:
    path = folder / "series.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_year_of_ercot_is_whole_and_starts_in_utc(shared: Path) -> None:
    (path,) = (shared / "data/ercot-price-2023").glob("*.csv")
    price = read_price(path)
    assert price.edges_s[0] == instant("2023-01-01T00:00:00+00:00")
    assert price.edges_s[-1] == instant("2024-01-01T00:00:00+00:00")
    assert len(price.value) == 8760
    np.testing.assert_array_equal(np.diff(price.edges_s), 3600.0)
    assert price.value[0] == pytest.approx(10.42 / 3.6e9, rel=1e-15)


def test_local_times_alone_give_the_same_year(shared: Path, tmp_path: Path) -> None:
    (path,) = (shared / "data/ercot-price-2023").glob("*.csv")
    rows = [row.split(",") for row in path.read_text(encoding="utf-8").splitlines()[1:]]
    text = "".join(f"{local[:19]},{usd}\n" for _, local, usd in rows)
    found, wanted = read(written(tmp_path, "time,usd\n" + text), LOCAL, CHICAGO), read_price(path)
    np.testing.assert_array_equal(found.edges_s, wanted.edges_s)
    np.testing.assert_array_equal(found.value, wanted.value)


def test_the_grid_of_texas_is_as_its_source_says_and_californias_holes_are_found(
    shared: Path,
) -> None:
    folder = shared / "data/grid-carbon-eia"
    texas = read_carbon(folder / "TX_NG_&_avgCI.csv").value / KG_PER_J
    assert (texas.min(), texas.max()) == pytest.approx((111.0, 517.0), abs=0.5)
    assert texas.mean() == pytest.approx(347.0, abs=0.5)
    with pytest.raises(InputError, match=r"CA_NG.*row \d+: avg_CI: expected a number 0..2000"):
        read_carbon(folder / "CA_NG_&_avgCI.csv")


def test_local_hours_of_both_changes_of_the_clocks_follow_one_another(tmp_path: Path) -> None:
    spring = ["2023-03-12 00:00", "2023-03-12 01:00", "2023-03-12 03:00", "2023-03-12 04:00"]
    autumn = ["2023-11-05 00:00", "2023-11-05 01:00", "2023-11-05 01:00", "2023-11-05 02:00"]
    for day, first in ((spring, "2023-03-12T06:00+00:00"), (autumn, "2023-11-05T05:00+00:00")):
        rows = "".join(f"{hour},{k}\n" for k, hour in enumerate(day))
        series = read(written(tmp_path, "time,usd\n" + rows), LOCAL, CHICAGO)
        assert series.edges_s[0] == instant(first)
        np.testing.assert_array_equal(np.diff(series.edges_s), 3600.0)
        np.testing.assert_allclose(series.value, np.arange(4) * USD_PER_J)


def test_the_quarter_hours_of_the_hour_that_comes_twice_are_kept_apart(tmp_path: Path) -> None:
    quarters = ["01:00", "01:15", "01:30", "01:45"]
    hours = ["00:30", "00:45", *quarters, *quarters, "02:00"]
    rows = "".join(f"2023-11-05 {hour},1\n" for hour in hours)
    series = read(written(tmp_path, "time,usd\n" + rows), LOCAL, CHICAGO)
    assert len(series.value) == 11
    np.testing.assert_array_equal(np.diff(series.edges_s), 900.0)


def test_the_same_prices_can_stand_for_another_year(tmp_path: Path) -> None:
    text = "timestamp,avg_CI\n2022-01-01 00:00+00:00,100\n2022-01-01 01:00+00:00,200\n"
    series = read(written(tmp_path, text), CARBON)
    later = series.moved(364 * 86_400.0)
    assert later.edges_s[0] == instant("2022-12-31T00:00+00:00")
    np.testing.assert_array_equal(later.value, series.value)


ROW = "2023-01-01 {0}:00:00+00:00,2022-12-31 {1}:00:00-06:00,{2}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no column 'Datetime .UTC.'"),
        ("Datetime (UTC),USD\n", "no column 'Price .USD/MWh.'"),
        (HEAD + ROW.format("00", "18", 10), "expected two rows or more, found 1"),
        (HEAD + ROW.format("00", "18", ""), "row 2: Price .USD/MWh.: expected a number"),
        (HEAD + ROW.format("00", "18", "NaN"), "row 2: Price .USD/MWh.: expected a number"),
        (HEAD + ROW.format("00", "18", "-20000"), "expected a number -10000..20000, got '-20000'"),
        (HEAD + "soon,later,1\n", "row 2: Datetime .UTC.: expected an ISO 8601 time, got 'soon'"),
        (HEAD + "1,2\n", "row 2: expected 3 fields, found 2"),
        (HEAD + ROW.format("00", "19", 10), "row 2: Datetime .Local.: .* is not 2023-01-01 00"),
        (
            HEAD + ROW.format("01", "19", 1) + ROW.format("00", "18", 1),
            "row 3: Datetime .UTC.: expected rising, got 2023-01-01T00:00:00",
        ),
        (
            HEAD + "".join(ROW.format(f"0{h}", f"{18 + h}", 1) for h in (0, 1, 3)),
            r"row 4: Datetime .UTC.: expected 2023-01-01T02:00:00\+00:00, 3600 s after",
        ),
    ],
)
def test_what_is_not_a_whole_series_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(written(tmp_path, text), PRICE)
