"""A run's sign of life and progress, written beside its transaction by a thread of its own."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from types import TracebackType
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from portal.core.scope import Scope
from portal.core.session import open_session
from portal.sync.models import SyncRun
from portal.sync.statements import locks

BEAT = 1.0  # seconds
_TICK = 0.2  # how soon a phase is told, and how often a statement is told to end: a short run is not slowed down

News = tuple[str, int, int | None]


class Overtaken(Exception):
    """The run was cancelled, or given to another worker: what was done here is rolled back."""


class Heartbeat:
    """While the block runs: beats every second and tells each phase, under the fence of this attempt.

    Once the run is not this attempt's any more, what `guard`ed connections execute is cancelled, and `say` raises.
    """

    def __init__(self, app: Flask, scope: Scope, run_id: UUID, fence: int) -> None:
        self._app, self._scope, self._run_id, self._fence = app, scope, run_id, fence
        self._news: News | None = None
        self._told: News | None = None
        self._stop, self._lost = threading.Event(), threading.Event()
        self._guarded: psycopg.Connection[object] | None = None
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def lost(self) -> bool:
        """Whether the run is known to be somebody else's, or over."""
        return self._lost.is_set()

    def guard(self, connection: psycopg.Connection[object]) -> None:
        """End what `connection` executes as soon as the run is lost, so that nobody waits for a long statement."""
        self._guarded = connection

    def say(self, phase: str, done: int, total: int | None) -> None:
        """Show `phase` and its counts on the page; never waits. Raises `Overtaken` where the run is lost."""
        if self.lost:
            raise Overtaken
        self._news = (phase, done, total)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        beaten = time.monotonic()  # whoever took the run has just done so
        with self._app.app_context():
            while not self._stop.wait(_TICK):
                if self.lost or self._news is not self._told or time.monotonic() - beaten > BEAT:
                    self._look()
                    beaten = time.monotonic()

    def _look(self) -> None:
        if not self.lost and not self._write():
            self._lost.set()
        if self.lost and self._guarded is not None:
            with suppress(psycopg.Error, OSError):
                self._guarded.cancel_safe(timeout=2)

    def _write(self) -> bool:
        values: dict[str, object] = {"heartbeat_at": func.now()}
        news = self._news
        if news is not None:
            phase, done, total = news
            values |= {"phase": phase, "progress_done": done, "progress_total": total}
        own = (SyncRun.id == self._run_id, SyncRun.fence == self._fence, SyncRun.status == "running")
        beat = update(SyncRun).where(*own).values(**values).returning(SyncRun.id)
        try:
            with open_session(self._scope) as session:
                locks.be_brief(session)
                mine = session.scalar(beat.execution_options(synchronize_session=False)) is not None
        except SQLAlchemyError:
            return True  # a missed beat harms nobody; the next one comes
        self._told = news
        return mine
