"""The process tree: what dies comes back, and nothing is left behind, however we end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from portal.runtime import guard, supervisor

# A supervisor over two children. Each child writes its number to a file, ignores Ctrl-C, and has a child of its own in
# another process group, as a job has; "stubborn" ignores SIGTERM as well.
PROGRAM = """
import signal, sys
from pathlib import Path
from portal.runtime import children, supervisor
from portal.runtime.supervisor import Child

folder = Path(sys.argv[1])
CHILD = '''
import os, signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.SIG_IGN)
if "stubborn" in sys.argv[2]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
job = subprocess.Popen(["sleep", "600"], process_group=0)
(Path(sys.argv[1]) / (sys.argv[2] + ".new")).write_text(f"{os.getpid()} {job.pid}")
os.rename(Path(sys.argv[1]) / (sys.argv[2] + ".new"), Path(sys.argv[1]) / sys.argv[2])
time.sleep(600)
'''

def child(name):
    command = [sys.executable, "-c", CHILD, str(folder), name]
    return Child(name, lambda: children.start(command, last_signal=signal.SIGTERM), frozen_seconds=1.0)

supervisor.STOP_SECONDS = 1.0
supervisor.STEADY_SECONDS = 0.0
with supervisor.stopping() as stop:
    supervisor.supervise([child(name) for name in sys.argv[2:]], stop)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    begun: list[subprocess.Popen[bytes]] = []

    def start(*names: str) -> "subprocess.Popen[bytes]":
        root = Path(supervisor.__file__).resolve().parents[2]
        begun.append(subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path), *names], cwd=root))
        return begun[-1]

    yield start
    for process in begun:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def _numbers(path: Path, different_from: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The numbers of a child and of its job, once it has written others than those given."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if path.exists() and (found := tuple(map(int, path.read_text().split()))) != different_from:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{path.name} did not start")


def _alive(numbers: tuple[int, ...]) -> list[int]:
    found = []
    for number in numbers:
        try:
            if psutil.Process(number).status() != psutil.STATUS_ZOMBIE:
                found.append(number)
        except psutil.NoSuchProcess:
            continue
    return found


def _gone(numbers: tuple[int, ...], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(numbers) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _alive(numbers)


def test_a_killed_child_is_started_again_and_its_job_ended(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    start("one", "two")
    before, untouched = _numbers(tmp_path / "one"), _numbers(tmp_path / "two")
    os.kill(before[0], signal.SIGKILL)
    after = _numbers(tmp_path / "one", different_from=before)
    assert not _alive(before)
    assert len(_alive(after)) == 2
    assert _numbers(tmp_path / "two") == untouched


def test_a_child_that_stands_still_is_replaced(start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path) -> None:
    start("one", "two")
    before, untouched = _numbers(tmp_path / "one"), _numbers(tmp_path / "two")
    os.kill(before[0], signal.SIGSTOP)
    after = _numbers(tmp_path / "one", different_from=before)
    assert not _alive(before)
    assert len(_alive(after)) == 2
    assert _numbers(tmp_path / "two") == untouched


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_stopping_ends_everything_also_what_does_not_listen(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path, number: signal.Signals
) -> None:
    process = start("one", "stubborn")
    everything = _numbers(tmp_path / "one") + _numbers(tmp_path / "stubborn")
    process.send_signal(number)
    assert process.wait(20) == 0
    assert _alive(everything) == []


def test_nothing_is_left_when_the_supervisor_is_killed(
    start: Callable[..., "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    process = start("one", "stubborn")
    everything = _numbers(tmp_path / "one") + _numbers(tmp_path / "stubborn")
    process.kill()
    process.wait()
    assert _gone(everything, guard.PATIENCE + 10)


def test_a_child_that_keeps_dying_is_started_ever_more_slowly() -> None:
    pauses = [supervisor.pause(failures) for failures in range(1, 9)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_the_guard_knows_who_is_still_there() -> None:
    assert guard.follow(iter(["+10 15\n", "+11 2\n", "-10\n"])) == {11: signal.SIGINT}
