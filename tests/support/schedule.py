"""Which tests of a parallel run stay together on one worker."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no types

# Journeys share a portal, and so do scanners; fault tests share workers that they kill.
TOGETHER = ("tests/journeys/", "tests/faults/", "tests/scan/")
# What takes many seconds begins early: at the end one worker would have it and the others nothing.
LONG = (
    "tests/isolation/test_changes_logged.py",
    "tests/isolation/test_forms.py",
    "tests/isolation/test_web.py",
    "tests/model/",
    "tests/portal/book/test_key_rotation.py",
    "tests/portal/book/test_undo_model.py",
    "tests/portal/compliance/retention/test_ending.py",
    "tests/portal/identity/test_same_time.py",
    "tests/runtime/test_supervisor.py",
)


def long_ones_first(items: list[pytest.Item]) -> None:
    """Change the order of `items`: what is long first, each part in its own order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


class JourneysTogether(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Every test goes to whichever worker is free, but all journeys to one, and all fault tests to one.

    xdist's own groups write their name into a test's id, which this version of pytest does not read again.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)
