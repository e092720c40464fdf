"""A browser, and a served small world that it looks at."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return Debian's chromium; skip without it, fail where TWIN_REQUIRE names `browser`."""
    if shutil.which(CHROMIUM) is None:
        if "browser" in os.environ.get("TWIN_REQUIRE", "").split(","):
            pytest.fail(f"{CHROMIUM} is required and absent")
        pytest.skip(f"no {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page that remembers what should not have happened."""

    def __init__(self, page: Page, host: str) -> None:
        self.page, self.errors, self.outside = page, list[str](), list[str]()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._request(request.url, host))

    def _console(self, message: object) -> None:
        if getattr(message, "type", "") == "error":
            self.errors.append(str(getattr(message, "text", "")))

    def _request(self, url: str, host: str) -> None:
        if not url.startswith((f"http://{host}/", "data:", "blob:")):
            self.outside.append(url)


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Return where the README's picture goes; None unless TWIN_SCREENSHOT is set."""
    return Path("docs/site.png") if os.environ.get("TWIN_SCREENSHOT") else None
