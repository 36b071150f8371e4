"""Reading uploads: the list, one upload's rows, and whom they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from portal.core.paging import Asked, Listing, fetch
from portal.crm.models import Contact
from portal.crm.uploads import plan
from portal.crm.uploads.models import Upload, UploadRow
from portal.crm.uploads.words import STAYED
from portal.extensions import db

SORTS = ("when",)
ROW_FILTERS = ("outcome",)
ROW_SORTS = ("row",)
FURTHER = {
    "filled": "Gain something",
    "replaced": "Replace something",
    "single": "Have exactly one candidate",
    "chosen": "Decided by a person",
    "partly": "Have a value that is left out",
    "stayed": "Stayed when it was undone",
}
"""Values of the rows' filter besides the outcomes, in words."""


def uploads(asked: Asked) -> Listing[Upload]:
    """One page of the account's uploads, the last first."""
    return fetch(select(Upload), asked, {"when": [Upload.created_at]}, tie=Upload.id)


def rows(upload: Upload, asked: Asked) -> Listing[UploadRow]:
    """One page of the upload's rows in the file's order."""
    query = select(UploadRow).where(UploadRow.upload_id == upload.id)
    wanted = asked.args.get("outcome", "")
    if wanted in plan.OUTCOMES:
        query = query.where(UploadRow.outcome == wanted)
    elif wanted in FURTHER:
        query = query.where(_further(wanted))
    return fetch(query, asked, {"row": [UploadRow.number]}, tie=UploadRow.id)


def _further(wanted: str) -> ColumnElement[bool]:
    if wanted == "stayed":
        return UploadRow.undone.in_(list(STAYED))
    if wanted == "partly":
        return (func.jsonb_array_length(UploadRow.problems) > 0) & (UploadRow.outcome != plan.ERROR)
    if wanted == "replaced":
        return UploadRow.replaces != {}
    if wanted == "single":
        return (UploadRow.outcome == plan.CANDIDATE) & (func.cardinality(UploadRow.candidates) == 1)
    if wanted == "chosen":
        return UploadRow.choice.is_not(None)
    return (UploadRow.outcome == plan.MATCH) & or_(UploadRow.fill != {}, UploadRow.fills_mbi)


def row_of(upload: Upload, row_id: UUID) -> UploadRow | None:
    """One of the upload's rows, or None."""
    return db.session.scalar(select(UploadRow).where(UploadRow.id == row_id, UploadRow.upload_id == upload.id))


def people(found: Iterable[UploadRow]) -> dict[UUID, Contact]:
    """The contacts that these rows are about or may be, by id; those that the actor may not see are not in it."""
    wanted: set[UUID] = set()
    for row in found:
        wanted |= {*row.candidates, *(UUID(other) for other, *_ in row.doubts)}
        wanted |= {row.contact_id} if row.contact_id else set()
    if not wanted:
        return {}
    return {one.id: one for one in db.session.scalars(select(Contact).where(Contact.id.in_(wanted)))}


def left_out(upload: Upload) -> Sequence[Any]:
    """(number, outcome, reason, problems) of each row that is refused, left out, waits, or is taken without a value."""
    query = (
        select(UploadRow.number, UploadRow.outcome, UploadRow.reason, UploadRow.problems)
        .where(
            UploadRow.upload_id == upload.id,
            or_(
                UploadRow.outcome.in_((plan.ERROR, plan.REMOVED, plan.LEFT, plan.CANDIDATE)),
                func.jsonb_array_length(UploadRow.problems) > 0,
            ),
        )
        .order_by(UploadRow.number)
    )
    return db.session.execute(query.execution_options(unlogged="shapes and reasons, logged as a download")).all()
