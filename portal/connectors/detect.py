"""Which layout a file has, on which sheet, and in which row its header stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.connectors.layouts import IDENTITY_PARTS, Column, Layout, header_key
from portal.connectors.readers import Sheet
from portal.connectors.readers.sheet import HEAD_ROWS
from portal.connectors.rows import FileRefused

Positions = Mapping[tuple[str, int], int]  # Column.key -> index in a row
_WIDEST = 2_000  # columns of a header; a wider row is none


@dataclass(frozen=True, slots=True)
class Detection:
    """One sheet that a layout fits."""

    layout: Layout
    sheet: Sheet
    header_row: int  # as a person counts it
    header: list[str]
    positions: Positions  # Column.key -> index in a row
    notes: list[str] = field(default_factory=list)

    def at(self, column: Column) -> int | None:
        """The column's index in a row, None when this file does not have it."""
        return self.positions.get(column.key)

    def headers_of(self, name: str) -> list[str]:
        """The headers, as in the file, that fill the field `name`; [] when the file has none."""
        found = (self.at(column) for column in self.layout.columns.get(name, ()))
        return [self.header[index].strip() for index in found if index is not None]


def detect(sheets: list[Sheet], layouts: Mapping[str, Layout]) -> list[Detection]:
    """Every sheet that the best-fitting layout fits, at least one; raises `FileRefused` if none or two fit.

    The first rows of every sheet are compared with every layout. A layout fits where all headers of its fingerprint
    and at least one column for each required field are found; among those that fit, the one with most columns wins.
    """
    best: dict[str, list[Detection]] = {}
    nearest: tuple[float, Layout, list[str]] | None = None
    heads = [[(number, row, _positions(row)) for number, row in sheet.head] for sheet in sheets]
    for layout in layouts.values():
        for sheet, head in zip(sheets, heads, strict=True):
            found, miss = _header_in(sheet, head, layout)
            if found is not None:
                best.setdefault(layout.name, []).append(found)
            elif miss is not None and (nearest is None or miss[0] > nearest[0]):
                nearest = (miss[0], layout, miss[1])
    if not best:
        raise FileRefused(_no_layout(nearest, known=len(layouts)))
    scores = {name: max(_score(found) for found in founds) for name, founds in best.items()}
    top = max(scores.values())
    winners = [name for name, score in scores.items() if score == top]
    if len(winners) > 1:
        names = " and ".join(sorted(winners))
        raise FileRefused(f"The file fits more than one layout ({names}). Choose the layout by hand.")
    winner = best[winners[0]]
    for sheet in sheets:
        if sheet.head and sheet not in [found.sheet for found in winner]:
            winner[0].notes.append(f"Sheet “{sheet.name}” was not read: it has no header row of this layout.")
    return winner


def _header_in(
    sheet: Sheet, head: list[tuple[int, list[str], Positions]], layout: Layout
) -> tuple[Detection | None, tuple[float, list[str]] | None]:
    """The best header row of the sheet, else how near the nearest came and which headers it lacks."""
    best: Detection | None = None
    miss: tuple[float, list[str]] | None = None
    wanted = {column.key for column in layout.all_columns()}
    for number, row, positions in head:
        missing = _missing(layout, positions)
        if not missing:
            found = Detection(layout, sheet, number, row, positions)
            if mark := _lacks_mark(found):
                missing = [mark]
            else:
                best = found if best is None or _score(found) > _score(best) else best
                continue
        share = len(wanted & positions.keys()) / len(wanted)
        if share and (miss is None or share > miss[0]):
            miss = (share, missing)
    if best is not None:
        _refuse_ambiguous(best)
    return best, miss


def _lacks_mark(found: Detection) -> str | None:
    """What is missing where the layout has a mark in a column's values, and no row below the header has it."""
    mark = found.layout.told_by
    index = found.at(mark.column) if mark else None
    if mark is None:
        return None
    below = [row for number, row in found.sheet.head if number > found.header_row]
    if index is not None and any(mark.pattern.search(row[index]) for row in below if index < len(row)):
        return None
    return f"{mark.column.header} with {found.layout.carrier_name} in its cells"


def _positions(row: list[str]) -> Positions:
    seen: dict[str, int] = {}
    positions = {}
    for index, text in enumerate(row[:_WIDEST]):
        key = header_key(text)
        if key:
            seen[key] = seen.get(key, 0) + 1
            positions[key, seen[key]] = index
    return positions


def _missing(layout: Layout, positions: Positions) -> list[str]:
    """Headers that must be there and are not: the fingerprint's, and one for each required field without any."""
    missing = [column.header for column in layout.fingerprint if column.key not in positions]

    def absent(*names: str) -> bool:
        columns = [column for name in names for column in layout.columns.get(name, ())]
        return bool(columns) and not any(column.key in positions for column in columns)

    names = ("full_name",) if "full_name" in layout.columns else ("first_name", "last_name")
    required = (*names, "effective_date", *(() if layout.status_from else ("status",)))
    missing += [layout.columns[name][0].header for name in required if absent(name)]
    for part in layout.identity:
        fields_of_part = IDENTITY_PARTS[part]
        if part != "line_of_business" and absent(*fields_of_part):
            missing.append(next(layout.columns[name][0].header for name in fields_of_part if name in layout.columns))
    return list(dict.fromkeys(missing))


def _score(found: Detection) -> int:
    return len({column.key for column in found.layout.all_columns()} & found.positions.keys())


def _refuse_ambiguous(found: Detection) -> None:
    """A header that stands twice must be told apart by the layout; taking either could move a policy to a stranger."""
    told_apart = {column.key[0] for column in _declared_by_place(found.layout)}
    for column in found.layout.all_columns():
        key = column.key[0]
        if (key, 2) in found.positions and key not in told_apart:
            raise FileRefused(
                f"The column “{column.header}” stands twice in row {found.header_row}, and the layout "
                f"{found.layout.name} does not say which one counts. Remove one of them, or correct the layout."
            )


def _declared_by_place(layout: Layout) -> list[Column]:
    return [column for column in layout.all_columns() if column.by_place]


def _no_layout(nearest: tuple[float, Layout, list[str]] | None, *, known: int) -> str:
    if nearest is None and known == 1:
        return (
            f"No header of the layout that was chosen was found in the first {HEAD_ROWS} rows. Choose another"
            " SmartConnector, or none, so that the file is recognised by its columns."
        )
    if nearest is None:
        return (
            f"No header of a known layout was found in the first {HEAD_ROWS} rows. "
            "Check that this is a carrier's book of business, and that the row with the column names is in it."
        )
    _, layout, missing = nearest
    columns = ", ".join(f"“{header}”" for header in missing[:8])
    more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
    if known == 1:
        return (
            f"The file does not fit the layout that was chosen, {layout.carrier_name} ({layout.name}): these columns "
            f"are missing: {columns}{more}. Choose another SmartConnector, or none, so that the file is recognised."
        )
    return (
        f"The file fits no known layout. It comes nearest to {layout.carrier_name} ({layout.name}), "
        f"but these columns are missing: {columns}{more}."
    )
