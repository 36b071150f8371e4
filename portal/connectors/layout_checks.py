"""What is wrong with a layout: every contradiction is found before the layout reads its first row."""

from __future__ import annotations

from portal.connectors.dates import FORMS, ORDERS
from portal.connectors.declared import (
    BY_DATES,
    CROSSWALK_KINDS,
    FIELDS,
    IDENTITY_PARTS,
    NEVER_READ,
    REASONS,
    Layout,
    LayoutError,
    Writer,
    header_key,
)
from portal.connectors.rows import Status

_DAYS = ("writer_from", "writer_to", "policy_start")


def check(layout: Layout, shared: set[str]) -> None:
    """Raises `LayoutError` for the first contradiction; `shared` are the headers that may fill several fields."""
    mapped = set(layout.columns)
    if unknown := sorted(mapped - set(FIELDS)):
        raise LayoutError(f"unknown field {unknown[0]!r} in columns")
    if not ({"first_name", "last_name"} <= mapped or "full_name" in mapped):
        raise LayoutError("no column for the first and last name")
    if "effective_date" not in mapped:
        raise LayoutError("no column for effective_date")
    if "status" not in mapped and not layout.status_from:
        raise LayoutError("no column for status, and nothing else that says it")
    _check_identity(layout, mapped)
    _check_one_field_per_column(layout, {header_key(header) for header in shared})
    _check_words(layout)
    _check_status_from(layout)
    _check_uses(layout, mapped)


def _check_identity(layout: Layout, mapped: set[str]) -> None:
    if not layout.identity:
        raise LayoutError("nothing identifies an enrolment")
    for part in layout.identity:
        if part not in IDENTITY_PARTS:
            raise LayoutError(f"unknown identity part {part!r}")
        ruled = part == "line_of_business" and layout.products
        if not ruled and not mapped.intersection(IDENTITY_PARTS[part]):
            raise LayoutError(f"no column for the identity part {part!r}")
    parts = set(layout.identity)
    of_somebody = parts & {"member_number", "person"} and parts & {"effective_date", "policy_start"}
    if "policy_number" not in parts and not of_somebody:
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
    dates = {field for field in layout.columns if field.endswith("_date") or field in _DAYS}
    for field, order in layout.date_orders.items():
        if field not in dates or order not in ORDERS:
            raise LayoutError(f"dates.orders gives {field!r} the order {order!r}: no mapped date, or no order")
    if layout.decimal not in (None, ".", ","):
        raise LayoutError(f"amounts.decimal is {layout.decimal!r}, which is neither a point nor a comma")
    if not layout.date_forms or set(layout.date_forms) - set(FORMS):
        raise LayoutError(f"date forms must be some of {', '.join(FORMS)}")
    _check_writer(layout.writer)


def _check_writer(writer: Writer) -> None:
    if not writer.says.strip():
        raise LayoutError("writer.says must tell what the writer's role really is")
    if not (writer.main or writer.people or writer.crosswalk or writer.nobody):
        raise LayoutError("nothing names the writing agent")
    for one in writer.crosswalks:
        if one.kind not in CROSSWALK_KINDS:
            raise LayoutError(f"identifier kind {one.kind!r} is not one of {', '.join(CROSSWALK_KINDS)}")
        if one.may_be_npn and (one.tax_id or one.needs_confirmation or not one.name):
            raise LayoutError("writer.crosswalk.may_be_npn needs the agent's name beside the identifier, and no more")


def _check_status_from(layout: Layout) -> None:
    source = layout.status_from
    if source is None:
        return
    known = {status.value for status in Status}
    for status in (source.default, *source.file_name.values(), *source.refines):
        if status not in (known | {BY_DATES, None} if status == source.default else known):
            raise LayoutError(f"status_from names {status!r}, which is no status")
    if not source.default and not source.file_name:
        raise LayoutError("status_from needs a default or words of the file's name")
    if source.default and source.file_name and not source.refines:
        raise LayoutError("words of the file's name beside a default need the statuses that they refine")


def _check_uses(layout: Layout, mapped: set[str]) -> None:
    if unknown := sorted(layout.later_of - {field for field in mapped if field.endswith("_date")}):
        raise LayoutError(f"later_of names {unknown[0]!r}, which is no mapped date")
    if unknown := sorted(set(layout.values) - mapped):
        raise LayoutError(f"values are given for {unknown[0]!r}, which has no column")
    if layout.renewal_for and "term_date" not in mapped:
        raise LayoutError("renewal_for needs a column for term_date")
    names = {header_key(name) for name in layout.fixed_width.fields} if layout.fixed_width else None
    for column in layout.all_columns():
        if names is not None and column.key[0] not in names:
            raise LayoutError(f"column {column.header!r} is no field of fixed_width")
        if column.key[0] in layout.never_read | NEVER_READ:
            raise LayoutError(f"column {column.header!r} must never be read")
