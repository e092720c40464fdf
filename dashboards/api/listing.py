"""Lists in pages, with only the fields asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import HTTPException, Query

from site_models.arrays import Ints
from site_models.errors import InputError

MOST = 10_000
"""Items in one answer."""
FARTHEST = 1_000_000_000
"""Items that may be left out at the start."""

Fields = Annotated[
    str | None, Query(description="Comma-separated names of the fields to answer; all if absent")
]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list; a FastAPI dependency."""

    limit: Annotated[int, Query(ge=1, le=MOST, description="Items at most")] = 100
    offset: Annotated[
        int, Query(ge=0, le=FARTHEST, description="Items to leave out at the start")
    ] = 0
    fields: Fields = None


def listed(found: Ints, row: Callable[[int], dict[str, Any]], paging: Paging) -> Any:
    """Return one page of the items at the indices `found`; only they are built."""
    page = found[paging.offset : paging.offset + paging.limit]
    items = [only(row(int(at)), paging.fields) for at in page]
    return {
        "total": len(found),
        "offset": paging.offset,
        "limit": paging.limit,
        "items": items,
    }


def only(item: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """Return the item with only the fields asked for; InputError for an unknown one."""
    if fields is None:
        return item
    asked = [name.strip() for name in fields.split(",") if name.strip()]
    for name in asked:
        if name not in item:
            raise InputError(f"fields: {name!r} is none of {', '.join(item)}")
    return {name: item[name] for name in asked}


def place_of(index: dict[str, int], name: str, noun: str) -> int:
    """Return the index of a name; 404 when the site has none of that name."""
    if name not in index:
        raise HTTPException(404, f"the site has no {noun} {name!r}")
    return index[name]
