"""File names and folders that others chose: which are safe, which are unfinished, which are meant."""

from __future__ import annotations

import unicodedata
from fnmatch import fnmatchcase

LONGEST = 180
KEEPS = ("done", "refused")  # folders that we make inside a watched one
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")


def strange(name: str) -> bool:
    """Whether a file's name may not be used: a path, a control or direction character, or no text at all."""
    if not name or name in (".", "..") or len(name.encode("utf-8", "surrogatepass")) > LONGEST:
        return True
    return any(c in "/\\" or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in name)


def printable(name: str) -> str:
    """A strange name as it may be shown: what is not plain is replaced, and it is short."""
    shown = "".join("·" if strange(c) and c != "." else c for c in name)
    return shown[:60] + ("…" if len(shown) > 60 else "")


def unfinished(name: str) -> bool:
    """Whether the name says that the file is still being written, or is nobody's delivery."""
    return name.startswith(".") or name.lower().endswith(_UNFINISHED)


def matches(name: str, pattern: str) -> bool:
    """Whether the glob `pattern` means the file, upper and lower case alike."""
    return fnmatchcase(name.lower(), pattern.lower())


def parts_below(folder: str) -> tuple[str, ...] | None:
    """The parts of a path below the inbox, () for the inbox itself; None where it would lead anywhere else."""
    parts = tuple(part for part in folder.strip().strip("/").split("/") if part != "")
    wrong = any(strange(part) or part.startswith(".") or part.lower() in KEEPS for part in parts)
    return None if wrong or len(parts) > 8 else parts
