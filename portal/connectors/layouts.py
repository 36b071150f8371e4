"""Carrier layouts: one declarative file each, checked when it is loaded.

A layout says which header means which field, how the carrier words things, what identifies an enrolment and who wrote
it. `layout_from` reads the same shape from anywhere else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from portal.connectors.dates import FORMS
from portal.connectors.declared import (
    CROSSWALK_KINDS,
    FIELDS,
    IDENTITY_PARTS,
    REASONS,
    Column,
    Crosswalk,
    Layout,
    LayoutError,
    Mark,
    ProductRule,
    Role,
    StatusFrom,
    Writer,
    header_key,
)
from portal.connectors.file_names import word_key
from portal.connectors.fixed_width import fixed_width_from
from portal.connectors.full_sets import full_set_from
from portal.connectors.layout_checks import check

__all__ = [
    "CROSSWALK_KINDS", "FIELDS", "IDENTITY_PARTS", "REASONS", "Column", "Crosswalk", "Layout", "LayoutError",
    "Mark", "ProductRule", "Role", "StatusFrom", "Writer", "header_key", "layout_from", "load_layouts",
]  # fmt: skip

_FOLDER: Final = Path(__file__).with_name("layouts")


@cache
def load_layouts() -> dict[str, Layout]:
    """Every layout of this package by name; raises `LayoutError` for the first that is wrong."""
    return {name: layout_from(body, name=name) for name, body in layout_bodies().items()}


@cache
def layout_bodies() -> dict[str, dict[str, Any]]:
    """The same as they are written, not yet checked; nobody may change what this gives."""
    found = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        try:
            found[path.stem] = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise LayoutError(f"{path.name}: {error}") from error
    return found


def layout_from(data: Mapping[str, Any], *, name: str) -> Layout:
    """The layout that `data` declares, in the shape of the files in `layouts/`; raises `LayoutError`."""
    try:
        layout = _build(data, name)
        check(layout, set(data.get("shared", ())))
    except LayoutError as error:
        raise LayoutError(f"Layout {name}: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError, re.error) as error:
        raise LayoutError(f"Layout {name}: missing or malformed entry: {error}") from error
    return layout


_KEYS = {
    "carrier", "carrier_name", "fingerprint", "identity", "dates", "empty", "columns", "shared", "statuses", "reasons",
    "product", "shown_agents", "unit_before_street", "writer", "values", "later_of", "renewal_for", "status_from",
    "as_of", "told_by", "never_read", "feed", "fixed_width", "amounts", "names", "older_rows",
}  # fmt: skip


def _build(data: Mapping[str, Any], name: str) -> Layout:
    _only(data, _KEYS, "the layout")
    dates, product, amounts, names = (_part(data, part) for part in ("dates", "product", "amounts", "names"))
    return Layout(
        name=name,
        carrier=data["carrier"],
        carrier_name=data["carrier_name"],
        fingerprint=_columns(data["fingerprint"]),
        columns={field: _columns(value) for field, value in data["columns"].items()},
        identity=tuple(data["identity"]),
        date_order=dates.get("order", "mdy"),
        date_orders=dict(dates.get("orders", {})),
        date_forms=tuple(dates.get("forms", FORMS)),
        open_ends=frozenset(date.fromisoformat(text) for text in dates.get("open_ends", ())),
        decimal=amounts.get("decimal"),
        last_name_first=bool(names.get("last_first", False)),
        older_rows=bool(data.get("older_rows", False)),
        empty=frozenset(["", *(word.casefold() for word in data.get("empty", ()))]),
        statuses=_folded(data.get("statuses", {})),
        reasons=_folded(data.get("reasons", {})),
        product_from=_columns(product.get("from", [])),
        products=tuple(
            ProductRule(re.compile(rule["pattern"], re.IGNORECASE), rule.get("product"), rule["line"])
            for rule in product.get("rules", ())
        ),
        shown_agents={label: _column(value) for label, value in data.get("shown_agents", {}).items()},
        unit_before_street=bool(data.get("unit_before_street", False)),
        writer=_writer(data["writer"]),
        full_set=full_set_from(data.get("feed", {})),
        values={field: _folded(words) for field, words in data.get("values", {}).items()},
        later_of=frozenset(data.get("later_of", ())),
        renewal_for=frozenset(data.get("renewal_for", ())),
        status_from=_status_from(data["status_from"]) if "status_from" in data else None,
        as_of=tuple(label.casefold() for label in data.get("as_of", ())),
        told_by=_mark(data["told_by"]) if "told_by" in data else None,
        fixed_width=fixed_width_from(data.get("fixed_width", {})),
        never_read=frozenset(header_key(header) for header in data.get("never_read", ())),
    )


_PARTS = {
    "dates": {"order", "orders", "forms", "open_ends"}, "product": {"from", "rules"}, "amounts": {"decimal"},
    "names": {"last_first"},
}  # fmt: skip


def _part(data: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = data.get(part, {})
    _only(found, _PARTS[part], part)
    return found


def _folded(words: Mapping[str, str]) -> dict[str, str]:
    return {word.casefold(): meaning for word, meaning in words.items()}


def _status_from(data: Mapping[str, Any]) -> StatusFrom:
    _only(data, {"default", "file_name", "refines"}, "status_from")
    words = {word_key(word): status for word, status in data.get("file_name", {}).items()}
    return StatusFrom(data.get("default"), words, frozenset(data.get("refines", ())))


def _mark(data: Mapping[str, Any]) -> Mark:
    _only(data, {"column", "pattern"}, "told_by")
    return Mark(_column(data["column"]), re.compile(data["pattern"], re.IGNORECASE))


def _writer(data: Mapping[str, Any]) -> Writer:
    _only(data, {"says", "npn", "name", "people", "agency_words", "crosswalk", "or_crosswalk", "nobody"}, "writer")
    return Writer(
        says=data["says"],
        main=_role(data) if "npn" in data else None,
        people=tuple(_role(role) for role in data.get("people", ())),
        agency_words=frozenset(word.casefold() for word in data.get("agency_words", ())),
        nobody=bool(data.get("nobody", False)),
        crosswalk=_crosswalk(data.get("crosswalk")),
        or_crosswalk=_crosswalk(data.get("or_crosswalk")),
    )


def _crosswalk(data: Mapping[str, Any] | None) -> Crosswalk | None:
    if data is None:
        return None
    _only(data, {"kind", "column", "name", "tax_id", "needs_confirmation", "may_be_npn"}, "writer.crosswalk")
    return Crosswalk(
        kind=data["kind"],
        column=_column(data["column"]),
        name=_columns(data.get("name", [])),
        tax_id=bool(data.get("tax_id", False)),
        needs_confirmation=bool(data.get("needs_confirmation", False)),
        may_be_npn=bool(data.get("may_be_npn", False)),
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
