"""A watched folder. Every step below the root is taken without following a link, so that no path leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from portal.book.arrival.places import Entry, FileChanged, Found, LookFailed, bounded

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MODE = 0o750
PIECE = 1024 * 1024


class WatchedFolder:
    """The folder of one source, held open: what somebody renames or links meanwhile changes nothing of where it is."""

    def __init__(self, folder: int, scratch: Path) -> None:
        self._folder, self._scratch = folder, scratch

    def entries(self) -> Found:
        """What stands there now; folders of our own are left out."""
        with os.scandir(self._folder) as names:
            return bounded(_entry(one.name, one.stat(follow_symlinks=False)) for one in _existing(names))

    @contextmanager
    def open(self, entry: Entry) -> Iterator[BinaryIO]:
        """A copy of the file, if it was what was listed from its first byte to its last: nobody can write into that."""
        try:
            held = os.open(entry.name, _FILE, dir_fd=self._folder)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                raise FileChanged from error
            raise LookFailed(f"The file {entry.name} cannot be read by the portal ({error.strerror}).") from error
        with os.fdopen(held, "rb") as file, TemporaryFile(dir=self._scratch) as copy:
            self._same(entry, os.fstat(held))
            left = entry.size
            while piece := file.read(min(PIECE, left)):
                left -= copy.write(piece)
            if left:
                raise FileChanged
            self._same(entry, os.fstat(held))
            copy.seek(0)
            yield cast(BinaryIO, copy)

    def put_away(self, entry: Entry, shelf: str, kept_as: str) -> str | None:
        """Move the file into `shelf`; a file that took its name in the meantime goes back to its place."""
        keeps = _step_into(self._folder, shelf)
        try:
            try:
                os.rename(entry.name, kept_as, src_dir_fd=self._folder, dst_dir_fd=keeps)
            except FileNotFoundError:
                return shelf if _stands(kept_as, keeps) else "gone"
            moved = os.stat(kept_as, dir_fd=keeps, follow_symlinks=False)
            if _entry(entry.name, moved) != entry:
                os.rename(kept_as, entry.name, src_dir_fd=keeps, dst_dir_fd=self._folder)
                raise FileChanged
        except OSError as error:
            sentence = f"The file {entry.name} was taken and cannot be moved to {shelf}/ ({error.strerror})."
            raise LookFailed(f"{sentence} It is not loaded again. Let the portal write to this folder.") from error
        finally:
            os.close(keeps)
        return shelf

    def move_over(self, kept_as: str) -> None:
        """Move a file from done/ to refused/: its run failed."""
        done, refused = _step_into(self._folder, "done"), _step_into(self._folder, "refused")
        try:
            os.rename(kept_as, kept_as, src_dir_fd=done, dst_dir_fd=refused)
        except OSError:
            return  # somebody has put it elsewhere; what became of the run stands on its page
        finally:
            os.close(done)
            os.close(refused)

    @staticmethod
    def _same(entry: Entry, now: os.stat_result) -> None:
        if _entry(entry.name, now) != entry:
            raise FileChanged


def _entry(name: str, found: os.stat_result) -> Entry:
    return Entry(name, found.st_size, found.st_mtime_ns, stat.S_ISREG(found.st_mode))


def _existing(names: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    for one in names:
        try:
            one.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue  # gone since it was listed
        if one.name not in ("done", "refused"):
            yield one


def _stands(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _step_into(folder: int, part: str) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=folder)
    except FileNotFoundError:
        os.mkdir(part, MODE, dir_fd=folder)
        return os.open(part, _FOLDER, dir_fd=folder)


@contextmanager
def watched(root: Path, parts: Sequence[str], scratch: Path, *, make_root: bool) -> Iterator[WatchedFolder]:
    """The folder `parts` below `root`, made where it is missing; raises `LookFailed`.

    Files are copied into `scratch`, which only the portal may enter, while they are handed in.
    """
    shown = "/".join(parts)
    held: list[int] = []
    try:
        try:
            if make_root:
                root.mkdir(MODE, parents=True, exist_ok=True)
            held.append(os.open(root.resolve(strict=True), _FOLDER))
            for part in parts:
                held.append(_step_into(held[-1], part))
        except FileNotFoundError as error:
            raise LookFailed("The inbox of this portal is not there. Whoever runs it must make it.") from error
        except OSError as error:
            raise LookFailed(_why_not(shown, error)) from error
        yield WatchedFolder(held[-1], scratch)
    finally:
        for one in held:
            os.close(one)


def _why_not(shown: str, error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return f"The folder {shown} is a link or no folder; links are not followed. Nothing was taken."
    return f"The folder {shown} cannot be opened by the portal ({error.strerror}). Nothing was taken."
