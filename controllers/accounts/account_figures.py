"""An account as plain numbers: every figure with unit and boundary, and why where it is unknown."""

import math
from datetime import UTC, datetime

from controllers.accounts.books import Entry
from controllers.accounts.charges import Charges
from twin.accounts.account import Account
from twin.accounts.account_report import Line, report

NO_STEP = "no step was taken in this interval"
NO_IT = "no IT energy in the interval"


def figures_of(entry: Entry) -> dict[str, object]:
    """Return an interval and its figures by key.

    A figure that cannot be told is None with its reason under `why`, never 0. Times in
    seconds since the epoch and as ISO 8601, UTC. `price` and `carbon` say which series,
    or why there is none.
    """
    account = entry.account
    charges = {"price": entry.charges.price, "carbon": entry.charges.carbon}
    if account is None:
        return {"span": entry.span, "figures": {}, "why": NO_STEP, **charges}
    return {
        "span": entry.span,
        "start": _iso(account.start_s),
        "end": _iso(account.end_s),
        "start_s": account.start_s,
        "end_s": account.end_s,
        "accounted_s": account.accounted_s,
        **charges,
        "figures": {key_of(line): _told(line, account, entry.charges) for line in report(account)},
    }


def key_of(line: Line) -> str:
    """Return a figure's key.

    >>> key_of(Line("pPUE cooling", 1.1, "", ""))
    'ppue_cooling'
    """
    return line.name.lower().replace(" ", "_").replace("-", "_")


def why_unknown(line: Line, account: Account, charges: Charges) -> str:
    """Return why a figure cannot be told; empty for one that can."""
    if math.isfinite(line.value):
        return ""
    key = key_of(line)
    if key == "cost":
        return charges.price
    if key in ("emissions", "cue") and math.isnan(account.emissions_kg):
        return charges.carbon
    if key == "erf":
        return "no energy through the utility meters in the interval"
    if key in ("itue", "tue") and account.rack_j > 0.0:
        return "no energy into compute components in the interval"
    if not account.rack_j > 0.0:
        return NO_IT
    return "the run has no such number"


def _told(line: Line, account: Account, charges: Charges) -> dict[str, object]:
    told: dict[str, object] = {
        "value": float(line.value) if math.isfinite(line.value) else None,
        "unit": line.unit,
        "boundary": line.boundary,
    }
    why = why_unknown(line, account, charges)
    return {**told, "why": why} if why else told


def _iso(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, UTC).isoformat()
