"""Before Complete: a rehearsal tells what the run then does, and leaves nothing behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.sync import operations
from portal.sync.expected import Expected
from portal.sync.models import SyncRun
from portal.sync.statements import locks
from tests.portal.sync.runs import admin_scope, rows, sync, versions
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting

FIGURES = (
    "policies", "added", "updated", "handed_over", "unchanged", "released", "removed_by_agent", "contacts",
    "contacts_new", "contacts_linked", "possible_duplicates", "without_email", "gaps",
)  # fmt: skip


def rehearsed(app: Flask, fmo_id: UUID, business: Business | None, *npns: str) -> Expected:
    """What a run would do, asked as the FMO's pages ask."""
    with acting(app, admin_scope(fmo_id)):
        return operations.rehearse(npns=npns, business_id=business.id if business else None)


def figures(told: Expected | SyncRun) -> dict[str, Any]:
    """What both know."""
    return {name: getattr(told, name) for name in FIGURES}


def test_the_first_run_does_what_was_foretold_of_an_account_not_there_yet(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    agency = make.agency(store, fmo, "2000")
    agent = make.agent(store, fmo, "1001", agency, is_principal=True)
    feed = make.feed_run(store, fmo)
    twins = [make.member(store, fmo, "1EG4TE5MK73", last_name="Quill", email=None) for _ in range(2)]
    for index, member in enumerate([*twins, *(make.member(store, fmo) for _ in range(3))]):
        status = "active" if index else "terminated"
        make.policy(store, member, feed, "1001", carrier=f"carrier{index % 2}", status=status, product="MAPD")
    make.policy(store, make.member(store, fmo), feed, "2000")

    told = rehearsed(app, fmo.id, None, "1001")

    run = sync(app, store, make.business(store, agent))
    assert figures(told) == figures(run)
    assert (told.policies, told.contacts, told.contacts_new, told.without_email) == (5, 4, 4, 1)
    assert told.by_carrier == [("carrier0", 3), ("carrier1", 2)] and told.by_product == [("MAPD", 5)]
    assert told.by_status == [("active", 4), ("terminated", 1)] and told.by_crosswalk == 0
    [gap] = told.gaps
    assert gap == {
        "npn": "2000", "name": agency.name, "producer_id": str(agency.id), "kind": "agency", "policies": 1,
        "accounts": [],
    }  # fmt: skip


def test_a_resync_does_what_was_foretold(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    first, second = make.agent(store, fmo, "1001"), make.agent(store, fmo, "1002")
    business = make.business(store, first)
    feed = make.feed_run(store, fmo)
    members = [make.member(store, fmo, f"1EG4TE5MK7{index}") for index in range(5)]
    policies = [make.policy(store, member, feed, "1001") for member in members]
    other = make.business(store, second, "Elsewhere")
    sync(app, store, business)
    # One changes, one person changes, one loses the e-mail, one was removed and changes, one is new and known by hand.
    policies[0].status, policies[0].content_hash = "terminated", "changed"
    members[1].city = "Waco"
    members[2].email = None
    policies[3].status, policies[3].content_hash = "terminated", "changed too"
    store.execute(text("UPDATE crm_policy SET removed_at = now() WHERE policy_id = :p"), {"p": policies[3].id})
    store.execute(
        text("UPDATE contact SET typed = jsonb_build_object('email', '') WHERE member_id = :m"), {"m": members[4].id}
    )
    crm.contact(store, business, None, first_name="Ida", last_name="Quill", birth_date="1950-05-17", zip="43004")
    for npn in ("1001", "1002"):
        make.policy(store, make.member(store, fmo, first_name="Ida", last_name="Quill"), feed, npn)
    before = versions(setup_engine)

    again = rehearsed(app, fmo.id, business, "1001")
    more = rehearsed(app, fmo.id, business, "1001", "1002")

    assert versions(setup_engine) == before
    assert (again.updated, again.added, again.removed_by_agent, again.contacts_linked) == (3, 1, 1, 1)
    assert (again.without_email, again.policies, again.contacts) == (2, 5, 5)
    assert more.added == 2 and more.elsewhere == [
        {"npn": "1002", "business_id": str(other.id), "business": "Elsewhere"}
    ]
    assert again.elsewhere == []
    assert figures(sync(app, store, business)) == figures(again)
    with_it = rehearsed(app, fmo.id, business, "1001", "1002")
    make.business_npn(store, business, second)
    assert figures(sync(app, store, business)) == figures(with_it)
    nothing = rehearsed(app, fmo.id, business, "1001", "1002")
    assert (nothing.added, nothing.updated, nothing.unchanged, nothing.contacts_new) == (0, 0, 6, 0)
    assert figures(sync(app, store, business)) == figures(nothing)


def test_what_left_unnoticed_is_foretold_as_released(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    policies = [make.policy(store, make.member(store, fmo), feed, "1001") for _ in range(3)]
    sync(app, store, business)
    policies[0].writing_npn = "1009"
    make.policy(store, make.member(store, fmo), feed, "1001")
    store.commit()

    told = rehearsed(app, fmo.id, business, "1001")

    assert (told.released, told.added, told.unchanged, told.policies) == (1, 1, 2, 3)
    assert figures(sync(app, store, business)) == figures(told)


def test_leaves_no_trace_and_waits_for_nobody(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    crm.contact(store, business, None, first_name="Ida", last_name="Quill", birth_date="1950-05-17", zip="43004")
    make.policy(store, make.member(store, fmo, first_name="Ida", last_name="Quill"), feed, "1001")
    tables = ("contact", "contact_key", "crm_policy", "access_entry", "sync_line", "outbox")
    before = versions(setup_engine, tables)
    ahead: list[Expected] = []

    def ask(_: int) -> Expected:
        return rehearsed(app, fmo.id, business, "1001")

    with setup_engine.begin() as running, ThreadPoolExecutor(3) as pool:
        # As far as a run goes that is about to commit: it holds what runs hold and has written a key.
        running.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended('portal.contacts:' || :b, 0))"), {"b": str(business.id)}
        )
        running.execute(text(f"SELECT pg_advisory_xact_lock({locks._WRITERS})"), {"fmo": str(fmo.id)})
        running.execute(
            text(
                "INSERT INTO contact_key (fmo_id, business_id, id, contact_id, kind, value)"
                " SELECT fmo_id, business_id, uuidv7(), id, 'person', 'ida|quill|1950-05-17|43004' FROM contact"
            )
        )
        ahead = list(pool.map(ask, range(3), timeout=30))
        running.rollback()

    assert len({str(one.as_json()) for one in ahead}) == 1 and ahead[0].contacts_linked == 1
    assert versions(setup_engine, tables) == before
    assert rows(setup_engine, "SELECT 1 FROM access_entry") == []


def test_a_rehearsal_reads_no_other_account(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    mine, other = (make.business(store, make.agent(store, fmo, npn)) for npn in ("1001", "1002"))
    feed = make.feed_run(store, fmo)
    member = make.member(store, fmo, "1EG4TE5MK73", email=None, as_of=date(2026, 1, 1))
    for npn in ("1001", "1002"):
        make.policy(store, member, feed, npn)
    sync(app, store, other)

    told = rehearsed(app, fmo.id, mine, "1001")

    assert (told.contacts_new, told.contacts_linked, told.added) == (1, 0, 1)
