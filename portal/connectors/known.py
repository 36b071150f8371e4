"""Which rows need not be read: those that were read before, byte for byte and in the same way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from portal.connectors.aliases import Aliases
from portal.connectors.declared import BY_DATES, Layout
from portal.connectors.digest import digest_of
from portal.connectors.file_names import FileStatus

_DEPENDS_ON = ("phonenumberslite", "nameparser")


class Known(Protocol):
    """What a loader knows of the rows of earlier files."""

    def prints(self, reading: str) -> Callable[[bytes], bytes]:
        """A function from a row's bytes to its print, which says nothing to whoever reads it.

        Equal prints under equal `reading` are equal rows; under another `reading` no print is equal.
        """

    def has(self, sign: bytes) -> bool:
        """Whether a row of that print was read before and needs not be read again; asked once for each row."""


def reading_of(layout: Layout, as_of: date, by_name: FileStatus | None, aliases: Aliases | None) -> str:
    """Stands for what decides how rows are read: layout, year and status of the file, decisions by hand, the code.

    The year, since a year of two digits means one near the file's; the day where a status is told by it.
    """
    by_day = layout.status_from is not None and layout.status_from.default == BY_DATES
    decided = digest_of(aliases, leave_out=frozenset({"marks", "seal"})) if aliases else ""
    return _digest(layout.digest, str(as_of if by_day else as_of.year), repr(by_name), decided, _code())


def sheet_reading(reading: str, spelling: str, header: list[str]) -> str:
    """The same of one sheet: how its rows are split, and which cell stands under which header."""
    return _digest(reading, spelling, *header)


@cache
def _code() -> str:
    """Stands for the program that reads rows: another version of it may read them differently."""
    files = sorted(Path(__file__).parent.rglob("*.py"))
    libraries = [version(name) for name in _DEPENDS_ON]
    return _digest(sys.version, *libraries, *(file.read_text(encoding="utf-8") for file in files))


def _digest(*parts: str) -> str:
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
