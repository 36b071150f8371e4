"""Decrypted files on disk: private, gone with the block, and gone soon after a killed process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from portal.core import scratch

HOLD = """
import time
from portal.core import scratch
with scratch.folder() as folder:
    (folder / "feed").write_text("Dana Reyes")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _age(path: Path) -> None:
    then = time.time() - scratch.JUST_MADE - 1
    os.utime(path, (then, then))


def test_it_is_private_and_goes_with_the_block(tmp_path: Path) -> None:
    """Nobody else may enter it, and nobody takes it away while it is used."""
    with scratch.folder() as folder:
        assert folder.stat().st_mode & 0o077 == 0 and folder.parent == tmp_path
        (folder / "feed").write_text("Dana Reyes")
        _age(folder)
        assert scratch.sweep() == 0 and (folder / "feed").exists()
    assert not folder.exists()


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    """Not before it is dead."""
    root = {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path(scratch.__file__).parents[2])}
    held = subprocess.Popen([sys.executable, "-c", HOLD], env={**os.environ, **root}, stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    with held:
        folder = Path(held.stdout.readline().strip())
        _age(folder)
        assert scratch.sweep() == 0
        held.send_signal(signal.SIGKILL)
    assert (folder / "feed").exists()
    assert scratch.sweep() == 1 and not folder.exists()


def test_only_folders_of_its_own_are_swept(tmp_path: Path) -> None:
    """A link and a file stay, and a folder that is just being made."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"{scratch.PREFIX}link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / f"{scratch.PREFIX}file").write_text("")
    (tmp_path / f"{scratch.PREFIX}new").mkdir()
    assert scratch.sweep() == 0 and len(list(tmp_path.iterdir())) == 4
