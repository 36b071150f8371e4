"""From a sample to a SmartConnector: begun, said page by page, saved or given up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as MappingOf
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.book.layouts import accept_headers, add_version, known
from portal.book.layouts.carriers import carriers, same_carrier
from portal.book.layouts.models import ConnectorHeader
from portal.book.mapping import KEEP_DAYS, MAX_BYTES, anew, events, sample
from portal.book.mapping.checking import Checked, check, layout_for, others_that_fit
from portal.book.mapping.models import ConnectorDraft, ConnectorDraftPiece
from portal.book.mapping.state import Mapping, propose_reading, propose_words, proposed
from portal.book.models import Connector
from portal.book.operations.request import HandedIn
from portal.connectors import mapped, mistakes
from portal.connectors.detect import detect
from portal.connectors.headers import header_id
from portal.connectors.heading import Heading
from portal.connectors.layouts import Layout
from portal.connectors.mapped import Answers
from portal.connectors.mistakes import Mistake
from portal.connectors.readers import Sheet
from portal.connectors.rows import FileRefused
from portal.core import access, clock, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

FILE, COLUMNS, READING, CHECK = "file", mistakes.COLUMNS, mistakes.READING, "check"


class NotSaved(Exception):
    """The mapping has mistakes, or its sample gives no policy; nothing was saved."""


def start(
    data: bytes, file_name: str, *, by: Scope, connector: Connector | None = None, was: HandedIn | None = None
) -> Mapping:
    """Begin a mapping with a sample. Raises `FileRefused`, nothing is kept.

    `connector`: whose layout is said anew. `was`: what the sample was, where it is what was kept of a file.
    """
    if not data:
        raise FileRefused("Choose a file first. It must not be empty.")
    if len(data) > MAX_BYTES:
        raise FileRefused(
            f"The sample is larger than {MAX_BYTES // 1024**2} MB. Some hundred rows are enough;"
            " the whole file is loaded later."
        )
    came = was or HandedIn(hashlib.sha256(data).hexdigest(), [])
    data, notes = sample.admitted(data)
    seen = sample.examine(data)
    sample.remember(seen, came.sha256, [*came.notes, *notes])
    draft = ConnectorDraft(fmo_id=scope.fmo_id(), id=new_id(), file_name=_base_name(file_name), size=len(data))
    draft.made_by, draft.made_by_name = by.actor_id, by.actor_name
    draft.connector_id = connector.id if connector else None
    before = anew.answers_of(connector, seen) if connector else None
    answers, why = (before, {}) if before else proposed(seen.looks)
    mapping = Mapping(draft, seen, answers, why=why)
    sample.keep_seen(draft, seen)
    mapping.keep()
    db.session.add(draft)
    db.session.flush()
    sample.keep(draft, data)
    mapping.count()
    mapping.keep()
    access.record(events.MAPPING_STARTED, subject=draft, kind="connector_draft", size=len(data))
    return mapping


def _base_name(file_name: str) -> str:
    return file_name.replace("\\", "/").rsplit("/", 1)[-1][:200] or "file"


def choose_heading(mapping: Mapping, at: Heading) -> None:
    """Take another row for the one that names the columns. Raises `FileRefused`."""
    if (at.sheet, at.row) != (mapping.seen.sheet, mapping.seen.row):
        before = mapping.seen
        mapping.seen = sample.examine(sample.bytes_of(mapping.draft), at)
        sample.remember(mapping.seen, before.sha256, before.emptied)
        kept = anew.answers_of(anew.connector_of(mapping.draft), mapping.seen) if mapping.draft.connector_id else None
        mapping.answers, mapping.why = (kept, {}) if kept else proposed(mapping.looks, mapping.answers)
        sample.keep_seen(mapping.draft, mapping.seen)
        mapping.done = []
    _said(mapping, FILE)


def say_columns(mapping: Mapping, columns: MappingOf[str, int]) -> None:
    """Say which column is which field."""
    answers = mapping.answers
    if columns.get("premium") != answers.columns.get("premium"):
        answers.decimal = ""
    if columns.get("full_name") != answers.columns.get("full_name"):
        answers.name_order = ""
    same = {name for name, place in columns.items() if answers.columns.get(name) == place}
    answers.orders = {name: order for name, order in answers.orders.items() if name in same}
    answers.columns = dict(columns)
    propose_reading(mapping)
    _said(mapping, COLUMNS)


def say_reading(mapping: Mapping, answers: Answers) -> None:
    """Say how the values are read."""
    before = _usual_name(mapping.answers)
    mapping.answers = answers
    propose_words(mapping)
    if answers.name.strip() in ("", before):  # nobody has chosen it: it goes with the carrier
        answers.name = _usual_name(answers)
    _said(mapping, READING)


def _usual_name(answers: Answers) -> str:
    name = carriers().get(answers.carrier) or answers.new_carrier.strip()
    return f"{name} book of business" if name else ""


def _said(mapping: Mapping, page: str) -> None:
    mapping.count()
    mapping.done = [*mapping.done, *([] if page in mapping.done else [page])]
    mapping.keep()
    access.record(events.MAPPING_SAID, subject=mapping.draft, kind="connector_draft", page=page)


def mistakes_of(mapping: Mapping) -> list[Mistake]:
    """Everything that must be said otherwise before the mapping can be saved."""
    answers, looks = mapping.answers, mapping.looks
    found = mistakes.of_columns(answers, looks)
    found += mistakes.of_reading(answers, looks, mapping.collapsing.get(answers.identity, 0))
    return found + [Mistake(READING, text, at) for at, text in _about_others(mapping)]


def _about_others(mapping: Mapping) -> list[tuple[str, str]]:
    """What stands against other connectors of the FMO."""
    answers, mine = mapping.answers, mapping.draft.connector_id
    found = []
    name = answers.name.strip()
    if any(one.name.casefold() == name.casefold() and one.id != mine for one in _connectors()):
        found.append(("name", f"There is a SmartConnector named {name} already. Choose another name."))
    if answers.carrier and answers.carrier not in carriers():
        found.append(("carrier", "Choose the carrier from the list, or give the name of a new one."))
    same = same_carrier(answers.new_carrier) if not answers.carrier else None
    if same:
        found.append(("carrier", f"There is a carrier named {carriers()[same]} already. Choose it from the list."))
    if other := reads_exactly_these(mapping):
        text = (
            f"Files with exactly these columns are read by {other.name} already. Two SmartConnectors cannot share them."
        )
        found.append(("", text))
    return found


def reads_exactly_these(mapping: Mapping) -> Connector | None:
    """Another SmartConnector whose files have exactly the sample's columns: a second one cannot be saved."""
    on = (ConnectorHeader.fmo_id == Connector.fmo_id) & (ConnectorHeader.connector_id == Connector.id)
    theirs = select(Connector).join(ConnectorHeader, on)
    theirs = theirs.where(ConnectorHeader.header_id == header_id(mapping.seen.header))
    if (mine := mapping.draft.connector_id) is not None:
        theirs = theirs.where(Connector.id != mine)
    return db.session.scalar(theirs.order_by(Connector.id).limit(1))


