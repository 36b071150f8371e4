"""One run: what it copies, what it leaves, and that a second one writes nothing."""

from __future__ import annotations

from datetime import date

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.portal.sync.runs import rows, shown, sync, versions
from tests.support import builders as make


def test_copies_exactly_the_policies_of_its_npn(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo, other = make.fmo(store), make.fmo(store)
    agent, stranger = make.agent(store, fmo, "1001"), make.agent(store, fmo, "1002")
    business, neighbour = make.business(store, agent), make.business(store, stranger)
    feed = make.feed_run(store, fmo)
    mine = [make.policy(store, make.member(store, fmo), feed, "1001", status=s) for s in ("active", "terminated")]
    theirs = make.policy(store, make.member(store, fmo), feed, "1002")
    make.policy(store, make.member(store, fmo), feed, None)
    twin = make.agent(store, other, "1001")
    make.policy(store, make.member(store, other), make.feed_run(store, other), twin.npn)

    run = sync(app, store, business)

    assert shown(setup_engine, business) == {policy.id for policy in mine}
    assert shown(setup_engine, neighbour) == set()
    assert (run.policies, run.contacts, run.added, run.contacts_new, run.unchanged) == (2, 2, 2, 2, 0)
    sync(app, store, neighbour)
    assert shown(setup_engine, neighbour) == {theirs.id}
    log = rows(
        setup_engine, "SELECT subject_ids, member_ids, business_id FROM access_entry WHERE action = 'policy.disclosed'"
    )
    assert sorted((e.subject_ids[0], e.member_ids[0], e.business_id) for e in log) == sorted(
        [(p.id, p.member_id, business.id) for p in mine] + [(theirs.id, theirs.member_id, neighbour.id)]
    )


def test_a_second_run_writes_no_row_of_the_account(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    for index in range(5):
        member = make.member(store, fmo, f"1EG4TE5MK7{index}")
        make.policy(store, member, feed, "1001")
        make.policy(store, member, feed, "1001", effective_date=date(2025, 1, 1))
    sync(app, store, business)
    before = versions(setup_engine)

    run = sync(app, store, business)

    assert versions(setup_engine) == before
    assert (run.added, run.updated, run.unchanged, run.policies, run.contacts) == (0, 0, 10, 10, 5)


def test_an_update_fills_in_and_spares_what_was_typed(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    member = make.member(store, fmo, phone="555-0101", email=None)
    policy = make.policy(store, member, make.feed_run(store, fmo), "1001")
    run = sync(app, store, business)
    assert run.without_email == 1
    store.execute(text('UPDATE contact SET typed = \'{"phone": "555-0199"}\', agent_owned = true'))
    member.phone, member.email, member.as_of = "555-0102", "new@mail.example", date(2026, 4, 1)
    policy.status, policy.content_hash, policy.as_of = "terminated", "changed", date(2026, 4, 1)
    store.commit()

    run = sync(app, store, business)

    [contact] = rows(setup_engine, "SELECT phone, email, carried->>'phone' AS told FROM contact")
    assert (contact.phone, contact.email, contact.told) == ("555-0199", "new@mail.example", "555-0102")
    [copy] = rows(setup_engine, "SELECT status, as_of FROM crm_policy")
    assert (copy.status, copy.as_of) == ("terminated", date(2026, 4, 1))
    assert (run.updated, run.added, run.without_email, run.contacts) == (1, 0, 0, 1)


def test_what_the_agent_removed_is_told_and_not_brought_back(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    gone, kept, hidden = (make.member(store, fmo) for _ in range(3))
    removed = make.policy(store, gone, feed, "1001")
    stays = make.policy(store, kept, feed, "1001")
    make.policy(store, hidden, feed, "1001")
    sync(app, store, business)
    earlier = "UPDATE crm_policy SET removed_at = now() - interval '1 hour' WHERE policy_id = :p"
    store.execute(text(earlier), {"p": removed.id})
    for statement in (
        "UPDATE contact SET removed_at = now() WHERE member_id = :m",
        "UPDATE crm_policy SET removed_at = now() WHERE member_id = :m",
    ):
        store.execute(text(statement), {"m": hidden.id})
    removed.status, hidden.city = "terminated", "Waco"
    store.commit()
    late = make.policy(store, hidden, feed, "1001")

    run = sync(app, store, business)

    assert (run.removed_by_agent, run.policies, run.added, run.updated) == (3, 1, 0, 0)
    assert shown(setup_engine, business) == {stays.id}
    lines = rows(setup_engine, "SELECT what, reason, policy_ids FROM sync_line WHERE run_id = :r", r=run.id)
    assert {line.reason: len(line.policy_ids) for line in lines} == {"policy_removed": 1, "contact_removed": 2}
    assert {line.what for line in lines} == {"skipped"}
    before = versions(setup_engine)
    assert sync(app, store, business).removed_by_agent == 3
    assert versions(setup_engine) == before

    # What stays out is kept up to date, so that restoring shows what a run would.
    store.execute(text("UPDATE crm_policy c SET removed_at = NULL FROM contact k WHERE k.removed_at = c.removed_at"))
    store.execute(text("UPDATE contact SET removed_at = NULL"))
    store.commit()
    assert late.id in shown(setup_engine, business) and removed.id not in shown(setup_engine, business)
    told = rows(setup_engine, "SELECT city FROM contact WHERE member_id = :m", m=hidden.id)
    assert [row.city for row in told] == ["Waco"]
    assert rows(setup_engine, "SELECT status FROM crm_policy WHERE policy_id = :p", p=removed.id) == [("terminated",)]


def test_two_carriers_of_one_person_make_one_contact(app: Flask, store: Session, setup_engine: Engine) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    names = {"first_name": "Ida", "last_name": "Quill"}
    old = make.member(store, fmo, "1EG4TE5MK73", **names, phone=None, email="old@mail.example", address1="1 Old Road")
    new = make.member(
        store, fmo, "1EG4TE5MK73", **names, email=None, carrier="Aetna", as_of=date(2026, 5, 1), address1="2 New Road"
    )
    old.address2, old.zip = "Apt 4", "43001"
    store.commit()
    for member in (old, new):
        make.policy(store, member, feed, "1001", carrier=member.carrier)

    run = sync(app, store, business)

    [contact] = rows(setup_engine, "SELECT email, phone, address1, address2, member_id FROM contact")
    assert tuple(contact) == ("old@mail.example", "555-0123", "2 New Road", None, new.id)
    assert (run.contacts, run.contacts_new, run.possible_duplicates) == (1, 1, 0)


def test_a_newer_file_that_only_repeats_makes_the_account_fresher(app: Flask, store: Session) -> None:
    fmo = make.fmo(store)
    business = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo, make.connector(store, fmo, carrier="humana"), as_of=date(2026, 3, 2))
    make.policy(store, make.member(store, fmo), feed, "1001", carrier="humana", as_of=date(2026, 3, 2))
    newer = {"as_of": date(2026, 4, 9), "status": "succeeded"}
    make.feed_run(store, fmo, make.connector(store, fmo, name="again", carrier="humana"), **newer)
    make.feed_run(
        store, fmo, make.connector(store, fmo, name="else", carrier="aetna"), **newer | {"as_of": date(2026, 5, 1)}
    )

    sync(app, store, business)

    store.refresh(business)
    assert business.carrier_data_of == date(2026, 4, 9)
