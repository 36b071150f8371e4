"""A run's sign of life and progress, written beside its transaction by a thread of its own."""

from __future__ import annotations

import threading
from types import TracebackType
from uuid import UUID

from flask import Flask
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from portal.core.scope import Scope
from portal.core.session import open_session
from portal.sync.models import SyncRun

BEAT = 3.0  # seconds


class Heartbeat:
    """While the block runs: beats every few seconds and tells each phase, under the fence of this attempt."""

    def __init__(self, app: Flask, scope: Scope, run_id: UUID, fence: int) -> None:
        self._app, self._scope, self._run_id, self._fence = app, scope, run_id, fence
        self._news: tuple[str, int, int | None] | None = None
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def say(self, phase: str, done: int, total: int | None) -> None:
        """Show `phase` and its counts on the page; never waits."""
        self._news = (phase, done, total)
        self._wake.set()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _beat(self) -> None:
        with self._app.app_context():
            while not self._stop.is_set():
                self._wake.wait(BEAT)
                self._wake.clear()
                if not self._stop.is_set():
                    self._write()

    def _write(self) -> None:
        values: dict[str, object] = {"heartbeat_at": func.now()}
        if self._news is not None:
            phase, done, total = self._news
            values |= {"phase": phase, "progress_done": done, "progress_total": total}
        mine = (SyncRun.id == self._run_id, SyncRun.fence == self._fence, SyncRun.status == "running")
        try:
            with open_session(self._scope) as session:
                session.execute(
                    update(SyncRun).where(*mine).values(**values).execution_options(synchronize_session=False)
                )
        except SQLAlchemyError:
            return  # a missed beat harms nobody; the next one comes
