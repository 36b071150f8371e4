"""Which tests of a parallel run stay together on one worker."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no types

# Journeys share a portal, and so do scanners; fault tests share workers that they kill.
TOGETHER = ("tests/journeys/", "tests/faults/", "tests/scan/")


class JourneysTogether(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Every test goes to whichever worker is free, but all journeys to one, and all fault tests to one.

    xdist's own groups write their name into a test's id, which this version of pytest does not read again.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)
