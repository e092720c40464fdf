"""The API as one application of its own: an unknown path is a JSON 404, not a page."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from controllers.jobs.allocation import Conflict
from dashboards.api.advice_routes import advice_routes
from dashboards.api.allocation_routes import allocation_routes
from dashboards.api.docs_page import DOCS_PAGE
from dashboards.api.fabric_routes import fabric_routes
from dashboards.api.forecast_routes import forecast_routes
from dashboards.api.grid_routes import grid_routes
from dashboards.api.history_routes import history_routes
from dashboards.api.hold_routes import hold_routes
from dashboards.api.k8s_routes import k8s_routes
from dashboards.api.policy_routes import policy_routes
from dashboards.api.replies import problem, problems
from dashboards.api.state_routes import job_routes, rack_routes, site_routes
from dashboards.api.steering_routes import steering_routes
from dashboards.api.watcher_routes import watcher_routes
from dashboards.api.whatif_routes import whatif_routes
from dashboards.api.write_routes import write_routes
from dashboards.audit import Audit
from dashboards.feed import Feed
from site_models.complaints import complaint
from site_models.errors import InputError

ABOUT = """State, history and advice of the twin.

Names carry units in base units; temperatures are Celsius (`_c`), differences kelvin
(`_k`), shares 0..1, `time_s` seconds since 1970 UTC. A missing number is `null`.
Errors are RFC 9457 problem documents.
"""

ERRORS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
"""Every route may answer these; all are problem documents."""


def build_api(feed: Feed, audit: Audit) -> FastAPI:
    """Return the application to mount under `/api`."""
    api = FastAPI(title="AI factory twin", version="1", description=ABOUT, docs_url=None,
                  redoc_url=None)  # fmt: skip
    for routes in (  # the router tries them in turn: first what is asked most often
        advice_routes(feed, audit),
        site_routes(feed),
        rack_routes(feed),
        job_routes(feed),
        fabric_routes(feed),
        history_routes(feed),
        forecast_routes(feed),
        allocation_routes(feed, audit),
        steering_routes(feed),
        policy_routes(feed, audit),
        hold_routes(feed, audit),
        grid_routes(feed, audit),
        write_routes(feed),
        whatif_routes(feed, audit),
    ):
        api.include_router(routes, prefix="/v1", responses=ERRORS)
    for routes in (k8s_routes(feed), watcher_routes(feed)):
        api.include_router(routes, responses=ERRORS)

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(DOCS_PAGE)

    _answer_problems(api)
    api.openapi()  # works out every route now: the first caller would wait a quarter second
    return api


def _answer_problems(api: FastAPI) -> None:
    """Turn every error into a problem document."""

    @api.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(api, request))
        return problem(error.status_code, str(error.detail), headers)

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        body = getattr(request.scope.get("route"), "body_field", None)
        form = None if body is None else body.field_info.annotation
        return problem(422, complaint(error.errors(), form))

    @api.exception_handler(Conflict)
    async def conflict(_: Request, error: Conflict) -> Response:
        return problem(409, str(error))

    @api.exception_handler(InputError)
    async def unusable(_: Request, error: InputError) -> Response:
        return problem(422, str(error))

    @api.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> Response:
        return problem(500, f"the twin failed to answer: {type(error).__name__}")


def _methods(api: FastAPI, request: Request) -> list[str]:
    """Return every method of a path: the router names those of its first route alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    for known, methods in api.openapi()["paths"].items():
        if compile_path(known)[0].match(path):
            return sorted(method.upper() for method in methods)
    return ["GET"]
