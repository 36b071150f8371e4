"""An upload from the file to the account and back. One plan is shown and carried out; what changed since is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from portal.core import access, clock, crypto, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.crm.duplicates.finding import look_again
from portal.crm.duplicates.statements import moving
from portal.crm.statements import contacts_lock
from portal.crm.uploads import events, fields, figures, plan, statements, stored, table, weak, words
from portal.crm.uploads.models import Upload, UploadRow
from portal.crm.uploads.plan import Planned
from portal.crm.uploads.rows import date_order, read_row
from portal.crm.uploads.statements import undoing
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

KEEP_DAYS = 30


class Changed(Exception):
    """The account changed since the preview was made; the preview is made anew, and nothing else was done."""


class Refused(Exception):
    """What was asked cannot be done in the upload's state; the text says why."""


def start(data: bytes, file_name: str, *, by: Scope) -> Upload:
    """Keep the file and propose what its columns mean; raises `FileRefused`."""
    read = table.read_table(data)
    proposed = fields.propose(read.header)
    assert by.actor_id is not None
    upload = Upload(
        id=new_id(),
        file_name=_plain_name(file_name),
        made_by=by.actor_id,
        made_by_name=by.actor_name,
        body=table.pack(read, scope.fmo_id()),
        columns={str(place): name for place, name in proposed.columns.items()},
        rows=len(read.rows),
    )
    upload.date_order = date_order(read.birth_dates(proposed.columns))[0]
    db.session.add(upload)
    db.session.flush()
    access.record(events.UPLOAD_START, subject=upload, rows=upload.rows)
    return upload


def _plain_name(name: str) -> str:
    text = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return text.strip()[:120] or "contacts"


def choose_columns(upload: Upload, columns: Mapping[int, str], order: str, *, by: Scope) -> None:
    """Read every row by these columns and compare it with the account; what was chosen for single rows is forgotten.

    `columns` have no complaint (`fields.complaints`). Raises `Refused` once the upload was applied.
    """
    _lock(upload)
    if upload.state not in ("columns", "preview") or upload.body is None:
        raise Refused("This upload was applied already. Upload the file again to read it in another way.")
    read = table.unpack(upload.body, upload.fmo_id)
    today = clock.today()
    rows = [
        Planned(new_id(), read_row(number, cells, columns, read.header, order=order, today=today))
        for number, cells in read.rows
    ]
    sealed = _seal(rows, upload.fmo_id)
    _decide(rows, upload)
    statements.keep_rows(upload.id, [stored.columns_of(one, upload, sealed.get(one.mbi_hash)) for one in rows])
    upload.columns = {str(place): name for place, name in columns.items()}
    upload.date_order, upload.state, upload.counts = order, "preview", figures.counts(rows)
    told = upload.counts
    access.record(events.UPLOAD_PREVIEW, subject=upload, rows=told["rows"], matched=told["match"])


def _seal(rows: Sequence[Planned], fmo_id: UUID) -> dict[str | None, str]:
    """Give each row the keyed hash of its Medicare number; hash → ciphertext."""
    sealed: dict[str | None, str] = {}
    for one in rows:
        if one.row.mbi is not None:
            one.mbi_hash = crypto.keyed_hash(one.row.mbi, fmo_id=fmo_id, field="mbi")
            if one.mbi_hash not in sealed:
                sealed[one.mbi_hash] = crypto.encrypt(one.row.mbi, fmo_id=fmo_id, field="mbi")
    return sealed


def _decide(rows: Sequence[Planned], upload: Upload) -> None:
    ladder = statements.sharing_keys(pair for one in rows for pair in one.keys.items())
    named = statements.of_last_name(weak.name_of(one.row.values)[1] for one in rows)
    settled = stored.settled(upload) if upload.replaces else None
    plan.plan(rows, ladder, named, lambda alone: statements.near(one.row.values for one in alone), settled)


def let_replace(upload: Upload, wanted: bool, *, by: Scope) -> None:
    """Say whether the file's values replace what differs, or fill blanks only; the preview is made anew."""
    _lock(upload)
    if upload.state != "preview" or upload.forgotten_at is not None:
        raise Refused("This can only be chosen before the upload is applied. Nothing was changed.")
    contacts_lock.hold(scope.business_id())
    upload.replaces = wanted
    access.record(events.UPLOAD_REPLACE, subject=upload, replaces=wanted)
    rows = stored.open_rows(upload)
    before = stored.states(rows)
    _decide(rows, upload)
    stored.save(upload, rows, before)
    upload.counts = figures.counts(rows)


def choose(upload: Upload, choices: Mapping[UUID, str], *, by: Scope) -> int:
    """Say whom waiting rows mean (row → a candidate's id, "new" or "leave"); gives how many were taken.

    Until a row is carried out its choice can be made again; "ask" lets it wait as before. Where the upload was applied
    already, choices are carried out at once.
    """
    _lock(upload)
    if upload.state not in ("preview", "applied") or upload.forgotten_at is not None:
        raise Refused("This upload is not open any more. Nothing was changed.")
    contacts_lock.hold(scope.business_id())
    rows = stored.open_rows(upload)
    taken = 0
    for one in rows:
        wanted = choices.get(one.id)
        if wanted is not None and (wanted in plan.ANSWERS or wanted in map(str, one.candidates)):
            one.choice = wanted if wanted != plan.ASK else None
            taken += 1
    access.record(events.UPLOAD_CHOOSE, subject=upload, rows=taken)
    before = stored.states(rows)
    _decide(rows, upload)
    stored.save(upload, rows, before)
    if upload.state == "applied":
        _write(upload, rows)
        upload.counts = stored.counts(upload)
    else:
        upload.counts = figures.counts(rows)  # they are all of them
    return taken


