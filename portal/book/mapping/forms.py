"""What was sent from the pages of a mapping, made into answers. What cannot be chosen is as good as not said."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as MappingOf
from dataclasses import replace

from werkzeug.datastructures import MultiDict

from portal.book.mapping.state import Mapping
from portal.connectors import mistakes, plain
from portal.connectors.dates import ORDERS
from portal.connectors.mapped import Answers
from portal.connectors.profile import Look

Sent = MultiDict[str, str]
FIXED, BY_WORDS = "fixed", "words"
LONGEST = 300


def place(sent: MappingOf[str, str], name: str, looks: list[Look]) -> int | None:
    """The column that was chosen, None for none."""
    text = sent.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) < len(looks) else None


def columns(sent: Sent, looks: list[Look]) -> dict[str, int]:
    """Field → column, of every field that got one."""
    found = {name: place(sent, f"field-{name}", looks) for name in plain.FIELDS}
    return {name: here for name, here in found.items() if here is not None}


def reading(sent: Sent, mapping: Mapping) -> Answers:
    """Everything of the page on how values are read; words of a column that was changed meanwhile are not taken."""
    looks, before = mapping.looks, mapping.answers
    by_words = sent.get("product_how") == BY_WORDS
    made = replace(
        before,
        order=_one_of(sent, "order", ORDERS, before.order),
        orders=_orders(sent, mapping),
        decimal=_one_of(sent, "decimal", (".", ","), before.decimal),
        name_order=_one_of(sent, "name_order", ("first", "last"), before.name_order),
        open_ends=[day for day in offered_ends(mapping) if day in sent.getlist("open_end")],
        nothing=[word for word in offered_nothing(mapping) if word in sent.getlist("nothing")],
        statuses=_words(sent, "status", mapping.look_of("status"), before.statuses),
        no_status=sent.get("no_status", ""),
        reasons=_words(sent, "reason", mapping.look_of("status_reason"), before.reasons),
        product=sent.get("product", ""),
        product_column=place(sent, "product_column", looks) if by_words else None,
        other_product=sent.get("other_product", ""),
        identity=sent.get("identity", ""),
        older_rows="older_rows" in sent,
        npn=place(sent, "npn", looks),
        agent_id=place(sent, "agent_id", looks),
        kind=sent.get("kind", ""),
        agent_name=place(sent, "agent_name", looks),
        agency="agency" in sent,
        says=_text(sent, "says"),
        confirmed="confirmed" in sent,
        carrier=sent.get("carrier", ""),
        new_carrier="" if sent.get("carrier") else _text(sent, "new_carrier"),
        name=_text(sent, "name"),
    )
    if before.confirmed and (made.npn, made.agent_id) != (before.npn, before.agent_id):
        made.confirmed = False  # another column is confirmed anew
    column = made.product_column
    same = column is not None and sent.get("product_words_of") == str(column)
    if column is not None and column == before.product_column:
        made.products = _words(sent, "product", looks[column], before.products) if same else before.products
    else:
        made.products = {}
    return made


def _one_of(sent: Sent, name: str, choices: Collection[str], before: str) -> str:
    """What was chosen; "" for nothing, and what was said before where the page did not ask."""
    text = sent.get(name)
    return before if text is None else text if text in choices else ""


def _orders(sent: Sent, mapping: Mapping) -> dict[str, str]:
    asked = [name for name, _ in mistakes.ordered(mapping.answers, mapping.looks)]
    if "order" not in sent:
        return mapping.answers.orders
    found = {name: sent.get(f"order-{name}", "") for name in asked}
    return {name: order for name, order in found.items() if order in ORDERS}


def listed(look: Look | None, known: MappingOf[str, str]) -> list[tuple[str, int]]:
    """(word, rows) of the column, then the words that have a meaning already and are not in this sample."""
    words = list(look.words) if look else []
    there = {word.casefold() for word, _ in words}
    return words + [(word, 0) for word in known if word.casefold() not in there]


def _words(sent: Sent, name: str, look: Look | None, before: MappingOf[str, str]) -> dict[str, str]:
    """Word → what was chosen for it; one of which the page said nothing keeps its meaning."""
    chosen = {}
    for number, (word, _) in enumerate(listed(look, before)):
        if said := sent.get(f"{name}-{number}", before.get(word, "")):
            chosen[word] = said
    return chosen


def _text(sent: Sent, name: str) -> str:
    return " ".join(sent.get(name, "").split())[:LONGEST]


def offered_ends(mapping: Mapping) -> list[str]:
    """Days of the sample so far off that they must stand for "no end", and those that were chosen before."""
    found = {day for one in mapping.looks if one.place in mapping.answers.columns.values() for day in one.far}
    return sorted({*found, *mapping.answers.open_ends})


def offered_nothing(mapping: Mapping) -> list[str]:
    """Words of the sample that seem to stand for no value, and those that were chosen before."""
    return sorted({word.casefold() for one in mapping.looks for word in one.nothing} | {*mapping.answers.nothing})
