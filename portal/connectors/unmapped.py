"""The way back from a layout to what must have been said of its files, so that it can be said otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from portal.connectors.headers import Key, Named
from portal.connectors.layouts import Column, Layout
from portal.connectors.mapped import IDENTITIES, PRODUCTS, Answers
from portal.connectors.profile import Look

Place = Callable[[Iterable[Column | None]], int | None]


def answers_of(layout: Layout, looks: Sequence[Look]) -> Answers:
    """What must have been said for this layout, as far as the sample's columns have it.

    Words that the sample does not have are kept: another file has them.
    """
    at: dict[Key, int] = {one.column.key: one.place for one in looks}

    def place(columns: Iterable[Column | None]) -> int | None:
        keys = (Named(one.header, one.occurrence).key for one in columns if one)
        return next((at[key] for key in keys if key in at), None)

    made = Answers(order=layout.date_order, says=layout.writer.says, confirmed=False, older_rows=layout.older_rows)
    made.orders, made.serials = dict(layout.date_orders), "excel" in layout.date_forms
    found = ((name, place(columns)) for name, columns in layout.columns.items())
    made.columns = {name: here for name, here in found if here is not None}
    made.decimal, made.name_order = layout.decimal or "", "last" if layout.last_name_first else "first"
    made.statuses = as_spelled(layout.statuses, _look(looks, made.columns.get("status")))
    made.reasons = as_spelled(layout.reasons, _look(looks, made.columns.get("status_reason")))
    made.nothing = sorted(layout.empty - {""})
    made.open_ends = sorted(day.isoformat() for day in layout.open_ends)
    made.identity = next((key for key, one in IDENTITIES.items() if one.parts == layout.identity), "")
    if layout.status_from:
        made.no_status = layout.status_from.default or ""
    _writer_of(made, layout, place)
    _products_of(made, layout, place, looks)
    return made


def as_spelled(meanings: Mapping[str, str], look: Look | None) -> dict[str, str]:
    """Word → meaning with every spelling that the column has; what it does not have stays as it is."""
    words = [word for word, _ in look.words] if look else []
    there = {word.casefold() for word in words}
    known = {word.casefold(): meaning for word, meaning in meanings.items()}
    others = {word: meaning for word, meaning in meanings.items() if word.casefold() not in there}
    return others | {word: known[word.casefold()] for word in words if word.casefold() in known}


def _look(looks: Sequence[Look], place: int | None) -> Look | None:
    return None if place is None else looks[place]


def _writer_of(made: Answers, layout: Layout, place: Place) -> None:
    role, crosswalk = layout.writer.main, layout.writer.crosswalk
    made.npn = place([role.npn]) if role else None
    made.agent_id, made.kind = (place([crosswalk.column]), crosswalk.kind) if crosswalk else (None, "")
    named = (role.name if role else ()) or (crosswalk.name if crosswalk else ())
    made.agent_name, made.agency = place(named), bool(layout.writer.agency_words)


def _products_of(made: Answers, layout: Layout, place: Place, looks: Sequence[Look]) -> None:
    keys = {(one.product, one.line): key for key, one in PRODUCTS.items()}
    made.product_column = place(layout.product_from)
    for rule in layout.products:
        key, pattern = keys.get((rule.product, rule.line), ""), rule.pattern.pattern
        if not layout.product_from:
            made.product = key
        elif not pattern:
            made.other_product = key
        else:
            made.products[re.sub(r"\\(.)", r"\1", pattern.removeprefix("^").removesuffix("$"))] = key
    made.products = as_spelled(made.products, _look(looks, made.product_column))
