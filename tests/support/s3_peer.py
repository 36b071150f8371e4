"""A store that keeps object locks as a real peer: the package moto, which only `.ci/run` installs, in its own place."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "peers" / "s3"
PYTHON = FOLDER / ".venv" / "bin" / "python"
MISSING = (
    "The package moto was not found, so no object was locked in a real store. Run in tests/peers/s3:"
    " python3 -m venv .venv && .venv/bin/python -m pip install --require-hashes -r requirements.txt"
)


def there_or_skip() -> None:
    """A machine without the peer skips, loudly, and CI fails."""
    if PYTHON.is_file():
        return
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@contextmanager
def running() -> Iterator[str]:
    """The host and port of a store without buckets."""
    with subprocess.Popen([PYTHON, "server.py"], cwd=FOLDER, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
