"""The typical year is read whole, closes on itself and serves any year."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import site_models
from site_models.errors import InputError
from telemetry.files.weather import Weather, read_epw, year_second

DALLAS = Path(site_models.__file__).parent / "weather" / "USA_TX_Dallas-Fort.Worth.epw.gz"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return gzip.decompress(DALLAS.read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def dallas() -> Weather:
    return read_epw(DALLAS)


def epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_the_extremes_are_those_of_the_file(dallas: Weather) -> None:
    assert dallas.utc_offset_s == -6 * 3600
    assert (dallas.dry_bulb_c.min(), dallas.dry_bulb_c.max()) == (-3.9, 40.0)
    # The design conditions in the file's header: 38.6 C is exceeded in 0.4 % of the hours.
    assert np.quantile(dallas.dry_bulb_c, 0.996) == pytest.approx(38.6, abs=1.5)
    assert (dallas.dew_point_c <= dallas.dry_bulb_c).all()


def test_rows_stand_at_their_local_hours_of_any_year(dallas: Weather, lines: list[str]) -> None:
    row = next(line.split(",") for line in lines if line.split(",")[1:4] == ["7", "12", "15"])
    for year in (1999, 2024, 2031):
        air = dallas.at(epoch(f"{year}-07-12T21:00:00"))
        assert float(air.dry_bulb_c) == pytest.approx(float(row[6]))
        assert float(air.relative_humidity) == pytest.approx(float(row[8]) / 100.0)
        assert float(air.pressure_pa) == pytest.approx(float(row[9]))


def test_between_hours_and_over_new_year_the_air_changes_steadily(dallas: Weather) -> None:
    before, after = dallas.dry_bulb_c[-1], dallas.dry_bulb_c[0]
    midnight = epoch("2024-12-31T18:00:00") + 6 * 3600 + 6 * 3600
    air = dallas.at(midnight + np.array([0.0, 1800.0, 3600.0]))
    np.testing.assert_allclose(air.dry_bulb_c, [before, (before + after) / 2, after])


def test_29_february_is_the_28th_again(dallas: Weather) -> None:
    leap, plain = epoch("2024-02-29T20:30:00"), epoch("2023-02-28T20:30:00")
    assert dallas.at(leap).dry_bulb_c == dallas.at(plain).dry_bulb_c
    march = epoch("2024-03-01T12:00:00"), epoch("2023-03-01T12:00:00")
    assert dallas.at(march[0]).dry_bulb_c == dallas.at(march[1]).dry_bulb_c


@given(st.integers(-(10**9), 4 * 10**9))
def test_the_second_of_the_year_agrees_with_the_calendar(time_s: int) -> None:
    date = datetime.fromtimestamp(time_s, UTC)
    if (date.month, date.day) != (2, 29):
        same = date.replace(year=2001)
        expected = (same - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
        assert year_second(np.array([time_s], np.float64))[0] == expected


@pytest.mark.parametrize(
    ("row", "change", "complaint"),
    [
        (100, lambda line: None, "row 101: expected month 1, day 4, hour 21"),
        (100, lambda line: line.replace(line.split(",")[6], "99.9", 1), "row 101: dry_bulb_c"),
        (100, lambda line: line.replace(line.split(",")[9], "999999"), "row 101: pressure_pa"),
        (100, lambda line: line.replace(line.split(",")[6], "warm", 1), "row 101: .*number, got"),
        (8767, lambda line: None, "expected 8760 hours, found 8759"),
        (0, lambda line: "PLACE,x", "row 1: expected LOCATION"),
    ],
)
def test_a_hole_is_named(
    tmp_path: Path, lines: list[str], row: int, change: object, complaint: str
) -> None:
    assert callable(change)
    changed = [*lines[:row], change(lines[row]), *lines[row + 1 :]]
    path = tmp_path / "x.epw"
    path.write_text("\n".join(line for line in changed if line is not None))
    with pytest.raises(InputError, match=rf"x\.epw: {complaint}"):
        read_epw(path)
