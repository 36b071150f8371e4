"""The same days in the portal: real carrier files through the real loader, people's own operations, real runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun
from portal.book.operations import request_load, run_feed
from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business, BusinessNpn
from portal.core import scope
from portal.core.scope import Role
from portal.crm import removal
from portal.crm.duplicates import merging
from portal.crm.duplicates.queries import pair_between
from portal.crm.models import Contact, CrmPolicy
from portal.crm.uploads import operations as uploads
from portal.crm.uploads.models import Upload
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations import add_identifier
from portal.extensions import db
from portal.identity.models import Fmo, User
from portal.provisioning.operations import Person, add_agent
from portal.provisioning.operations.moving import move as move_agent
from portal.provisioning.operations.offboarding import off_board
from tests.portal.book.conftest import hold_nothing, jobs_scope
from tests.portal.book.rows import aetna, mutual, person
from tests.portal.sync.runs import sync
from tests.support import builders as make
from tests.support.people import acting

NPNS = ("1001", "1002", "1003")
PEOPLE = tuple(f"Case{letter}" for letter in "ABCDE")  # the last names of an Aetna file
OWN = ("CaseF", "CaseG")  # whom only agents know
CODES = ("WNA", "WNB")  # what Mutual of Omaha calls its agents


@dataclass(slots=True)
class Place:
    """An FMO of its own with three agents, two or three accounts, and what the next carrier files will say."""

    app: Flask
    store: Session
    fmo: Fmo
    producers: dict[str, Producer]
    accounts: dict[str, Business]
    admins: dict[str, User]
    limited: dict[str, User]  # account → a user of its first NPN
    aetna: dict[str, tuple[str, str]] = field(default_factory=dict)  # policy → (person, NPN)
    mutual: dict[str, str] = field(default_factory=dict)  # policy → writing number
    days: int = 0
    people: int = 0  # who came by Add Agent
    uploads: dict[str, list[UUID]] = field(default_factory=dict)  # account → applied, not undone


def open_place(app: Flask, store: Session, wanted: dict[str, set[str]]) -> Place:
    """An FMO whose `wanted` accounts (name → NPNs) exist and hold nothing."""
    fmo = make.fmo(store)
    hold_nothing(store, fmo)
    producers = {npn: make.agent(store, fmo, npn) for npn in NPNS}
    place = Place(app, store, fmo, producers, {}, {}, {})
    for name, npns in wanted.items():
        business = make.business(store, make.agency(store, fmo), name)
        for npn in sorted(npns):
            make.business_npn(store, business, producers[npn])
        place.accounts[name] = business
        place.admins[name] = make.user(store, fmo, Role.AGENT_ADMIN, business)
        place.limited[name] = make.user(store, fmo, Role.AGENT_LIMITED, business, npn=min(npns))
    return place


def load(place: Place) -> None:
    """Both carriers send what they have to say today."""
    place.days += 1
    day = f"2026{1 + place.days // 28:02}{1 + place.days % 28:02}"
    rows = [_aetna_row(policy, who, npn) for policy, (who, npn) in place.aetna.items()]
    if rows:
        _load(place, aetna(*rows), f"aetna_{day}.csv")
    told = [
        {"Policy Number": policy, "Insured Name": f"{last_name(policy)}, Ann", "Writing Agent Number": code}
        for policy, code in place.mutual.items()
    ]
    if told:
        _load(place, mutual(*told), f"mutual_{day}.csv")


def last_name(who: str) -> str:
    """Under which name a person of the model stands in the account."""
    return who if who in PEOPLE + OWN else f"Mutual{'abcdefghij'[int(who[-1])]}"


def called(name: str) -> str:
    """The person whose last name this is."""
    return name if name in PEOPLE + OWN else f"56000{'abcdefghij'.index(name.removeprefix('Mutual'))}"


def _aetna_row(policy: str, who: str, npn: str) -> dict[str, str]:
    serial = (PEOPLE + OWN).index(who) * 26  # one last name each
    plan = {"Plan Name": policy, "PBP Code": f"{int(policy[1:]):03}"}
    return person(serial, **{"Writing Agent NPN": npn, "Email": "", **plan})


def _load(place: Place, body: bytes, name: str) -> None:
    with acting(place.app, jobs_scope(place.fmo)):
        run = request_load(body=body, file_name=name, connector=None, dry_run=False, by="Test").id
    with place.app.app_context(), scope.acting(jobs_scope(place.fmo)):
        run_feed(run)
    place.store.rollback()
    done = place.store.get_one(FeedRun, (place.fmo.id, run), populate_existing=True)
    assert (done.status, done.refused) == ("succeeded", 0), done.error


@contextmanager
def admin(place: Place) -> Iterator[Any]:
    """Work as the FMO's admin."""
    with acting(place.app, Role.FMO_ADMIN, place.fmo) as at_work:
        yield at_work


