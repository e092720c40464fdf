"""Signatures: there and back, against the example of the standard, and every forgery refused."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.flex.jws import Private, Public, read_private, read_public, signed, verified
from dashboards.flex.keys import read_keys
from site_models.errors import InputError
from tests.fakes.grid_operator import GridOperator, pems

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
KEYS: dict[str, Public] = {"e": EC.public_key(), "r": RSA.public_key()}


@settings(max_examples=20)
@given(st.binary(max_size=200), st.sampled_from([("e", EC), ("r", RSA)]))
def test_what_was_signed_is_read_back(payload: bytes, pair: tuple[str, Private]) -> None:
    kid, key = pair
    assert verified(signed(payload, key, kid), KEYS) == (kid, payload)


def test_the_example_of_rfc_7515_is_good() -> None:
    """Appendix A.3: a key and a message that others have signed with ES256."""
    x, y = (
        int.from_bytes(base64.urlsafe_b64decode(text + "="), "big")
        for text in (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        )
    )
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    token = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx"
        "La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    with pytest.raises(InputError, match="not trusted"):
        verified(token, {"a": key})
    body, mark = token.rsplit(".", 1)
    both = base64.urlsafe_b64decode(mark + "==")  # the message names no key: halves by hand
    r, s = (int.from_bytes(half, "big") for half in (both[:32], both[32:]))
    key.verify(utils.encode_dss_signature(r, s), body.encode(), ec.ECDSA(hashes.SHA256()))


def forged(token: str, **header: object) -> str:
    """Return a token with other words in its header."""
    head, body, mark = token.split(".")
    content = json.loads(base64.urlsafe_b64decode(head + "=="))
    text = json.dumps({**content, **header}).encode()
    return f"{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}.{body}.{mark}"


@pytest.mark.parametrize(
    ("token", "word"),
    [
        (signed(b"x", EC, "other"), "not trusted"),
        (signed(b"x", EC, "r"), "algorithm"),
        (signed(b"x", rsa.generate_private_key(65537, 2048), "r"), "not good"),
        (signed(b"x", ec.generate_private_key(ec.SECP256R1()), "e"), "not good"),
        (forged(signed(b"x", EC, "e"), alg="none"), "algorithm"),
        (forged(signed(b"x", EC, "e"), crit=["b64"]), "algorithm"),
        (forged(signed(b"x", EC, "e"), more=1), "not good"),
        (signed(b"x", EC, "e")[:-4], "not good"),
        (signed(b"x", EC, "e").rsplit(".", 1)[0] + ".", "not good"),
        ("a.b", "compact"),
        ("%.b.c", "JWS header"),
        ("", "compact"),
    ],
)
def test_what_was_not_signed_so_is_refused(token: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        verified(token, KEYS)


def test_a_key_file_is_read_and_a_bad_one_named(tmp_path: Path) -> None:
    grid = GridOperator(tmp_path)
    keys = read_keys(grid.keys)
    assert (keys.agent, keys.feed, set(keys.public)) == ("hall-1", "main", {"acme-a", "bolt-a"})
    pems(tmp_path, "small", rsa.generate_private_key(65537, 1024))
    pems(tmp_path, "curve", ec.generate_private_key(ec.SECP384R1()))
    for path, word in (("small.pub.pem", "2048"), ("curve.pub.pem", "P-256"), ("none", "read")):
        with pytest.raises(InputError, match=word):
            read_public(tmp_path / path)
    with pytest.raises(InputError, match="private key"):
        read_private(tmp_path / "acme.pub.pem")
    grid.keys.write_text(grid.keys.read_text().replace("bolt-a", "acme-a"))
    with pytest.raises(InputError, match="kid"):
        read_keys(grid.keys)
