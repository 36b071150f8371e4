"""What people have decided about values that a connector could not read, applied to a row before it is read.

Two kinds. A word of a column (a status, a product, a state) stands for another in every row. What is a person's (a
name, a birth date, a number) is put right in that row alone, wherever the very same row comes again: it is recognised
by a sealed text of its identifying cells, which says nothing to whoever reads it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from portal.connectors.detect import Detection
from portal.connectors.layouts import Column, Layout
from portal.connectors.rows import Status

ColumnKey = tuple[str, int]
WORDS: Final = frozenset(
    {"status", "status_reason", "plan_id", "contract", "pbp", "segment", "plan_name", "product", "line_of_business",
     "state", "gender"}
)  # fmt: skip
"""The fields whose values are words of a carrier, alike for many people."""

_IDENTIFYING = (
    "policy_number", "member_number", "first_name", "last_name", "full_name", "birth_date", "mbi", "effective_date",
    "plan_id", "contract", "pbp", "plan_name",
)  # fmt: skip
_BETWEEN = "\x1f"


class Word(NamedTuple):
    """What a word is read as: the cell that takes its place, and the decision in words for the run."""

    cell: str
    said: str


class Put(NamedTuple):
    """A cell of one row that was put right: only where it is still written so."""

    written: str
    cell: str


@dataclass(frozen=True, slots=True)
class Aliases:
    """Everything that was decided for one connector."""

    words: Mapping[ColumnKey, Mapping[str, Word]] = field(default_factory=dict)  # by `as_word` of what is written
    rows: Mapping[str, Mapping[ColumnKey, Put]] = field(default_factory=dict)  # by the seal of `identifying`
    marks: frozenset[int] = frozenset()  # `mark` of the texts behind `rows`: most rows are passed over by it
    seal: Callable[[str], str] = str


def as_word(cell: str) -> str:
    """As written words are compared: without case and surplus blanks."""
    return " ".join(cell.split()).casefold()


def decided_status(status: str, written: str) -> str:
    """A status cell of which somebody has said what it means; the carrier's own word stays with it."""
    return f"{status}{_BETWEEN}{written}"


def read_decided(cell: str) -> tuple[str, str] | None:
    """(status, carrier's own word) of what `decided_status` made, None for any other cell."""
    status, between, written = cell.partition(_BETWEEN)
    return (status, written) if between and status in set(Status) else None


def mark(identifying: str) -> int:
    """Sixteen bits of the text: enough to pass over other rows, too little to tell anything."""
    return zlib.crc32(identifying.encode("utf-8", "replace")) & 0xFFFF


def identifying(layout: Layout, positions: Mapping[ColumnKey, int], row: Sequence[str]) -> str:
    """The cells by which a row is known to be the same one as before, exactly as they are written."""
    return _BETWEEN.join(row[index].strip() for index in _identifying_places(layout, positions) if index < len(row))


def _identifying_places(layout: Layout, positions: Mapping[ColumnKey, int]) -> list[int]:
    keys = [column.key for name in _IDENTIFYING for column in layout.columns.get(name, ())]
    return [positions[key] for key in dict.fromkeys(keys) if key in positions]


def word_columns(layout: Layout) -> Iterator[tuple[str, Column]]:
    """(field, column) of every column that holds words."""
    for name in sorted(WORDS):
        for column in layout.columns.get(name, ()):
            yield name, column
    for column in layout.product_from:
        yield "product", column


def amender(found: Detection, aliases: Aliases, used: Counter[str]) -> Callable[[list[str]], list[str]]:
    """A function that gives a row as it was decided: the same list where nothing was, else another.

    `used` counts how often each decision was met, by its words; "" counts rows that were put right.
    """
    words = [(found.positions[key], known) for key, known in aliases.words.items() if key in found.positions]
    places = _identifying_places(found.layout, found.positions) if aliases.rows else []
    positions, marks, seal = found.positions, aliases.marks, aliases.seal

    def amended(row: list[str]) -> list[str]:
        given = row
        for index, known in words:
            word = known.get(as_word(row[index])) if index < len(row) else None
            if word is not None:
                given = list(row) if given is row else given
                given[index] = word.cell
                used[word.said] += 1
        if places:
            text = _BETWEEN.join([row[index].strip() for index in places if index < len(row)])
            fixes = aliases.rows.get(seal(text)) if mark(text) in marks else None
            for key, put in fixes.items() if fixes else ():
                place = positions.get(key)
                if place is not None and place < len(row) and row[place].strip() == put.written:
                    given = list(row) if given is row else given
                    given[place] = put.cell
            used[""] += bool(fixes)
        return given

    return amended


def told(used: Counter[str]) -> list[str]:
    """What was read as decided, in sentences for the run."""
    sentences = []
    for said, count in sorted(used.items()):
        if said:
            values = "1 value was" if count == 1 else f"{count:,} values were"
            sentences.append(f"{values} read as decided by hand: {said}.")
        elif count:
            rows = "1 row was" if count == 1 else f"{count:,} rows were"
            sentences.append(f"{rows} read with values that somebody has put right by hand.")
    return sentences
