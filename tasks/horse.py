"""The process that stands by for the next job: forked, connected and warmed up before there is one.

Forking takes tens of milliseconds and each database connection as many again; a person who clicks waits for neither.
Each serves one job, and dies with the worker that forked it.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from portal.core.ids import new_id
from portal.core.scope import Login
from portal.extensions import db
from portal.runtime import children
from tasks.jobs import application, run_sync

_PR_SET_PDEATHSIG = 1
_AT_ONCE = 3  # connections of a run: its lock, its transaction, its heartbeat


@dataclass(frozen=True, slots=True)
class Horse:
    """A child that waits at the other end of `pipe`."""

    pid: int
    pipe: int

    def give(self, job_id: str, execution_id: str) -> bool:
        """Hand it its job; False where it has died, or stands still: then it is ended."""
        if children.is_stopped(self.pid):
            os.kill(self.pid, signal.SIGKILL)
        else:
            with suppress(BrokenPipeError):
                os.write(self.pipe, json.dumps([job_id, execution_id]).encode())
                os.close(self.pipe)
                return True
        os.close(self.pipe)
        os.waitpid(self.pid, 0)
        return False


def fork(work: Callable[[str, str], None]) -> Horse:
    """A child that will call `work` with the job and the execution it is given."""
    parent = os.getpid()
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(read)
        return Horse(pid, write)
    os.close(write)
    try:
        _stand_by(parent, read)
        given = os.read(read, 4096)
        if given:
            work(*json.loads(given))
    finally:
        os._exit(1)  # without a job, or where the job's own end was not reached


def _stand_by(parent: int, pipe: int) -> None:
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent died before the kernel was told
    with application().app_context():
        for engine in db.engines.values():
            engine.dispose(close=False)  # the parent's connections
    with suppress(SQLAlchemyError):
        _warm_up(pipe)


def _warm_up(pipe: int) -> None:
    """Open connections, and go the way of a run once, for one that does not exist; leave off where a job is waiting."""
    with application().app_context(), ExitStack() as open_connections:
        for _ in range(_AT_ONCE):
            if _has_job(pipe):
                return
            open_connections.enter_context(db.engines[Login.JOBS.value].connect())
    if not _has_job(pipe):
        run_sync(str(new_id()), str(new_id()), str(new_id()))


def _has_job(pipe: int) -> bool:
    return bool(select.select([pipe], [], [], 0)[0])
