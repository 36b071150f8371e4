"""Templates under a strict content security policy: nothing inline, nothing evaluated, no address of a file by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from portal.core.paging import listed, read_query
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


COUNTS = [
    (1, 1, "1 alarm"),
    (2, 1, "1–2 of 2 alarms"),
    (51, 1, "1–50 of 51 alarms"),
    (51, 2, "51 of 51 alarms"),
    (10_001, 2, "51–100 of 10,000+ alarms"),
]


@pytest.mark.parametrize(("total", "number", "says"), COUNTS)
def test_lists_count_in_right_words(app: Flask, total: int, number: int, says: str) -> None:
    asked = read_query("/somewhere", MultiDict({"page": str(number)}), filters=(), sorts=("name",), default="name")
    shown = listed(range(*slice(asked.offset, asked.offset + asked.page_size).indices(total)), total, asked)
    macros: Any = app.jinja_env.get_template("components/table.html").module
    line = str(macros.count_line(shown, "alarm"))
    assert f">{says}</p>" in line and f'{says.rpartition("of ")[2]}, page {number}"' in line
    assert ("policies" in str(macros.count_line(shown, "policy", "policies"))) is (total > 1)


def test_every_list_names_what_one_of_it_is() -> None:
    named = re.compile(r'(?:list_footer|count_line)\(listing, "([^"]+)"')
    nouns = {noun for path in TEMPLATES for noun in named.findall(path.read_text(encoding="utf-8"))}
    assert len(nouns) > 12 and [noun for noun in nouns if noun.endswith("s") and noun != "Business"] == []
