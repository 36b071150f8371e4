"""A carrier's file as batches of policy rows, refusals and dropped rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from portal.connectors import readers
from portal.connectors.aliases import Aliases, amender, told
from portal.connectors.assemble import RowRefused, compile_row
from portal.connectors.detect import Detection, detect
from portal.connectors.file_names import FileStatus, day_above, day_in_name, status_in_name
from portal.connectors.headers import fields_of
from portal.connectors.known import Known, reading_of, sheet_reading
from portal.connectors.layouts import Layout, header_key, load_layouts
from portal.connectors.readers import Sheet
from portal.connectors.rows import Batch, Dropped, FileRefused, PolicyRow, Refusal

Read = Callable[[Batch, int, list[str], bytes | None], None]
_TOTAL = re.compile(
    r"(?:grand |sub-?)?totals?\b|sum\b|(?:row|record)s?(?: count)?\b|count\b|end of\b"
    r"|(?:gesamt|zwischen|end)?summen?\b|(?:ins)?gesamt\b|anzahl\b|(?:sub)?totale?s?\b|totaux\b|sous-total\b"
    r"|sommes?\b|suma\b|somma\b|nombre\b|numero de\b|fin de\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"[-+$€£(]*\d[\d.,' ]*[)%$€£-]*", re.ASCII)
_SAYS_NOTHING = {"premium", "shown"}  # fields whose value alone is no policy


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file whose layout is known and whose rows can be read."""

    layout: Layout
    detections: list[Detection]  # every sheet that is read, at least one
    as_of: date  # the day whose state the file tells
    notes: list[str] = field(default_factory=list)  # for a person; grows while the batches are read
    by_name: FileStatus | None = None  # the status that the file's name tells
    batch_size: int = 5_000
    aliases: Aliases | None = None

    @property
    def complete(self) -> bool | None:
        """Whether the file says that it tells everything (True) or only changes (False); None: it says nothing."""
        said = {found.sheet.complete for found in self.detections}
        return False if False in said else True if said == {True} else None

    @property
    def detection(self) -> Detection:
        """The first sheet that is read."""
        return self.detections[0]

    @property
    def reading(self) -> str:
        """Stands for all that decides what becomes of a row, beside the row and its header."""
        return reading_of(self.layout, self.as_of, self.by_name, self.aliases)

    def batches(self, known: Known | None = None) -> Iterator[Batch]:
        """The file's rows below the header, from the start, at most `batch_size` a batch.

        Rows that `known` has are passed over. Raises `FileRefused` in the middle when the rest of the file cannot be
        told into rows.
        """
        used: Counter[str] = Counter()
        unread: list[str] = []
        for found in self.detections:
            make = compile_row(found, as_of=self.as_of, notes=self.notes, by_name=self.by_name, unread=unread)
            amend = amender(found, self.aliases, used) if self.aliases else None
            read = _reader(found, self, make, amend, unread)
            yield from _batches(found, read, self, known)
        self.notes.extend(note for note in [*told(used), *_of_amounts(unread)] if note not in self.notes)


def parse(
    path: Path,
    *,
    file_name: str,
    as_of: date,
    layouts: Mapping[str, Layout] | None = None,
    layout_name: str | None = None,
    batch_size: int = 5_000,
    sheets: list[Sheet] | None = None,
    aliases: Callable[[Layout], Aliases | None] | None = None,
) -> ParsedFile:
    """Opens the file and finds its layout among `layouts` (all that are known), or takes `layout_name`.

    `file_name` is the carrier's own. The day that the file says of itself (a header record) is its as-of date, else one
    in its name (…_20261103.csv), else the one that stands above the header where the layout says so, else `as_of` is.
    `sheets`: the file's, where it is open already. `aliases` gives what was decided by hand for files of the layout
    that was found. Raises `FileRefused`.
    """
    known = load_layouts() if layouts is None else layouts
    if layout_name is not None:
        if layout_name not in known:
            raise FileRefused(f"There is no layout named {layout_name}. Known are: {', '.join(sorted(known))}.")
        known = {layout_name: known[layout_name]}
    sheets = readers.open_sheets(path) if sheets is None else sheets
    detections = detect(sheets, known)
    notes = [note for sheet in sheets for note in sheet.notes] + [n for found in detections for n in found.notes]
    return ParsedFile(
        layout=detections[0].layout,
        detections=detections,
        as_of=_day_said(detections, as_of) or day_in_name(file_name) or _day_above(detections, as_of) or as_of,
        notes=notes,
        by_name=_status_by_name(detections, file_name),
        batch_size=batch_size,
        aliases=aliases(detections[0].layout) if aliases else None,
    )


def _day_said(detections: list[Detection], latest: date) -> date | None:
    """The day that the file says of itself; one beyond the day on which it came is none."""
    days = {found.sheet.as_of for found in detections if found.sheet.as_of}
    return max((day for day in days if day <= latest + timedelta(days=1)), default=None)


