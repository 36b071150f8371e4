"""Carrier layouts: one declarative file each, checked when it is loaded.

A layout says which header means which field, how the carrier words things, what identifies an enrolment and who wrote
it. Nothing about any carrier stands in Python. `layout_from` reads the same shape from anywhere else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from portal.connectors.dates import FORMS, ORDERS
from portal.connectors.rows import Status

_FOLDER = Path(__file__).with_name("layouts")

FIELDS: Final = (
    "policy_number", "member_number", "first_name", "middle_name", "last_name", "full_name", "suffix", "birth_date",
    "gender", "mbi", "email", "phone", "address1", "address2", "city", "state", "zip", "county", "effective_date",
    "term_date", "renewal_date", "received_date", "status", "status_reason", "plan_id", "contract", "pbp", "segment",
    "plan_name", "product", "line_of_business", "premium", "writer_from", "writer_to", "deceased_date",
)  # fmt: skip
"""What a column may be mapped to. `full_name` stands for the name fields, contract/pbp/segment for `plan_id`."""

IDENTITY_PARTS: Final = {
    "policy_number": ("policy_number",),
    "member_number": ("member_number",),
    "effective_date": ("effective_date",),
    "line_of_business": ("line_of_business", "product", "plan_name"),
    "plan": ("plan_id", "contract", "plan_name", "product"),
}
"""What may make up an identity, and the fields of which at least one must be mapped for it."""

REASONS: Final = (
    "voluntary", "involuntary", "deceased", "plan_terminated", "other_coverage", "non-payment", "agent_changed",
    "unknown",
)  # fmt: skip


class LayoutError(ValueError):
    """A layout contradicts itself or lacks something; `str(error)` names the layout and the entry."""


def header_key(header: str) -> str:
    """The header without case, blanks and punctuation: "Zip Code" and "ZIP_CODE" are the same column."""
    return re.sub(r"[^a-z0-9#]+", "", header.casefold())


@dataclass(frozen=True, slots=True)
class Column:
    """A header as the carrier writes it; `occurrence` 2 is the second column of that name, from the left."""

    header: str
    occurrence: int = 1
    by_place: bool = False  # the layout said which of several columns of this name it means

    @property
    def key(self) -> tuple[str, int]:
        """What two spellings of one column have in common."""
        return header_key(self.header), self.occurrence


@dataclass(frozen=True, slots=True)
class Role:
    """A column with an agent's NPN and, where the file has them, those with the name."""

    npn: Column
    name: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """The carrier's own identifier of the writer, used when no NPN is in the row."""

    kind: str
    column: Column
    name: tuple[Column, ...]
    tax_id: bool  # nine digits, perhaps a person's social security number
    needs_confirmation: bool  # the FMO must say that this role is the writer before it may attribute anything


@dataclass(frozen=True, slots=True)
class Writer:
    """Which columns name the writing agent, and in a sentence what that role really is."""

    says: str
    main: Role | None
    people: tuple[Role, ...]  # person-level columns; they win when they name exactly one person
    agency_words: frozenset[str]  # a name with one of these is an agency's
    crosswalk: Crosswalk | None


