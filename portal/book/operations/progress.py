"""A run's progress, told on a connection of its own: people see it move while the load is one transaction."""

from __future__ import annotations

from time import monotonic
from uuid import UUID

from portal.book.statements import runs
from portal.core import scope
from portal.core.session import open_session

EVERY = 0.4  # seconds: more often nobody looks
LONG = 10_000  # policies of which each step takes seconds, so that its beginning is always told


class Progress:
    """One attempt of one run. Every call commits at once; a newer attempt silences an older one."""

    def __init__(self, fmo_id: UUID, run_id: UUID, fence: int) -> None:
        self._key = {"fmo": fmo_id, "run": run_id, "fence": fence}
        self.fence = fence
        self.phase = "Reading the file"
        self._told = monotonic()

    @classmethod
    def begin(cls, fmo_id: UUID, run_id: UUID) -> Progress | None:
        """Take the run, or None where it is over already."""
        with open_session(scope.current()) as session:
            fence = runs.take(session, fmo_id, run_id)
        return None if fence is None else cls(fmo_id, run_id, fence)

    def at(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Say what is being done, and how far it is; only now and then where it goes quickly."""
        begins = phase != self.phase and (total or 0) >= LONG
        self.phase = phase
        if monotonic() - self._told < EVERY and not begins:
            return
        self._told = monotonic()
        with open_session(scope.current()) as session:
            runs.move(session, {**self._key, "phase": phase, "done": done, "total": total})

    def fail(self, sentence: str) -> None:
        """End the run; `sentence` says what happened and holds no value of the file."""
        with open_session(scope.current()) as session:
            runs.fail(session, {**self._key, "error": sentence})
