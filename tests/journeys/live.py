"""The real product for the journeys: its whole process tree with a small demo, started once and stopped cleanly."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.config import load_settings
from tests.support.servers import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
POLICIES = 600
START_SECONDS = 150
STOP_SECONDS = 60
_FOREIGN = ("PORTAL_", "PG", "OIDC_", "FLASK_", "GUNICORN_", "PYTEST_", "COV_")
_OF_TESTS = {"DATABASE_URL", "REDIS_URL", "MAIL_URL", "SECRET_KEY", "FIELD_KEYS", "METRICS_TOKEN"}


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal that answers at `url`; every demo user has the password `password`."""

    url: str
    data: Path
    password: str

    @property
    def demo(self) -> Path:
        """Where the carrier files and the truth are."""
        return self.data / "demo"

    @property
    def outbox(self) -> Path:
        """Where mails land."""
        return self.data / "outbox"


@contextmanager
def running(data: Path) -> Iterator[Portal]:
    """Have the portal on `data` for the length of the block; it must start, and stop with status 0."""
    port = _free_port()
    environ = _environment(data, port)
    data.mkdir(parents=True)
    with (data.parent / f"{data.name}.log").open("w+b") as log:
        command = [sys.executable, "-m", "portal.runtime", "run"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, f"http://127.0.0.1:{port}/readyz", Path(log.name))
            yield Portal(f"http://127.0.0.1:{port}", data, PASSWORD)
            assert process.poll() is None, f"the portal ended while it was visited:\n{_tail(Path(log.name))}"
        finally:
            _stop(process)
            shutil.rmtree(load_settings(environ).socket_folder, ignore_errors=True)
    assert process.returncode == 0, f"the portal did not stop cleanly:\n{_tail(Path(log.name))}"


def _environment(data: Path, port: int) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN) and name not in _OF_TESTS
    }
    return kept | {
        "PORT": str(port),
        "PORTAL_DATA": str(data),
        "PORTAL_DEMO": "1",
        "PORTAL_DEMO_POLICIES": str(POLICIES),
        "PORTAL_DEMO_PASSWORD": PASSWORD,
        "PYTHONUNBUFFERED": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the portal ended while it was starting:\n{_tail(log)}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"the portal was not ready after {START_SECONDS} seconds:\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]
