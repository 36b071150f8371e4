"""Real workers and a real relay on the test's own database, to be killed, stopped and looked at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import psutil  # type: ignore[import-untyped]  # ships no types
from redis import Redis
from rq import Worker
from rq.exceptions import NoSuchJobError
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker, WorkerStatus
from sqlalchemy import Engine, text

from portal.core.ids import new_id
from tasks.queue import AllowedJob

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

Process = subprocess.Popen[bytes]
Found = TypeVar("Found")
Took = Callable[[str, float], None]


def until(look: Callable[[], Found | None], what: str, patience: float = PATIENCE) -> Found:
    """What `look` gives as soon as it gives something; fails after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {patience:g} s"
        time.sleep(0.02)


@dataclass(slots=True)
class Crew:
    """Two workers and the relay. What they print lands in `log`."""

    log: Path
    queue: Redis
    workers: list[Process] = field(default_factory=list)
    relay: Process | None = None

    def start(self) -> None:
        """Have all of them run; those that live are left alone."""
        if self.relay is None or self.relay.poll() is not None:
            self.relay = self._start("tasks.relay")
        self.workers = [one for one in self.workers if one.poll() is None]
        self.workers += [self._start("tasks.worker") for _ in range(2 - len(self.workers))]

    def _start(self, module: str) -> Process:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def horse(self, subject: UUID | str) -> tuple[Process, psutil.Process]:
        """The worker that has the job for the record `subject`, and its work-horse; waits for them.

        The other worker may be at work, too: on mails, alarms or duplicates.
        """
        return until(lambda: self._horse(str(subject)), "a work-horse")

    def _horse(self, subject: str) -> tuple[Process, psutil.Process] | None:
        has_it = {one.pid for one in Worker.all(connection=self.queue) if subject in self._args(one)}
        for worker in self.workers:
            with suppress(psutil.Error):
                if worker.pid in has_it:
                    return worker, psutil.Process(worker.pid).children()[0]
        return None

    def _args(self, worker: BaseWorker) -> Sequence[str]:
        job_id = worker.get_current_job_id() if worker.get_state() == WorkerStatus.BUSY else None
        with suppress(NoSuchJobError):
            return AllowedJob.fetch(job_id, self.queue, JSONSerializer).args if job_id else ()
        return ()

    def stop(self) -> None:
        """End all of them, also those that were stopped by a signal."""
        for process in [*self.workers, self.relay]:
            if process is not None and process.poll() is None:
                with suppress(psutil.Error):
                    for child in psutil.Process(process.pid).children(recursive=True):
                        child.kill()
                process.kill()
                process.wait()
        self.workers, self.relay = [], None

    def said(self) -> str:
        """What was printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def wait_for_a_round(engine: Engine) -> None:
    """Wait until the relay has ended a round: in its first it keeps house, and would stand still at what a test holds.

    What is put into the outbox once something was sent is sent in a later round than that.
    """
    put = text("INSERT INTO outbox (fmo_id, id, job, args) VALUES (:id, :id, 'follow_book', ARRAY[CAST(:id AS text)])")
    sent = text("SELECT sent_at FROM outbox WHERE id = :id")

    def is_sent(row_id: UUID) -> bool:
        with engine.connect() as connection:
            return connection.execute(sent, {"id": row_id}).scalar_one() is not None

    for _ in range(2):
        row_id = new_id()
        with engine.begin() as connection:
            connection.execute(put, {"id": row_id})
        until(partial(is_sent, row_id), "a round of the relay")


@contextmanager
def on_duty(log: Path, queue: Redis) -> Iterator[Crew]:
    """A crew for the length of the block."""
    crew = Crew(log, queue)
    try:
        crew.start()
        yield crew
    finally:
        crew.stop()


def gone(process: psutil.Process) -> bool:
    """Whether the process has ended."""
    with suppress(psutil.NoSuchProcess):
        return bool(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)
    return True


def freeze(*pids: int) -> None:
    """Stop processes where they stand."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def thaw(*pids: int) -> None:
    """Let stopped processes go on."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
