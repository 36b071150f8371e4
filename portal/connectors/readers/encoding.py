"""How the letters of a text file are written; the whole file is decoded once before anything is taken from it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from portal.connectors.rows import FileRefused

_CHUNK = 1 << 20
_MAX_LINE = 1 << 20  # characters; the longest honest lines have some thousand
_WINDOWS_NOTE = "The file is not UTF-8 and was read as Windows-1252. Check names with accents before you rely on them."
_MARKS = {"utf-8-sig": (codecs.BOM_UTF8,), "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)}


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec that reads the whole file; `marked` where the file begins with a byte order mark."""

    codec: str
    marked: bool
    quotes_even: bool  # as many quotation marks as closed ones would be

    @property
    def writes(self) -> str:
        """The codec that writes the file as it was, with its byte order mark or without."""
        return "utf-8" if self.codec == "utf-8-sig" and not self.marked else self.codec

    @property
    def notes(self) -> list[str]:
        """What a person should know about it."""
        return [_WINDOWS_NOTE] if self.codec == "cp1252" else []


def find_encoding(path: Path, *, lines: bool = True) -> Encoding:
    """The file's encoding; raises `FileRefused` for what is not text or holds NULs, and (`lines`) an endless line."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codecs_to_try = ["utf-16"]
    elif codec := _utf16_without_mark(start):
        codecs_to_try = [codec]
    else:
        codecs_to_try = ["utf-8-sig", "cp1252"]
    for codec in codecs_to_try:
        try:
            quotes = _count_quotes(path, codec, lines)
        except UnicodeDecodeError:
            continue
        return Encoding(codec, start.startswith(_MARKS.get(codec, ())), quotes % 2 == 0)
    raise FileRefused("The file's characters cannot be read. Save it as CSV UTF-8 and send it again.")


def _utf16_without_mark(start: bytes) -> str | None:
    """Latin text in UTF-16 has a NUL in every second byte; which half tells the byte order."""
    half = len(start) // 2
    even, odd = start[0::2].count(0), start[1::2].count(0)
    if half and odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if half and even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _count_quotes(path: Path, codec: str, lines: bool) -> int:
    """Decodes the whole file strictly once: a wrong byte in the last row must not surprise a half-loaded feed."""
    decoder = codecs.getincrementaldecoder(codec)()
    quotes = line = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            text = decoder.decode(chunk, final=not chunk)
            if "\0" in text:
                raise FileRefused("The file holds NUL characters, so it is not a table, or it was damaged on the way.")
            line = _line_at_end(text, line) if lines else 0
            if line > _MAX_LINE:
                raise FileRefused("The file has a line of more than a million characters, so it is not a table.")
            quotes += text.count('"')
            if not chunk:
                return quotes


def _line_at_end(text: str, before: int) -> int:
    """How long the line is that `text` ends in, `before` characters of it having been read; the longest that it saw
    where that is beyond the limit. A line inside a chunk is never longer than one."""
    first = min((at for at in (text.find("\n"), text.find("\r")) if at != -1), default=-1)
    if first == -1:
        return before + len(text)
    longest = before + first
    return longest if longest > _MAX_LINE else len(text) - 1 - max(text.rfind("\n"), text.rfind("\r"))
