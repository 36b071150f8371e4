"""Which values of contacts a file brought, as long as its rows are kept: by contact, field and value."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from portal.crm.uploads import plan
from portal.crm.uploads.models import Upload, UploadRow
from portal.extensions import db

Origins = dict[tuple[UUID, str, str], str]
"""(contact, field, stored value) → the name of the file."""


def of(ids: Iterable[UUID]) -> Origins:
    """What applied uploads brought to these contacts; nothing for whoever does not see the uploads."""
    wanted = list(ids)
    query = (
        select(
            UploadRow.contact_id, UploadRow.outcome, UploadRow.values, UploadRow.fill, UploadRow.lends, Upload.file_name
        )
        .join(Upload, (Upload.business_id == UploadRow.business_id) & (Upload.id == UploadRow.upload_id))
        .where(UploadRow.contact_id.in_(wanted), UploadRow.written.is_(True), UploadRow.undone.is_(None))
        .order_by(Upload.applied_at.desc(), UploadRow.number)
        .limit(200)
    )
    found: Origins = {}
    options = {"unlogged": "names of files beside contacts that are logged"}
    for row in db.session.execute(query.execution_options(**options)):
        brought = {**row.lends, **row.fill} if row.outcome == plan.MATCH else row.values
        for name, value in brought.items():
            found.setdefault((row.contact_id, name, value), row.file_name)
    return found
