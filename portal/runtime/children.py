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
    """Ask `process` to end, wait `patience` seconds, then kill whatever is left of its group; returns when it is gone."""
    if process.poll() is None:
        process.send_signal(ask)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    signal_group(process.pid, signal.SIGKILL)
    process.wait()


def signal_group(group: int, number: signal.Signals) -> bool:
    """Send a signal to a process group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers "not permitted" for a group that holds only zombies.
        return False
    return True


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
    """Poll `ready` until it holds; False when the process ended or `patience` seconds passed."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(0.05)
    return False
