"""Starting and carrying out runs in tests, and looking at what they left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from portal.core.scope import Login, Role, Scope
from portal.extensions import db
from portal.sync import operations
from portal.sync.models import SyncRun
from tests.support.people import acting

ACCOUNT = ("contact", "contact_source", "contact_key", "crm_policy", "possible_duplicate")


def admin_scope(fmo_id: UUID) -> Scope:
    """An FMO admin's scope."""
    return Scope(login=Login.FMO, role=Role.FMO_ADMIN, fmo_id=fmo_id, actor_name="Test Admin", actor_id=fmo_id)


def job_scope(business: Business, run_id: UUID | None = None) -> Scope:
    """The scope in which a worker carries out a run of `business`."""
    return Scope(
        login=Login.JOBS,
        role=Role.SYSTEM,
        actor_name="Test worker",
        fmo_id=business.fmo_id,
        business_id=business.id,
        run_id=run_id,
    )


def ask_for_run(app: Flask, business: Business, **given: Any) -> UUID:
    """A queued run of `business`."""
    scope = admin_scope(business.fmo_id)
    with acting(app, scope):
        fresh = db.session.get_one(Business, (business.fmo_id, business.id))
        run, _ = operations.request_run(fresh, "resync", by=scope, **given)
        return run.id


def carry_out(app: Flask, business: Business, run_id: UUID) -> str:
    """Do what a worker does that is given the run; gives the run's status."""
    with acting(app, job_scope(business, run_id)):
        return operations.execute(run_id)


def sync(app: Flask, store: Session, business: Business, **given: Any) -> SyncRun:
    """Ask for a run of `business`, carry it out, and give it as it is afterwards; fails where the run failed."""
    run_id = ask_for_run(app, business, **given)
    with acting(app, job_scope(business, run_id)):
        status = operations.execute(run_id)
    store.rollback()
    run = store.get_one(SyncRun, (business.id, run_id), populate_existing=True)
    assert status == run.status == "succeeded", run.error
    return run


def shown(engine: Engine, business: Business) -> set[UUID]:
    """The book's policies that the account's pages show, seen from behind every wall."""
    query = "SELECT policy_id FROM crm_policy WHERE business_id = :b AND released_at IS NULL AND removed_at IS NULL"
    with engine.connect() as connection:
        return set(connection.execute(text(query), {"b": business.id}).scalars())


def rows(engine: Engine, query: str, **given: Any) -> list[Any]:
    """What `query` gives behind every wall."""
    with engine.connect() as connection:
        return list(connection.execute(text(query), given).all())


def versions(engine: Engine, tables: Iterable[str] = ACCOUNT) -> dict[str, list[Any]]:
    """Every row of `tables` with the transaction that wrote it: equal before and after means nothing was written."""
    with engine.connect() as connection:
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT id::text, xmin::text, ctid::text FROM {table}"))))
            for table in tables
        }
