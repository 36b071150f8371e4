"""The demo in the database: invented carrier files through the real connectors, accounts by the real operations."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from portal.book.models import Connector
from portal.book.operations import confirm_kind, confirm_writer, request_load, run_feed
from portal.book.operations.connectors import connector_for
from portal.businesses.models import Business
from portal.compliance.disclosures import office
from portal.compliance.disclosures.office import Office
from portal.compliance.recertification.operations import begin as begin_recertification
from portal.compliance.reviews.computing import compute
from portal.compliance.reviews.operations import begin
from portal.config import Settings
from portal.connectors.layouts import load_layouts
from portal.core import clock
from portal.core.scope import Login, Role, Scope, acting
from portal.core.session import open_session
from portal.core.shell import one_transaction
from portal.demo import cast
from portal.demo.generate import DemoFmo, DemoPlan, write_demo
from portal.downline.models import Producer
from portal.downline.operations import import_identifiers, import_producers
from portal.extensions import db
from portal.identity import accounts
from portal.identity.models import Fmo, User
from portal.identity.origin import scope_of
from portal.identity.sessions import IDENTITY_SCOPE
from portal.provisioning.operations import Person, Wanted, add_agent, provision
from portal.provisioning.places import zone_of
from portal.sync.operations import execute

Say = Callable[[str], None]
CONTACTS = {
    "summit": ("Agent support desk", "+12125550142", "support@summit.example"),
    "lakeside": ("Broker services", "+13125550117", "help@lakeside.example"),
}
# Where their members write and call.
MEMBERS = {
    "summit": Office(
        "Summit Senior Benefits, Member Privacy",
        "P.O. Box 1142\nAlbany, NY 12201",
        "(212) 555-0143",
        "privacy@summit.example",
    ),
    "lakeside": Office(
        "Lakeside Insurance Marketing, Privacy Office",
        "400 Lantern Way, Suite 12\nEvanston, IL 60201",
        "(312) 555-0118",
    ),
}
OFFICERS = {
    "admin@summit.example": ("Maria", "Ortega"),
    "deputy@summit.example": ("Walter", "Lindqvist"),
    "support@summit.example": ("Renata", "Okafor"),
    "steward@summit.example": ("Miles", "Bergstrom"),
    "users@summit.example": ("Tess", "Halloran"),
    "compliance@summit.example": ("Henry", "Aldous"),
    "admin@lakeside.example": ("Priya", "Raman"),
    "compliance@lakeside.example": ("Joan", "Sutter"),
}
STAFF = {
    "deputy": Role.FMO_ADMIN,
    "support": Role.FMO_SUPPORT,
    "steward": Role.FMO_STEWARD,
    "users": Role.FMO_USERS,
}
SIGN_INS = {
    "admin@summit.example": "FMO administrator, Summit Senior Benefits",
    "deputy@summit.example": "a second FMO administrator, who decides what is held for one",
    "support@summit.example": "provisioning and support: counts, no member",
    "steward@summit.example": "data steward: feeds, quarantine, crosswalk",
    "users@summit.example": "user administrator: people who sign in",
    "compliance@summit.example": "compliance officer, Summit",
    "agent@summit.example": "an agent with a Business of their own",
    "principal@summit.example": "principal of an agency (Administrator)",
    "producer@summit.example": "an agent of that agency (Limited: own NPN only)",
    "admin@lakeside.example": "FMO administrator, Lakeside Insurance Marketing",
    "compliance@lakeside.example": "compliance officer, Lakeside",
    "agent@lakeside.example": "an agent whose NPN is at Summit too",
}
LOGINS = "demo-logins.txt"


def ensure(app: Flask, settings: Settings, say: Say) -> None:
    """Load the demo where no FMO exists yet; write the sign-ins either way. A half-loaded demo is told, not hidden."""
    with app.app_context():
        write_logins(settings)
        with open_session(IDENTITY_SCOPE) as work:
            there = work.scalar(select(Fmo.id).limit(1)) is not None
        if not there:
            load(settings, say)


def load(settings: Settings, say: Say) -> None:
    """Write the carrier files and `truth.csv`, load them, and make the accounts of the demo's people."""
    say(f"Inventing {settings.demo_policies:,} policies …")
    plan = write_demo(
        settings.data / "demo", seed=settings.demo_seed, policies=settings.demo_policies, as_of=clock.today()
    )
    for fmo in plan.fmos:
        _office(fmo, settings.demo_password)
    for fmo in plan.fmos:
        say(f"Loading the carriers' files of {fmo.name} …")
        admin = _scope(fmo.admin)
        with one_transaction(admin):
            import_producers(_rows(fmo.agents_csv), by=admin)
        with one_transaction(admin):
            import_identifiers(_rows(fmo.crosswalk_csv), by=admin)
        _load_files(plan, fmo, admin)
        say(f"Provisioning the accounts of {fmo.name} …")
        _accounts(fmo, admin, settings.demo_password)
        _review(_scope(fmo.compliance))
        with one_transaction(officer := _scope(fmo.compliance)):
            begin_recertification(by=officer)
            office.change(MEMBERS[fmo.slug])


