"""Private folders for what stands decrypted on disk while it is read. None outlives its process for long.

A folder goes with the block that asked for it; where the process was killed inside, nobody holds its lock any more,
and `sweep` takes it away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "portal-private-"
JUST_MADE = 30.0  # seconds in which a folder may not be locked yet


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder that only this user may enter, deleted with everything in it after the block."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        held = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(held)


def sweep() -> int:
    """Delete the folders of this user whose process has died; how many."""
    return sum(_delete_dead(path) for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


def _delete_dead(path: Path) -> bool:
    with suppress(OSError):
        about = path.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or time.time() - about.st_mtime < JUST_MADE:
            return False
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
            return True
        finally:
            os.close(held)
    return False
