"""Who this site is on the grid's bus, whom it trusts, and with which keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import StringConstraints

from dashboards.flex.jws import Private, Public, read_private, read_public
from site_models.errors import InputError
from site_models.figure import Strict
from site_models.yaml_file import read_yaml, validated

Name = Annotated[str, StringConstraints(pattern=r"^[^/+#\s]+$")]


class Own(Strict):
    """Our signing key."""

    kid: str
    key: Path
    """PEM, beside the file that names it."""


class Trusted(Strict):
    """A publisher of load targets and its public key: it speaks for itself alone."""

    isv: Name
    kid: str
    key: Path


class KeyFile(Strict):
    """The file; see docs/guide/grid.md."""

    agent: Name
    """Our name on the bus."""
    feed: str = "site"
    """Tag of the utility feed that we answer for: all meters of the site together."""
    sign: Own
    trusted: tuple[Trusted, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The file with its keys read."""

    agent: str
    feed: str
    kid: str
    private: Private
    public: dict[str, Public]
    """Key id -> key."""
    isv: dict[str, str]
    """Key id -> the one publisher that it speaks for."""


def read_keys(path: Path) -> Keys:
    """Return the keys of a file; InputError naming the file and what was expected."""
    file = validated(KeyFile, read_yaml(path), path)
    kids = [one.kid for one in file.trusted]
    if len(set(kids)) < len(kids):
        raise InputError(f"{path}: trusted: a kid given twice, expected different ones")
    folder = path.parent
    return Keys(
        agent=file.agent,
        feed=file.feed,
        kid=file.sign.kid,
        private=read_private(folder / file.sign.key),
        public={one.kid: read_public(folder / one.key) for one in file.trusted},
        isv={one.kid: one.isv for one in file.trusted},
    )


def keys_and_address(argument: str) -> tuple[Keys, str]:
    """Return the keys of ``//HOST[:PORT]?keys=FILE`` and the address without them."""
    parts = urlsplit(f"mqtt:{argument}")
    wished = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = wished.pop("keys", "")
    if not path or not parts.hostname:
        raise InputError("--grid: expected mqtt://HOST[:PORT]?keys=FILE")
    rest = f"//{parts.netloc}" + (f"?{urlencode(wished)}" if wished else "")
    return read_keys(Path(path)), rest