def _office(fmo: DemoFmo, password: str) -> None:
    accounts.add_fmo(fmo.slug, fmo.name, contact=CONTACTS[fmo.slug])
    for email, role in ((fmo.admin, Role.FMO_ADMIN), (fmo.compliance, Role.COMPLIANCE)):
        accounts.add_officer(fmo.slug, email, role, *OFFICERS[email], password)
    for name, role in STAFF.items():
        if (email := f"{name}@{fmo.slug}.example") in OFFICERS:
            accounts.add_officer(fmo.slug, email, role, *OFFICERS[email], password)


def _load_files(plan: DemoPlan, fmo: DemoFmo, admin: Scope) -> None:
    # The FMO says once that Humana's servicing agent is the writer: before the first file, so that nothing moves.
    with one_transaction(admin):
        confirm_kind(connector=connector_for(load_layouts()["humana"], None), kind="san")
    for file in plan.files:
        if file.fmo != fmo.slug:
            continue
        with one_transaction(admin):
            run = request_load(
                body=file.path, file_name=file.path.name, connector=None, dry_run=False, by=admin.actor_name
            )
        with acting(_jobs(admin)):
            run_feed(run.id)
            db.session.remove()
    # One carrier is left for whoever looks around to confirm.
    with one_transaction(admin):
        for connector in db.session.scalars(select(Connector).where(Connector.layout != "mutual_of_omaha")).all():
            confirm_writer(connector=connector)


def _accounts(fmo: DemoFmo, admin: Scope, password: str) -> None:
    _provision(fmo.agent, fmo.agent, Role.AGENT_ADMIN, admin, password)
    if fmo.agency is None:
        return
    shared = fmo.agency
    # The principal is the agency's first user and brings the agency's NPN; his own is left for Add Agent.
    business_id = _provision(shared.agency, shared.principal, Role.AGENT_ADMIN, admin, password)
    with one_transaction(admin):
        business = db.session.scalars(select(Business).where(Business.id == business_id)).one()
        done = add_agent(
            business=business,
            producer=_record(shared.limited),
            person=_person(shared.limited, Role.AGENT_LIMITED),
            sync_now=True,
            by=admin,
        )
        run_id = done.run.id if done.run else None
    _run(admin, business_id, run_id)
    accounts.reset_password(shared.limited.email, password)


def _provision(of: cast.Producer, who: cast.Producer, role: Role, admin: Scope, password: str) -> UUID:
    with one_transaction(admin):
        wanted = Wanted(
            producer=_record(of),
            business_name=of.name or f"{of.first} {of.last} Insurance",
            person=_person(who, role),
            time_zone=zone_of(of.state),
            state=of.state,
            enable_sync=True,
            agreement_signed=clock.today(),
        )
        done = provision(wanted, by=admin)
        business_id, run_id = done.business.id, done.run.id if done.run else None
    _run(admin, business_id, run_id)
    accounts.reset_password(who.email, password)
    return business_id


def _run(admin: Scope, business_id: UUID, run_id: UUID | None) -> None:
    if run_id is not None:
        with acting(_jobs(admin, business_id, run_id)):
            execute(run_id)
            db.session.remove()


def _review(officer: Scope) -> None:
    """Begin the officers' first review, so that there is something to judge: what was done up to this moment."""
    with one_transaction(officer):
        review = begin()
        review_id, review.until_at = review.id, clock.now()
    with one_transaction(officer):
        compute(review_id)


def _record(of: cast.Producer) -> Producer:
    return db.session.scalars(select(Producer).where(Producer.npn == of.npn)).one()


def _person(who: cast.Producer, role: Role) -> Person:
    return Person(who.first, who.last, who.email, f"+1{who.phone}", role)


def _scope(email: str) -> Scope:
    with open_session(IDENTITY_SCOPE) as work:
        return scope_of(work.scalars(select(User).where(User.email == email)).one())


def _jobs(admin: Scope, business_id: UUID | None = None, run_id: UUID | None = None) -> Scope:
    return Scope(
        login=Login.JOBS,
        role=Role.SYSTEM,
        fmo_id=admin.fmo_id,
        business_id=business_id,
        run_id=run_id,
        actor_name="Portal jobs",
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def write_logins(settings: Settings) -> None:
    """Keep the sign-ins in `$PORTAL_DATA/demo-logins.txt`, readable by the owner alone."""
    text = f"Every demo password is: {settings.demo_password}\n" + "".join(
        f"  {email:<28} {what}\n" for email, what in SIGN_INS.items()
    )
    path = settings.data / LOGINS
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text)
