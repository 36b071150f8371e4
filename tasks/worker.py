"""The worker: `python -m tasks.worker`. A process for each job, which dies with its parent: nothing runs twice."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker, worker_registration
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from portal.core import scratch
from portal.runtime import children, starting
from tasks import horse
from tasks.horse import Horse
from tasks.jobs import application
from tasks.queue import AllowedJob
from tasks.queue import queue as portal_queue

PATIENCE_WITH_STOPPED = 60  # seconds


class PortalWorker(Worker):
    """RQ's worker, made safe: work-horses die with their parent and share no database connection with it, and a
    failure leaves its type and place, never the values in its text."""

    max_connection_wait_time = 2.0  # seconds between looks for a queue that is away
    _stopped_for = 0
    _horse: Horse

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Begin, with a work-horse standing by."""
        super().bootstrap(*args, **kwargs)
        self._stand_by()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in the work-horse that stands by; the next one is forked after it."""
        super().execute_job(job, queue)
        self._stand_by()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Give the job to the work-horse that stands by, or to a new one where it has died meanwhile."""
        assert self.execution is not None  # for the type checker; RQ has just made it
        while not self._horse.give(job.id, self.execution.id):
            self._stand_by()
        self._horse_pid = self._horse.pid
        self.procline(f"Gave a job to {self._horse_pid}")  # type: ignore[no-untyped-call]  # RQ's own

    def _stand_by(self) -> None:
        self._horse = horse.fork(self._work)

    def _work(self, job_id: str, execution_id: str) -> None:
        """In the work-horse: what RQ does after its fork, for a job that came later."""
        job = AllowedJob.fetch(job_id, connection=self.connection, serializer=JSONSerializer)
        execution = Execution.fetch(execution_id, job_id, connection=self.connection)
        execution._job = job
        self.executions.clear()
        self.execution = execution
        self.main_work_horse(job, self.queues[0])

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Beat; a queue that came back without its data learns of this worker again."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Go on while the queue is away: the run at work needs it no more. A horse stopped for a minute is replaced."""
        with suppress(RedisError):
            super().maintain_heartbeats(job, execution)
        self._stopped_for = self._stopped_for + 1 if children.is_stopped(self.horse_pid) else 0
        if self._stopped_for * self.job_monitoring_interval > PATIENCE_WITH_STOPPED:
            self.log.warning("Job %s (%s): its process was stopped for too long; ended.", job.id, _name(job))
            self.kill_horse()

    def handle_exception(self, job: Job, *exc_info: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Log what kind of failure it was and where; the text may quote a row."""
        kind, _, trace = exc_info[0], exc_info[1], exc_info[2]
        while isinstance(trace, TracebackType) and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if isinstance(trace, TracebackType) else "?"
        self.log.error("Job %s (%s) failed: %s at %s", job.id, _name(job), getattr(kind, "__name__", kind), place)

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **kwargs: Any) -> None:
        """Keep no traceback text in Redis: it may quote a row."""
        kwargs["exc_string"] = "see the run"
        super().handle_job_failure(job, queue, *args, **kwargs)


def _name(job: Job) -> str:
    return job.known_as if isinstance(job, AllowedJob) else "?"


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

    starting.or_exit()
    with application().app_context():
        connection = redis_client(blocking=True)
    scratch.sweep()  # what a machine that went down has left
    make(connection).work(logging_level="WARNING")


if __name__ == "__main__":
    main()
