"""What is taken from a row, cell by cell: which columns fill which value, and how its text is read.

Carrier files repeat themselves: statuses, plans, dates, towns and agents are few. Such a column has a memo from its raw
text to its value, so that the common cell costs one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from operator import itemgetter
from typing import Any

from portal.connectors import normalise, writers
from portal.connectors.aliases import read_decided
from portal.connectors.dates import UnknownWord, Unreadable, read_date
from portal.connectors.detect import Detection
from portal.connectors.file_names import FileStatus
from portal.connectors.layouts import Column, Layout
from portal.connectors.memo import MEMO_SIZE, remembering
from portal.connectors.names import first_and_middle, full_name, last_and_suffix, last_name_first, readable_case

Convert = Callable[[str], Any]
_DATE_MEMO_SIZE = 50_000  # every day of a century and more: a memo of dates need never start again
_HARDLY_REPEATED = frozenset({"policy_number", "member_number", "mbi", "email", "phone", "address1", "zip"})
_NAMES_THAT_LOOK_EMPTY = frozenset({"na", "nan"})


@dataclass(frozen=True, slots=True)
class Context:
    """One sheet that is being read; `notes` collects what a person should know."""

    found: Detection
    as_of: date
    notes: list[str]
    by_name: FileStatus | None = None  # the status in the file's name
    unread: list[str] = field(default_factory=list)  # the column of each amount that is none, once for every row

    @property
    def layout(self) -> Layout:
        """The layout that the sheet has."""
        return self.found.layout

    def is_empty(self, cell: str) -> bool:
        """Whether the cell holds nothing, or one of the layout's words for nothing."""
        return cell.strip().casefold() in self.found.layout.empty


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing to take from a row: which cells, and how they become a value; `read` raises `Unreadable`."""

    get: Callable[[list[str]], Any]
    read: Callable[[Any], Any]
    indices: tuple[int, ...]


def row_cells(file: Context) -> list[Cell]:
    """Everything that is taken from a row, in the order of `assemble.compile_row`."""
    text, identifier = normalise.plain_text, normalise.identifier
    if "full_name" in file.layout.columns:
        split = last_name_first if file.layout.last_name_first else full_name
        names = [_name(file, "full_name", split), _field(file, "last_name", text)]
    else:
        names = [_name(file, "first_name", first_and_middle), _name(file, "last_name", last_and_suffix)]
    return [
        _field(file, "policy_number", identifier),
        _field(file, "member_number", identifier),
        *names,
        _field(file, "middle_name", lambda cell: readable_case((text(cell) or "").rstrip(".")) or None),
        _field(file, "suffix", text),
        _field(file, "birth_date", partial(_date, file, "birth_date", birth=True)),
        _field(file, "gender", normalise.gender),
        _field(file, "mbi", normalise.mbi),
        _field(file, "email", normalise.email),
        _field(file, "phone", normalise.phone),
        *(_field(file, name, text) for name in ("address1", "address2")),
        _field(file, "city", lambda cell: readable_case(text(cell) or "") or None),
        _field(file, "state", normalise.state),
        _field(file, "zip", normalise.zip_code),
        _field(file, "county", lambda cell: readable_case(text(cell) or "") or None),
        _field(file, "effective_date", partial(_date, file, "effective_date"), required=True),
        _field(file, "term_date", partial(_term_date, file)),
        _field(file, "renewal_date", partial(_lenient_date, file, "renewal_date")),
        _field(file, "received_date", partial(_lenient_date, file, "received_date")),
        _status_cell(file),
        _field(file, "status_reason", lambda cell: file.layout.reasons.get((text(cell) or "").casefold())),
        _field(file, "deceased_date", text),
        _plan_id(file),
        _field(file, "plan_name", text),
        _product(file),
        _premium(file),
        _field(file, "writer_from", partial(_lenient_date, file, "writer_from")),
        _field(file, "writer_to", partial(_lenient_date, file, "writer_to")),
        _cells(file, writers.columns_of(file.layout), writers.resolver(file.found, file.is_empty, file.notes)),
        _shown_agents(file),
        *_only_identifying(file),
    ]


def _only_identifying(file: Context) -> list[Cell]:
    """What only tells enrolments apart, where the layout has it."""
    reads: dict[str, Convert] = {"policy_start": partial(_iso, file), "payer": normalise.identifier}
    return [_field(file, name, convert) for name, convert in reads.items() if name in file.layout.columns]


def _field(file: Context, name: str, convert: Convert, *, required: bool = False) -> Cell:
    """The first of the field's columns with a value; "" for a field without any column in this file."""

    empty = file.layout.empty
    if meanings := file.layout.values.get(name):
        convert = _translated(convert, meanings)

    def one(cell: str) -> Any:
        value = None if cell.strip().casefold() in empty else convert(cell)
        if value is None and required:
            raise Unreadable("is empty")
        return value

    def first_of(row_cells: tuple[str, ...]) -> Any:
        for cell in row_cells:
            if cell.strip().casefold() not in empty and (value := convert(cell)) is not None:
                return value
        if required:
            raise Unreadable("is empty")
        return None

    indices = _indices(file, file.layout.columns.get(name, ()))
    several = _latest_of(convert, empty, required=required) if name in file.layout.later_of else first_of
    read: Callable[[Any], Any] = one if len(indices) == 1 else several
    if name not in _HARDLY_REPEATED:
        read = remembering(read, _DATE_MEMO_SIZE if name.endswith("_date") else MEMO_SIZE)
    return Cell(itemgetter(*indices), read, indices)