def _day_above(detections: list[Detection], latest: date) -> date | None:
    labels = detections[0].layout.as_of
    above = [row for found in detections for number, row in found.sheet.head if number < found.header_row]
    return day_above(above, labels, latest=latest) if labels else None


def _status_by_name(detections: list[Detection], file_name: str) -> FileStatus | None:
    source = detections[0].layout.status_from
    if source is None:
        return None
    by_name = status_in_name(file_name, source.file_name)
    if by_name is None and source.default is None and not all(found.headers_of("status") for found in detections):
        words = ", ".join(f"“{word}”" for word in source.file_name)
        raise FileRefused(
            "The file has no column with the status, and its name does not tell it. "
            f"Give the file a name with exactly one of the words {words}."
        )
    return by_name


def _batches(found: Detection, read: Read, file: ParsedFile, known: Known | None) -> Iterator[Batch]:
    raw = found.sheet.raw_rows()
    print_of = known.prints(sheet_reading(file.reading, raw.spelling, found.header)) if known else None
    batch, room = Batch(), file.batch_size
    for number, line, cells in raw.rows():
        if number <= found.header_row:
            continue
        sign = print_of(line) if print_of and line else None
        if sign is not None and known is not None and known.has(sign):
            batch.passed += 1
        else:
            read(batch, number, raw.split(line) if cells is None else cells, sign)
        room -= 1
        if not room:
            yield batch
            batch, room = Batch(), file.batch_size
    if room < file.batch_size:
        yield batch


def _reader(
    found: Detection,
    file: ParsedFile,
    make: Callable[[int, list[str]], PolicyRow],
    amend: Callable[[list[str]], list[str]] | None,
    unread: list[str],
) -> Read:
    """A function that takes (number, cells, print) of a row into a batch."""
    notes, width, name = file.notes, len(found.header), found.sheet.name
    this_year = file.as_of.year % 100

    def read(batch: Batch, number: int, cells: list[str], sign: bytes | None) -> None:
        try:
            if len(cells) != width:
                _fit(cells, width)
            before, given = len(notes) + len(unread), amend(cells) if amend else cells
            row = make(number, given)
        except RowRefused as refused:
            if reason := _no_policy(cells, found):
                batch.dropped.append(Dropped(name, number, reason))
            else:
                batch.refused.append(Refusal(name, number, refused.column, refused.shape, refused.reason))
                # Without the empty cell that reading has put behind the row.
                whole = len(cells) == width + 1 and not cells[-1]
                batch.refused_cells.append(cells[:-1] if whole else cells)
            return
        batch.rows.append(row)
        # A row is read again next time where somebody is told of it, or where the day of the file may decide whether
        # a birth was in this century.
        again = (
            given is not cells
            or len(notes) + len(unread) != before
            or (row.birth_date and row.birth_date.year % 100 == this_year)
        )
        batch.prints.append(None if again else sign)

    return read


def _of_amounts(unread: list[str]) -> list[str]:
    counts = Counter(unread)
    return [
        f"{'1 amount' if count == 1 else f'{count:,} amounts'} in “{column}” could not be read and"
        f" {'was' if count == 1 else 'were'} left empty."
        for column, count in counts.items()
    ]


def _fit(cells: list[str], width: int) -> None:
    """Cuts empty cells beyond the header; any other difference in width means that cells stand under wrong headers."""
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        del cells[width:]
        return
    raise RowRefused(
        None,
        None,
        f"The row has {len(cells)} cells and the header has {width}: a delimiter or a quotation mark is out of place, "
        "or the file was cut off here.",
    )


def _no_policy(cells: list[str], found: Detection) -> str | None:
    """Why a row that could not be read is no policy row at all, None when it is one."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return "The row is empty."
    if len(filled) > 1 and all(
        header_key(cell) == header_key(header)
        for cell, header in zip(cells, found.header, strict=False)
        if cell.strip()
    ):
        return "The header stands here again."
    if len(filled) <= max(3, len(found.header) // 3):
        if _TOTAL.match(filled[0]) or any(cell.upper().startswith("=SUM(") for cell in filled):
            return "A total, not a policy."
        if len(filled) < len(found.header) and _only_amounts(cells, found):
            return "Amounts alone, not a policy."
        if len(filled) == 1 and " " in filled[0]:
            return "A line of text, not a policy."
    return None


def _only_amounts(cells: list[str], found: Detection) -> bool:
    """Whether no cell of a column that tells a policy or a person is filled, and all others are amounts."""
    fields = fields_of(found.layout)
    telling = {place for key, place in found.positions.items() if set(fields.get(key, ())) - _SAYS_NOTHING}
    filled = [(place, cell.strip()) for place, cell in enumerate(cells) if cell.strip()]
    return all(place not in telling and _AMOUNT.fullmatch(cell) for place, cell in filled)