def name_code(place: Place, code: str, npn: str | None) -> None:
    """The crosswalk says whose `code` is; None: nobody's any more."""
    with admin(place) as by:
        for line in db.session.scalars(select(CarrierIdentifier).where(CarrierIdentifier.value == code)).all():
            _forget(line)
        if npn is not None:
            producer = db.session.get_one(Producer, (place.fmo.id, place.producers[npn].id))
            told = {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": code}
            add_identifier(producer, **told, valid_from=None, valid_to=None, by=by)


def _forget(line: CarrierIdentifier) -> None:
    from portal.downline.operations import end_identifier

    end_identifier(line, last_day=date(2000, 1, 1), by=scope.current())


def join(place: Place, account: str, npn: str) -> None:
    """The account gets one more NPN."""
    with admin(place) as by:
        businesses.add_npn(_business(place, account), _producer(place, npn), by=by)


def leave(place: Place, account: str, npn: str) -> None:
    """An NPN leaves the account."""
    mine = (BusinessNpn.business_id == place.accounts[account].id, BusinessNpn.npn == npn, BusinessNpn.until.is_(None))
    with admin(place) as by:
        businesses.end_npn(db.session.scalars(select(BusinessNpn).where(*mine)).one(), by=by)


def bring(place: Place, account: str, npn: str) -> None:
    """Add Agent: the NPN, and who brought it before where they are of this account, else somebody new."""
    place.people += 1
    before = today(place, account)
    known = before.npn == npn and before.business_id == place.accounts[account].id
    email = before.email if known else f"new{place.people}@{place.fmo.slug}.example"
    person = Person("Ann", "Again", email, None, Role.AGENT_LIMITED)
    with admin(place) as by:
        business, producer = _business(place, account), _producer(place, npn)
        if known and accounts.open_npn(business.id, npn) is not None:
            return  # who is there already is not added a second time
        add_agent(business=business, producer=producer, person=person, sync_now=False, by=by)


def move(place: Place, npn: str, origin: str, target: str) -> None:
    """The NPN and its people go from one account to the other."""
    with admin(place) as by:
        ends: dict[str, Any] = {"origin": _business(place, origin), "target": _business(place, target)}
        who: dict[str, Any] = {"producer": _producer(place, npn), "role": Role.AGENT_LIMITED, "reason": None}
        move_agent(**who, **ends, sync_now=False, by=by)


def see_off(place: Place, npn: str) -> None:
    """The agent leaves every account."""
    with admin(place) as by:
        off_board(_producer(place, npn), reason="Left", until=None, inactive=False, by=by)


def _business(place: Place, account: str) -> Business:
    return db.session.get_one(Business, (place.fmo.id, place.accounts[account].id))


def _producer(place: Place, npn: str) -> Producer:
    return db.session.get_one(Producer, (place.fmo.id, place.producers[npn].id))


def run(place: Place, account: str) -> None:
    """One run of Policy Sync, which is switched on again where the account had lost its last NPN."""
    with admin(place) as by:
        businesses.set_sync(_business(place, account), enabled=True, by=by)
    sync(place.app, place.store, place.accounts[account])


@contextmanager
def agent(place: Place, account: str) -> Iterator[Any]:
    """Work as the account's Administrator."""
    with acting(place.app, place.admins[account]) as at_work:
        yield at_work


def policy_name(copy: CrmPolicy) -> str:
    """How the model calls a policy."""
    return (copy.plan_name if copy.carrier == "aetna" else copy.policy_number) or ""


def seen(place: Place, user: User) -> tuple[dict[str, UUID], dict[UUID, str]]:
    """What a user's pages can show: policy → its contact, and contact → last name."""
    with acting(place.app, user):
        policies = {policy_name(copy): copy.contact_id for copy in db.session.scalars(select(CrmPolicy))}
        return policies, {one.id: one.last_name or "" for one in db.session.scalars(select(Contact))}


def today(place: Place, account: str) -> User:
    """The Limited user who began in this account, as they are by now."""
    place.store.rollback()
    return place.store.get_one(User, (place.fmo.id, place.limited[account].id), populate_existing=True)


def with_policy(place: Place, account: str, policy: str, do: Callable[[CrmPolicy, Any], object]) -> None:
    """Do something with a policy that the Administrator sees."""
    with agent(place, account) as by:
        found = next(copy for copy in db.session.scalars(select(CrmPolicy)) if policy_name(copy) == policy)
        do(found, by)


def restore_policy(place: Place, account: str, policy: str) -> None:
    """Bring back a policy that was removed by itself."""
    with agent(place, account) as by:
        gone = db.session.scalars(select(CrmPolicy).execution_options(narrowed_as="removed"))
        removal.restore_policy(next(copy for copy in gone if policy_name(copy) == policy), by=by)


def remove_contact(place: Place, account: str, contact: UUID) -> None:
    """Take a contact and its policies out of the account."""
    with agent(place, account) as by:
        removal.remove_contact(db.session.scalars(select(Contact).where(Contact.id == contact)).one(), by=by)


def restore_contact(place: Place, account: str, contact: UUID) -> bool:
    """Bring a removed contact back; False where the account's list of removed contacts has it not."""
    with agent(place, account) as by:
        found = removal.removed_contacts_among([contact])
        if contact in found:
            removal.restore_contact(found[contact], by=by)
        return contact in found


def merge(place: Place, account: str, kept: UUID, merged: UUID) -> UUID:
    """The Administrator makes one of two contacts; the merge's id."""
    with agent(place, account) as by:
        one, other = (db.session.scalars(select(Contact).where(Contact.id == each)).one() for each in (kept, merged))
        pair = pair_between(one, other)
        return merging.merge(pair if pair is None or pair.decided_at is None else None, one, other, by=by).id


def unmerge(place: Place, account: str, kept: UUID) -> None:
    """The last merge into a contact is taken back."""
    with agent(place, account) as by:
        merging.undo(merging.merges_of(kept)[0], by=by)


def upload(place: Place, account: str, people: set[str], *, medicare: bool) -> None:
    """The agent uploads these people with name, birth date and zip, and their Medicare number or none."""
    lines = ["First name,Last name,Birth date,ZIP,Email,MBI"]
    for who in sorted(people):
        row = _aetna_row("P1", who, "1001")
        mbi = row["Medicare Number"] if medicare else ""
        born = row["Date of Birth"]
        lines.append(f"{row['First Name']},{who},{born},43004,{who.lower()}@mail.example,{mbi}")
    with agent(place, account) as by:
        made = uploads.start("\n".join(lines).encode(), "people.csv", by=by)
        key, columns = (place.accounts[account].id, made.id), made.columns
    with agent(place, account) as by:
        chosen = {int(position): name for position, name in columns.items()}
        uploads.choose_columns(db.session.get_one(Upload, key), chosen, "mdy", by=by)
    with agent(place, account) as by:
        uploads.apply(db.session.get_one(Upload, key), by=by)
    place.uploads.setdefault(account, []).append(key[1])


def undo_upload(place: Place, account: str, which: int) -> None:
    """One of the uploads is taken back."""
    with agent(place, account) as by:
        key = (place.accounts[account].id, place.uploads[account].pop(which))
        uploads.undo(db.session.get_one(Upload, key), by=by)