def _connectors() -> list[Connector]:
    return list(db.session.scalars(select(Connector)))


def carrier_of(answers: Answers) -> tuple[str, str]:
    """(key, name) of the carrier that was said; a new one is known by its name."""
    name = " ".join(answers.new_carrier.split())
    return (answers.carrier, carriers().get(answers.carrier, answers.carrier)) if answers.carrier else (name, name)


def dry_run(mapping: Mapping) -> tuple[Checked, list[str]]:
    """What loading the sample would do, and which other layouts its columns fit; only without mistakes."""
    layout = _layout(mapping)
    own = known().newest()
    mine = next((name for name, one in own.items() if _is_mine(mapping, one)), layout.name)
    others = others_that_fit(mapping.draft, mine)
    return check(mapping.draft, layout), others


def _is_mine(mapping: Mapping, layout: Layout) -> bool:
    version = known().version_of(layout)
    return version is not None and version.connector.id == mapping.draft.connector_id


def _layout(mapping: Mapping) -> Layout:
    carrier, name = carrier_of(mapping.answers)
    layout = layout_for(mapping.answers, mapping.looks, carrier=carrier, carrier_name=name)
    if isinstance(layout, str):
        raise NotSaved(f"With this mapping the file cannot be read: {layout}.")
    return layout