def _latest_of(convert: Convert, empty: frozenset[str], *, required: bool) -> Callable[[tuple[str, ...]], Any]:
    """The latest day of several cells, of which at least one must be filled where `required`."""

    def latest_of(row_cells: tuple[str, ...]) -> Any:
        days = [convert(cell) for cell in row_cells if cell.strip().casefold() not in empty]
        if required and not any(days):
            raise Unreadable("is empty")
        return max(filter(None, days), default=None)

    return latest_of


def _translated(convert: Convert, meanings: Mapping[str, str]) -> Convert:
    return lambda cell: convert(meanings.get((normalise.plain_text(cell) or "").casefold(), cell))


def _indices(file: Context, columns: tuple[Column, ...]) -> tuple[int, ...]:
    return tuple(index for column in columns if (index := file.found.at(column)) is not None) or (-1,)


def _cells(file: Context, columns: list[Column], convert: Callable[[tuple[str, ...]], Any]) -> Cell:
    """All the columns together as a tuple, a missing one as ""."""
    indices = tuple(-1 if (index := file.found.at(column)) is None else index for column in columns)
    return Cell(itemgetter(*indices, -1), remembering(convert), indices)


def _name(file: Context, name: str, split: Callable[[str], tuple[str | None, ...]]) -> Cell:
    def convert(cell: str) -> tuple[str | None, ...]:
        word = (normalise.plain_text(cell) or "").casefold()
        if word in file.layout.empty and word not in _NAMES_THAT_LOOK_EMPTY:
            raise Unreadable("is empty")
        parts = split(cell)
        if not all(part and any(letter.isalpha() for letter in part) for part in parts[::2]):
            raise Unreadable("is not a first and last name" if len(parts) > 2 else "is not a name")
        return parts

    indices = _indices(file, file.layout.columns[name])
    return Cell(itemgetter(indices[0]), remembering(convert), indices[:1])


def _premium(file: Context) -> Cell:
    """The amount; one that cannot be read is left empty and counted, where the layout says how amounts are written."""
    decimal = file.layout.decimal
    told = _field(file, "premium", partial(normalise.money, decimal=decimal))
    if decimal is None or len(told.indices) > 1 or told.indices == (-1,):
        return told
    remembered, column = told.read, file.found.headers_of("premium")[0]

    def read(cell: str) -> Any:
        value = remembered(cell)
        if value is None and not file.is_empty(cell):
            file.unread.append(column)
        return value

    return Cell(told.get, read, told.indices)


