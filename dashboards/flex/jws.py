"""Signed messages, JWS compact (RFC 7515): the only module that knows the cryptography library."""

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from site_models.errors import InputError

HALF_BYTES = 32
"""Of an ES256 signature: r, then s."""
LEAST_RSA_BITS = 2048

Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def read_private(path: Path) -> Private:
    """Return an unencrypted private key of a PEM file; InputError for another kind."""
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):
        raise InputError(f"{path}: expected an unencrypted private key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise InputError(f"{path}: expected a key for ES256 (P-256) or RS256")
    _check(key.public_key(), path)
    return key


def read_public(path: Path) -> Public:
    """Return the public key of a PEM file; InputError for another kind."""
    try:
        key = serialization.load_pem_public_key(_read(path))
    except ValueError:
        raise InputError(f"{path}: expected a public key in PEM") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise InputError(f"{path}: expected a key for ES256 (P-256) or RS256")
    _check(key, path)
    return key


def signed(payload: bytes, key: Private, kid: str) -> str:
    """Return a payload as a compact serialization, signed with ES256 or RS256 as the key is."""
    algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"
    header = json.dumps({"alg": algorithm, "kid": kid}, separators=(",", ":")).encode()
    body = f"{_coded(header)}.{_coded(payload)}"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
        mark = r.to_bytes(HALF_BYTES, "big") + s.to_bytes(HALF_BYTES, "big")
    else:
        mark = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{body}.{_coded(mark)}"


def verified(token: str, keys: Mapping[str, Public]) -> tuple[str, bytes]:
    """Return the key's id and the payload of a compact serialization.

    InputError where it is no such, its key is not among `keys`, its algorithm is not that of
    the key, it asks for extensions, or the signature is not good. The algorithm is the key's,
    never the message's word. Checked in ``tests/dashboards/flex/test_jws.py``.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise InputError("data: expected a JWS compact serialization")
    header = _header(parts[0])
    kid = header.get("kid")
    if not isinstance(kid, str) or kid not in keys:
        raise InputError(f"data: signed by key {kid!r}, which is not trusted")
    key = keys[kid]
    expected = "ES256" if isinstance(key, ec.EllipticCurvePublicKey) else "RS256"
    if header.get("alg") != expected or "crit" in header:
        raise InputError(f"data: algorithm {header.get('alg')!r}, expected {expected}")
    body, mark = f"{parts[0]}.{parts[1]}".encode(), _decoded(parts[2])
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if len(mark) != 2 * HALF_BYTES:
                raise InvalidSignature
            r, s = (int.from_bytes(half, "big") for half in (mark[:HALF_BYTES], mark[HALF_BYTES:]))
            key.verify(utils.encode_dss_signature(r, s), body, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(mark, body, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise InputError("data: the signature is not good") from None
    return kid, _decoded(parts[1])


def _check(key: Public, path: Path) -> None:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            raise InputError(f"{path}: {key.key_size} bits, expected at least {LEAST_RSA_BITS}")
    elif not isinstance(key.curve, ec.SECP256R1):
        raise InputError(f"{path}: curve {key.curve.name}, expected P-256")


def _header(text: str) -> dict[str, Any]:
    try:
        header = json.loads(_decoded(text))
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise InputError("data: expected a JWS header")
    return header


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InputError("data: expected base64url") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
