"""Two FMOs that must not know of each other, and in the first three accounts that must not either.

What a person could read in one account stands in no other, so that a leak shows as text: see `Account.marks`.

    summit    Amy alone · Nora, the neighbour · the agency Harbor: principal Pat, Limited Lee, Ali who sees it all
    lakeside  Lou, whose NPN is Amy's · officers of their own
    both      staff with each preset
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.book.models import Connector, FeedRun, Member, Policy
from portal.businesses.models import Business
from portal.core.scope import Role
from portal.crm.models import Contact, CrmPolicy, Note
from portal.downline.models import CarrierIdentifier, Producer
from portal.identity.models import Fmo, User
from portal.sync.models import SyncRun
from tests.support import builders as make
from tests.support import crm_builders as crm

SAME_NPN = "1001001"  # Amy's at Summit and Lou's at Lakeside
STAFF = {"support": Role.FMO_SUPPORT, "steward": Role.FMO_STEWARD, "users": Role.FMO_USERS}


@dataclass(slots=True)
class Person:
    """An agent with everything that is theirs alone."""

    producer: Producer
    user: User
    member: Member
    policy: Policy
    contact: Contact
    crm_policy: CrmPolicy
    marks: list[str]  # words that only who may see this person's book may read


@dataclass(slots=True)
class Account:
    """A Business and its people."""

    business: Business
    people: list[Person]
    run: SyncRun
    note: Note
    activity: Activity

    @property
    def admin(self) -> User:
        """The user with the role Administrator."""
        return self.people[0].user

    @property
    def marks(self) -> list[str]:
        """Words that stand in this account alone."""
        return [mark for person in self.people for mark in person.marks]


@dataclass(slots=True)
class Office:
    """One FMO: its officers, its book and its accounts."""

    fmo: Fmo
    admin: User
    compliance: User
    staff: dict[Role, User]  # one of each preset beside the administrator
    connector: Connector
    feed_run: FeedRun
    identifier: CarrierIdentifier
    unattributed: Policy
    stray: Member  # the member of `unattributed`
    accounts: list[Account] = field(default_factory=list)

    @property
    def marks(self) -> list[str]:
        """Words that stand in this FMO alone."""
        return [self.stray.last_name, *(mark for account in self.accounts for mark in account.marks)]


@dataclass(slots=True)
class World:
    """Everything, by name."""

    summit: Office
    lakeside: Office
    amy: Account
    harbor: Account
    nora: Account
    lou: Account
    agency: Producer
    ali: User

    @property
    def pat(self) -> Person:
        """Principal of the agency, Administrator of its account."""
        return self.harbor.people[0]

    @property
    def lee(self) -> Person:
        """Producer of the agency, Limited to their own NPN."""
        return self.harbor.people[1]


def build(store: Session) -> World:
    """Fill an empty database; takes a tenth of a second."""
    summit, lakeside = _office(store, "summit"), _office(store, "lakeside")
    amy = _account(store, summit, [_agent(store, summit, "Amy", SAME_NPN)])
    nora = _account(store, summit, [_agent(store, summit, "Nora", "1003003")])
    agency = make.agency(store, summit.fmo, "2000002", "Qagencyharbor Insurance")
    pat = _agent(store, summit, "Pat", "2001001", agency, principal=True)
    lee = _agent(store, summit, "Lee", "2002002", agency)
    harbor = _account(store, summit, [pat, lee], agency)
    ali = make.user(store, summit.fmo, Role.AGENT_ALL, harbor.business, first_name="Ali", npn="2000002")
    lou = _account(store, lakeside, [_agent(store, lakeside, "Lou", SAME_NPN)])
    return World(summit, lakeside, amy, harbor, nora, lou, agency, ali)


def _office(store: Session, slug: str) -> Office:
    fmo = make.fmo(store, slug)
    admin = make.user(store, fmo, Role.FMO_ADMIN, email=f"admin@{slug}.example", last_name=f"Qadmin{slug}")
    officer = make.user(store, fmo, Role.COMPLIANCE, email=f"compliance@{slug}.example", last_name=f"Qofficer{slug}")
    connector = make.connector(store, fmo, name=f"Qconnector{slug}")
    run = make.feed_run(store, fmo, connector, file_name=f"qfile{slug}.csv", refused=1)
    make.feed_problem(store, run, reason=f"Qproblem{slug}.")
    stray = make.member(store, fmo, first_name="Stray", last_name=f"Qstray{slug}")
    unattributed = make.policy(store, stray, run, None, policy_number=f"QU{slug}")
    outside = make.agent(store, fmo, first_name="Olga", last_name=f"Qoutside{slug}")
    identifier = make.identifier(store, outside, f"QSAN{slug}".upper())
    staff = {
        role: make.user(store, fmo, role, email=f"{name}@{slug}.example", last_name=f"Qstaff{name}{slug}")
        for name, role in STAFF.items()
    }
    return Office(fmo, admin, officer, staff, connector, run, identifier, unattributed, stray)


def _agent(
    store: Session, office: Office, name: str, npn: str, agency: Producer | None = None, *, principal: bool = False
) -> Producer:
    last = f"Qagent{name.lower()}"
    return make.agent(store, office.fmo, npn, agency, first_name=name, last_name=last, is_principal=principal)


def _account(store: Session, office: Office, producers: list[Producer], owner: Producer | None = None) -> Account:
    owner = owner or producers[0]
    business = make.business(store, owner, f"Qbusiness{make.key(owner.name).replace(' ', '')}")
    people = [_person(store, office, business, producer, position) for position, producer in enumerate(producers)]
    for producer in producers:
        if producer is not owner:
            make.business_npn(store, business, producer)
    first = people[0]
    note = crm.note(store, first.contact, first.user, f"Qnote{first.user.first_name.lower()}")
    activity = crm.activity(store, business, office.admin, f"Qactivity{first.user.first_name.lower()}")
    crm.activity(store, owner, office.admin, f"Qrecord{first.user.first_name.lower()}")
    run = crm.sync_run(store, business, activity_id=activity.id)
    crm.resync_request(store, business, first.user)
    crm.possible_duplicate(store, first.contact, crm.contact(store, business, None, last_name=f"{note.body}own"))
    first.marks.extend([note.body, activity.summary, business.name])
    account = Account(business, people, run, note, activity)
    office.accounts.append(account)
    return account


def _person(store: Session, office: Office, business: Business, producer: Producer, position: int) -> Person:
    name = (producer.first_name or "").lower()
    role = Role.AGENT_ADMIN if position == 0 else Role.AGENT_LIMITED
    who = {"first_name": producer.first_name, "last_name": producer.last_name, "npn": producer.npn}
    user = make.user(store, office.fmo, role, business, email=f"{name}@{office.fmo.slug}.example", **who)
    person = {"first_name": f"Qfirst{name}", "last_name": f"Qlast{name}", "email": f"qmail{name}@mail.example"}
    member = make.member(store, office.fmo, _mbi(make.number()), **person)
    policy = make.policy(
        store, member, office.feed_run, producer.npn, policy_number=f"QP{name.upper()}", plan_name=f"Qplan{name}"
    )
    contact, copy = crm.synced(store, business, policy, member)
    marks = [*person.values(), f"QP{name.upper()}", f"Qplan{name}", f"Qagent{name}", str(policy.id), str(contact.id)]
    return Person(producer, user, member, policy, contact, copy, [*marks, str(copy.id), str(member.id)])


def _mbi(serial: int) -> str:
    return f"1EG4TE5MK{serial % 100:02}"