def _date(
    file: Context, name: str, cell: str, *, birth: bool = False, open_ends: frozenset[date] = frozenset()
) -> date | None:
    order, forms = file.layout.date_orders.get(name, file.layout.date_order), file.layout.date_forms
    return read_date(cell, as_of=file.as_of, birth=birth, order=order, forms=forms, sentinels=open_ends)


def _iso(file: Context, cell: str) -> str | None:
    day = _date(file, "policy_start", cell)
    return day.isoformat() if day else None


def _term_date(file: Context, cell: str) -> date | None:
    day = _date(file, "term_date", cell, open_ends=file.layout.open_ends)
    if day is None:
        column = file.found.headers_of("term_date")[0]
        note = f"{cell.strip()} in “{column}” stands for “no end” and was read so."
        if note not in file.notes:
            file.notes.append(note)
    return day


def _lenient_date(file: Context, name: str, cell: str) -> date | None:
    try:
        return _date(file, name, cell, open_ends=file.layout.open_ends)
    except Unreadable:
        return None


def _status_cell(file: Context) -> Cell:
    """(status, the carrier's word) of the row; ("", None) where something else says it."""
    source = file.layout.status_from
    if source is None or not (source.default or file.by_name):
        return _field(file, "status", partial(_status, file), required=True)
    told = _field(file, "status", partial(_status, file))
    return Cell(told.get, lambda raw: told.read(raw) or ("", None), told.indices)


def _status(file: Context, cell: str) -> tuple[str, str]:
    if (decided := read_decided(cell)) is not None:
        return decided[0], normalise.plain_text(decided[1]) or ""
    word = normalise.plain_text(cell) or ""
    try:
        return file.layout.statuses[word.casefold()], word
    except KeyError:
        raise UnknownWord("status word") from None


def _plan_id(file: Context) -> Cell:
    if "contract" not in file.layout.columns:
        return _field(file, "plan_id", normalise.plan_id)
    columns = [file.layout.columns[name][0] for name in ("contract", "pbp", "segment") if name in file.layout.columns]

    def convert(row_cells: tuple[str, ...]) -> str | None:
        parts = ["" if file.is_empty(cell) else cell for cell in row_cells[:-1]] + ["", ""]
        return normalise.plan_id_of(parts[0], parts[1], parts[2])

    return _cells(file, columns, convert)


def _product(file: Context) -> Cell:
    """(line of business, product) of one row: the layout's rules, and a column of its own where it has one."""
    layout = file.layout
    own = [layout.columns[name][0] if name in layout.columns else None for name in ("line_of_business", "product")]
    columns = [*layout.product_from, *(column for column in own if column)]
    translations = [layout.values.get(name, {}) for name in ("line_of_business", "product")]

    def convert(row_cells: tuple[str, ...]) -> tuple[str | None, str | None]:
        tidied = [None if file.is_empty(cell) else normalise.plain_text(cell) for cell in row_cells[:-1]]
        given = iter(tidied[len(layout.product_from) :])
        line, product = (
            meanings.get(text.casefold(), text) if column and (text := next(given)) else None
            for column, meanings in zip(own, translations, strict=True)
        )
        words = " | ".join(cell for cell in tidied[: len(layout.product_from)] if cell)
        for rule in layout.products:
            if rule.pattern.search(words):
                return line or rule.line, product or rule.product
        return line, product

    return _cells(file, columns, convert)


def _shown_agents(file: Context) -> Cell:
    labels = list(file.layout.shown_agents)

    def convert(row_cells: tuple[str, ...]) -> str | None:
        named = zip(labels, row_cells, strict=False)
        told = [f"{label}: {normalise.plain_text(cell)}" for label, cell in named if not file.is_empty(cell)]
        return "; ".join(told) or None

    return _cells(file, list(file.layout.shown_agents.values()), convert)
