"""How a page's callbacks run: on the tick, in a thread, never on the event loop."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from dash import ClientsideFunction, Dash, Input

P = ParamSpec("P")
R = TypeVar("R")

TICK = Input("tick", "data")
"""Fires once a second while new data arrives; its value names the tick and its age."""

SCHEME = Input("scheme", "data")
"""The page's colour scheme, ``light`` or ``dark``."""


def aria(**words: str) -> dict[str, Any]:
    """Return what a screen reader is told, as component arguments: ``aria-label`` and so on.

    >>> aria(label="Racks")
    {'aria-label': 'Racks'}
    """
    return {f"aria-{name}": word for name, word in words.items()}


def tip(said: str) -> dict[str, Any]:
    """Return what a component says when pointed at or focused, as its arguments.

    >>> tip("facility over IT")
    {'data-tip': 'facility over IT', 'tabIndex': 0}
    """
    return {"data-tip": said, "tabIndex": 0} if said else {}


def in_browser(app: Dash, namespace: str, name: str, *dependencies: Any) -> None:
    """Register a function of ``assets/*.js`` as a callback that runs in the browser."""
    function = ClientsideFunction(namespace, name)
    app.clientside_callback(function, *dependencies)  # type: ignore[no-untyped-call]


def on(app: Dash, *dependencies: Any, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a plain function as a callback that runs in a worker thread.

    A synchronous callback on Dash's FastAPI backend blocks the event loop and with it the
    API, so pages register theirs through here; ``tests/dashboards/test_responsive.py``
    holds `/healthz` to 100 ms while one sleeps for a second.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        async def in_thread(*args: P.args, **kwargs: P.kwargs) -> R:
            return await asyncio.to_thread(function, *args, **kwargs)

        app.callback(*dependencies, **options)(in_thread)
        return function

    return register
