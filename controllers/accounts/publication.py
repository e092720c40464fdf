"""When a market has told its prices: what may be known of them at a time."""

from datetime import UTC, datetime, timedelta, tzinfo

from site_models.arrays import Floats

TOLD_AT_H = 14.0
"""Local hour by which the prices of the next day are out: 13:30 in Texas, 13:00 in Europe."""


def known_until_s(time_s: float, zone: tzinfo) -> float:
    """Return the end of the last hour whose day-ahead price is known at a time.

    That of the local day, once the next day's prices are told that of the next. Checked over
    both changes of the clocks in ``tests/controllers/accounts/test_publication.py``.
    """
    now = datetime.fromtimestamp(time_s, UTC).astimezone(zone)
    told = now.hour + now.minute / 60.0 >= TOLD_AT_H
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # days are added to the calendar, not to the clock: some have 23 hours and some 25
    return (midnight + timedelta(days=2 if told else 1)).timestamp()


def published(values: Floats | None, time_s: Floats, until_s: float) -> Floats | None:
    """Return a series at times ahead with what is not known yet as NaN; None stays None."""
    if values is None:
        return None
    known = values.copy()
    known[time_s >= until_s] = float("nan")
    return known