def single_candidates(upload: Upload) -> dict[UUID, str]:
    """Waiting rows that have exactly one candidate → it."""
    query = select(UploadRow.id, UploadRow.candidates).where(
        UploadRow.upload_id == upload.id,
        UploadRow.outcome == plan.CANDIDATE,
        func.cardinality(UploadRow.candidates) == 1,
    )
    rows = db.session.execute(query.execution_options(unlogged="which rows wait, nothing is shown"))
    return {row[0]: str(row[1][0]) for row in rows}


def apply(upload: Upload, *, by: Scope) -> bool:
    """Carry the preview out, whole, in the transaction at hand; False where it was applied before.

    Raises `Changed` where the account is not what the preview was made from.
    """
    _lock(upload)
    if upload.state == "applied":
        return False
    if upload.state != "preview" or upload.forgotten_at is not None:
        raise Refused("There is nothing to apply. Look at the preview first.")
    contacts_lock.hold(scope.business_id())
    rows = stored.open_rows(upload)
    before = stored.states(rows)
    _decide(rows, upload)
    if stored.save(upload, rows, before):
        upload.counts = figures.counts(rows)
        raise Changed
    upload.state, upload.applied_at, upload.applied_by_name = "applied", clock.now(), by.actor_name
    upload.body = None
    _write(upload, rows)
    return True


def _write(upload: Upload, rows: Sequence[Planned]) -> None:
    db.session.flush()
    taken = [one for one in rows if one.outcome in (plan.CREATE, plan.DUPLICATE, plan.MATCH)]
    if not taken:
        return
    filled = statements.write(upload.id)
    made = [one.contact_id for one in taken if one.outcome != plan.MATCH]
    said: set[str] = {name for one in taken for name in (one.row.values if one.outcome != plan.MATCH else one.fill)}
    said |= {name for one in taken for name in one.replaces}
    if any(one.mbi_hash and (one.outcome != plan.MATCH or one.fills_mbi) for one in taken):
        said.add("mbi")
    access.record(
        events.UPLOAD_APPLY,
        kind="contact",
        ids=_unique([*made, *filled]),
        members={member for member in filled.values() if member is not None},
        fields=sorted(said),
        created=len(made),
        matched=sum(1 for one in taken if one.outcome == plan.MATCH),
        notes=sum(1 for one in taken if one.row.note),
        replaced=sum(len(one.replaces) for one in taken),
    )
    look_again(upload.business_id)


def _unique(ids: Iterable[UUID | None]) -> list[UUID]:
    return list(dict.fromkeys(one for one in ids if one is not None))


def undo(upload: Upload, *, by: Scope) -> bool:
    """Take everything back that nothing was done with since; False where it was undone before."""
    _lock(upload)
    if upload.state == "undone":
        return False
    if upload.state != "applied" or upload.forgotten_at is not None:
        raise Refused("This upload cannot be undone any more. Nothing was changed.")
    contacts_lock.hold(scope.business_id())
    moving.see_merged(True)  # what was merged meanwhile stays, and is told
    found, contacts = undoing.take_back(upload.id)
    moving.see_merged(False)
    upload.state, upload.undone_at, upload.undone_by_name = "undone", clock.now(), by.actor_name
    upload.counts = {**upload.counts, "undone": found}
    removed, blanked, kept = found["removed"], found["blanked"], found["kept"]
    look_again(upload.business_id)
    access.record(
        events.UPLOAD_UNDO,
        kind="contact",
        ids=contacts,
        upload=str(upload.id),
        removed=removed,
        blanked=blanked,
        kept=kept,
    )
    return True


def take_row_back(upload: Upload, row: UploadRow, *, by: Scope) -> None:
    """Take one row back that a person had decided on; it is left out until it is decided again.

    Raises `Refused` with a sentence where something was done with its contact since, by this file or by anybody.
    """
    _lock(upload)
    db.session.refresh(row)
    if upload.state != "applied" or upload.forgotten_at is not None or not row.written or row.choice is None:
        raise Refused("There is nothing of this row to take back.")
    contacts_lock.hold(scope.business_id())
    if stored.shares_contact(row):
        raise Refused("Another row of this file is about the same contact, so it can only be undone with the upload.")
    moving.see_merged(True)
    found, contacts = undoing.take_back(upload.id, row.id)
    moving.see_merged(False)
    db.session.refresh(row)
    stayed, row.undone = row.undone, None
    if stayed in words.STAYED:
        raise Refused(f"{words.STAYED[stayed]}, so the row stays as it is.")
    row.written, row.choice, row.outcome, row.contact_id = False, plan.LEAVE, plan.LEFT, None
    row.fill, row.fills_mbi, row.replaces, row.was, row.fresh, row.lends = {}, False, {}, {}, {}, {}
    db.session.flush()
    upload.counts = stored.counts(upload)
    look_again(upload.business_id)
    removed, blanked = found["removed"], found["blanked"]
    access.record(
        events.UPLOAD_ROW_UNDO, kind="contact", ids=contacts, upload=str(upload.id), removed=removed, blanked=blanked
    )


def _lock(upload: Upload) -> None:
    db.session.refresh(upload, with_for_update=True)


def forget_old() -> int:
    """Delete what uploads of every FMO said, 30 days after they were last worked on; their counts stay.

    For the relay, outside any scope. Gives the number of rows that were deleted.
    """
    return in_each_fmo(lambda: undoing.forget(scope.fmo_id(), KEEP_DAYS))
