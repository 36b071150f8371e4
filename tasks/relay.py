"""The relay: `python -m tasks.relay`. Sends what is in the outbox, takes up runs whose worker died, keeps house.

One works at a time (an advisory lock); a second one waits to take over.
"""

from __future__ import annotations

import logging
import signal
import time
from types import FrameType

import psycopg
import redis
from sqlalchemy import text
from sqlalchemy.engine import make_url

from portal.book import operations as book
from portal.core.outbox import CHANNEL
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.extensions import db, redis_client
from portal.identity import sessions
from portal.sync import operations as sync
from tasks.jobs import application
from tasks.queue import send

log = logging.getLogger("portal.relay")
EVERYWHERE = Scope(login=Login.JOBS, role=Role.SYSTEM, actor_name="Portal relay")
REAP_EVERY = 5.0
KEEP_HOUSE_EVERY = 3600.0
LISTEN_FOR = 1.0
_WAITING = text(
    "SELECT fmo_id, id, job, args FROM outbox WHERE sent_at IS NULL AND due_at <= now()"
    " ORDER BY due_at, id LIMIT 100 FOR UPDATE SKIP LOCKED"
)
_SENT = text("UPDATE outbox SET sent_at = now(), tries = tries + 1 WHERE fmo_id = :fmo_id AND id = :id")
_OLD = text("DELETE FROM outbox WHERE sent_at < now() - interval '7 days'")
_PARTITIONS = text("SELECT make_access_partitions(3)")


def send_waiting(connection: redis.Redis) -> int:
    """Send every due row of the outbox; returns how many. A crash in between sends again, which the job id absorbs."""
    with open_session(EVERYWHERE) as work:
        rows = work.execute(_WAITING).all()
        for row in rows:
            send(connection, row.job, list(row.args), f"outbox-{row.id}")
            work.execute(_SENT, {"fmo_id": row.fmo_id, "id": row.id})
        return len(rows)


def keep_house() -> None:
    """Old sessions and sent rows go, coming months get their partition."""
    sessions.purge()
    with open_session(EVERYWHERE) as work:
        work.execute(_OLD)
        work.execute(_PARTITIONS)


class Relay:
    """The loop; `stop` ends it after the round at work."""

    def __init__(self) -> None:
        self.running = True
        self._reaped = self._kept = 0.0

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask the loop to end."""
        self.running = False

    def run(self) -> None:
        """Work until stopped; a database or a queue that is away is waited for."""
        while self.running:
            try:
                self._serve()
            except (psycopg.Error, OSError) as error:
                log.warning("The database is away (%s); trying again.", type(error).__name__)
                time.sleep(1)

    def _serve(self) -> None:
        with psycopg.connect(_address(), autocommit=True) as listener:
            while self.running and not _leads(listener):
                time.sleep(1)
            listener.execute(f"LISTEN {CHANNEL}")
            while self.running:
                self._round()
                for _ in listener.notifies(timeout=LISTEN_FOR, stop_after=1):
                    pass

    def _round(self) -> None:
        now = time.monotonic()
        try:
            send_waiting(redis_client())
        except redis.RedisError as error:
            log.warning("The queue is away (%s); the outbox keeps the work.", type(error).__name__)
        if now - self._reaped > REAP_EVERY:
            self._reaped = now
            sync.reap()
            book.reap()
        if now - self._kept > KEEP_HOUSE_EVERY:
            self._kept = now
            keep_house()


def _leads(listener: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = listener.execute("SELECT pg_try_advisory_lock(hashtext('portal_relay'))").fetchone()
    return bool(row and row[0])


def _address() -> str:
    url = make_url(str(db.engines[Login.JOBS.value].url.render_as_string(hide_password=False)))
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def main() -> None:
    """Relay until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    relay = Relay()
    signal.signal(signal.SIGTERM, relay.stop)
    signal.signal(signal.SIGINT, relay.stop)
    with application().app_context():
        relay.run()


if __name__ == "__main__":
    main()
