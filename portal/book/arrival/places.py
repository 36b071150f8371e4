"""What every place of files has in common: what a look finds there, and the ways in which a look can fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Protocol

MOST_ENTRIES = 10_000


class LookFailed(Exception):
    """A look could not do its work; the text is a sentence for a person and holds nothing that is secret."""


class LoginRefused(LookFailed):
    """The server does not let us in: trying again and again would lock the account there."""


class KeyChanged(LookFailed):
    """The server is not the one whose key was confirmed; `offered` is the key that it shows now, where it shows one."""

    def __init__(self, sentence: str, offered: str | None = None) -> None:
        super().__init__(sentence)
        self.offered = offered


class FileChanged(Exception):
    """A file is not what it was when it was listed; it is left for a later look."""


class Entry(NamedTuple):
    """One name in a folder. `modified` is the place's own time, only ever compared with itself."""

    name: str
    size: int
    modified: int
    regular: bool  # a plain file: no folder, no link


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the folder; `cut`: there is more than anybody may list."""

    entries: Sequence[Entry]
    cut: bool = False


class Place(Protocol):
    """A folder that is open for one look."""

    def entries(self) -> Found:
        """What stands there now, at most 10,000 names."""

    def open(self, entry: Entry) -> AbstractContextManager[BinaryIO]:
        """The file's whole content; raises `FileChanged` where it is no longer what was listed."""

    def put_away(self, entry: Entry, shelf: str, kept_as: str) -> str | None:
        """Put a file that was dealt with where it belongs (`shelf`: done | refused); where it stands now, None: there.

        Raises `FileChanged` where another file has its name by now; that one stays.
        """


def bounded(names: Iterator[Entry]) -> Found:
    """The first 10,000 entries."""
    held: list[Entry] = []
    for one in names:
        if len(held) == MOST_ENTRIES:
            return Found(held, cut=True)
        held.append(one)
    return Found(held)
