"""Starting and ending other processes so that none outlives us."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil  # type: ignore[import-untyped]  # ships no types

_PR_SET_PDEATHSIG = 1

Process = subprocess.Popen[bytes]


def start(
    command: Sequence[str],
    *,
    last_signal: signal.Signals,
    user: pwd.struct_passwd | None = None,
    environ: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Start `command` in a session of its own, so that a terminal's Ctrl-C reaches only us.

    On Linux it gets `last_signal` when we die, however we die. Call it from the main thread: the kernel watches the
    thread that started the process.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        cwd=cwd or "/",
        env=dict(environ) if environ is not None else None,
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        preexec_fn=_dies_with_us(last_signal),  # noqa: PLW1509  # only called where there is one thread
    )


def _dies_with_us(last_signal: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    library, parent = ctypes.CDLL(None, use_errno=True), os.getpid()

    def ask_the_kernel() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(last_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def end(process: Process, ask: signal.Signals, patience: float) -> None:
    """Ask `process` to end, wait `patience` seconds, then kill whatever is left of its session."""
    if process.poll() is None:
        process.send_signal(ask)
    with suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    kill_session(process.pid)
    process.wait()


def members(session: int) -> list[int]:
    """Numbers of the living processes in a session; a job's own process is in it too, though not in the group."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def is_stopped(pid: int) -> bool:
    """Whether a signal keeps the process from going on."""
    with suppress(psutil.Error):
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    return False


def signal_session(session: int, number: signal.Signals) -> None:
    """Send a signal to the head of a session, or to all members if the head is gone."""
    living = members(session)
    for pid in [session] if session in living else living:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_session(session: int) -> None:
    """Kill every process of a session, also those that are started meanwhile."""
    for _ in range(50):
        living = members(session)
        if not living:
            return
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def end_orphans(name: str, folder: Path, ask: signal.Signals) -> None:
    """End every process called `name` that works in `folder`, also when the folder was deleted under it.

    Only for the owner of the folder: whatever still runs there was left by an owner that was killed.
    """
    orphans = [process for process in psutil.process_iter() if _works_in(process, name, folder)]
    numbers = {process.pid for process in orphans}
    for process in orphans:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in numbers:
                process.send_signal(ask)
    _, alive = psutil.wait_procs(orphans, timeout=10)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def _works_in(process: psutil.Process, name: str, folder: Path) -> bool:
    try:
        return bool(process.name() == name and process.cwd().removesuffix(" (deleted)") == str(folder))
    except psutil.Error:
        return False


def wait_until(ready: Callable[[], bool], process: Process, patience: float) -> bool:
    """Poll `ready` until it holds; else end the process after `patience` seconds, or when we are told to stop."""
    deadline = time.monotonic() + patience
    holds = False
    try:
        while not holds and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            holds = ready()
    finally:
        if not holds:
            end(process, signal.SIGQUIT, 5)
    return holds
