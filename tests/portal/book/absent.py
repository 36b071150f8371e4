"""Full sets of files for tests of what is missing from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.absence import operations
from portal.book.models import Connector, FeedRun, Policy
from portal.book.operations import request_load, run_feed
from portal.connectors.full_sets import FullSet
from portal.core import scope
from portal.core.scope import Role
from portal.extensions import db
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import jobs_scope
from tests.portal.book.rows import aetna, person
from tests.support.people import acting

Deliver = Callable[..., FeedRun]
Client = Callable[[User], FlaskClient]
DAYS = ("20261001", "20261101", "20261201", "20270101", "20270201", "20270301")


def told(numbers: Iterable[int], **other: str) -> bytes:
    """An Aetna file of these people, each with one open policy."""
    return aetna(*(person(number, **other) for number in numbers))


def full(day: str) -> str:
    """The name of a file that is Aetna's whole book of a day."""
    return f"Oak_MedicareApprovedBOBReport_{day}.csv"


def deliver(
    app: Flask, store: Session, fmo: Fmo, body: bytes, name: str, by: User | None = None, **more: bool
) -> FeedRun:
    """Hand in a file of that name and load it; the run as it ended."""
    who = (by,) if by else (Role.SYSTEM, fmo)
    with acting(app, *who):
        run_id = request_load(
            body=body, file_name=name, connector=None, by="Test", dry_run=more.get("dry_run", False)
        ).id
    return work(app, store, fmo, run_id)


def work(app: Flask, store: Session, fmo: Fmo, run_id: object) -> FeedRun:
    """What the worker does with a queued run."""
    with app.app_context(), scope.acting(jobs_scope(fmo)):
        run_feed(run_id)  # type: ignore[arg-type]
        db.session.remove()
    store.rollback()
    store.expire_all()
    return store.scalars(select(FeedRun).where(FeedRun.id == run_id)).one()


def missing(store: Session) -> dict[int, date]:
    """Which people's policies are marked, and since when."""
    store.rollback()
    store.expire_all()
    marked = store.scalars(select(Policy).where(Policy.missing_since.is_not(None)))
    return {int((one.member_number or "0")[-5:]): one.missing_since for one in marked if one.missing_since}


def say(app: Flask, who: User, name: str, whole: FullSet | None) -> int:
    """The admin declares what the connector's files are; how many marks that took back."""
    with acting(app, who):
        found = db.session.scalars(select(Connector).where(Connector.name == name)).one()
        return operations.declare(found, whole)
