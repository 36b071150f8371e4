"""The process tree: starts the children, starts again what dies, ends all of them together."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from portal.runtime import children

LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
STOP_SECONDS = 10.0
_TICK = 0.2


@dataclass(slots=True)
class Child:
    """One process to keep alive. `start` returns its process; servers (`last` is true) end after all others.

    One that stays stopped by a signal for `frozen_seconds` is killed and started again; servers never are.
    """

    name: str
    start: Callable[[], children.Process]
    stop_signal: signal.Signals = signal.SIGTERM
    last: bool = False
    process: children.Process | None = None
    failures: int = 0
    started: float = 0.0
    due: float = field(default=0.0)
    frozen_seconds: float = 60.0
    frozen_since: float | None = None


class Stopped(BaseException):
    """We were asked to stop while something else was going on; passes through `except Exception`."""


@dataclass(slots=True)
class Stop:
    """Whether we were asked to stop. While `raises` holds, being asked also raises Stopped where we just are."""

    asked: bool = False
    raises: bool = True


@contextmanager
def stopping() -> Iterator[Stop]:
    """While inside, SIGTERM, Ctrl-C and a closed terminal ask us to stop; asking again changes nothing."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        again, stop.asked = stop.asked, True
        if stop.raises and not again:
            raise Stopped

    wanted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask) for number in wanted}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(tree: list[Child], stop: Stop, on_tick: Callable[[], None] = lambda: None) -> None:
    """Keep every child of `tree` alive until we are asked to stop; then end all and return when nothing is left."""
    # From here on we look at `asked`: a child that was just started must not be forgotten by an exception.
    stop.raises = False
    with _guard() as tell:
        for child in tree:
            if child.process is not None:
                _began(child, child.process, tell)
        try:
            while not stop.asked:
                for child in tree:
                    _look_after(child, tell)
                on_tick()
                time.sleep(_TICK)
        finally:
            end_all(tree)


def _look_after(child: Child, tell: Callable[[str], None]) -> None:
    now = time.monotonic()
    if child.process is not None and child.process.poll() is None and not child.last:
        _end_frozen(child, child.process, now)
    if child.process is not None and child.process.poll() is not None:
        _bury(child, now, tell)
    if child.process is None and now >= child.due:
        try:
            _began(child, child.start(), tell)
        except Exception as error:  # noqa: BLE001  # whatever keeps it from starting, the others go on and it is tried again
            child.failures += 1
            child.due = now + pause(child.failures)
            say(f"{child.name} could not be started: {error}")


def _end_frozen(child: Child, process: children.Process, now: float) -> None:
    if not children.is_stopped(process.pid):
        child.frozen_since = None
    elif child.frozen_since is None:
        child.frozen_since = now
    elif now - child.frozen_since > child.frozen_seconds:
        say(f"{child.name} stands still; it is ended.")
        children.kill_session(process.pid)
        process.wait()


def _began(child: Child, process: children.Process, tell: Callable[[str], None]) -> None:
    child.process, child.started, child.frozen_since = process, time.monotonic(), None
    tell(f"+{process.pid} {int(child.stop_signal)}")


def _bury(child: Child, now: float, tell: Callable[[str], None]) -> None:
    """Forget an ended process, end what it left behind, and set the time of its next start."""
    process = child.process
    assert process is not None  # for the type checker
    children.kill_session(process.pid)
    tell(f"-{process.pid}")
    child.process = None
    child.failures = 1 if now - child.started > STEADY_SECONDS else child.failures + 1
    child.due = now + pause(child.failures)
    how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit status {process.returncode}"
    say(f"{child.name} ended ({how}); it is started again in {pause(child.failures):g} s.")


def pause(failures: int) -> float:
    """Seconds to wait before the next start, after so many failures in a row: 0.5, 1, 2, … LONGEST_PAUSE."""
    return float(min(LONGEST_PAUSE, 0.5 * 2 ** min(failures - 1, 10)))


def end_all(tree: list[Child]) -> None:
    """Ask all children to end at once, kill what is left after STOP_SECONDS, and only then end the servers."""
    for last in (False, True):
        alive = [(child, child.process) for child in reversed(tree) if child.process is not None and child.last is last]
        if not last:
            for child, process in alive:
                if process.poll() is None:
                    process.send_signal(child.stop_signal)
            _wait([process for _, process in alive], STOP_SECONDS)
        for child, process in alive:
            children.end(process, child.stop_signal, STOP_SECONDS if last else 0)
            child.process = None


def _wait(processes: list[children.Process], patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(process.poll() is None for process in processes):
        time.sleep(0.05)


@contextmanager
def _guard() -> Iterator[Callable[[str], None]]:
    """Start the guard, which ends our children if we are killed; yields how to tell it about one."""
    guard = subprocess.Popen(
        [sys.executable, "-m", "portal.runtime.guard"], stdin=subprocess.PIPE, start_new_session=True, text=True
    )
    assert guard.stdin is not None  # for the type checker
    pipe = guard.stdin

    def tell(line: str) -> None:
        try:
            print(line, file=pipe, flush=True)
        except BrokenPipeError:
            say("The guard is gone: if this process is killed by force, its children may live on.")

    try:
        yield tell
    finally:
        with suppress(BrokenPipeError):
            pipe.close()
        guard.wait()


def say(text: str) -> None:
    """Tell the person at the terminal one thing."""
    print(f"portal: {text}", flush=True)
