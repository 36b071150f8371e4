"""X12 interchanges as a stream of segments, with every envelope and every count in it checked on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from portal.connectors.rows import FileRefused

SET = "834"
MAX_SEGMENT = 1 << 16
_PIECE = 1 << 16
_ISA_ELEMENTS = 16
_LONGEST_ISA = 400  # it has 106 characters, and some pad it
_BLANK = " \t\r\n\x1a"
_AGAIN = "The file was damaged or cut off on the way; ask for it again."


class Piece(NamedTuple):
    """One segment as it stands in the file: `text` with the blanks before it, without its `terminator`."""

    text: str
    separator: str
    terminator: str

    @property
    def elements(self) -> list[str]:
        """Its name and its elements."""
        return self.text.strip().split(self.separator)


def is_interchange(start: bytes) -> bool:
    """Whether a file that begins with `start` is an X12 interchange: ISA, a mark, two characters, the mark again."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:7]
    return len(text) == 7 and text[:3] == b"ISA" and text[3] == text[6] and not chr(text[3]).isalnum()


def pieces(path: Path, codec: str) -> Iterator[Piece]:
    """Every segment of the file; each interchange says its own delimiters. Raises `FileRefused`."""
    with path.open(encoding=codec, newline="") as file:
        rest, ended = "", False
        marks: tuple[str, str] | None = None
        while not ended or rest.strip(_BLANK):
            more = file.read(_PIECE)
            ended = not more
            rest += more
            if marks is None:
                if len(rest.lstrip()) < _LONGEST_ISA and not ended:
                    continue
                if not rest.strip(_BLANK):
                    return
                marks = _marks(rest.lstrip())
            found = rest.split(marks[1])
            rest = found.pop()
            for at, text in enumerate(found):
                yield Piece(text, *marks)
                if text.lstrip().startswith("IEA"):
                    rest = marks[1].join([*found[at + 1 :], rest])
                    marks = None
                    break
            if len(rest) > MAX_SEGMENT and marks is not None:
                raise FileRefused(f"The file has a segment of more than {MAX_SEGMENT:,} characters. {_AGAIN}")
            if ended and rest.strip(_BLANK) and marks is not None:
                raise FileRefused(f"The file ends inside of a segment. {_AGAIN}")


def _marks(text: str) -> tuple[str, str]:
    """The element separator and the segment terminator that an ISA segment says by its form."""
    parts = text[:_LONGEST_ISA].split(text[3:4] or "*", _ISA_ELEMENTS)
    if parts[0] != "ISA" or len(parts) <= _ISA_ELEMENTS or len(parts[_ISA_ELEMENTS]) < 2:
        raise FileRefused(f"The file does not go on with an ISA segment where one must stand. {_AGAIN}")
    separator, terminator = text[3], parts[_ISA_ELEMENTS][1]
    if separator.isalnum() or terminator.isalnum() or separator == terminator:
        raise FileRefused(f"The ISA segment does not say how segments and elements are told apart. {_AGAIN}")
    return separator, terminator


class _Envelope:
    """Where in the envelopes the stream is: the open control numbers, and what was counted inside of each."""

    def __init__(self) -> None:
        self.open: list[tuple[str, str]] = []  # (what closes it, its control number)
        self.counts: list[int] = []

    def take(self, name: str, segment: list[str]) -> None:
        """Open, close or count; raises `FileRefused` where a count or a number does not agree."""
        if self.counts and self.open[-1][0] == "SE":
            self.counts[-1] += 1
        if name in _OPENERS:
            self._begin(name, segment)
        elif name in _CLOSERS:
            self._end(name, segment)
        elif (not self.open or self.open[-1][0] != "SE") and name != "TA1":
            raise FileRefused(f"A segment {name[:3]} stands outside of any transaction. {_AGAIN}")

    def _begin(self, name: str, segment: list[str]) -> None:
        depth, closer, number = _OPENERS[name]
        if len(self.open) != depth:
            raise FileRefused(f"A segment {name} stands where none may begin. {_AGAIN}")
        if name == "ST" and at(segment, 1) != SET:
            what = at(segment, 1)[:3]
            raise FileRefused(f"The file is an X12 {what}, not an enrollment file (834). Ask for the 834.")
        if self.counts and name != "ISA":
            self.counts[-1] += 1
        self.open.append((closer, at(segment, number)))
        self.counts.append(1 if name == "ST" else 0)

    def _end(self, name: str, segment: list[str]) -> None:
        if not self.open or self.open[-1][0] != name:
            raise FileRefused(f"A segment {name} closes what is not open. {_AGAIN}")
        _, control = self.open.pop()
        found, told = self.counts.pop(), at(segment, 1).strip()
        if not (told.isascii() and told.isdigit()) or int(told[:12]) != found:
            shown = told[:12] if told.isalnum() else "no number"
            raise FileRefused(
                f"The trailer {name} of {_CLOSERS[name]} {control[:9]} says {shown}, and {found:,} were found. {_AGAIN}"
            )
        if at(segment, 2).strip() != control.strip():
            raise FileRefused(f"The trailer {name} does not belong to {_CLOSERS[name]} {control[:9]}. {_AGAIN}")


_OPENERS = {"ISA": (0, "IEA", 13), "GS": (1, "GE", 6), "ST": (2, "SE", 2)}  # depth, closer, place of the number
_CLOSERS = {"SE": "transaction", "GE": "group", "IEA": "interchange"}


def segments(path: Path, codec: str) -> Iterator[list[str]]:
    """Every segment as a list of its name and elements; raises `FileRefused` where anything does not add up."""
    envelope = _Envelope()
    for piece in pieces(path, codec):
        segment = piece.elements
        name = segment[0]
        if not name:
            continue  # blanks between two terminators
        envelope.take(name, segment)
        yield segment
    if envelope.open:
        raise FileRefused(f"The file ends before its {envelope.open[-1][0]} segment. {_AGAIN}")


def at(segment: list[str], place: int) -> str:
    """The element at that place, "" where the segment is shorter."""
    return segment[place] if place < len(segment) else ""
