"""Somebody on the grid's bus who signs load targets, with the key file of the site it asks."""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dashboards.flex.jws import Private, Public, signed

TRACE = "00-" + 32 * "a" + "-" + 16 * "b" + "-01"


def pems(folder: Path, name: str, key: Private) -> None:
    """Write a key pair as NAME.pem and NAME.pub.pem."""
    (folder / f"{name}.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    public: Public = key.public_key()
    (folder / f"{name}.pub.pem").write_bytes(
        public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


class GridOperator:
    """Two publishers, acme with ES256 and bolt with RS256, whom the site in `keys` trusts.

    Their messages are of the time that `clock` tells.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.acme: Private = ec.generate_private_key(ec.SECP256R1())
        self.bolt: Private = rsa.generate_private_key(65537, 2048)
        self.site: Private = ec.generate_private_key(ec.SECP256R1())
        for name in ("acme", "bolt", "site"):
            pems(folder, name, getattr(self, name))
        self.keys = folder / "grid-keys.yaml"
        self.keys.write_text(
            "agent: hall-1\nfeed: main\nsign: {kid: hall-1-a, key: site.pem}\ntrusted:\n"
            "  - {isv: acme, kid: acme-a, key: acme.pub.pem}\n"
            "  - {isv: bolt, kid: bolt-a, key: bolt.pub.pem}\n"
        )

    def message(self, targets: list[dict[str, Any]], **other: Any) -> bytes:
        """Return a signed message; `key`, `kid`, `isv` and any attribute may be other ones."""
        kid, key = other.pop("kid", "acme-a"), other.pop("key", self.acme)
        isv = other.pop("isv", "acme")
        event = {
            "specversion": "1.0.2",
            "id": str(uuid.uuid4()),
            "source": f"//grid/v1/isv/{isv}",
            "type": "grid.loadtarget.set.v1",
            "time": stamp(self._clock()),
            "datacontenttype": "application/json",
            "subject": "loadtarget",
            "correlationid": str(uuid.uuid4()),
            "traceparent": TRACE,
            "data": signed(orjson.dumps({"targets": targets}), key, kid),
        }
        return orjson.dumps({k: v for k, v in {**event, **other}.items() if v is not None})


def stamp(time_s: float) -> str:
    """Return a time as a message writes it."""
    return datetime.fromtimestamp(time_s, UTC).isoformat()


def target(power_w: float, start_s: float | None, end_s: float | None, **more: Any) -> Any:
    """Return one target of a message."""
    times = (("start_time", start_s), ("end_time", end_s))
    interval = {key: stamp(at) for key, at in times if at is not None}
    limit = {"value": power_w / 1e3, "unit": "kilowatt"}
    return {"interval": interval, "load_constraint": limit, **more}
