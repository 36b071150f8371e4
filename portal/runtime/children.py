"""Starting and ending other processes so that none outlives us."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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


def end_orphan(pid_file: Path, name: str, folder: Path | None, ask: signal.Signals) -> None:
    """End the server that `pid_file` speaks of, if it still lives, is called `name` and works in `folder` (if given)."""
    try:
        process = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        if process.name() != name or (folder is not None and Path(process.cwd()) != folder):
            return
        process.send_signal(ask)
        _wait_or_kill(process)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return


def _wait_or_kill(process: psutil.Process) -> None:
    family = [process, *process.children(recursive=True)]
    _, alive = psutil.wait_procs(family, timeout=10)
    for left in alive:
        left.kill()
    psutil.wait_procs(alive, timeout=5)


def wait_until(ready: Callable[[], bool], process: Process, patience: float) -> bool:
    """Poll `ready` until it holds; False when the process ended or `patience` seconds passed."""
    deadline = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(0.05)
    return False


def is_other_program(pid_file: Path, name: str) -> bool:
    """True when the number in `pid_file` is of a living process that is not called `name`."""
    try:
        process = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
        return bool(process.name() != name)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        return False
