"""Lists: what is asked for in the URL (filters, sort, page), and the slice of rows that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.extensions import db

COUNT_CAP = 10_000
FAR = 500  # rows before a page from which on they are passed over by their ids
PAGE_SIZES = (25, 50, 100)
Item = TypeVar("Item")
Column = ColumnElement[Any] | InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter: its label, the value in words, and the address of the list without it."""

    label: str
    value_text: str
    remove_href: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL asks of a list. `args` holds only known keys with non-empty values."""

    path: str
    args: Mapping[str, str]
    sort: str
    direction: str
    page: int
    page_size: int

    @property
    def offset(self) -> int:
        """How many rows stand before the page."""
        return (self.page - 1) * self.page_size

    def href(self, **change: str | int | None) -> str:
        """The same list with some parameters changed; None removes one."""
        merged: dict[str, Any] = {**self.args, **change}
        query = urlencode({key: value for key, value in merged.items() if value not in (None, "")})
        return f"{self.path}?{query}" if query else self.path


def read_query(
    path: str, args: Mapping[str, str], *, filters: Sequence[str], sorts: Sequence[str], default: str
) -> Asked:
    """Read sort, page and the named filters; what is unknown or malformed falls back to the default.

    A sort is a name of `sorts`, with "-" in front for descending.
    """
    sort = args.get("sort", default)
    if sort.lstrip("-") not in sorts:
        sort = default
    number = args.get("page", "")
    page = int(number) if number.isdecimal() and len(number) < 9 else 1
    size = int(args["size"]) if args.get("size", "") in {str(s) for s in PAGE_SIZES} else 50
    # A value with control characters was typed by nobody, and the database refuses some of them.
    known = {key: args[key] for key in (*filters, "sort", "size") if args.get(key) and args[key].isprintable()}
    direction = "desc" if sort.startswith("-") else "asc"
    return Asked(path, known, sort.lstrip("-"), direction, max(1, min(page, COUNT_CAP // size)), size)


@dataclass(slots=True)
class Listing(Generic[Item]):
    """One page of a list, ready for the templates. `total` is exact up to 10,000; beyond, `capped` is set."""

    items: Sequence[Item]
    total: int
    capped: bool
    asked: Asked
    filters: list[Chip] = field(default_factory=list)

    @property
    def sort(self) -> str:
        return self.asked.sort

    @property
    def direction(self) -> str:
        return self.asked.direction

    @property
    def page(self) -> int:
        return self.asked.page

    @property
    def page_size(self) -> int:
        return self.asked.page_size

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.page_size))

    @property
    def first(self) -> int:
        return self.asked.offset + 1 if self.items else 0

    @property
    def last(self) -> int:
        return self.asked.offset + len(self.items)

    @property
    def clear_href(self) -> str:
        return self.asked.path

    def sort_href(self, key: str) -> str:
        """The list sorted by `key`; descending where it is sorted so already."""
        down = self.sort == key and self.direction == "asc"
        return self.asked.href(sort=f"-{key}" if down else key, page=None)

    def page_href(self, number: int) -> str:
        """The list's page `number`, counted from 1."""
        return self.asked.href(page=number if number > 1 else None)

    def chip(self, label: str, key: str, value_text: str) -> None:
        """Show the filter `key` as a removable chip."""
        self.filters.append(Chip(label, value_text, self.asked.href(**{key: None, "page": None})))


def fetch(query: Select[Item], asked: Asked, sorts: Mapping[str, Sequence[Column]], tie: Column) -> Listing[Item]:
    """Run `query` for one page in a full ordering (the sort's columns, then `tie`) with a count capped at 10,000."""
    columns = [*sorts[asked.sort], tie]
    ordered = [column.desc() if asked.direction == "desc" else column.asc() for column in columns]
    sliced = query.order_by(*ordered).limit(asked.page_size).offset(asked.offset)
    if asked.offset >= FAR:
        # The rows that are passed over are then counted in the index and not read.
        ids = sliced.with_only_columns(tie, maintain_column_froms=True).correlate(None)
        sliced = query.where(tie.in_(ids)).order_by(*ordered)
    items = db.session.scalars(sliced).all()
    capped_ids = query.with_only_columns(tie, maintain_column_froms=True).order_by(None).limit(COUNT_CAP + 1)
    if asked.page == 1 and len(items) < asked.page_size:
        total = len(items)
    else:
        counted = select(func.count()).select_from(capped_ids.subquery())
        options = {**query.get_execution_options(), "unlogged": "a count"}
        total = db.session.scalar(counted.execution_options(**options)) or 0
    return listed(items, total, asked)


def slice_of(rows: Sequence[Item], asked: Asked) -> Listing[Item]:
    """One page of rows that are in memory, in their order."""
    return listed(rows[asked.offset : asked.offset + asked.page_size], len(rows), asked)


def listed(items: Sequence[Item], total: int, asked: Asked) -> Listing[Item]:
    """`items` as the page that was asked for, of `total` rows."""
    return Listing(items, min(total, COUNT_CAP), total > COUNT_CAP, asked)
