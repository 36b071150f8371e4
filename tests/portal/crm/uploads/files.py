"""Files of contacts, and taking them through an upload, in few words."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, select, text

from portal.crm.uploads import operations
from portal.crm.uploads.models import Upload, UploadRow
from portal.extensions import db
from portal.identity.models import User
from tests.support.people import acting

SNAPSHOT = {
    "contact": "id, typed, carried, brought, dismissed, typed_mbi_hash, mbi_hash, agent_owned, made_by, hidden,"
    " removed_at",
    "contact_key": "contact_id, kind, value",
    "note": "contact_id, body",
    "possible_duplicate": "contact_id, other_id, reason",
}


def csv_file(rows: Sequence[Mapping[str, str]]) -> bytes:
    """A CSV file of `rows`, whose keys are the headers; a key that a row lacks is an empty cell."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return file.getvalue().encode()


def preview(app: Flask, user: User, rows: Sequence[Mapping[str, str]] | bytes, order: str | None = None) -> UUID:
    """Upload the rows and take the proposed columns; gives the upload's id."""
    data = rows if isinstance(rows, bytes) else csv_file(rows)
    with acting(app, user) as by:
        upload = operations.start(data, "clients.csv", by=by)
        columns = {int(place): name for place, name in upload.columns.items()}
        operations.choose_columns(upload, columns, order or upload.date_order, by=by)
        return upload.id


def upload(app: Flask, user: User, rows: Sequence[Mapping[str, str]] | bytes, *, replaces: bool = False) -> UUID:
    """Upload the rows and apply them, blanks only or with values that replace others."""
    upload_id = preview(app, user, rows)
    if replaces:
        with acting(app, user) as by:
            operations.let_replace(get(upload_id), True, by=by)
    apply(app, user, upload_id)
    return upload_id


def apply(app: Flask, user: User, upload_id: UUID) -> bool:
    """Apply the upload; whether it was done now."""
    with acting(app, user) as by:
        return operations.apply(get(upload_id), by=by)


def undo(app: Flask, user: User, upload_id: UUID) -> bool:
    """Undo the upload; whether it was done now."""
    with acting(app, user) as by:
        return operations.undo(get(upload_id), by=by)


def get(upload_id: UUID) -> Upload:
    """The upload, in the scope at work."""
    return db.session.scalars(select(Upload).where(Upload.id == upload_id)).one()


def rows_of(app: Flask, user: User, upload_id: UUID) -> list[UploadRow]:
    """The rows as they are kept."""
    with acting(app, user):
        query = select(UploadRow).where(UploadRow.upload_id == upload_id).order_by(UploadRow.number)
        found = list(db.session.scalars(query))
        db.session.expunge_all()
        return found


def outcomes(app: Flask, user: User, upload_id: UUID) -> list[str]:
    """What becomes of each row, in the file's order."""
    return [row.outcome for row in rows_of(app, user, upload_id)]


def state(engine: Engine, business_id: UUID) -> dict[str, list[Any]]:
    """All that an upload may change in the account, behind every wall."""
    with engine.connect() as connection:
        return {
            table: sorted(
                str(tuple(row))
                for row in connection.execute(
                    text(f"SELECT {columns} FROM {table} WHERE business_id = :b"), {"b": business_id}
                )
            )
            for table, columns in SNAPSHOT.items()
        }


def contacts(engine: Engine, business_id: UUID) -> list[Any]:
    """The account's contacts with what they show, by last and first name."""
    query = "SELECT * FROM contact WHERE business_id = :b AND NOT hidden ORDER BY sort_key, id"
    with engine.connect() as connection:
        return list(connection.execute(text(query), {"b": business_id}).all())
