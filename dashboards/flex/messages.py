"""Messages of the DSX Flex contract 1.7: CloudEvents 1.0.2 as structured JSON, data signed.

Facts of the contract: topics, attributes, schemas; see docs/guide/grid.md.
"""

import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dashboards.flex.jws import signed
from dashboards.flex.keys import Keys
from site_models.complaints import complaint
from site_models.errors import InputError

SET = "grid.loadtarget.set.v1"
STATUS = "grid.powerstate.status.v1"
BREACH = "grid.powerbreach.alert.v1"
SET_TOPIC = "grid/v1/isv/{}/loadtarget/set"
STATUS_TOPIC = "grid/v1/dsx-flex-agent/{}/powerstate/status"
BREACH_TOPIC = "grid/v1/dsx-flex-agent/{}/powerbreach"
LARGEST_BYTES = 65_536
WATTS = {"watt": 1.0, "kilowatt": 1e3, "megawatt": 1e6}
M = TypeVar("M", bound=BaseModel)
_SOURCE = re.compile(r"^//grid/v1/isv/([^/]+)$")


class _Said(BaseModel):
    """Attributes that we do not know are let through: the contract may grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Constraint(_Said):
    """A power limit."""

    value: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    unit: Literal["watt", "kilowatt", "megawatt"]

    @property
    def power_w(self) -> float:
        """Return the limit in watts."""
        return self.value * WATTS[self.unit]


class Interval(_Said):
    """When it holds: from now if no start is given, until replaced if no end."""

    start_time: AwareDatetime | None = None
    end_time: AwareDatetime | None = None


class Strategy(_Said):
    """How to shed: this site slows jobs within their tiers and ends none, whatever is said."""

    best_effort: bool = False


class OneTarget(_Said):
    """One of the targets of a message."""

    interval: Interval
    feed_tags: tuple[str, ...] = ()
    load_constraint: Constraint | None
    """None takes back what is there."""
    strategy: Strategy = Strategy()


class LoadTargets(_Said):
    """The signed content of `grid.loadtarget.set.v1`."""

    targets: tuple[OneTarget, ...] = Field(min_length=1, max_length=100)


class Envelope(_Said):
    """The CloudEvent around it."""

    specversion: Literal["1.0.2"]
    id: uuid.UUID
    source: str
    type: Literal["grid.loadtarget.set.v1"]
    time: AwareDatetime
    datacontenttype: Literal["application/json"]
    subject: str
    traceparent: Annotated[
        str, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
    ]
    tracestate: str = ""
    correlationid: uuid.UUID | None = None
    data: str

    @property
    def isv(self) -> str:
        """Return the publisher's identifier; InputError where the source names none."""
        found = _SOURCE.match(self.source)
        if found is None:
            raise InputError(f"source: {self.source!r}, expected //grid/v1/isv/NAME")
        return found[1]


def envelope_of(payload: bytes) -> Envelope:
    """Return the CloudEvent of a message; InputError, one line, for what is none."""
    if len(payload) > LARGEST_BYTES:
        raise InputError(f"message: {len(payload)} bytes, expected at most {LARGEST_BYTES}")
    return _parsed(Envelope, payload)


def load_targets_of(payload: bytes) -> LoadTargets:
    """Return the verified content; InputError, one line, for what the contract does not know."""
    return _parsed(LoadTargets, payload)


def event_of(
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    keys: Keys,
    traceparent: str = "",
    correlation: str = "",
) -> bytes:
    """Return a message of ours, its data signed, going on with a trace where one is given."""
    event = {
        "specversion": "1.0.2",
        "id": str(uuid.uuid4()),
        "source": f"//grid/v1/dsx-flex-agent/{keys.agent}",
        "type": kind,
        "time": instant(datetime.now(UTC).timestamp()),
        "datacontenttype": "application/json",
        "subject": subject,
        "traceparent": child_of(traceparent),
        "data": signed(_bytes(data), keys.private, keys.kid),
    }
    return _bytes(event | ({"correlationid": correlation} if correlation else {}))


def child_of(traceparent: str) -> str:
    """Return a span of our own in a trace, or in a new one (W3C Trace Context)."""
    parts = traceparent.split("-")
    trace = parts[1] if len(parts) == 4 else uuid.uuid4().hex
    return f"00-{trace}-{uuid.uuid4().hex[:16]}-01"


def instant(time_s: float) -> str:
    """Return a time as the contract writes it."""
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="milliseconds")


def watts(power_w: float) -> dict[str, Any]:
    """Return a power as the contract writes it."""
    return {"value": round(max(power_w, 0.0), 1), "unit": "watt"}


def _bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()


def _parsed(model: type[M], payload: bytes) -> M:
    try:
        return model.model_validate_json(payload)
    except ValidationError as error:
        raise InputError(complaint(error.errors(), model)) from None
