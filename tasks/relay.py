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
from sqlalchemy.exc import SQLAlchemyError

from portal.book import operations as book
from portal.book.arrival import operations as arrival
from portal.book.mapping import operations as mapping
from portal.book.undoing import operations as undoing
from portal.compliance.alarms import watching as alarms
from portal.compliance.exports import operations as log_files
from portal.core import scratch
from portal.core.outbox import CHANNEL
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session
from portal.crm.uploads import operations as uploads
from portal.extensions import db, redis_client
from portal.home import review_mail
from portal.identity import rounds, sessions
from portal.identity.guessing import browsers, limits
from portal.identity.letters import operations as letters
from portal.identity.sso import operations as sso
from portal.runtime import starting
from portal.sync import operations as sync
from tasks.jobs import application
from tasks.queue import are_alive, job_id, send

log = logging.getLogger("portal.relay")
EVERYWHERE = Scope(login=Login.JOBS, role=Role.SYSTEM, actor_name="Portal relay")
REAP_EVERY = 2.0
KEEP_HOUSE_EVERY = 3600.0
LISTEN_FOR = 1.0
_WAITING = text(
    "SELECT fmo_id, id, job, args, tries FROM outbox WHERE sent_at IS NULL AND due_at <= now()"
    " ORDER BY due_at, id LIMIT 100 FOR UPDATE SKIP LOCKED"
)
_SENT = text("UPDATE outbox SET sent_at = now(), tries = tries + 1 WHERE fmo_id = :fmo_id AND id = :id")
# Sent a moment ago, and not yet told to be done: at work, waiting, or lost.
_UNDONE = text(
    "SELECT fmo_id, id, job, tries FROM outbox WHERE done_at IS NULL AND sent_at < now() - interval '3 seconds'"
    " ORDER BY sent_at LIMIT 1000 FOR UPDATE SKIP LOCKED"
)
_AGAIN = text("UPDATE outbox SET sent_at = NULL, due_at = now() WHERE fmo_id = :fmo_id AND id = :id")
_GIVEN_UP = text("UPDATE outbox SET done_at = now() WHERE fmo_id = :fmo_id AND id = :id")
MOST_TRIES = 10
_OLD = text("DELETE FROM outbox WHERE sent_at < now() - interval '7 days'")
_PARTITIONS = text("SELECT make_access_partitions(3)")


def send_waiting(connection: redis.Redis) -> int:
    """Send every due row of the outbox; returns how many. A crash in between sends again, which the job id absorbs."""
    with open_session(EVERYWHERE) as work:
        rows = work.execute(_WAITING).all()
        for row in rows:
            # Whose work it is, the row says; an argument may not say otherwise.
            send(connection, row.job, [str(row.fmo_id), *row.args[1:]], job_id(row.id, row.tries))
            work.execute(_SENT, {"fmo_id": row.fmo_id, "id": row.id})
        return len(rows)


def send_lost(connection: redis.Redis) -> int:
    """Have rows sent again whose job the queue has lost, or whose work-horse died; gives their number.

    A queue that came back without its data loses nothing this way. A job that never ends by itself is given up.
    """
    with open_session(EVERYWHERE) as work:
        rows = work.execute(_UNDONE).all()
        living = are_alive(connection, [job_id(row.id, row.tries - 1) for row in rows])
        lost = [row for row, lives in zip(rows, living, strict=True) if not lives]
        for row in lost:
            given_up = row.tries >= MOST_TRIES
            if given_up:
                log.error("The job %s (outbox row %s) was lost %s times; it is given up.", row.job, row.id, row.tries)
            work.execute(_GIVEN_UP if given_up else _AGAIN, {"fmo_id": row.fmo_id, "id": row.id})
        return len(lost)


def keep_house() -> None:
    """What is old goes: sessions, tries, letters, files of contacts, sent rows. Overdue reviews are told.

    Coming months get their partition.
    """
    sessions.purge()
    limits.forget_old()
    browsers.forget_old()
    letters.forget_old()
    sso.purge()
    uploads.forget_old()
    arrival.clear()
    mapping.forget_old()
    review_mail.order_due()
    log_files.forget_old()
    with open_session(EVERYWHERE) as work:
        work.execute(_OLD)
        work.execute(_PARTITIONS)


class Relay:
    """The loop; `stop` ends it after the round at work. Make it inside the application's context."""

    def __init__(self) -> None:
        self.running = True
        self._queue = redis_client()
        self._reaped = self._kept = self._watched = 0.0

    def stop(self, *_: int | FrameType | None) -> None:
        """Ask the loop to end."""
        self.running = False

    def run(self) -> None:
        """Work until stopped; a database or a queue that is away is waited for."""
        while self.running:
            try:
                self._serve()
            except (psycopg.Error, SQLAlchemyError, OSError) as error:
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
        look_after = now - self._reaped > REAP_EVERY
        try:
            send_waiting(self._queue)
            if look_after:
                send_lost(self._queue)
        except redis.RedisError as error:
            log.warning("The queue is away (%s); the outbox keeps the work.", type(error).__name__)
        if look_after:
            self._reaped = now
            scratch.sweep()
            sync.reap()
            book.reap()
            arrival.order_due()
            undoing.reap()
        if now - self._watched > alarms.EVERY.total_seconds():
            self._watched = now
            rounds.in_each_fmo(alarms.order)
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
    starting.or_exit()
    with application().app_context():
        relay = Relay()
        signal.signal(signal.SIGTERM, relay.stop)
        signal.signal(signal.SIGINT, relay.stop)
        relay.run()


if __name__ == "__main__":
    main()