def save(mapping: Mapping, *, replaces: bool, by: Scope) -> Connector:
    """Make the SmartConnector, or a new version of how its files are read. The sample is still there for loading it.

    Raises `NotSaved`.
    """
    found = mistakes_of(mapping)
    if found:
        raise NotSaved(found[0].text)
    checked, others = dry_run(mapping)
    if checked.problem or not checked.taken:
        raise NotSaved(checked.problem or "No row of the sample can be read with this mapping.")
    if others and not replaces:
        raise NotSaved(f"Say that files with these columns are read by this SmartConnector and not by {others[0]}.")
    key, name = carrier_of(mapping.answers)
    body = mapped.body_of(mapping.answers, mapping.looks, carrier=key, carrier_name=name)
    if mapping.draft.connector_id is None:
        return _new(mapping, body, key, by)
    return _again(mapping, body, by)


def _new(mapping: Mapping, body: dict[str, Any], carrier: str, by: Scope) -> Connector:
    connector = Connector(fmo_id=scope.fmo_id(), id=new_id(), carrier=carrier, name=mapping.answers.name.strip())
    connector.layout, connector.confirmed_kinds = f"own:{connector.id.hex[:12]}", []
    db.session.add(connector)
    db.session.flush()
    version = add_version(connector, body, reason="mapped")
    accept_headers(connector, [mapping.seen.header], version=version, by=by.actor_name)
    access.record(events.CONNECTOR_MAPPED, subject=connector, layout_version=version)
    return connector


def _again(mapping: Mapping, body: dict[str, Any], by: Scope) -> Connector:
    connector = db.session.scalars(select(Connector).where(Connector.id == mapping.draft.connector_id)).one()
    version = add_version(connector, body, reason="edited")
    layout = known().of(connector, version)
    for header in db.session.scalars(select(ConnectorHeader).where(ConnectorHeader.connector_id == connector.id)):
        if layout is not None and _reads(layout, header.columns):
            header.version = version
    accept_headers(connector, [mapping.seen.header], version=version, by=by.actor_name)
    access.record(events.CONNECTOR_EDITED, subject=connector, layout_version=version)
    return connector


def _reads(layout: Layout, columns: list[str]) -> bool:
    head = [(1, list(columns))]
    try:
        detect([Sheet(name="", head=head, rows=lambda: iter(head))], {layout.name: layout})
    except FileRefused:
        return False
    return True


def forget(draft: ConnectorDraft) -> None:
    """Delete the sample and all that was said of it."""
    db.session.execute(delete(ConnectorDraftPiece).where(ConnectorDraftPiece.draft_id == draft.id))
    db.session.execute(delete(ConnectorDraft).where(ConnectorDraft.id == draft.id))
    db.session.expunge(draft)


def cancel(draft: ConnectorDraft) -> None:
    """Give the mapping up."""
    access.record(events.MAPPING_DROPPED, subject=draft, kind="connector_draft")
    forget(draft)


def forget_old() -> int:
    """Delete drafts of every FMO that nobody has worked on for seven days; their number. For the relay."""
    return in_each_fmo(_forget_old)


def _forget_old() -> int:
    old = select(ConnectorDraft.id).where(ConnectorDraft.updated_at < clock.now() - timedelta(days=KEEP_DAYS))
    ids = list(db.session.scalars(old.execution_options(unlogged="ids of what is deleted")))
    if ids:
        db.session.execute(delete(ConnectorDraftPiece).where(ConnectorDraftPiece.draft_id.in_(ids)))
        db.session.execute(delete(ConnectorDraft).where(ConnectorDraft.id.in_(ids)))
    return len(ids)
