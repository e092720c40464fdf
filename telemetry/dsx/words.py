"""The words of NVIDIA's DSX Exchange: topics and payloads of the facility's message bus.

A building management system publishes ``BMS/v1/PUB/{Value|Metadata}/{objectType}/{pointType}/
{tagPath}``; an integration, such as this twin, publishes ``BMS/v1/{integration}/Value/...`` and
only those points whose metadata names it. Contract: `bms.yaml` of NVIDIA/dsx-exchange, BMS Event
Bus 1.0.0, Apache-2.0.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from site_models.errors import InputError

PUB = "PUB"
"""The building management system's own name as a publisher."""
VALUE, METADATA = "Value", "Metadata"
ROOT = "BMS/v1"
REPEAT_S = 100.0
"""A value that does not change is published again after this."""
HEARTBEAT_S = 10.0
"""An integration tells its own time this often; where it stops, the building falls back."""
GOOD = 1
"""The only quality that is to be trusted."""
LARGEST_PAYLOAD_BYTES = 64 * 1024
_EPOCH_MS = (978_307_200_000, 4_102_444_800_000)
"""2001 and 2100: a timestamp outside is of another unit than milliseconds."""


class Topic(NamedTuple):
    """The parts of a topic. `point` is the same for a point's metadata and its values."""

    publisher: str
    kind: str
    object_type: str
    point_type: str
    tag_path: str

    @property
    def point(self) -> str:
        """Return what identifies the point: ``objectType/pointType/tagPath``."""
        return f"{self.object_type}/{self.point_type}/{self.tag_path}"

    @property
    def text(self) -> str:
        """Return the topic as it is written."""
        return f"{ROOT}/{self.publisher}/{self.kind}/{self.point}"


class Value(NamedTuple):
    """One reading as the bus tells it, in the unit that the point's metadata states."""

    reading: float
    """NaN: the building system has none."""
    time_s: float
    quality: int


class Metadata(NamedTuple):
    """What a point is. Empty text: not stated."""

    object_type: str
    point_type: str
    unit: str
    states: Mapping[int, str]
    ids: tuple[str, ...]
    """Identifiers of the rack or object, the stable one first."""
    areas: frozenset[str]
    """Where on the object; lower case."""
    setpoint: bool
    integration: str
    """Who publishes the values; empty: the building system itself."""


def topic_of(text: str) -> Topic:
    """Return a topic's parts; InputError for one that is not of this bus."""
    parts = text.split("/", 6)
    if len(parts) < 7 or "/".join(parts[:2]) != ROOT or parts[3] not in (VALUE, METADATA):
        raise InputError("topic is not BMS/v1/PUBLISHER/Value|Metadata/OBJECT/POINT/TAG")
    if not all(parts):
        raise InputError("topic has an empty part")
    return Topic(parts[2], parts[3], parts[4], parts[5], parts[6])


def value_topic(metadata: Topic, integration: str) -> str:
    """Return where an integration publishes the values of a point that its metadata gives it."""
    return metadata._replace(publisher=integration, kind=VALUE).text


def value_of(payload: bytes) -> Value:
    """Return a value message's content; InputError with a reason that is the same each time.

    Checked against the contract's own schema in ``tests/telemetry/dsx/test_dsx.py``.
    """
    content = _object(payload)
    reading, stamp, quality = (content.get(key) for key in ("value", "timestamp", "quality"))
    if "value" not in content or not (reading is None or _is_number(reading)):
        raise InputError("value is neither a number nor null")
    if not isinstance(stamp, int) or not _EPOCH_MS[0] <= stamp <= _EPOCH_MS[1]:
        raise InputError("timestamp is not in milliseconds since 1970")
    if not isinstance(quality, int) or isinstance(quality, bool):
        raise InputError("quality is not an integer")
    return Value(np.nan if reading is None else float(reading), 1e-3 * stamp, quality)


def good_value(topic: Topic, payload: bytes, owner: str) -> Value:
    """Return a value that may be used; InputError for one of another publisher, or of no use."""
    if topic.publisher != owner:
        raise InputError("value is not of the publisher that its metadata names")
    value = value_of(payload)
    if value.quality != GOOD:
        raise InputError(f"quality {value.quality}, expected 1")
    if np.isnan(value.reading):
        raise InputError("the building system has no reading")
    return value


def value_payload(reading: float, time_s: float, good: bool = True) -> bytes:
    """Return a value message; NaN becomes null, and null is never of good quality."""
    there = bool(np.isfinite(reading))
    content = {
        "value": float(reading) if there else None,
        "timestamp": round(1e3 * time_s),
        "quality": GOOD if good and there else 0,
    }
    return orjson.dumps(content)


def metadata_of(topic: Topic, payload: bytes) -> Metadata:
    """Return a metadata message's content; InputError for one that breaks the contract."""
    content = _object(payload)
    stated = (content.get("objectType"), content.get("pointType"))
    if stated != (topic.object_type, topic.point_type):
        raise InputError("metadata is of another object or point type than its topic")
    unit = content.get("engUnit", "")
    if not isinstance(unit, str):
        raise InputError("engUnit is not text")
    keys = ("rackLocationId", "rackLocationName", "objectId", "objectName", "associateId")
    named = [name for key in keys for name in _texts(content, key)]
    return Metadata(
        topic.object_type,
        topic.point_type,
        unit,
        _states(content.get("stateText", [])),
        tuple(dict.fromkeys(named)),
        frozenset(area.lower() for area in _texts(content, "processArea")),
        content.get("isSetpoint") is True,
        "".join(_texts(content, "integration")),
    )


def _object(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        raise InputError("payload is larger than 64 KiB")
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise InputError("payload is not JSON") from error
    if not isinstance(content, dict):
        raise InputError("payload is not a JSON object")
    return content


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(content: Mapping[str, Any], key: str) -> list[str]:
    """Return the text or texts of a key, none if it is absent; InputError for other things."""
    found = content.get(key, [])
    texts = found if isinstance(found, list) else [found]
    if not all(isinstance(text, str) for text in texts):
        raise InputError(f"{key} is not text")
    return [text for text in texts if text]


def _states(found: object) -> Mapping[int, str]:
    rows = found if isinstance(found, list) else [None]
    states: dict[int, str] = {}
    for row in rows:
        value, text = (row.get("value"), row.get("text")) if isinstance(row, dict) else (None, None)
        if not isinstance(value, int) or not isinstance(text, str):
            raise InputError("stateText is not a list of values and texts")
        states[value] = text
    return states
