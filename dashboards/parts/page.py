"""What a page is, and how pages are found."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from dash import Dash
from dash.development.base_component import Component

from dashboards.feed import Feed


@dataclass(frozen=True, slots=True)
class Page:
    """One file of `dashboards/pages` holds one as PAGE.

    `layout(feed, search)` answers the page's components for the query string of the
    address; `register(app, feed)` adds its callbacks, once, at start-up.
    """

    path: str
    title: str
    order: int
    layout: Callable[[Feed, str], Component]
    register: Callable[[Dash, Feed], None]


def find_pages() -> tuple[Page, ...]:
    """Return every page in the order of the navigation."""
    package = importlib.import_module("dashboards.pages")
    names = (found.name for found in pkgutil.iter_modules(package.__path__))
    pages = (importlib.import_module(f"dashboards.pages.{name}").PAGE for name in names)
    return tuple(sorted(pages, key=lambda page: page.order))
