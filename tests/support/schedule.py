"""Which tests of a parallel run stay together on one worker."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # ships no types

JOURNEYS = "tests/journeys/"


class JourneysTogether(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Every test goes to whichever worker is free, but all journeys to one: they share a portal.

    xdist's own groups write their name into a test's id, which this version of pytest does not read again.
    """

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else nodeid
