"""Whether a page can be used by everybody: axe's rules in light and dark, and nothing wider than a small phone."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 320, "height": 640}
BETWEEN = (390, 820)  # where facts have two columns already, and a table is cards no more
_ALL = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
# Another colour scheme changes no element: only what looks at colours is asked again.
_COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
# Colours pass from parents to children a frame at a time: calm is three frames without a transition.
_SETTLED = """async () => {
    for (let calm = 0, frame = 0; calm < 3 && frame < 60; frame++) {
        await new Promise(requestAnimationFrame);
        calm = document.getAnimations().length ? 0 : calm + 1;
    }
}"""
# A table learns within a frame that it no longer fits, and scrolls in its own region from then on.
_FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TOO_WIDE = """() => [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== 'fixed')
    .slice(0, 3).map(e => e.outerHTML.slice(0, 90))"""
# A card of a list has its labels under each other and its values too; a cell between others has no room for words.
_SQUEEZED = """() => [...document.querySelectorAll('.data tbody td[data-label]')]
    .filter(e => e.offsetParent && e.getBoundingClientRect().width < innerWidth / 2)
    .slice(0, 3).map(e => e.outerHTML.slice(0, 90))"""


def faults(page: Page) -> list[str]:
    """Look at the page that is open, wide and narrow, light and dark; a line for each fault, none if it is right."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for name, size, scheme, rules in (
        ("wide, light", WIDE, "light", _ALL),
        ("wide, dark", WIDE, "dark", _COLOURS),
        ("320 px, light", PHONE, "light", _ALL),
    ):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # the same two numbers
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two words
        page.evaluate(_SETTLED)
        found += [f"{_where(page)} ({name}): {line}" for line in _violations(page, rules)]
    found += _too_wide(page)
    if squeezed := page.evaluate(_SQUEEZED):
        found.append(f"{_where(page)} has cells at 320 px that are too narrow to read: {squeezed}")
    for width in BETWEEN:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(_FRAME)
        found += _too_wide(page)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # the same two numbers
    return found


def _too_wide(page: Page) -> list[str]:
    if not page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        return []
    return [f"{_where(page)} is wider than {page.evaluate('innerWidth')} px: {page.evaluate(_TOO_WIDE)}"]


def _where(page: Page) -> str:
    return page.evaluate("location.pathname + location.search")  # type: ignore[no-any-return]  # text by definition


def _violations(page: Page, rules: dict[str, Any]) -> list[str]:
    answer = page.evaluate("rules => axe.run(document, rules)", rules)
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in answer["violations"]
        for node in rule["nodes"][:3]
    ]
