"""`twin advise`: the placement engine of the HTTP interface, on a site at rest."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from controllers.placement.models import read_request
from controllers.placement.rank import rank_all
from controllers.wish import Wish
from controllers.worlds import open_world
from dashboards.report import Catalogs, Json, SiteOption, tell
from site_models.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("advise")(advise)


def advise(
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="JSON file: a request or a list of them.")
    ],
    site: SiteOption = "pilot",
    catalog: Catalogs = None,
    json: Json = False,
) -> None:
    """Say where a job should go, and why."""
    asked = _read(request)
    world = open_world(Wish(site=site, catalogs=tuple(catalog or ())))
    progress = world.loop.progress
    several = asked if isinstance(asked, list) else [asked]
    if not all(isinstance(one, dict) for one in several):
        raise InputError(f"{request}: expected a JSON object, or a list of them")
    requests = [read_request(one, str(request)) for one in several]
    answers = rank_all(
        world.plant,
        progress.state,
        progress.inputs,
        world.allocations,
        requests,
        progress.state.time_s,
        world.outdoors,
    )
    content = [answer.model_dump(mode="json") for answer in answers]
    lines = [line for answer in content for line in _lines(answer)]
    tell(content if isinstance(asked, list) else content[0], lines, json)


def _read(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: line {error.lineno}: expected JSON, {error.msg}") from None


def _lines(answer: dict[str, Any]) -> list[str]:
    lines = []
    for place, advice in enumerate(answer["advice"], 1):
        lines.append(f"{place}. score {advice['score']:.2f}: {', '.join(advice['nodes'])}")
        lines += [f"   {reason}" for reason in advice["reasons"]]
    if not lines:
        lines.append("no feasible place")
    return lines + [f"rejected {count}: {why}" for why, count in answer["rejected"].items()]
