"""Rows for tests, one function a kind. Each takes the `store`, past every wall, and commits.

What a test does not say is filled with something valid and unlike any other row's. Copies: see `crm_builders`.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, event, update
from sqlalchemy.orm import Session

from portal.book.models import Connector, FeedProblem, FeedRun, Member, MemberKey, Policy, PolicyWriter
from portal.book.quarantine.bodies import Body
from portal.book.quarantine.models import RefusedRow
from portal.businesses.models import Business, BusinessNpn
from portal.connectors.ladder import name_key
from portal.core.crypto import encrypt, keyed_hash
from portal.core.models import table_of
from portal.core.scope import Role
from portal.downline.models import CarrierIdentifier, Producer
from portal.identity.models import Credential, Fmo, User

AS_OF = date(2026, 3, 2)
_numbers = itertools.count(1)
Row = TypeVar("Row")


@event.listens_for(Policy, "before_update")
def _number_policy(mapper: Any, connection: Connection, policy: Policy) -> None:
    """Number a change as a feed does: runs of Policy Sync read what is above the number they have seen."""
    policy.batch = number()


@event.listens_for(Member, "before_update")
def _number_member(mapper: Any, connection: Connection, member: Member) -> None:
    """As a feed does: with a member, every policy of theirs is numbered anew."""
    member.batch = number()
    book = table_of(Policy)
    connection.execute(update(book).where(book.c.member_id == member.id).values(batch=member.batch))


def add(store: Session, row: Row) -> Row:
    """Put `row` into the database, committed."""
    store.add(row)
    store.commit()
    return row


def number() -> int:
    """A number that this process has not used yet."""
    return next(_numbers)


def key(*words: str) -> str:
    """Words as the program's sort keys have them: lower case, letters and digits only, blanks between the words."""
    return " ".join("".join(filter(str.isalnum, word.lower())) for word in words)


def fmo(store: Session, slug: str | None = None, **values: Any) -> Fmo:
    """An FMO."""
    slug = slug or f"fmo{number()}"
    values = {"name": f"{slug.title()} Benefits", "contact_name": f"Desk {slug.title()}", **values}
    return add(store, Fmo(slug=slug, **values))


def user(
    store: Session, fmo: Fmo, role: Role = Role.FMO_ADMIN, business: Business | None = None, **values: Any
) -> User:
    """An active person, without a password; an agent needs a Business."""
    serial = number()
    email = f"{role.value}{serial}@{fmo.slug}.example"
    values = {"email": email, "first_name": role.value.title(), "last_name": f"User{serial}", **values}
    values.setdefault("state", "active")
    row = User(fmo_id=fmo.id, business_id=business.id if business else None, role=role, **values)
    return add(store, row)


def password(store: Session, user: User, text: str) -> Credential:
    """The password of `user`, hashed as the program does (slow: only for tests of signing in)."""
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return add(store, Credential(fmo_id=user.fmo_id, id=user.id, password_hash=cheap.hash(text)))


def agent(store: Session, fmo: Fmo, npn: str | None = None, agency: Producer | None = None, **values: Any) -> Producer:
    """An agent's record in the downline."""
    serial = number()
    first, last = values.pop("first_name", "Ann"), values.pop("last_name", f"Agent{serial}")
    values = {"email": f"agent{serial}@{fmo.slug}.example", "phone": "555-0100", "state": "OH", **values}
    names = {"first_name": first, "last_name": last, "name": f"{first} {last}", "name_key": key(last + first)}
    agency_id = agency.id if agency else None
    row = Producer(
        fmo_id=fmo.id, kind="agent", npn=npn or str(7300000 + serial), agency_id=agency_id, **names, **values
    )
    return add(store, row)


def agency(store: Session, fmo: Fmo, npn: str | None = None, name: str | None = None, **values: Any) -> Producer:
    """An agency's record in the downline."""
    serial = number()
    name = name or f"Agency {serial}"
    named = {"name": name, "name_key": key(name).replace(" ", "")}
    return add(store, Producer(fmo_id=fmo.id, kind="agency", npn=npn or str(5000000 + serial), **named, **values))


def identifier(store: Session, producer: Producer, value: str, **values: Any) -> CarrierIdentifier:
    """A line of the crosswalk that leads to `producer`."""
    values = {"carrier": "Humana", "kind": "san", "shown": value, "npn": producer.npn, **values}
    row = CarrierIdentifier(fmo_id=producer.fmo_id, producer_id=producer.id, value=value, **values)
    return add(store, row)


def business(store: Session, producer: Producer, name: str | None = None, **values: Any) -> Business:
    """An account provisioned from `producer`, with its NPN."""
    name = name or f"{producer.name} CRM"
    values = {"time_zone": "America/New_York", "state": "OH", "sync_enabled": True, **values}
    owned = {"fmo_id": producer.fmo_id, "producer_id": producer.id}
    row = add(store, Business(name=name, name_key=key(name).replace(" ", ""), **owned, **values))
    business_npn(store, row, producer)
    return row


