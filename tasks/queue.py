"""The queue: JSON only, and only jobs by name from the list. A forged entry names nothing that can be run."""

from __future__ import annotations

from typing import Any

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

QUEUE = "portal"
JOB_TIMEOUT = 3600
KEEP_RESULT = 300
KEEP_FAILURE = 86_400
PREFIX = "tasks.jobs."


class NotAllowed(Exception):
    """The queue holds a job that is not on the list."""


class AllowedJob(Job):
    """A job whose function is looked up in the list and nowhere else."""

    @property
    def func(self) -> Any:
        """The function to run; raises `NotAllowed`."""
        from tasks.jobs import ALLOWED

        name = (self.func_name or "").removeprefix(PREFIX)
        if name not in ALLOWED:
            raise NotAllowed("The queue holds a job that is not on the list; it was not run.")
        return ALLOWED[name]


def queue(connection: Redis) -> Queue:
    """The one queue."""
    return Queue(QUEUE, connection=connection, serializer=JSONSerializer, job_class=AllowedJob)


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
