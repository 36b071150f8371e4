"""A living portal and browsers for the journeys. All of them share one portal, so that one worker runs them all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, StorageState

from tests.journeys import live, pages, watch
from tests.journeys.live import Portal
from tests.support import servers

NO_BROWSER = "Chromium was not found, so no journey was made. Install it (apt-get install chromium) to run them."
Open = Callable[..., BrowserContext]
SignedIn = Callable[[str], Page]


# What every module's `pytestmark` says; the first journey waits for the portal to start.
JOURNEY = [pytest.mark.browser, pytest.mark.timeout(300)]


def _chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The machine's own Chromium, without its own sandbox (root has none) and without talking to its maker."""
    path = _chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    return {"executable_path": path, "args": ["--no-sandbox", "--disable-dev-shm-usage", *quiet]}


@pytest.fixture(scope="session")
def portal(browser_type_launch_args: dict[str, Any]) -> Iterator[Portal]:
    """The portal with its demo; started only where there is a browser to visit it."""
    with live.running(Path(os.environ[servers.FOLDER]) / "journeys") as running:
        yield running


@pytest.fixture(scope="session")
def base_url(portal: Portal) -> str:
    """What addresses like "/fmo/" are below, for the browser's contexts."""
    return portal.url


@pytest.fixture(scope="session")
def remembered() -> dict[str, StorageState]:
    """Cookies by e-mail address, so that each person signs in once."""
    return {}


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """Complaints of every page of this journey; any one fails it."""
    complaints: list[str] = []
    yield complaints
    assert not complaints, "\n".join(complaints)


@pytest.fixture
def open_browser(new_context: Callable[..., BrowserContext], heard: list[str]) -> Open:
    """`open_browser()` is a browser of its own at the portal; takes what `browser.new_context` takes."""

    def opened(**options: Any) -> BrowserContext:
        wide = {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        context = new_context(**{**wide, **options})
        context.set_default_timeout(10_000)
        watch.listen(context, heard)
        return context

    return opened


@pytest.fixture
def signed_in(open_browser: Open, portal: Portal, remembered: dict[str, StorageState]) -> SignedIn:
    """`signed_in("admin@summit.example")` is a page of that person's own browser, at their home."""

    def home_of(address: str) -> Page:
        known = remembered.get(address)
        page = open_browser(**({"storage_state": known} if known else {})).new_page()
        if known:
            page.goto("/")
        else:
            pages.sign_in(page, address, portal.password)
            page.wait_for_url(lambda url: "/login" not in url)
            remembered[address] = page.context.storage_state()
        return page

    return home_of
