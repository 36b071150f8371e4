"""The queue: JSON only, and only jobs by name from the list. A forged entry names nothing that can be run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis import Redis
from rq import Queue
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now, utcparse
from sqlalchemy.exc import OperationalError

from portal.core.ids import parse_id

QUEUE = "portal"
JOB_TIMEOUT = 3600
KEEP_RESULT = 300
KEEP_FAILURE = 86_400
PREFIX = "tasks.jobs."
_OUTBOX = "outbox-"
SILENT = timedelta(seconds=20)  # a worker beats every five


class NotAllowed(Exception):
    """The queue holds a job that is not on the list."""


class AllowedJob(Job):
    """A job whose function is looked up in the list and nowhere else."""

    @property
    def func(self) -> Any:
        """The function to run; raises `NotAllowed`."""
        from tasks.jobs import ALLOWED

        if self.known_as not in ALLOWED:
            raise NotAllowed("The queue holds a job that is not on the list; it was not run.")
        return ALLOWED[self.known_as]

    @property
    def known_as(self) -> str:
        """Its name on the list, for logs: what the queue says of a job by itself may be anything."""
        from tasks.jobs import ALLOWED

        try:
            name = (self.func_name or "").removeprefix(PREFIX)
        except DeserializationError:
            name = ""
        return name if name in ALLOWED else "not on the list"

    @property
    def success_callback(self) -> None:
        """None: a callback is a second function by name, of which no list would know."""
        return

    @property
    def failure_callback(self) -> None:
        """None; see `success_callback`."""
        return

    @property
    def stopped_callback(self) -> None:
        """None; see `success_callback`."""
        return

    def send_webhooks(self, *args: Any, **kwargs: Any) -> None:
        """Tell nobody: an address in the queue is nobody's of ours."""

    def perform(self) -> Any:
        """Run it, and note that it ended by itself; where the database went away, it is sent again."""
        try:
            result = super().perform()
        except OperationalError:
            raise
        except BaseException:
            self._tell()
            raise
        self._tell()
        return result

    def _tell(self) -> None:
        from tasks.jobs import mark_done

        row = outbox_id(self.id)
        if row is not None:
            with suppress(OperationalError):
                mark_done(row)


def queue(connection: Redis) -> Queue:
    """The one queue."""
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=AllowedJob)


def job_id(outbox_id: UUID, tries: int) -> str:
    """The queue's name for the sending of an outbox row after `tries` earlier ones: sent twice, it is one job."""
    return f"{_OUTBOX}{outbox_id}-{tries}"


def outbox_id(job_id: str) -> UUID | None:
    """The outbox row behind a job, or None where it has none."""
    return parse_id(job_id.removeprefix(_OUTBOX).rpartition("-")[0]) if job_id.startswith(_OUTBOX) else None


def are_alive(connection: Redis, job_ids: Sequence[str]) -> list[bool]:
    """Whether each job waits in the queue, or is with a worker that has lately shown a sign of life."""
    key = queue(connection).key
    with connection.pipeline(transaction=False) as pipeline:
        for one in job_ids:
            pipeline.hmget(AllowedJob.key_for(one), "status", "last_heartbeat")
            pipeline.lpos(key, one)
        answers = pipeline.execute()
    return [_is_alive(found[0], found[1], place) for found, place in zip(answers[::2], answers[1::2], strict=True)]


def _is_alive(status: bytes | None, beat: bytes | None, place: int | None) -> bool:
    if place is not None:
        return True
    if status != b"started" or not beat:
        return False
    return now() - utcparse(beat.decode()) < SILENT


def send(connection: Redis, job: str, args: list[str], job_id: str) -> None:
    """Put one job into the queue; sending the same `job_id` again changes nothing while it waits or runs."""
    at = queue(connection)
    known = AllowedJob.exists(job_id, connection=connection)
    if known:
        return
    at.enqueue_call(
        PREFIX + job,
        args=tuple(args),
        job_id=job_id,
        timeout=JOB_TIMEOUT,
        result_ttl=KEEP_RESULT,
        failure_ttl=KEEP_FAILURE,
        description=job,
    )