def business_npn(store: Session, business: Business, producer: Producer) -> BusinessNpn:
    """One more NPN of an account, from now on."""
    owned = {"fmo_id": business.fmo_id, "business_id": business.id}
    return add(store, BusinessNpn(**owned, npn=producer.npn, producer_id=producer.id))


def connector(store: Session, fmo: Fmo, **values: Any) -> Connector:
    """A SmartConnector."""
    values = {"name": f"Humana {number()}", "carrier": "Humana", "layout": "humana", **values}
    return add(store, Connector(fmo_id=fmo.id, **values))


def feed_run(store: Session, fmo: Fmo, connector: Connector | None = None, **values: Any) -> FeedRun:
    """A feed run that succeeded."""
    serial = number()
    counts = {"rows": 2, "new": 2, "changed": 0, "unchanged": 0, "refused": 0, "dropped": 0, "unattributed": 0}
    file = {"file_name": f"book{serial}.csv", "sha256": f"{serial:064x}", "size": 1000, "as_of": AS_OF}
    finished = {"status": "succeeded", "finished_at": datetime.now(UTC), "requested_by": "Test"}
    connector_id = connector.id if connector else None
    return add(store, FeedRun(fmo_id=fmo.id, connector_id=connector_id, **{**counts, **file, **finished, **values}))


def feed_problem(store: Session, run: FeedRun, **values: Any) -> FeedProblem:
    """A row that `run` refused."""
    values = {"outcome": "refused", "sheet": "", "row": number(), "reason": "The birth date is no date.", **values}
    return add(store, FeedProblem(fmo_id=run.fmo_id, run_id=run.id, **values))


def refused_row(store: Session, run: FeedRun, connector: Connector, *cells: str, **values: Any) -> RefusedRow:
    """A row of a Humana file that waits in the quarantine; its first cell is a first name, its second a status."""
    serial = number()
    body = Body(["MbrFirstName", "Status"], list(cells) or ["MAE", "Gone"]).seal(run.fmo_id)
    told = {"digest": f"{serial:064x}", "cause": f"{serial:064x}", "row": serial, "sheet": "", "as_of": AS_OF}
    values = {"carrier": "humana", "reason": "“Status” is not known.", **told, **values}
    return add(store, RefusedRow(fmo_id=run.fmo_id, run_id=run.id, connector_id=connector.id, body=body, **values))


def member(store: Session, fmo: Fmo, mbi: str | None = None, **values: Any) -> Member:
    """An insured person of the book, with the keys they are recognised by."""
    serial = number()
    values = {"first_name": "Mae", "last_name": f"Member{serial}", "birth_date": date(1950, 5, 17), **values}
    values = {"zip": "43004", "email": f"m{serial}@mail.example", "phone": "555-0123", "carrier": "Humana", **values}
    sort_key = f"{name_key(values['last_name'])} {name_key(values['first_name'])}"
    row = Member(fmo_id=fmo.id, sort_key=sort_key, as_of=values.pop("as_of", AS_OF), **{"batch": serial, **values})
    if mbi:
        row.mbi = encrypt(mbi, fmo_id=fmo.id, field="mbi")
        row.mbi_hash = keyed_hash(mbi, fmo_id=fmo.id, field="mbi")
    add(store, row)
    if row.mbi_hash:
        add(store, MemberKey(fmo_id=fmo.id, member_id=row.id, kind="mbi", value=row.mbi_hash))
    return row


def policy(store: Session, member: Member, run: FeedRun, npn: str | None, **values: Any) -> Policy:
    """A policy of the book with its open interval of writing; `npn` None: unattributed."""
    serial = number()
    written_by = {"writing_npn": npn, "writer_source": "column" if npn else None}
    policy_number = values.pop("policy_number", f"P{serial:07}")
    numbered = {"policy_number": policy_number, "number_key": key(policy_number).upper(), "member_number": f"H{serial}"}
    plan = {"line_of_business": "MA", "plan_id": "H0001-001", "plan_name": "Gold Plus", "status": "active"}
    identified = {"identity": f"{serial:064x}", "content_hash": f"{serial:064x}", "batch": serial}
    dates = {"effective_date": date(2026, 1, 1), "as_of": AS_OF}
    source = {"source_run_id": run.id, "source_sheet": "", "source_row": serial, "carrier": "Humana"}
    owned = {"fmo_id": member.fmo_id, "member_id": member.id, "sort_key": member.sort_key}
    given = {**written_by, **numbered, **plan, **identified, **dates, **source, **values}
    row = add(store, Policy(**owned, **given))
    since = PolicyWriter(
        fmo_id=member.fmo_id, policy_id=row.id, npn=npn, source="column" if npn else "none", run_id=run.id
    )
    add(store, since)
    return row