@dataclass(frozen=True, slots=True)
class ProductRule:
    """Where `pattern` is found in the product columns, the product and line of business that it means."""

    pattern: re.Pattern[str]
    product: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One carrier file layout, complete and free of contradictions."""

    name: str
    carrier: str  # key, as in "humana"
    carrier_name: str
    fingerprint: tuple[Column, ...]
    columns: Mapping[str, tuple[Column, ...]]  # field -> columns, the first that is not empty counts
    identity: tuple[str, ...]
    date_order: str
    date_forms: tuple[str, ...]
    open_ends: frozenset[date]
    empty: frozenset[str]  # case-folded
    statuses: Mapping[str, str]  # case-folded word -> Status value
    reasons: Mapping[str, str]  # case-folded word -> one of REASONS
    product_from: tuple[Column, ...]
    products: tuple[ProductRule, ...]
    shown_agents: Mapping[str, Column]  # label -> column
    unit_before_street: bool  # the carrier sometimes swaps street and unit
    writer: Writer

    def all_columns(self) -> Iterator[Column]:
        """Every column the layout names anywhere, some perhaps twice."""
        yield from self.fingerprint
        for columns in self.columns.values():
            yield from columns
        yield from self.product_from
        yield from self.shown_agents.values()
        for role in (*self.writer.people, *filter(None, (self.writer.main,))):
            yield role.npn
            yield from role.name
        if self.writer.crosswalk:
            yield self.writer.crosswalk.column
            yield from self.writer.crosswalk.name


@cache
def load_layouts() -> dict[str, Layout]:
    """Every layout of this package by name; raises `LayoutError` for the first that is wrong."""
    found = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise LayoutError(f"{path.name}: {error}") from error
        found[path.stem] = layout_from(data, name=path.stem)
    return found


def layout_from(data: Mapping[str, Any], *, name: str) -> Layout:
    """The layout that `data` declares, in the shape of the files in `layouts/`; raises `LayoutError`."""
    try:
        layout = _build(data, name)
        _check(layout, set(data.get("shared", ())))
    except LayoutError as error:
        raise LayoutError(f"Layout {name}: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError, re.error) as error:
        raise LayoutError(f"Layout {name}: missing or malformed entry: {error}") from error
    return layout


_KEYS = {
    "carrier", "carrier_name", "fingerprint", "identity", "dates", "empty", "columns", "shared", "statuses", "reasons",
    "product", "shown_agents", "unit_before_street", "writer",
}  # fmt: skip


def _build(data: Mapping[str, Any], name: str) -> Layout:
    _only(data, _KEYS, "the layout")
    dates, product = data.get("dates", {}), data.get("product", {})
    _only(dates, {"order", "forms", "open_ends"}, "dates")
    _only(product, {"from", "rules"}, "product")
    return Layout(
        name=name,
        carrier=data["carrier"],
        carrier_name=data["carrier_name"],
        fingerprint=_columns(data["fingerprint"]),
        columns={field: _columns(value) for field, value in data["columns"].items()},
        identity=tuple(data["identity"]),
        date_order=dates.get("order", "mdy"),
        date_forms=tuple(dates.get("forms", FORMS)),
        open_ends=frozenset(date.fromisoformat(text) for text in dates.get("open_ends", ())),
        empty=frozenset(["", *(word.casefold() for word in data.get("empty", ()))]),
        statuses={word.casefold(): status for word, status in data["statuses"].items()},
        reasons={word.casefold(): reason for word, reason in data.get("reasons", {}).items()},
        product_from=_columns(product.get("from", [])),
        products=tuple(
            ProductRule(re.compile(rule["pattern"], re.IGNORECASE), rule.get("product"), rule["line"])
            for rule in product.get("rules", ())
        ),
        shown_agents={label: _column(value) for label, value in data.get("shown_agents", {}).items()},
        unit_before_street=bool(data.get("unit_before_street", False)),
        writer=_writer(data["writer"]),
    )


def _writer(data: Mapping[str, Any]) -> Writer:
    _only(data, {"says", "npn", "name", "people", "agency_words", "crosswalk"}, "writer")
    crosswalk = data.get("crosswalk")
    if crosswalk is not None:
        _only(crosswalk, {"kind", "column", "name", "tax_id", "needs_confirmation"}, "writer.crosswalk")
    return Writer(
        says=data["says"],
        main=_role(data) if "npn" in data else None,
        people=tuple(_role(role) for role in data.get("people", ())),
        agency_words=frozenset(word.casefold() for word in data.get("agency_words", ())),
        crosswalk=crosswalk
        and Crosswalk(
            kind=crosswalk["kind"],
            column=_column(crosswalk["column"]),
            name=_columns(crosswalk.get("name", [])),
            tax_id=bool(crosswalk.get("tax_id", False)),
            needs_confirmation=bool(crosswalk.get("needs_confirmation", False)),
        ),
    )


def _role(data: Mapping[str, Any]) -> Role:
    return Role(_column(data["npn"]), _columns(data.get("name", [])))


def _columns(value: Any) -> tuple[Column, ...]:
    return tuple(_column(item) for item in (value if isinstance(value, list) else [value]))


def _column(value: Any) -> Column:
    if isinstance(value, str) and header_key(value):
        return Column(value)
    if isinstance(value, Mapping) and header_key(str(value.get("header", ""))):
        _only(value, {"header", "occurrence"}, "a column")
        return Column(value["header"], int(value.get("occurrence", 1)), by_place="occurrence" in value)
    raise LayoutError(f"{value!r} is not a column header")


def _only(data: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(data) - known):
        raise LayoutError(f"unknown entry {unknown[0]!r} in {where}")


def _check(layout: Layout, shared: set[str]) -> None:
    mapped = set(layout.columns)
    if unknown := sorted(mapped - set(FIELDS)):
        raise LayoutError(f"unknown field {unknown[0]!r} in columns")
    if not ({"first_name", "last_name"} <= mapped or "full_name" in mapped):
        raise LayoutError("no column for the first and last name")
    for needed in ("effective_date", "status"):
        if needed not in mapped:
            raise LayoutError(f"no column for {needed}")
    _check_identity(layout, mapped)
    _check_one_field_per_column(layout, {header_key(header) for header in shared})
    _check_words(layout)


def _check_identity(layout: Layout, mapped: set[str]) -> None:
    if not layout.identity:
        raise LayoutError("nothing identifies an enrolment")
    for part in layout.identity:
        if part not in IDENTITY_PARTS:
            raise LayoutError(f"unknown identity part {part!r}")
        ruled = part == "line_of_business" and layout.products
        if not ruled and not mapped.intersection(IDENTITY_PARTS[part]):
            raise LayoutError(f"no column for the identity part {part!r}")
    if "policy_number" not in layout.identity and not {"member_number", "effective_date"} <= set(layout.identity):
        raise LayoutError("an identity without a policy number needs at least member_number and effective_date")


def _check_one_field_per_column(layout: Layout, shared: set[str]) -> None:
    owner: dict[tuple[str, int], str] = {}
    for field, columns in layout.columns.items():
        if len({column.key for column in columns}) < len(columns):
            raise LayoutError(f"the same column twice for the field {field!r}")
        for column in columns:
            other = owner.setdefault(column.key, field)
            if other != field and column.key[0] not in shared:
                raise LayoutError(f"column {column.header!r} is mapped to both {other!r} and {field!r}")


def _check_words(layout: Layout) -> None:
    known = {status.value for status in Status}
    for word, status in layout.statuses.items():
        if status not in known:
            raise LayoutError(f"status word {word!r} means {status!r}, which is no status")
    for word, reason in layout.reasons.items():
        if reason not in REASONS:
            raise LayoutError(f"reason word {word!r} means {reason!r}, which is no reason")
    if layout.date_order not in ORDERS:
        raise LayoutError(f"date order {layout.date_order!r} is not one of {', '.join(ORDERS)}")
    if not layout.date_forms or set(layout.date_forms) - set(FORMS):
        raise LayoutError(f"date forms must be some of {', '.join(FORMS)}")
    if not layout.writer.says.strip():
        raise LayoutError("writer.says must tell what the writer's role really is")
    if not (layout.writer.main or layout.writer.people or layout.writer.crosswalk):
        raise LayoutError("nothing names the writing agent")
