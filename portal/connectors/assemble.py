"""A layout and a header row compiled into one function from a row of text to a `PolicyRow`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from hashlib import sha256
from operator import itemgetter

from portal.connectors import normalise
from portal.connectors.cells import Cell, Context, row_cells
from portal.connectors.dates import Unreadable
from portal.connectors.detect import Detection
from portal.connectors.file_names import FileStatus
from portal.connectors.ladder import name_key
from portal.connectors.layouts import IDENTITY_PARTS
from portal.connectors.rows import PolicyRow
from portal.connectors.statuses import decider

_UNIT = re.compile(r"(?:apt|apartment|unit|ste|suite|lot|trlr|rm|room|bldg|fl|floor|#)\b|#", re.IGNORECASE)
_PARTS = (
    "policy_number", "member_number", "effective_date", "line_of_business", "plan", "person", "policy_start",
    "payer",
)  # fmt: skip
_SEPARATOR = "\x1f"  # cannot occur in tidied text


class RowRefused(Exception):
    """This row cannot be taken: `column` as in the file, `shape` of the value, `reason` as a sentence."""

    def __init__(self, column: str | None, shape: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column, self.shape, self.reason = column, shape, reason


def compile_row(
    found: Detection,
    *,
    as_of: date,
    notes: list[str],
    by_name: FileStatus | None = None,
    unread: list[str] | None = None,
) -> Callable[[int, list[str]], PolicyRow]:
    """A function (row number, cells) -> `PolicyRow` for rows of exactly the header's width.

    The function raises `RowRefused` for a row that cannot be taken, and adds to `notes` what it meets for the first
    time and a person should know. It may append to the list of cells that it is given. `by_name` is the status in the
    file's name. `unread` gets the column of each amount that is none.
    """
    layout, sheet = found.layout, found.sheet.name
    cells = row_cells(Context(found, as_of, notes, by_name, [] if unread is None else unread))
    steps = [(cell.get, cell.read) for cell in cells]
    has_full_name = "full_name" in layout.columns
    carrier = layout.carrier
    identify = itemgetter(*(_PARTS.index(part) for part in layout.identity), -1)
    swap = layout.unit_before_street
    decide = decider(layout, as_of=as_of, by_name=by_name)
    by_person, by_payer, renewal_for = "person" in layout.identity, "payer" in layout.identity, layout.renewal_for
    own_start, own_payer = "policy_start" in layout.columns, "payer" in layout.columns
    new = tuple.__new__

    def row_of(number: int, row: list[str]) -> PolicyRow:
        row.append("")  # what a column that the file does not have reads
        try:
            values = [read(get(row)) for get, read in steps]
        except Unreadable:
            raise _first_refusal(cells, found, row) from None
        payer, start = values.pop() if own_payer else None, values.pop() if own_start else None
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
        if term and line in renewal_for:
            renewal, term = renewal or term, None
        status = decide(status, effective, term) if decide else status
        person = _person(first, last, birth) if by_person else None
        plan = plan_id or plan_name or product
        key = identify((policy_number, member_number, effective.isoformat(), line, plan, person, start, payer, ""))
        if None in key:
            raise _unidentified(found, key)
        if by_payer and member_number:
            member_number = f"{member_number} ({payer})"  # two payers may give the same number to two people
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


def _person(first: str, last: str, birth: date | None) -> str | None:
    return f"{name_key(first)}|{name_key(last)}|{birth.isoformat()}" if birth else None


def _first_refusal(cells: list[Cell], found: Detection, row: list[str]) -> RowRefused:
    """Finds the cell that could not be read, by trying them one by one."""
    for cell in cells:
        try:
            cell.read(cell.get(row))
        except Unreadable as error:
            index = _unread(cell, row)
            if index == -1:
                return RowRefused(None, None, f"A required value {error}.")
            header = found.header[index].strip()
            return RowRefused(header, normalise.shape(row[index].strip()) or None, error.about(header))
    raise AssertionError("a row was refused, but each of its cells can be read")


def _unread(cell: Cell, row: list[str]) -> int:
    """The column of the cell that cannot be read: each is tried with the others empty."""
    filled = [index for index in cell.indices if row[index].strip()]
    for index in filled:
        alone = ["" if other != index and other in filled else text for other, text in enumerate(row)]
        try:
            cell.read(cell.get(alone))
        except Unreadable:
            return index
    return filled[0] if filled else cell.indices[0]


def _unidentified(found: Detection, key: tuple[str | None, ...]) -> RowRefused:
    part = found.layout.identity[key.index(None)]
    ruled = [column.header for column in found.layout.product_from if found.at(column) is not None]
    if part == "line_of_business" and ruled:
        return RowRefused(ruled[0], None, f"“{ruled[0]}” names no line of business that this layout knows.")
    headers = [header for name in IDENTITY_PARTS[part] for header in found.headers_of(name)]
    headers = headers or ruled
    column = headers[0] if headers else None
    what = f"“{column}”" if column else part.replace("_", " ")
    return RowRefused(column, None, f"{what} is empty, and without it this policy cannot be told from others.")
