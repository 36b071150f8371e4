"""Columns of a file by name and place, and what is different between two headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from portal.connectors.declared import Layout
from portal.connectors.detect import Detection
from portal.connectors.layouts import header_key
from portal.connectors.readers import Sheet

Key = tuple[str, int]
SHOWN = 60
_NTH = {2: "2nd", 3: "3rd"}


class Named(NamedTuple):
    """A column as the file names it; the second of the same name, from the left, has occurrence 2."""

    header: str
    occurrence: int

    @property
    def key(self) -> Key:
        """What two spellings of one column have in common; the name "" is no name."""
        return header_key(self.header), self.occurrence

    @property
    def called(self) -> str:
        """What a person is told: the name, shortened, and which one where it stands twice."""
        header = " ".join(self.header.split())
        name = header if len(header) <= SHOWN else f"{header[: SHOWN - 1]}…"
        return name if self.occurrence == 1 else f"the {_NTH.get(self.occurrence, f'{self.occurrence}th')} {name}"


def named(header: Iterable[str]) -> list[Named]:
    """Every column of a header row, those without a name included."""
    seen: dict[str, int] = {}
    found = []
    for text in header:
        key = header_key(text)
        seen[key] = seen.get(key, 0) + 1
        found.append(Named(text.strip(), seen[key]))
    return found


def with_names(header: Iterable[str]) -> list[Named]:
    """The columns that have a name."""
    return [one for one in named(header) if one.key[0]]


def header_id(header: Iterable[str]) -> str:
    """64 characters that are equal for the same columns in whatever order."""
    keys = sorted(one.key for one in with_names(header))
    return sha256("\x1f".join(f"{name}#{number}" for name, number in keys).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """Two headers side by side."""

    unchanged: list[Named]
    missing: list[Named]
    new: list[Named]


def compare(then: Iterable[str], now: Iterable[str]) -> Difference:
    """What became of the columns `then`; their order does not matter."""
    before, after = with_names(then), with_names(now)
    keys_before, keys_after = {one.key for one in before}, {one.key for one in after}
    return Difference(
        [one for one in before if one.key in keys_after],
        [one for one in before if one.key not in keys_after],
        [one for one in after if one.key not in keys_before],
    )


def share(one: Iterable[str], other: Iterable[str]) -> float:
    """How much of the longer of two headers they have in common, 0 to 1."""
    mine, theirs = ({column.key for column in with_names(header)} for header in (one, other))
    return len(mine & theirs) / max(len(theirs), len(mine), 1)


class Found(NamedTuple):
    """A row of a sheet that is or resembles a known header, and which of them."""

    sheet: Sheet
    row: int
    header: list[str]
    known: int  # index in what was compared
    share: float  # of the known header's columns


def nearest(sheets: Sequence[Sheet], known: Sequence[Sequence[str]], *, least: float = 0.5) -> Found | None:
    """The row among the first of all sheets that shares most columns with one of `known`, if it is at least `least`."""
    best: Found | None = None
    for sheet in sheets:
        for row, cells in sheet.head:
            for index, header in enumerate(known):
                common = share(cells, header)
                if common >= least and (best is None or common > best.share):
                    best = Found(sheet, row, cells, index, common)
    return best


def used_columns(layout: Layout) -> set[Key]:
    """The columns that the layout names anywhere."""
    return {column.key for column in layout.all_columns()}


def fields_of(layout: Layout) -> dict[Key, list[str]]:
    """What each column is used for: fields, and `writer`, `product_words` or `shown` for what is no field."""
    found: dict[Key, list[str]] = {}
    for field, columns in layout.columns.items():
        for column in columns:
            found.setdefault(column.key, []).append(field)
    for column in layout.product_from:
        found.setdefault(column.key, []).append("product_words")
    for column in layout.shown_agents.values():
        found.setdefault(column.key, []).append("shown")
    for key in used_columns(layout) - found.keys():
        found[key] = ["writer"]
    return found


def header_of(found: Detection) -> list[str]:
    """The header row of a sheet that a layout fits, as it is kept: without blanks around its names."""
    return [text.strip() for text in found.header]


_NO_COLUMNS = {
    "agency_words", "amounts", "as_of", "carrier", "carrier_name", "dates", "empty", "feed", "fixed_width", "identity",
    "kind", "later_of", "names", "never_read", "older_rows", "pattern", "reasons", "renewal_for", "rules", "says",
    "status_from", "statuses", "values",
}  # fmt: skip


def rename_columns(body: Mapping[str, Any], renamed: Mapping[Key, Named | None]) -> dict[str, Any]:
    """A layout's body in which columns have other names; a column renamed to None is taken out."""
    made = _in_entries(body, renamed)
    writer = dict(made.get("writer", {}))
    for name in ("crosswalk", "or_crosswalk"):
        if "column" not in writer.get(name, {"column": ""}):
            del writer[name]
    if "people" in writer:
        writer["people"] = [role for role in writer["people"] if "npn" in role]
    if "column" not in made.get("told_by", {"column": ""}):
        del made["told_by"]
    return made | {"writer": writer}


def _in_entries(body: Mapping[str, Any], renamed: Mapping[Key, Named | None]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in body.items():
        if name in _NO_COLUMNS:
            made[name] = value
        elif name == "shared":  # headers alone, of any place
            others = ((one, renamed.get((header_key(one), 1), one)) for one in value)
            made[name] = [new.header if isinstance(new, Named) else new for _, new in others if new]
        elif (new := _renamed(value, renamed)) is not None:
            made[name] = new
    return made


def _renamed(value: Any, renamed: Mapping[Key, Named | None]) -> Any:
    key = _key(value)
    if key is not None:
        return spelled(renamed[key]) if key in renamed else value
    if isinstance(value, list):
        kept = [new for one in value if (new := _renamed(one, renamed)) is not None]
        return kept if kept or not value else None
    if isinstance(value, Mapping):
        return _in_entries(value, renamed) or None
    return value


def _key(value: Any) -> Key | None:
    if isinstance(value, str):
        return header_key(value), 1
    if isinstance(value, Mapping) and "header" in value:
        return header_key(str(value["header"])), int(value.get("occurrence", 1))
    return None


def spelled(column: Named | None) -> dict[str, Any] | None:
    """The column as a layout declares it, by its place among those of its name."""
    return column and {"header": column.header, "occurrence": column.occurrence}
