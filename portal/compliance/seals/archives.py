"""Months that left the log by policy: what says that their entries are archived and not removed.

A month's record names its file, how many entries are in it, and of seals that it shares with the months beside it the
places and leaves of its own entries. It is signed like a seal. What a seal covers, the seal itself says: one whose
first and last entry are of an archived month is archived as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from portal.compliance.seals import signing
from portal.compliance.seals.chain import Link, moment
from portal.compliance.seals.signing import Signature
from portal.config import load_settings

VERSION = 1
_AT_ONCE = 1024 * 1024
Parts = dict[int, dict[int, bytes]]


@dataclass(frozen=True, slots=True)
class Archive:
    """One month of one chain in its file. `parts`: seal → place → leaf, of seals that are not the month's alone."""

    chain: UUID
    begin: datetime
    end: datetime
    entries: int
    seals: int
    file: str
    size: int
    sha256: bytes
    parts: Parts = field(default_factory=dict)
    key_id: str = ""
    signature: bytes = b""
    version: int = VERSION

    @property
    def path(self) -> Path:
        """Where the file stands."""
        return load_settings().archive / self.file

    @property
    def words(self) -> str:
        """The archive as sentences name it."""
        return f"the archive of {self.begin:%Y-%m}"

    def holds(self, link: Link) -> bool:
        """Whether every entry of a seal is of this month."""
        return self.begin <= link.first_at and link.last_at < self.end


def statement(archive: Archive) -> bytes:
    """What is signed."""
    told = {
        "archive": archive.version,
        "chain": str(archive.chain),
        "begin": moment(archive.begin),
        "end": moment(archive.end),
        "entries": archive.entries,
        "seals": archive.seals,
        "file": archive.file,
        "size": archive.size,
        "sha256": archive.sha256.hex(),
        "parts": spelled(archive.parts),
        "key": archive.key_id,
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()


def spelled(parts: Parts) -> dict[str, dict[str, str]]:
    """`parts` as JSON has them."""
    return {str(n): {str(place): leaf.hex() for place, leaf in own.items()} for n, own in parts.items()}


def parts_of(told: dict[str, dict[str, str]]) -> Parts:
    """`parts` as they were spelled."""
    return {int(n): {int(place): bytes.fromhex(leaf) for place, leaf in own.items()} for n, own in told.items()}


def is_signed(archive: Archive) -> bool:
    """Whether a key of ours signed what the record says."""
    return signing.verifies(statement(archive), Signature(archive.key_id, archive.signature))


def file_fault(archive: Archive) -> str | None:
    """What is wrong with the file, as the end of a sentence; None where it is what was archived."""
    try:
        with archive.path.open("rb") as file:
            digest = hashlib.sha256()
            while piece := file.read(_AT_ONCE):
                digest.update(piece)
            size = file.tell()
    except OSError as error:
        return f"cannot be read ({error.strerror or type(error).__name__})"
    if size != archive.size or digest.digest() != archive.sha256:
        return "is not what was archived: it was changed or damaged"
    return None


class Archives:
    """The months of one chain that left the log, and what was counted of them along the chain."""

    def __init__(self, found: Sequence[Archive]) -> None:
        self._signed = [one for one in found if is_signed(one)]
        self._unsigned = [one for one in found if one not in self._signed]
        self._counted: Counter[str] = Counter()
        self._parts = {
            (n, place): leaf for one in self._signed for n, own in one.parts.items() for place, leaf in own.items()
        }

    def take(self, link: Link) -> bool:
        """Whether a seal is archived as a whole; it is counted then."""
        for one in self._signed:
            if one.holds(link):
                self._counted[one.file] += link.count
                return True
        return False

    def leaf(self, n: int, place: int) -> bytes | None:
        """The leaf of an archived entry of a seal that is not archived as a whole."""
        return self._parts.get((n, place))

    @property
    def entries(self) -> int:
        """How many entries are archived."""
        return sum(one.entries for one in self._signed)

    def faults(self) -> list[str]:
        """What is wrong with the archives; ask at the end of the chain."""
        wrong = [f"The record of {one.words} is not signed by a key of ours; its entries count as removed."
                 for one in self._unsigned]  # fmt: skip
        for one in self._signed:
            counted = self._counted[one.file] + sum(map(len, one.parts.values()))
            if counted != one.entries:
                wrong.append(f"{one.words.capitalize()} says {one.entries:,} entries, and its seals {counted:,}.")
            if fault := file_fault(one):
                wrong.append(f"The file {one.file} of {one.words} {fault}.")
        return wrong
