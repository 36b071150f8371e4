"""A layout and a header row compiled into one function from a row of text to a `PolicyRow`.

Carrier files repeat themselves: statuses, plans, dates, towns and agents are few. Each column therefore has a memo from
its raw text to its value, so that the common cell costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from operator import itemgetter
from typing import Any

from portal.connectors import normalise, writers
from portal.connectors.dates import Unreadable, read_date
from portal.connectors.detect import Detection
from portal.connectors.layouts import IDENTITY_PARTS, Column
from portal.connectors.names import first_and_middle, full_name, last_and_suffix, readable_case
from portal.connectors.rows import PolicyRow

Convert = Callable[[str], Any]
_MEMO_SIZE = 4_096
_DATE_MEMO_SIZE = 50_000  # every day of a century and more: a memo of dates need never start again
_HARDLY_REPEATED = frozenset({"policy_number", "member_number", "mbi", "email", "phone", "address1", "zip"})
_NAMES_THAT_LOOK_EMPTY = frozenset({"na", "nan"})
_UNIT = re.compile(r"(?:apt|apartment|unit|ste|suite|lot|trlr|rm|room|bldg|fl|floor|#)\b|#", re.IGNORECASE)
_SEPARATOR = "\x1f"  # cannot occur in tidied text


class RowRefused(Exception):
    """This row cannot be taken: `column` as in the file, `shape` of the value, `reason` as a sentence."""

    def __init__(self, column: str | None, shape: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column, self.shape, self.reason = column, shape, reason


class _Memo(dict[Any, Any]):
    """Raw cell or cells -> value, computed once; forgets all when full, so that memory stays bounded."""

    __slots__ = ("convert", "size")

    def __init__(self, convert: Callable[[Any], Any], size: int) -> None:
        self.convert, self.size = convert, size

    def __missing__(self, raw: Hashable) -> Any:
        value = self.convert(raw)
        if len(self) >= self.size:
            self.clear()
        self[raw] = value
        return value


def _remembering(convert: Callable[[Any], Any], size: int = _MEMO_SIZE) -> Callable[[Any], Any]:
    return _Memo(convert, size).__getitem__


@dataclass(frozen=True, slots=True)
class _Cell:
    """One thing to take from a row: which cells, and how they become a value."""

    get: Callable[[list[str]], Any]
    read: Callable[[Any], Any]
    indices: tuple[int, ...]


def compile_row(found: Detection, *, as_of: date, notes: list[str]) -> Callable[[int, list[str]], PolicyRow]:
    """A function (row number, cells) -> `PolicyRow` for rows of exactly the header's width.

    The function raises `RowRefused` for a row that cannot be taken, and adds to `notes` what it meets for the first
    time and a person should know. It may append to the list of cells that it is given.
    """
    layout, sheet = found.layout, found.sheet.name
    cells = _Columns(found, as_of, notes).all_cells()
    steps = [(cell.get, cell.read) for cell in cells]
    has_full_name = "full_name" in layout.columns
    carrier = layout.carrier
    identify = itemgetter(*(_PART_ORDER.index(part) for part in layout.identity), -1)
    swap = layout.unit_before_street
    new = tuple.__new__

    def row_of(number: int, row: list[str]) -> PolicyRow:
        row.append("")  # what a column that the file does not have reads
        try:
            values = [read(get(row)) for get, read in steps]
        except Unreadable:
            raise _first_refusal(cells, found, row) from None
        (
            policy_number, member_number, first, last, middle, suffix, birth, gender, mbi, email, phone, address1,
            address2, city, state, zip_code, county, effective, term, renewal, received, status, reason, deceased,
            plan_id, plan_name, product, premium, writer_from, writer_to, writer, shown,
        ) = values  # fmt: skip
        if has_full_name:
            first, middle_found, last, suffix_found = first
        else:
            first, middle_found = first
            last, suffix_found = last
        line, product = product
        key = identify((policy_number, member_number, effective.isoformat(), line, plan_id or plan_name or product, ""))
        if None in key:
            raise _unidentified(found, key)
        if swap and address1 and address2 and address2[0].isdigit() and _UNIT.match(address1):
            address1, address2 = address2, address1
        business = (
            policy_number or member_number, line, product, plan_id, plan_name, status[0], status[1],
            "deceased" if deceased else reason, effective, term, renewal, received, premium, member_number, first,
            middle or middle_found, last, suffix or suffix_found, birth, gender, mbi, email, phone, address1, address2,
            city, state, zip_code, county, *writer[:4], writer_from, writer_to, writer[4], shown,
        )  # fmt: skip
        content = _SEPARATOR.join([v if v.__class__ is str else "" if v is None else v.isoformat() for v in business])
        identity = sha256(_SEPARATOR.join((carrier, *key)).upper().encode()).hexdigest()
        return new(PolicyRow, (sheet, number, identity, sha256(content.encode()).hexdigest(), *business))

    return row_of


_PART_ORDER = ("policy_number", "member_number", "effective_date", "line_of_business", "plan")


class _Columns:
    """Builds the cells of `compile_row` in the order in which it unpacks them."""

    def __init__(self, found: Detection, as_of: date, notes: list[str]) -> None:
        self.found, self.layout, self.as_of, self.notes = found, found.layout, as_of, notes

    def all_cells(self) -> list[_Cell]:
        text, identifier = normalise.plain_text, normalise.identifier
        if "full_name" in self.layout.columns:
            names = [self._name("full_name", full_name), self._field("last_name", text)]
        else:
            names = [self._name("first_name", first_and_middle), self._name("last_name", last_and_suffix)]
        return [
            self._field("policy_number", identifier),
            self._field("member_number", identifier),
            *names,
            self._field("middle_name", lambda cell: readable_case((text(cell) or "").rstrip(".")) or None),
            self._field("suffix", text),
            self._field("birth_date", lambda cell: self._date(cell, birth=True)),
            self._field("gender", normalise.gender),
            self._field("mbi", normalise.mbi),
            self._field("email", normalise.email),
            self._field("phone", normalise.phone),
            self._field("address1", text),
            self._field("address2", text),
            self._field("city", lambda cell: readable_case(text(cell) or "") or None),
            self._field("state", normalise.state),
            self._field("zip", normalise.zip_code),
            self._field("county", lambda cell: readable_case(text(cell) or "") or None),
            self._field("effective_date", self._date, required=True),
            self._field("term_date", self._term_date),
            self._field("renewal_date", self._lenient_date),
            self._field("received_date", self._lenient_date),
            self._field("status", self._status, required=True),
            self._field("status_reason", lambda cell: self.layout.reasons.get((text(cell) or "").casefold())),
            self._field("deceased_date", text),
            self._plan_id(),
            self._field("plan_name", text),
            self._product(),
            self._field("premium", normalise.money),
            self._field("writer_from", self._lenient_date),
            self._field("writer_to", self._lenient_date),
            self._cells(writers.columns_of(self.layout), writers.resolver(self.found, self._is_empty, self.notes)),
            self._shown_agents(),
        ]

    def _is_empty(self, cell: str) -> bool:
        return cell.strip().casefold() in self.layout.empty

    def _field(self, name: str, convert: Convert, *, required: bool = False) -> _Cell:
        """The first of the field's columns with a value; "" for a field without any column in this file."""

        empty = self.layout.empty

        def one(cell: str) -> Any:
            value = None if cell.strip().casefold() in empty else convert(cell)
            if value is None and required:
                raise Unreadable("is empty")
            return value

        def first_of(row_cells: tuple[str, ...]) -> Any:
            for cell in row_cells:
                if not self._is_empty(cell) and (value := convert(cell)) is not None:
                    return value
            if required:
                raise Unreadable("is empty")
            return None

        indices = self._indices(self.layout.columns.get(name, ()))
        read: Callable[[Any], Any] = one if len(indices) == 1 else first_of
        if name not in _HARDLY_REPEATED:
            read = _remembering(read, _DATE_MEMO_SIZE if name.endswith("_date") else _MEMO_SIZE)
        return _Cell(itemgetter(*indices), read, indices)

    def _indices(self, columns: tuple[Column, ...]) -> tuple[int, ...]:
        return tuple(index for column in columns if (index := self.found.at(column)) is not None) or (-1,)

    def _cells(self, columns: list[Column], convert: Callable[[tuple[str, ...]], Any]) -> _Cell:
        """All the columns together as a tuple, a missing one as ""."""
        indices = tuple(-1 if (index := self.found.at(column)) is None else index for column in columns)
        return _Cell(itemgetter(*indices, -1), _remembering(convert), indices)

    def _name(self, name: str, split: Callable[[str], tuple[str | None, ...]]) -> _Cell:
        def convert(cell: str) -> tuple[str | None, ...]:
            word = (normalise.plain_text(cell) or "").casefold()
            if word in self.layout.empty and word not in _NAMES_THAT_LOOK_EMPTY:
                raise Unreadable("is empty")
            parts = split(cell)
            if not all(part and any(letter.isalpha() for letter in part) for part in parts[::2]):
                raise Unreadable("is not a first and last name" if len(parts) > 2 else "is not a name")
            return parts

        indices = self._indices(self.layout.columns[name])
        return _Cell(itemgetter(indices[0]), _remembering(convert), indices[:1])

    def _date(self, cell: str, *, birth: bool = False, open_ends: frozenset[date] = frozenset()) -> date | None:
        order, forms = self.layout.date_order, self.layout.date_forms
        return read_date(cell, as_of=self.as_of, birth=birth, order=order, forms=forms, sentinels=open_ends)

    def _term_date(self, cell: str) -> date | None:
        day = self._date(cell, open_ends=self.layout.open_ends)
        if day is None:
            column = self.found.headers_of("term_date")[0]
            note = f"{cell.strip()} in “{column}” stands for “no end” and was read so."
            if note not in self.notes:
                self.notes.append(note)
        return day

    def _lenient_date(self, cell: str) -> date | None:
        try:
            return self._date(cell, open_ends=self.layout.open_ends)
        except Unreadable:
            return None

    def _status(self, cell: str) -> tuple[str, str]:
        word = normalise.plain_text(cell) or ""
        try:
            return self.layout.statuses[word.casefold()], word
        except KeyError:
            raise Unreadable("is a status word that this layout does not know") from None

    def _plan_id(self) -> _Cell:
        if "contract" not in self.layout.columns:
            return self._field("plan_id", normalise.plan_id)
        columns = [
            self.layout.columns[name][0] for name in ("contract", "pbp", "segment") if name in self.layout.columns
        ]

        def convert(row_cells: tuple[str, ...]) -> str | None:
            parts = ["" if self._is_empty(cell) else cell for cell in row_cells[:-1]] + ["", ""]
            return normalise.plan_id_of(parts[0], parts[1], parts[2])

        return self._cells(columns, convert)

    def _product(self) -> _Cell:
        """(line of business, product) of one row: the layout's rules, and a column of its own where it has one."""
        layout = self.layout
        own = [layout.columns[name][0] if name in layout.columns else None for name in ("line_of_business", "product")]
        columns = [*layout.product_from, *(column for column in own if column)]

        def convert(row_cells: tuple[str, ...]) -> tuple[str | None, str | None]:
            tidied = [None if self._is_empty(cell) else normalise.plain_text(cell) for cell in row_cells[:-1]]
            given = iter(tidied[len(layout.product_from) :])
            line, product = (next(given) if column else None for column in own)
            words = " | ".join(cell for cell in tidied[: len(layout.product_from)] if cell)
            for rule in layout.products:
                if rule.pattern.search(words):
                    return line or rule.line, product or rule.product
            return line, product

        return self._cells(columns, convert)

    def _shown_agents(self) -> _Cell:
        labels = list(self.layout.shown_agents)

        def convert(row_cells: tuple[str, ...]) -> str | None:
            named = zip(labels, row_cells, strict=False)
            told = [f"{label}: {normalise.plain_text(cell)}" for label, cell in named if not self._is_empty(cell)]
            return "; ".join(told) or None

        return self._cells(list(self.layout.shown_agents.values()), convert)


def _first_refusal(cells: list[_Cell], found: Detection, row: list[str]) -> RowRefused:
    """Finds the cell that could not be read, by trying them one by one."""
    for cell in cells:
        try:
            cell.read(cell.get(row))
        except Unreadable as error:
            index = next((i for i in cell.indices if row[i].strip()), cell.indices[0])
            if index == -1:
                return RowRefused(None, None, f"A required value {error}.")
            header = found.header[index].strip()
            return RowRefused(header, normalise.shape(row[index].strip()) or None, f"“{header}” {error}.")
    raise AssertionError("a row was refused, but each of its cells can be read")


def _unidentified(found: Detection, key: tuple[str | None, ...]) -> RowRefused:
    part = found.layout.identity[key.index(None)]
    headers = [header for name in IDENTITY_PARTS[part] for header in found.headers_of(name)]
    headers = headers or [column.header for column in found.layout.product_from if found.at(column) is not None]
    column = headers[0] if headers else None
    what = f"“{column}”" if column else part.replace("_", " ")
    return RowRefused(column, None, f"{what} is empty, and without it this policy cannot be told from others.")
