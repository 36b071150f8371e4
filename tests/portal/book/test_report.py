"""What one run did, on its pages, and what a policy was when."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Policy
from portal.compliance.models import AccessEntry
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, person
from tests.portal.book.undoing import order, work_off
from tests.support import builders

Client = Callable[[User], FlaskClient]
ENDED = {"Member Status": "T", "Term Date": "03/31/2026", "Email": "new@mail.example", "Medicare Number": "2EG4TE5MK74"}


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """A browser of the FMO's admin."""
    return client_for(builders.user(store, fmo))


def _last(store: Session) -> AccessEntry:
    store.rollback()
    return store.scalars(select(AccessEntry).order_by(AccessEntry.at.desc(), AccessEntry.id.desc())).first()  # type: ignore[return-value]


@pytest.mark.parametrize("dry_run", [False, True])
def test_every_field_before_and_after(admin: FlaskClient, load: Load, store: Session, dry_run: bool) -> None:
    """For a load and for a check alike; a Medicare number is only said to be there; the reading is logged."""
    load(aetna({"Medicare Number": ""}))
    run = load(aetna(ENDED, person(3)), day="20261201", dry_run=dry_run)
    shown = admin.get(f"/fmo/feeds/{run.id}/changed")
    for text in ("Active", "Terminated", "31 Mar 2026", "mae@mail.example", "new@mail.example", "Medicare number"):
        assert text in shown.text
    assert "2EG4TE5MK74" not in shown.text and "v1:" not in shown.text
    entry = _last(store)
    assert entry.action == "feed.changed" and len(entry.member_ids) == 1
    members = admin.get(f"/fmo/feeds/{run.id}/changed?kind=member").text
    assert "new@mail.example" in members and "Terminated" not in members
    new = admin.get(f"/fmo/feeds/{run.id}/new")
    assert "CaseA, PersonD" in new.text or "Casea, Persond" in new.text
    assert "Abbot, Mae" not in new.text
    page = admin.get(f"/fmo/feeds/{run.id}").text
    assert "2 rows = 1 new + 1 changed + 0 unchanged + 0 refused + 0 dropped." in page


def test_an_undone_run_still_tells_what_it_had_brought(app: Flask, admin: FlaskClient, load: Load, fmo: Fmo) -> None:
    run = load(aetna({}))
    work_off(app, fmo, order(app, fmo, run))
    shown = admin.get(f"/fmo/feeds/{run.id}/new").text
    assert "Abbot, Mae" in shown and "no longer in the book" in shown


def test_a_member_of_whom_only_the_day_is_newer_is_not_listed(admin: FlaskClient, load: Load) -> None:
    load(aetna({}))
    run = load(aetna({"Plan Name": "Silver (HMO)"}), day="20261201")
    assert "Nothing matches" in admin.get(f"/fmo/feeds/{run.id}/changed?kind=member").text
    city = load(aetna({"Plan Name": "Silver (HMO)", "City": "Dayton"}), day="20261202")
    assert "only its member" in admin.get(f"/fmo/feeds/{city.id}/changed?kind=changed").text


def test_nothing_changed_says_so(admin: FlaskClient, load: Load) -> None:
    load(aetna({}))
    run = load(aetna({}), day="20261201")
    assert "Nothing changed" in admin.get(f"/fmo/feeds/{run.id}/changed").text
    assert "No new policy" in admin.get(f"/fmo/feeds/{run.id}/new").text


def test_a_policy_tells_what_it_was_when(app: Flask, admin: FlaskClient, load: Load, store: Session, fmo: Fmo) -> None:
    """Plan, status and writing agent as stretches with their files; right after an undo as well."""
    load(aetna({}))
    load(aetna({"Plan Name": "Silver (HMO)"}), day="20261115")
    run = load(aetna({"Plan Name": "Silver (HMO)", **ENDED, "Writing Agent NPN": "2002002"}), day="20261201")
    policy = store.scalars(select(Policy)).one()
    page = admin.get(f"/fmo/policies/{policy.id}").text
    history = page.split("Plan and status, as the book learned them")[1]
    assert history.index("Terminated") < history.index("Silver (HMO)") < history.index("Gold Plus")
    assert "book_20261115.csv" in history and "row 2" in history
    work_off(app, fmo, order(app, fmo, run))
    again = admin.get(f"/fmo/policies/{policy.id}").text.split("Plan and status, as the book learned them")[1]
    states = [part.split("<")[0].strip() for part in again.split('<th scope="row">')[1:]]
    assert states[:4] == ["Active", "Terminated", "Active", "Active"]
    assert "which was undone" in again and "(undone)" in admin.get(f"/fmo/policies/{policy.id}").text
