"""Whatever reveals or hands out records wants somebody who proved lately to be themself; the exempt are listed."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.core.permissions import Permission, access_of

# Files and clear numbers that need no step-up, and why.
EXEMPT = {
    "provisioning.import_template": "a file with nothing but the columns",
    "identity.codes_file": "sends back what the page that asks holds already",
}
REVEALS = {Permission.BOOK_REVEAL, Permission.CRM_REVEAL, Permission.ACCESS_EXPORT, Permission.FEED_INPUT}
_HANDS_OUT = {"download", "write_file", "write_csv", "write_workbook", "send_file", "csv_of", "decrypt"}


def _calls(view: Callable[..., Any]) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(view))))
    found: list[Any] = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {str(getattr(func, "attr", "") or getattr(func, "id", "")) for func in found}


def _delicate(app: Flask) -> set[str]:
    found = set()
    for endpoint, view in app.view_functions.items():
        access = access_of(view)
        if access is None or endpoint == "static":
            continue
        named = access.event is not None and re.search("reveal|export", access.event.name)
        if named or access.permission in REVEALS or _calls(view) & _HANDS_OUT:
            found.add(endpoint)
    return found


def test_what_reveals_or_hands_out_is_fresh(app: Flask) -> None:
    delicate = _delicate(app)
    assert len(delicate) >= 14
    assert set(EXEMPT) <= delicate, "take off what is no longer there"
    stale = {
        name for name in delicate - set(EXEMPT) if not getattr(access_of(app.view_functions[name]), "fresh", False)
    }
    assert stale == set(), "mark them with allow(…, fresh=True), or say here why not"


def test_files_have_a_name_with_a_dot(app: Flask) -> None:
    # By it the step-up knows that a redirect would leave the browser where it is.
    delicate = _delicate(app)
    for rule in app.url_map.iter_rules():
        if rule.endpoint in delicate and "GET" in (rule.methods or set()):
            assert "." in rule.rule.rpartition("/")[2], rule.rule


@pytest.mark.parametrize(
    "endpoint", ["identity.new_app", "identity.confirm_app", "identity.remove_app", "identity.new_codes"]
)
def test_changes_of_factors_are_fresh(app: Flask, endpoint: str) -> None:
    access = access_of(app.view_functions[endpoint])
    assert access is not None and access.fresh
