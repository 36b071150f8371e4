"""Web pages with tables, which many portals call .xls: the tables are its sheets."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from portal.connectors.readers.apart import read_apart
from portal.connectors.readers.sheet import Sheet
from portal.connectors.rows import FileRefused

_MAX_BYTES = 48 * 1024 * 1024  # some 80,000 rows, and what is read within the time
_CPU_SECONDS = 25
_PIECE = 1 << 20
_STARTS = re.compile(rb"<(?:!doctype html|html|head|meta|title|style|body|table|div|center|form)[\s>]", re.IGNORECASE)
_COMMENT = re.compile(rb"\s*<!--.*?-->", re.DOTALL)
_XML = re.compile(rb"\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_ONE_BYTE = frozenset({"iso8859-1", "cp1252", "iso8859-15", "latin-1", "ascii"})
_GUESSED = "The page does not say how its letters are written; it was read as Windows-1252. Check names with accents."


def is_page(start: bytes) -> bool:
    """Whether a file that begins with `start` is a web page; what stands before its first mark is skipped."""
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if start.startswith(mark):
            start = start[2:].decode(codec, "ignore").encode()
    start = _XML.sub(b"", start.removeprefix(codecs.BOM_UTF8), count=1)
    while match := _COMMENT.match(start):
        start = start[match.end() :]
    return bool(_STARTS.match(start.lstrip()))


def open_page(path: Path) -> list[Sheet]:
    """The page's tables that hold anything, each a sheet (named "" where it is the only one); raises `FileRefused`."""
    if path.stat().st_size > _MAX_BYTES:
        raise FileRefused(
            f"The file is a web page of more than {_MAX_BYTES // 1024**2} MB. Open it in Excel, save it as .xlsx or CSV"
            " and send that."
        )
    codec, notes = _codec(path)
    sheets = read_apart(path, "page", codec, what="web page", cpu_seconds=_CPU_SECONDS)
    if not sheets:
        raise FileRefused("The file is a web page without a table. Perhaps the carrier's portal had signed you out.")
    for sheet in sheets[:1]:
        sheet.notes.extend(notes)
    return sheets


def _codec(path: Path) -> tuple[str, list[str]]:
    """UTF-8 wherever the bytes are UTF-8, whatever the page says: portals declare what they do not write."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16", []) if _decodes(path, "utf-16") else _refuse()
    if _decodes(path, "utf-8"):
        return "utf-8-sig", []
    declared = _CHARSET.search(start)
    notes = [] if declared and _is_one_byte(declared[1]) else [_GUESSED]
    # Pages declared as ISO-8859-1 are read as Windows-1252 by every browser; the five bytes it lacks are control codes.
    return ("cp1252", notes) if _decodes(path, "cp1252") else ("latin-1", notes)


def _is_one_byte(name: bytes) -> bool:
    try:
        return codecs.lookup(name.decode()).name in _ONE_BYTE
    except (LookupError, UnicodeDecodeError):
        return False


def _decodes(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse() -> tuple[str, list[str]]:
    raise FileRefused("The file's characters cannot be read. Open it in Excel, save it as .xlsx and send that.")
