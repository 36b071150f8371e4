"""Templates under a strict content security policy: nothing inline, nothing evaluated, no address of a file by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
FORBIDDEN = {
    "inline style": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "htmx inline handler": re.compile(r"hx-on", re.IGNORECASE),
    "evaluated value": re.compile(r"""["']\s*(js|javascript):""", re.IGNORECASE),
    "htmx condition that is evaluated": re.compile(r"hx-trigger=[\"'][^\"']*\["),
    "evaluated variables": re.compile(r"hx-vars"),
    "style element": re.compile(r"<style", re.IGNORECASE),
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "file by hand": re.compile(r"""["']/static/"""),
    "unescaped value": re.compile(r"""(?<!["'\s])\s*\|\s*safe\b"""),  # a literal's own markup is meant
    "autoescape off": re.compile(r"autoescape\s+false"),
    "unclosed to-do": re.compile(r"TODO|FIXME|XXX"),
}
LONGEST = 150
LONG: dict[str, str] = {}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_nothing_is_inline(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]
    assert found == []


def test_templates_are_small() -> None:
    lengths = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8").count("\n") for p in TEMPLATES}
    assert {place for place, lines in lengths.items() if lines > LONGEST} == set(LONG)


def test_every_form_that_posts_carries_the_token() -> None:
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.IGNORECASE):
            posts = re.search(r"method\s*=\s*[\"']post", form, re.IGNORECASE)
            assert not posts or re.search(r"csrf(_token)?\(|hidden_tag\(", form), (path, form[:120])
