"""The cells of one refused row as a person sees and changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.book.quarantine.bodies import Body, opened, opened_cells
from portal.book.quarantine.models import RefusedRow
from portal.book.quarantine.words import FIELDS
from portal.connectors import normalise
from portal.connectors.aliases import WORDS, as_word, decided_status, read_decided
from portal.connectors.detect import Detection
from portal.connectors.layouts import Layout, header_key
from portal.connectors.one_row import header_of, tidy_cell
from portal.connectors.rows import FileRefused, Status

NO_LAYOUT = "This version of the portal no longer has the layout of this row's file. Dismiss it, or load the file anew."


class Closed(Exception):
    """The row can no longer be read as its file was; the text says why."""


@dataclass(frozen=True, slots=True)
class CellView:
    """One cell: `field` is what it fills, None for one that is only shown."""

    place: int
    label: str
    header: str
    field: str | None
    written: str  # as the file has it
    value: str  # as it stands now
    decided: str  # of a status: the canonical one that somebody has chosen, "" for none
    refused: bool
    learnable: bool  # what is decided about it may hold for every row
    unknown: bool  # what is written means nothing to the layout


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A refused row with the layout that it is read by."""

    row: RefusedRow
    layout: Layout
    found: Detection
    body: Body
    cells: list[str]  # as they stand: of the file, or as somebody has put them right

    def views(self) -> list[CellView]:
        """Every cell that a person may want to see, in the order of the file."""
        fields = _fields(self.layout)
        hidden = _tax_columns(self.layout)
        views = []
        for key, place in self.found.positions.items():
            field = fields.get(key)
            if field is None and key not in _shown(self.layout):
                continue
            views.append(self._view(key, place, field, key in hidden))
        return sorted(views, key=lambda one: one.place)

    def _view(self, key: tuple[str, int], place: int, field: str | None, is_tax: bool) -> CellView:
        written, value = self.body.cells[place], self.cells[place]
        decided = read_decided(value) if field == "status" else None
        if is_tax and value.strip():
            written = value = f"ends in {value.strip()[-4:]}"
        return CellView(
            place=place,
            label=FIELDS.get(field or "", self.body.header[place]),
            header=self.body.header[place],
            field=field,
            written=written,
            value=decided[1] if decided else value,
            decided=decided[0] if decided else "",
            refused=key[0] == header_key(self.row.column_name or ""),
            learnable=field in WORDS and bool(as_word(written)) and not _known(field, written, self.layout),
            unknown=field in WORDS and means_nothing(field, written, self.layout),
        )

    def changed_by(self, form: Mapping[str, str]) -> list[str]:
        """The cells as a form says: "cell-3" is the text of the fourth, "status-3" the status that it means."""
        cells = list(self.cells)
        for view in self.views():
            if view.field is None:
                continue
            text = tidy_cell(form.get(f"cell-{view.place}", view.value)).strip()
            chosen = form.get(f"status-{view.place}", view.decided) if view.field == "status" else ""
            cells[view.place] = decided_status(chosen, text) if chosen in set(Status) else text
        return cells


def open_row(row: RefusedRow, layout: Layout | None) -> OpenRow:
    """Decrypt the row and find its columns again in the layout that refused it; raises `Closed`."""
    if layout is None:
        raise Closed(NO_LAYOUT)
    body = opened(row.body, row.fmo_id)
    try:
        found = header_of(layout, body.header)
    except FileRefused as refused:
        raise Closed(f"{refused} Dismiss this row, or load its file anew.") from refused
    cells = opened_cells(row.fixed, row.fmo_id) if row.fixed else body.cells
    return OpenRow(row, layout, found, body, list(cells))


def means_nothing(field: str, written: str, layout: Layout) -> bool:
    """Whether a word is one that the layout does not know."""
    word = as_word(written)
    if not word:
        return False
    if field == "status":
        return word not in layout.statuses
    if field == "status_reason":
        return word not in layout.reasons
    if field == "state":
        return normalise.state(written) is None
    return field == "gender" and normalise.gender(written) is None


def _known(field: str, written: str, layout: Layout) -> bool:
    # What the layout itself understands is not overruled for every row because of one.
    return field in ("status", "status_reason", "state", "gender") and not means_nothing(field, written, layout)


def _fields(layout: Layout) -> dict[tuple[str, int], str]:
    fields = {column.key: "status" for column in layout.columns.get("status", ())}
    for name, columns in layout.columns.items():
        for column in columns:
            fields.setdefault(column.key, name)
    for column in layout.product_from:
        fields.setdefault(column.key, "product")
    for key in _writer_columns(layout):
        fields.pop(key, None)
    return fields


def _shown(layout: Layout) -> set[tuple[str, int]]:
    return {*_writer_columns(layout), *(column.key for column in layout.shown_agents.values())}


def _writer_columns(layout: Layout) -> Sequence[tuple[str, int]]:
    """Whose policy it is must not be typed: these cells are shown and never changed."""
    roles = [*layout.writer.people, *([layout.writer.main] if layout.writer.main else [])]
    keys = [column.key for role in roles for column in (role.npn, *role.name)]
    named = [column for one in layout.writer.crosswalks for column in (one.column, *one.name)]
    return keys + [column.key for column in named]


def _tax_columns(layout: Layout) -> set[tuple[str, int]]:
    return {one.column.key for one in layout.writer.crosswalks if one.tax_id}
