"""What a layout declares of a fixed-width file: which records there are, where each field stands, what must add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SHORTEST_MARK = 4  # a header's first letters must tell the file from any other text


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands in a line, counted from 1; of an amount the last `decimals` digits are its fraction."""

    start: int
    length: int
    decimals: int = 0

    def of(self, line: str) -> str:
        """The text there, without the blanks around it; "" where the line is shorter."""
        text = line[self.start - 1 : self.start - 1 + self.length].strip()
        return _with_point(text, self.decimals) if self.decimals else text


def _with_point(text: str, decimals: int) -> str:
    sign = text[:1] if text[:1] in ("-", "+") else ""
    digits = text[len(sign) :]
    if not (digits.isascii() and digits.isdigit()):
        return text
    digits = digits.lstrip("0").zfill(decimals + 1)
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in the trailer: of which field, and where it stands."""

    field: str
    place: Place


@dataclass(frozen=True, slots=True)
class FixedWidth:
    """A file of one header record, detail records and one trailer, each known by its first characters."""

    header: str
    detail: str
    trailer: str
    fields: Mapping[str, Place]
    day: Place | None  # in the header, as YYYYMMDD
    rows: Place  # in the trailer: how many detail records there are
    sums: tuple[Total, ...]


def fixed_width_from(data: Mapping[str, Any]) -> FixedWidth | None:
    """What the `[fixed_width]` of a layout declares; None where it has none. Raises `ValueError` and `KeyError`."""
    if not data:
        return None
    header, detail, trailer = data["header"], data["detail"], data["trailer"]
    _only(data, {"header", "detail", "trailer"}, "fixed_width")
    _only(header, {"record", "day"}, "fixed_width.header")
    _only(detail, {"record", "fields"}, "fixed_width.detail")
    _only(trailer, {"record", "rows", "sums"}, "fixed_width.trailer")
    fields = {one["name"]: _place(one) for one in detail["fields"]}
    if len(fields) < len(detail["fields"]):
        raise ValueError("two fields of one name in fixed_width.detail")
    marks = (header["record"], detail["record"], trailer["record"])
    if len(marks[0]) < _SHORTEST_MARK or any(a != b and a.startswith(b) for a in marks for b in marks):
        raise ValueError("the records of fixed_width cannot be told apart by their first characters")
    sums = tuple(Total(one["field"], _place(one)) for one in trailer.get("sums", ()))
    if unknown := [one.field for one in sums if one.field not in fields]:
        raise ValueError(f"the trailer sums {unknown[0]!r}, which is no field")
    day = _place(header["day"]) if "day" in header else None
    return FixedWidth(*marks, fields, day, _place(trailer["rows"]), sums)


def _place(data: Mapping[str, Any]) -> Place:
    _only(data, {"name", "field", "start", "length", "decimals"}, "a place of fixed_width")
    place = Place(int(data["start"]), int(data["length"]), int(data.get("decimals", 0)))
    if place.start < 1 or place.length < 1 or not 0 <= place.decimals < place.length:
        raise ValueError("a place of fixed_width lies outside of the line")
    return place


def _only(data: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(data) - known):
        raise ValueError(f"unknown entry {unknown[0]!r} in {where}")
