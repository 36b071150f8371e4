"""What a file said is deleted 30 days after it was last worked on; counts and contacts stay."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.crm.uploads import operations
from tests.portal.crm.uploads.files import contacts, get, preview, upload
from tests.portal.crm.uploads.test_flow import Place
from tests.support.people import acting

ROW = {"First Name": "Dana", "Last Name": "Whitfield", "MBI": "1EG4TE5MK73"}


def test_old_uploads_are_forgotten_and_young_ones_stay(app: Flask, store: Session, setup_engine: Engine) -> None:
    place = Place(app, store)
    old = [upload(app, place.user, [ROW]), preview(app, place.user, [ROW])]
    young = preview(app, place.user, [ROW])
    with setup_engine.begin() as connection:
        aged = "UPDATE upload SET updated_at = now() - interval '31 days' WHERE id = ANY(:ids)"
        connection.execute(text(aged), {"ids": old})
    with app.app_context():
        assert operations.forget_old() == 2
        assert operations.forget_old() == 0
    with setup_engine.connect() as connection:
        kept = connection.execute(text("SELECT id, body, forgotten_at, counts FROM upload ORDER BY created_at")).all()
        assert [row.id for row in kept if row.forgotten_at] == old
        assert all(row.body is None and row.counts["rows"] == 1 for row in kept if row.forgotten_at)
        assert connection.execute(text("SELECT array_agg(upload_id) FROM upload_row")).scalar_one() == [young]
    assert len(contacts(setup_engine, place.business.id)) == 1


def test_what_is_forgotten_can_neither_be_applied_nor_undone(app: Flask, store: Session, setup_engine: Engine) -> None:
    place = Place(app, store)
    done, shown = upload(app, place.user, [ROW]), preview(app, place.user, [ROW])
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE upload SET updated_at = now() - interval '31 days'"))
    with app.app_context():
        operations.forget_old()
    with acting(app, place.user) as by:
        for work, upload_id in ((operations.undo, done), (operations.apply, shown)):
            with pytest.raises(operations.Refused):
                work(get(upload_id), by=by)
    assert len(contacts(setup_engine, place.business.id)) == 1
