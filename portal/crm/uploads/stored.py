"""Rows of an upload as they are kept, and as the plan sees them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.crm.uploads import figures, plan, statements
from portal.crm.uploads.models import Upload, UploadRow
from portal.crm.uploads.plan import Planned
from portal.crm.uploads.rows import Problem, ReadRow
from portal.crm.uploads.statements import DECIDED
from portal.extensions import db

_READ = ("id", "number", "problems", "values", "mbi_hash", "keys", "note", *DECIDED)
_WAITING = (plan.CANDIDATE, plan.LEFT)


def _decided(one: Planned) -> dict[str, Any]:
    found: dict[str, Any] = {name: getattr(one, name) for name in DECIDED}
    found["doubts"] = [[str(other), reason, strength] for other, reason, strength in one.doubts]
    return found


def columns_of(one: Planned, upload: Upload, mbi: str | None) -> dict[str, Any]:
    """A planned row as the table keeps it; `mbi` is its Medicare number as ciphertext."""
    return {
        "business_id": upload.business_id,
        "fmo_id": upload.fmo_id,
        "id": one.id,
        "upload_id": upload.id,
        "number": one.row.number,
        "problems": [[p.column, p.shape, p.reason] for p in one.row.problems],
        "values": one.row.values,
        "mbi": mbi,
        "mbi_hash": one.mbi_hash,
        "keys": one.keys,
        "note": one.row.note,
        **_decided(one),
    }


def open_rows(upload: Upload) -> list[Planned]:
    """The rows that are not carried out yet; once the upload was applied only those that wait for a person."""
    rows = _rows(upload, written=False)
    return [one for one in rows if upload.state != "applied" or one.outcome in _WAITING]


def settled(upload: Upload) -> dict[UUID, set[str]]:
    """What the upload has said already: contact → fields."""
    query = select(UploadRow.contact_id, UploadRow.values, UploadRow.outcome, UploadRow.fill, UploadRow.replaces)
    done = query.where(UploadRow.upload_id == upload.id, UploadRow.written.is_(True))
    found: dict[UUID, set[str]] = {}
    for row in db.session.execute(done.execution_options(unlogged="names of fields, nothing is shown")):
        named = {*row.fill, *row.replaces} if row.outcome == plan.MATCH else set(row.values)
        found.setdefault(row.contact_id, set()).update(named)
    return found


def shares_contact(row: UploadRow) -> bool:
    """Whether another carried out row of the upload is about the same contact."""
    others = select(UploadRow.id).where(
        UploadRow.upload_id == row.upload_id,
        UploadRow.contact_id == row.contact_id,
        UploadRow.id != row.id,
        UploadRow.written.is_(True),
    )
    return db.session.scalar(others.limit(1).execution_options(unlogged="whether there is one")) is not None


def _rows(upload: Upload, *, written: bool | None = None) -> list[Planned]:
    query = select(*(getattr(UploadRow, name) for name in _READ)).where(UploadRow.upload_id == upload.id)
    if written is not None:
        query = query.where(UploadRow.written.is_(written))
    options = {"unlogged": "compared with the account, nothing is shown"}
    return [_planned(row) for row in db.session.execute(query.order_by(UploadRow.number).execution_options(**options))]


def _planned(stored: Any) -> Planned:
    problems = [Problem(*problem) for problem in stored.problems]
    refused = stored.outcome == plan.ERROR and stored.reason not in (plan.NAMELESS, plan.NOBODY)
    row = ReadRow(stored.number, stored.values, None, stored.keys.get("number"), stored.note, problems, refused)
    made = Planned(stored.id, row, stored.mbi_hash)
    for name in DECIDED:
        setattr(made, name, getattr(stored, name))
    made.doubts = [(UUID(other), reason, strength) for other, reason, strength in stored.doubts]
    return made


def states(rows: Sequence[Planned]) -> dict[UUID, dict[str, Any]]:
    """What is decided of each row now, for `save`."""
    return {one.id: copy.deepcopy(_decided(one)) for one in rows}


def save(upload: Upload, rows: Sequence[Planned], before: Mapping[UUID, dict[str, Any]]) -> int:
    """Keep what is decided otherwise than `before`; gives the number of such rows."""
    changed = [one for one in rows if _decided(one) != before[one.id]]
    if changed:
        statements.keep_decisions(upload.id, [{"id": one.id, **_decided(one)} for one in changed])
    return len(changed)


def counts(upload: Upload) -> dict[str, int]:
    """The figures of the upload as it stands."""
    return figures.counts(_rows(upload))
