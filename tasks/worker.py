"""The worker: `python -m tasks.worker`. Forks for each job; the fork dies with its parent: nothing runs twice."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from portal.extensions import db
from portal.runtime import children
from tasks.jobs import application
from tasks.queue import AllowedJob
from tasks.queue import queue as portal_queue

_PR_SET_PDEATHSIG = 1
PATIENCE_WITH_STOPPED = 60  # seconds


class PortalWorker(Worker):
    """RQ's worker, made safe: work-horses die with their parent and share no database connection with it, and a
    failure leaves its type and place, never the values in its text."""

    max_connection_wait_time = 2.0  # seconds between looks for a queue that is away
    _stopped_for = 0

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the fork: tie its life to the parent's, and forget the parent's connections."""
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == 1:
                os._exit(1)  # the parent died before the kernel was told
        with application().app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)
        super().main_work_horse(job, queue)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Go on while the queue is away: the run at work needs it no more. A horse stopped for a minute is replaced."""
        with suppress(RedisError):
            super().maintain_heartbeats(job, execution)
        self._stopped_for = self._stopped_for + 1 if children.is_stopped(self.horse_pid) else 0
        if self._stopped_for * self.job_monitoring_interval > PATIENCE_WITH_STOPPED:
            self.log.warning("Job %s (%s): its process was stopped for too long; ended.", job.id, job.description)
            self.kill_horse()

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log what kind of failure it was and where; the text may quote a row."""
        kind, _, trace = exc_info[0], exc_info[1], exc_info[2]
        while isinstance(trace, TracebackType) and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if isinstance(trace, TracebackType) else "?"
        self.log.error("Job %s (%s) failed: %s at %s", job.id, job.description, getattr(kind, "__name__", kind), place)

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """Keep no traceback text in Redis: it may quote a row."""
        kwargs["exc_string"] = "see the run"
        super().handle_job_failure(job, queue, *args, **kwargs)


def make(connection: Redis) -> PortalWorker:
    """A worker on the one queue."""
    return PortalWorker(
        [portal_queue(connection)],
        connection=connection,
        job_class=AllowedJob,
        serializer=JSONSerializer,
        worker_ttl=60,
        job_monitoring_interval=5,
        log_job_description=False,
    )


def main() -> None:
    """Work until told to stop."""
    from portal.extensions import redis_client

    with application().app_context():
        connection = redis_client(blocking=True)
    make(connection).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
