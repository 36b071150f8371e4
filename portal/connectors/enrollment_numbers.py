"""Social security numbers of an 834: where the standard puts them, and wherever else the same number is used."""

from __future__ import annotations

from collections.abc import Iterator

from portal.connectors.readers.x12 import Piece, at
from portal.connectors.social_security import Emptied, without_form

_MOST_HELD = 5_000  # segments of one member
_NAMED = "NM109 with a social security number"
_REFERENCE = "REF SY"
_ELSEWHERE = "Subscriber number that is the social security number"


def without(pieces: Iterator[Piece], told: Emptied) -> Iterator[str]:
    """The file's text, segment by segment; `told` learns what was taken out.

    A subscriber's number (REF 0F) that is the member's or an earlier member's social security number goes too:
    dependants repeat it. Such a member can no longer be told from others, and their rows are refused.
    """
    known: set[str] = set()
    held: list[Piece] = []
    for piece in pieces:
        name = piece.text.lstrip()[:3]
        if name in ("INS", "SE" + piece.separator, "ST" + piece.separator) or len(held) >= _MOST_HELD:
            yield from _released(held, known, told)
            held = []
            if name.startswith("ST"):
                known = set()
        held.append(piece)
    yield from _released(held, known, told)


def _released(held: list[Piece], known: set[str], told: Emptied) -> Iterator[str]:
    split = [piece.elements for piece in held]
    for segment in split:
        known |= {_digits(text) for _, text in _secrets(segment)} - {""}
    for piece, segment in zip(held, split, strict=True):
        changed = list(segment)
        for place, _ in _secrets(segment):
            changed[place] = ""
            _count(told, _NAMED if segment[0] == "NM1" else _REFERENCE)
        if segment[0] == "REF" and at(changed, 2) and _digits(changed[2]) in known:
            changed[2] = ""
            _count(told, _ELSEWHERE)
        for place, text in enumerate(changed):
            if "-" in text and (clean := without_form(text)) != text:
                changed[place] = clean
                told.elsewhere += 1
        if changed == segment:
            yield piece.text + piece.terminator
        else:
            blanks = piece.text[: len(piece.text) - len(piece.text.lstrip())]
            yield blanks + piece.separator.join(changed) + piece.terminator


def _secrets(segment: list[str]) -> list[tuple[int, str]]:
    if segment[0] == "NM1" and at(segment, 8) == "34" and at(segment, 9):
        return [(9, segment[9])]
    if segment[0] == "REF" and at(segment, 1) == "SY" and at(segment, 2):
        return [(2, segment[2])]
    return []


def _digits(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isdigit())
    return digits if len(digits) == 9 else ""


def _count(told: Emptied, name: str) -> None:
    told.columns[name] = told.columns.get(name, 0) + 1
