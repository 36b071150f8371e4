"""Listens to a browser for what nobody should ever hear: script errors, refused styles, failed requests."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, ConsoleMessage, Response, WebError

# The browser reports every 4xx page as an error of its own; which pages those are is said by the journeys.
_EXPECTED = "Failed to load resource: the server responded with a status of 4"
# A newer request replaced one that was under way, or the page was left: meant, though htmx reports it.
_ABORTED = ("htmx:sendAbort", "htmx:afterRequest")
_PAGES = {"document", "xhr", "fetch"}


def listen(context: BrowserContext, heard: list[str]) -> None:
    """Write every complaint of a page of `context` into `heard`."""

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith((_EXPECTED, *_ABORTED)):
            heard.append(f"{message.type} on {_page(message)}: {message.text}")

    def broke(error: WebError) -> None:
        heard.append(f"script error on {error.page.url if error.page else '?'}: {error.error}")

    def answered(response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and response.request.resource_type not in _PAGES):
            heard.append(f"{response.status} for {response.request.method} {response.url}")

    context.on("console", said)
    context.on("weberror", broke)
    context.on("response", answered)


def _page(message: ConsoleMessage) -> str:
    return message.page.url if message.page else "?"
