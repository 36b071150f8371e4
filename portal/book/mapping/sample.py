"""The sample of an unknown file: kept as ciphertext, opened in a private folder, looked at column by column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.book.mapping.models import ConnectorDraft, ConnectorDraftPiece
from portal.book.operations.request import HandedIn
from portal.connectors import door, heading
from portal.connectors.headers import Named
from portal.connectors.profile import MOST_ROWS, Look, look
from portal.connectors.readers import Kind, Sheet, kind_of, open_sheets
from portal.connectors.readers.csv_reader import find_dialect
from portal.connectors.rows import FileRefused
from portal.core import clock, crypto, scratch
from portal.core.ids import new_id
from portal.extensions import db

FIELD, PIECE = "draft", 1024 * 1024
OFFERED_ROWS = 15
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_KINDS = {
    Kind.PAGE: "Web page with a table",
    Kind.X12: "Enrollment file (834)",
    Kind.FIXED: "Text of fixed width, which a known layout declares",
}
_CODECS = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16"}


@dataclass(slots=True)
class Seen:
    """What a person is shown of a sample. `looks` are of the columns below the chosen header row."""

    kind: str  # "Text in UTF-8, columns separated by semicolons"
    sheets: list[str]
    rows_of: list[list[tuple[int, list[str]]]]  # of each sheet, the first rows for choosing the header
    sheet: int = 0
    row: int = 1
    header: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    rows: int = 0  # below the header
    notes: list[str] = field(default_factory=list)
    sha256: str = ""  # of what was handed in
    emptied: list[str] = field(default_factory=list)  # what was taken out of it at the door


def admitted(data: bytes) -> tuple[bytes, list[str]]:
    """The file as it may be kept, without any social security number, and notes of what was taken out.

    Raises `FileRefused`.
    """
    with scratch.folder() as folder:
        path = folder / "handed-in"
        path.write_bytes(data)
        passed = door.admit(path, folder)
        return passed.path.read_bytes(), list(passed.notes)


def keep(draft: ConnectorDraft, data: bytes) -> None:
    """Keep the bytes of the draft's sample."""
    for number, start in enumerate(range(0, len(data), PIECE)):
        sealed = crypto.encrypt_bytes(data[start : start + PIECE], fmo_id=draft.fmo_id, field=FIELD)
        db.session.add(ConnectorDraftPiece(id=new_id(), draft_id=draft.id, piece=number, body=sealed))
    db.session.flush()


def bytes_of(draft: ConnectorDraft) -> bytes:
    """The sample as it was handed in."""
    pieces = select(ConnectorDraftPiece).where(ConnectorDraftPiece.draft_id == draft.id)
    found = db.session.scalars(pieces.order_by(ConnectorDraftPiece.piece))
    return b"".join(crypto.decrypt_bytes(one.body, fmo_id=draft.fmo_id, field=FIELD) for one in found)


@contextmanager
def opened(data: bytes) -> Iterator[tuple[Path, list[Sheet]]]:
    """The sample as a file in a folder that only this process may read, and its sheets; raises `FileRefused`."""
    with scratch.folder() as folder:
        path = folder / "sample"
        path.write_bytes(data)
        yield path, open_sheets(path)


def examine(data: bytes, chosen: heading.Heading | None = None) -> Seen:
    """What the sample looks like below `chosen`, else below the row that most looks like a header.

    Raises `FileRefused` for what is no table, or has no row that could name columns.
    """
    with opened(data) as (path, sheets):
        at = chosen or heading.guess(sheets)
        if at is None:
            raise FileRefused(
                "No row of the file names at least three columns. Send a sample that begins with the column names."
            )
        if not 0 <= at.sheet < len(sheets) or at.row not in {number for number, _ in sheets[at.sheet].head}:
            raise FileRefused("That row is not among the first rows of the file.")
        offered = [_offered(sheet) for sheet in sheets]
        notes = [note for sheet in sheets for note in sheet.notes]
        seen = Seen(_kind(path, sheets), [sheet.name for sheet in sheets], offered, at.sheet, at.row, notes=notes)
        seen.header = next(list(cells) for number, cells in sheets[at.sheet].head if number == at.row)
        rows = list(below(sheets[at.sheet], at.row))
        seen.rows = sum(any(map(str.strip, cells)) for cells in rows)
        seen.looks = look(seen.header, rows, as_of=clock.today())
        return seen


def remember(seen: Seen, sha256: str, emptied: list[str]) -> None:
    """Keep what the sample was when it was handed in, and tell what was taken out."""
    seen.sha256, seen.emptied = sha256, list(emptied)
    seen.notes += emptied


def was_handed_in(seen: Seen) -> HandedIn | None:
    """What the sample was before it was kept; None for one of before this was remembered."""
    return HandedIn(seen.sha256, seen.emptied) if seen.sha256 else None


def below(sheet: Sheet, row: int) -> Iterator[list[str]]:
    """The rows below the header, as many as are looked at."""
    return islice((cells for number, cells in sheet.rows() if number > row), MOST_ROWS)


def _offered(sheet: Sheet) -> list[tuple[int, list[str]]]:
    rows = [(number, heading.shown(cells)) for number, cells in sheet.head[:OFFERED_ROWS]]
    return [(number, cells) for number, cells in rows if cells]


def _kind(path: Path, sheets: Sequence[Sheet]) -> str:
    kind = kind_of(path)
    if kind in (Kind.XLSX, Kind.XLS):
        return f"Excel workbook with {'one sheet' if len(sheets) == 1 else f'{len(sheets)} sheets'}"
    if kind is not Kind.TEXT:
        return _KINDS[kind]
    dialect = find_dialect(path)
    codec = _CODECS.get(dialect.encoding.codec, dialect.encoding.codec.upper())
    between = _DELIMITERS.get(dialect.delimiter, f"“{dialect.delimiter}”")
    return f"Text in {codec}, columns separated by {between}"


def sealed(draft: ConnectorDraft, value: dict[str, Any]) -> str:
    """Ciphertext of what a draft keeps as JSON."""
    return crypto.encrypt(json.dumps(value), fmo_id=draft.fmo_id, field=FIELD)


def unsealed(draft: ConnectorDraft, text: str) -> dict[str, Any]:
    """What `sealed` was given."""
    found: dict[str, Any] = json.loads(crypto.decrypt(text, fmo_id=draft.fmo_id, field=FIELD))
    return found


def seen_of(draft: ConnectorDraft) -> Seen:
    """What was kept of how the sample looks."""
    kept = unsealed(draft, draft.seen)
    looks = [_look(one) for one in kept.pop("looks")]
    return Seen(**kept, looks=looks)


def keep_seen(draft: ConnectorDraft, seen: Seen) -> None:
    """Keep how the sample looks."""
    draft.seen = sealed(draft, asdict(seen))


def _look(kept: dict[str, Any]) -> Look:
    values = dict(kept)
    for name in ("samples", "nothing", "far"):
        values[name] = tuple(values[name])
    values["words"] = tuple((word, count) for word, count in values["words"])
    values["column"] = Named(*values["column"])
    return Look(**values)
