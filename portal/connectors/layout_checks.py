"""What is wrong with a layout: every contradiction is found before the layout reads its first row."""

from __future__ import annotations

from portal.connectors.dates import FORMS, ORDERS
from portal.connectors.declared import FIELDS, IDENTITY_PARTS, REASONS, Layout, LayoutError, header_key
from portal.connectors.rows import Status


def check(layout: Layout, shared: set[str]) -> None:
    """Raises `LayoutError` for the first contradiction; `shared` are the headers that may fill several fields."""
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
