"""The anchor: number and hash of every seal, written where whoever owns the database does not.

A folder with a file for each chain, to which lines are only ever added: on another machine's disk, or one on which
files can be appended to and not changed (`chattr +a`, a WORM share). A line is `n hash sealed_at`.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from portal.compliance.seals.chain import Link, moment
from portal.config import load_settings

_LINE = re.compile(r"([1-9][0-9]{0,9}) ([0-9a-f]{64}) (\S{27})\n")
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Anchored:
    """One line: `text` is what could not be read as one, and then the rest says nothing."""

    n: int
    hash: bytes
    sealed_at: str
    text: str = ""


def place(chain: UUID) -> Path:
    """The file of one chain."""
    return load_settings().anchor.folder / f"{chain}.seals"


def last(chain: UUID) -> Anchored | None:
    """The newest line that can be read; None where there is none."""
    try:
        with place(chain).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * _LONGEST))
            tail = file.read().decode(errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return None
    return next((read for line in reversed(tail) if not (read := _read(line)).text), None)


def append(chain: UUID, seals: Iterable[Link]) -> None:
    """Add the lines of seals beyond the newest line, and have them on the disk; raises `OSError`."""
    file = place(chain)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # of two sealers one adds, and the other finds it done
        newest = last(chain)
        fresh = [one for one in seals if newest is None or one.n > newest.n]
        if fresh:
            lines = "".join(f"{one.n} {one.hash.hex()} {moment(one.sealed_at)}\n" for one in fresh)
            os.write(descriptor, lines.encode())
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size(chain: UUID) -> int:
    """How long the file of one chain is."""
    try:
        with place(chain).open("rb") as file:
            return file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        return 0


def lines(chain: UUID, until: int) -> Iterator[Anchored]:
    """Every line of the first `until` bytes, in the order of the file; nothing where there is no file."""
    if not until:
        return
    try:
        with place(chain).open("rb") as file:
            while file.tell() < until and (text := file.readline(_LONGEST)):
                yield _read(text.decode("ascii", errors="replace"))
    except FileNotFoundError:
        return


def _read(text: str) -> Anchored:
    found = _LINE.fullmatch(text)
    if not found:
        return Anchored(0, b"", "", text.strip()[:40] or "an empty line")
    return Anchored(int(found[1]), bytes.fromhex(found[2]), found[3])
