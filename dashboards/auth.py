"""Who may do what: roles, hashed tokens, and the caller of a request."""

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path

from site_models.errors import InputError


class Role(IntEnum):
    """Each role may do all that the ones before it may, but for telemetry's own.

    A source writes telemetry and does nothing else; of the others only an admin may write.
    """

    SOURCE = 0
    VIEWER = 1
    SCHEDULER = 2
    OPERATOR = 3
    ADMIN = 4


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; `name` is what the audit log says."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Token:
    """A line of the token file: never the token itself, which is shown once when made."""

    name: str
    role: str
    sha256: str


LOOPBACK = "loopback"
"""Name of who calls from this host without a token."""
CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""The caller of the request or socket at hand; set by `dashboards.guard`."""


def allowed(role: Role) -> bool:
    """Say whether the present caller may do what needs `role`."""
    caller = CALLER.get()
    return caller is not None and caller.role >= role


class TokenBook:
    """The tokens of a file as it stands now: one revoked is out at once, without a restart."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._stamp_ns = path, -1
        self._tokens: tuple[Token, ...] = ()
        if path is not None:
            self._tokens, self._stamp_ns = load_tokens(path), path.stat().st_mtime_ns

    def __call__(self) -> tuple[Token, ...]:
        """Return the tokens; none while the file is missing or unreadable."""
        if self._path is None:
            return ()
        try:
            stamp_ns = self._path.stat().st_mtime_ns
            if stamp_ns != self._stamp_ns:
                self._tokens, self._stamp_ns = load_tokens(self._path), stamp_ns
        except (OSError, InputError):
            self._tokens, self._stamp_ns = (), -1
        return self._tokens


def load_tokens(path: Path) -> tuple[Token, ...]:
    """Return the tokens in a file; InputError naming the file and what was expected."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        tokens = tuple(Token(**row) for row in rows)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, TypeError):
        raise InputError(f"{path}: expected a JSON list of name, role and sha256") from None
    for token in tokens:
        role_of(token.role, path)
    return tokens


def role_of(name: str, where: object = "role") -> Role:
    """Return the role of that name; InputError for another word."""
    try:
        return Role[name.upper()]
    except KeyError:
        roles = ", ".join(role.name.lower() for role in Role)
        raise InputError(f"{where}: role {name!r}, expected one of {roles}") from None


def add_token(path: Path, name: str, role: str) -> str:
    """Add a token and return it; the file keeps only its hash, so it cannot be shown again.

    The token has 256 random bits, so a plain hash is as good as a slow one.
    """
    tokens = load_tokens(path) if path.exists() else ()
    if any(token.name == name for token in tokens):
        raise InputError(f"{path}: token {name!r} exists, expected a new name")
    secret = secrets.token_urlsafe(32)
    entry = Token(name, role_of(role).name.lower(), _digest(secret))
    _save(path, (*tokens, entry))
    return secret


def revoke_token(path: Path, name: str) -> None:
    """Remove a token; InputError when there is none of that name."""
    tokens = load_tokens(path)
    kept = tuple(token for token in tokens if token.name != name)
    if len(kept) == len(tokens):
        names = ", ".join(token.name for token in tokens) or "none"
        raise InputError(f"{path}: no token {name!r}, expected one of: {names}")
    _save(path, kept)


def caller_of(tokens: tuple[Token, ...], secret: str) -> Caller | None:
    """Return the holder of a token; every entry is compared, each in constant time."""
    digest, found = _digest(secret), None
    for token in tokens:
        if hmac.compare_digest(token.sha256, digest):
            found = Caller(token.name, role_of(token.role))
    return found


def secret_of(headers: Mapping[str, str]) -> str | None:
    """Return the token of an Authorization header, bearer or the password of basic."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _save(path: Path, tokens: tuple[Token, ...]) -> None:
    """Write the file whole, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(token) for token in tokens], file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
