"""Removing and restoring while something else happens: a second click, policies that leave and return."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from portal.crm import removal
from portal.crm.models import Contact, CrmPolicy
from portal.extensions import db
from tests.portal.crm.people import entries
from tests.portal.crm.test_leaving import take_away
from tests.portal.sync.runs import shown, sync
from tests.support.people import acting
from tests.support.world import World


def meanwhile(do: Callable[[], None]) -> None:
    """Let somebody else do something, from the beginning to the end."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(do).result(timeout=20)


def contact_of(contact_id: UUID) -> Contact:
    return db.session.scalars(select(Contact).where(Contact.id == contact_id)).one()


def removed(contact_id: UUID) -> Contact:
    return removal.removed_contacts_among([contact_id])[contact_id]


def test_a_second_click_leaves_a_contact_and_its_policies_together(
    app: Flask, store: Session, world: World, setup_engine: Engine
) -> None:
    """Both clicks read the contact before either has the account to itself."""
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    with acting(app, world.amy.admin) as late:
        read_before = contact_of(amy.contact.id)
        meanwhile(lambda: _remove(app, world, amy.contact.id))
        assert removal.remove_contact(read_before, by=late) == 0
    with acting(app, world.amy.admin) as by:
        assert removal.restore_contact(removed(amy.contact.id), by=by) == 1
    assert shown(setup_engine, world.amy.business) == {amy.policy.id}
    assert len(entries(store, "contact.remove")) == 1


def test_a_policy_that_went_with_its_contact_does_not_go_a_second_time(
    app: Flask, store: Session, world: World, setup_engine: Engine
) -> None:
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    with acting(app, world.amy.admin) as late:
        read_before = db.session.scalars(select(CrmPolicy).where(CrmPolicy.contact_id == amy.contact.id)).one()
        meanwhile(lambda: _remove(app, world, amy.contact.id))
        removal.remove_policy(read_before, by=late)
    with acting(app, world.amy.admin) as by:
        assert removal.restore_contact(removed(amy.contact.id), by=by) == 1
    assert shown(setup_engine, world.amy.business) == {amy.policy.id}


def test_what_left_while_the_page_was_open_is_not_there(app: Flask, store: Session, world: World) -> None:
    (amy,) = world.amy.people
    sync(app, store, world.amy.business)
    with pytest.raises(NotFound), acting(app, world.amy.admin) as late:
        read_before = contact_of(amy.contact.id)
        meanwhile(lambda: take_away(app, store, amy))
        removal.remove_contact(read_before, by=late)


def test_a_policy_comes_back_to_a_contact_that_was_restored_while_it_was_away(
    app: Flask, store: Session, world: World, setup_engine: Engine
) -> None:
    (amy,) = world.amy.people
    _make_own(store, amy.contact)
    sync(app, store, world.amy.business)
    _remove(app, world, amy.contact.id)
    take_away(app, store, amy)
    with acting(app, world.amy.admin) as by:
        assert removal.restore_contact(removed(amy.contact.id), by=by) == 0
    take_away(app, store, amy, amy.producer.npn)
    run = sync(app, store, world.amy.business)
    assert (run.policies, run.removed_by_agent) == (1, 0)
    assert shown(setup_engine, world.amy.business) == {amy.policy.id}


def test_a_policy_that_was_removed_alone_stays_out_when_its_contact_is_restored(
    app: Flask, store: Session, world: World, setup_engine: Engine
) -> None:
    (amy,) = world.amy.people
    _make_own(store, amy.contact)
    sync(app, store, world.amy.business)
    with acting(app, world.amy.admin) as by:
        copy = db.session.scalars(select(CrmPolicy).where(CrmPolicy.contact_id == amy.contact.id)).one()
        removal.remove_policy(copy, by=by)
    _remove(app, world, amy.contact.id)
    take_away(app, store, amy)
    with acting(app, world.amy.admin) as by:
        removal.restore_contact(removed(amy.contact.id), by=by)
    take_away(app, store, amy, amy.producer.npn)
    assert sync(app, store, world.amy.business).removed_by_agent == 1
    assert shown(setup_engine, world.amy.business) == set()


def _remove(app: Flask, world: World, contact_id: UUID) -> None:
    with acting(app, world.amy.admin) as by:
        removal.remove_contact(contact_of(contact_id), by=by)


def _make_own(store: Session, contact: Contact) -> None:
    own = store.get_one(Contact, (contact.business_id, contact.id))
    own.typed, own.agent_owned = {"phone": "+16145550123"}, True
    store.commit()
