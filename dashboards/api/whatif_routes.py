"""What would happen from now on: asked, played beside the loop, fetched when it is done."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from controllers.scenario import ready_scenarios
from dashboards.api.replies import need, newest, reply, stamped
from dashboards.audit import Audit
from dashboards.auth import Role
from dashboards.feed import Feed
from dashboards.whatifs import FullError, WhatIfs, asked_of

RETRY_S = 5
"""When to ask again: a what-if takes about a second."""


class WhatIfRequest(BaseModel):
    """A scenario from now: as its file, without site and start."""

    model_config = ConfigDict(extra="forbid")

    scenario: str | None = Field(
        default=None,
        description=f"Events and duration of a ready one: {', '.join(ready_scenarios())}",
    )
    duration_s: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = None
    jobs: list[dict[str, Any]] | None = Field(
        default=None, description="In place of the present loads, on their GPUs and in their time"
    )
    weather: dict[str, Any] | None = Field(
        default=None, description="`dry_bulb_c`, `wet_bulb_c`; as it is now if not given"
    )
    events: list[dict[str, Any]] | None = None
    policies: list[str] = Field(
        default_factory=lambda: ["hold"],
        description="NAME or NAME=off|shadow|advise|armed, on the simulated plant alone",
    )


def whatif_routes(feed: Feed, audit: Audit) -> APIRouter:
    """Return the routes of what-ifs."""
    routes, what_ifs = APIRouter(prefix="/whatif", tags=["what-if"]), WhatIfs(feed.charges)

    @routes.post("", status_code=202)
    def ask(request: WhatIfRequest) -> Response:
        """Queue a what-if from the believed state of this instant; answers its id at once.

        It changes nothing at the site. 429 when too many are waiting.
        """
        need(Role.SCHEDULER)
        given = request.model_dump(exclude_none=True)
        wanted = given.pop("policies")
        named = [one if "=" in one else f"{one}=armed" for one in wanted]
        ready = given.pop("scenario", None)
        asked = asked_of(given, ready, named, newest(feed).snapshot)
        try:
            what_ifs.ask(asked)
        except FullError as error:
            raise HTTPException(429, str(error), headers={"Retry-After": str(RETRY_S)}) from None
        audit.write(f"what-if {asked.id}", None, request.model_dump(exclude_none=True))
        content = {**asked.told(), "href": f"/api/v1/whatif/{asked.id}"}
        return reply(stamped(feed, content), 202)

    @routes.get("/{name}")
    def found(name: str) -> Response:
        """A what-if: how far it has come, and when done its events, figures and account.

        Kept for an hour after its end.
        """
        asked = what_ifs.get(name)
        if asked is None:
            raise HTTPException(404, f"no what-if {name!r} is kept")
        return reply(stamped(feed, asked.told()))

    return routes
