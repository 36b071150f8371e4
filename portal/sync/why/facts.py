"""What is known about one policy and one Business, gathered with the FMO's own rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import func, select

from portal.book import queries as book
from portal.book.models import Connector, FeedRun, HeldChange, Member, Policy, PolicyWriter
from portal.book.rules import layout_of, stands
from portal.businesses import queries as businesses
from portal.businesses.agreements import Agreement
from portal.businesses.models import Business, BusinessNpn
from portal.connectors.normalise import number_key
from portal.crm.models import Contact, ContactSource, CrmPolicy
from portal.downline import queries as downline
from portal.downline.models import CarrierIdentifier, Producer
from portal.extensions import db
from portal.sync import queries as runs
from portal.sync.models import SyncRun

LINES, COPIES, FOUND = 20, 50, 50


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the chain speaks of; without a Business, what is the same for all of them."""

    policy: Policy
    member: Member
    feed: FeedRun
    writers: Sequence[PolicyWriter]
    lines: Sequence[CarrierIdentifier]  # of the crosswalk, that spell the row's identifier
    confirmed: bool  # whether the identifier's kind may attribute
    producers: dict[str, Producer]
    serving: Sequence[Business]  # those that have the writing NPN today
    held: Sequence[HeldChange]  # what waits for a second admin and would move policies away from the writing NPN
    business: Business | None = None
    npns: Sequence[BusinessNpn] = ()  # the Business's records of the writing NPN, the newest first
    near: bool = False  # whether the writing NPN, not the account's, is of the same people or agency
    agreement: Agreement | None = None
    last_runs: Sequence[SyncRun] = ()
    copy: CrmPolicy | None = None
    added_run: SyncRun | None = None
    person_removed: bool = False  # whether the agent removed the contact of the member

    @property
    def npn(self) -> str | None:
        """The NPN that wrote the policy, as the book has it now."""
        return self.policy.writing_npn

    @property
    def producer(self) -> Producer | None:
        """The record of the downline with that NPN."""
        return self.producers.get(self.npn or "")


def gather(policy: Policy, business: Business | None) -> Facts:
    """The facts about `policy` in the account of `business`; at most 19 statements."""
    writers = book.writers_of(policy)
    npns = {writer.npn for writer in writers if writer.npn} | ({policy.writing_npn} if policy.writing_npn else set())
    member = db.session.scalars(select(Member).where(Member.id == policy.member_id)).one()
    known = Facts(
        policy=policy,
        member=member,
        feed=book.run_of(policy),
        writers=writers,
        lines=_lines(policy),
        confirmed=_confirmed(policy),
        producers=downline.by_npns(npns),
        serving=businesses.by_npn(policy.writing_npn) if policy.writing_npn else (),
        held=[one for one in book.waiting_changes() if policy.writing_npn in {pair[0] for pair in one.effect["pairs"]}],
    )
    return _with_account(known, business) if business is not None else known


def _with_account(known: Facts, business: Business) -> Facts:
    policy = known.policy
    copy = db.session.scalar(
        select(CrmPolicy).where(CrmPolicy.business_id == business.id, CrmPolicy.policy_id == policy.id)
    )
    added = None
    if copy is not None:
        added = db.session.scalar(
            select(SyncRun).where(SyncRun.business_id == business.id, SyncRun.id == copy.added_run_id)
        )
    records = db.session.scalars(
        select(BusinessNpn)
        .where(BusinessNpn.business_id == business.id, BusinessNpn.npn == (policy.writing_npn or ""))
        .order_by(BusinessNpn.since.desc(), BusinessNpn.id.desc())
        .limit(LINES)
    ).all()
    return replace(
        known,
        business=business,
        npns=records,
        near=_near(business, policy.writing_npn, records),
        agreement=businesses.agreement(business),
        last_runs=runs.latest(business.id),
        copy=copy,
        added_run=added,
        person_removed=_person_removed(business, policy),
    )


def _near(business: Business, npn: str | None, records: Sequence[BusinessNpn]) -> bool:
    if npn is None or any(one.until is None for one in records):
        return False
    users = businesses.users_of(business.id)
    if any(user.npn == npn and user.state != "deactivated" for user in users):
        return True
    first = downline.by_id(business.producer_id)
    return (first is not None and first.npn == npn) or any(gap["npn"] == npn for gap in runs.gaps_of(business.id))


def _person_removed(business: Business, policy: Policy) -> bool:
    gone = (
        select(Contact.id)
        .join(
            ContactSource,
            (ContactSource.business_id == Contact.business_id) & (ContactSource.contact_id == Contact.id),
        )
        .where(
            ContactSource.business_id == business.id,
            ContactSource.member_id == policy.member_id,
            Contact.removed_at.is_not(None),
        )
        .limit(1)
    )
    return db.session.scalar(gone.execution_options(unlogged="whether the agent removed the person")) is not None


def _lines(policy: Policy) -> Sequence[CarrierIdentifier]:
    # As a load compares: as it is written, and only where no line spells it so without leading zeros.
    if policy.writer_kind is None or policy.writer_value is None:
        return []
    of_kind = select(CarrierIdentifier).where(
        CarrierIdentifier.carrier == policy.carrier, CarrierIdentifier.kind == policy.writer_kind
    )
    ordered = of_kind.order_by(CarrierIdentifier.valid_from, CarrierIdentifier.id).limit(LINES)
    found = db.session.scalars(ordered.where(CarrierIdentifier.value == policy.writer_value)).all()
    bare = policy.writer_value.lstrip("0")
    if found or policy.writer_kind == "tin" or not bare:
        return found
    return db.session.scalars(ordered.where(func.ltrim(CarrierIdentifier.value, "0") == bare)).all()


def _confirmed(policy: Policy) -> bool:
    if policy.writer_kind is None:
        return True
    mine = db.session.scalars(select(Connector).where(Connector.carrier == policy.carrier).limit(LINES)).all()
    rules = [rule for one in mine if (layout := layout_of(one)) for rule in layout.writer.crosswalks]
    asked = any(rule.kind == policy.writer_kind and rule.needs_confirmation for rule in rules)
    return not asked or any(policy.writer_kind in one.confirmed_kinds and stands(one) for one in mine)


def accounts_of(policy: Policy) -> list[Business]:
    """The Businesses that have the policy, then those that should, then those that had it; each once, at most 50."""
    copies = db.session.scalars(
        select(CrmPolicy).where(CrmPolicy.policy_id == policy.id).order_by(CrmPolicy.business_id).limit(COPIES)
    ).all()
    living = [one.business_id for one in copies if one.released_at is None]
    serving = [one.id for one in businesses.by_npn(policy.writing_npn)] if policy.writing_npn else []
    ids: list[UUID] = list(dict.fromkeys([*living, *serving, *(one.business_id for one in copies)]))
    found = businesses.by_ids(ids)
    return [found[one] for one in ids if one in found]


def find(carrier: str, number: str) -> Sequence[Policy]:
    """The book's policies of that carrier with that policy number, else with that member number; at most 50."""
    of_carrier = select(Policy).where(Policy.carrier == carrier)
    ordered = of_carrier.order_by(Policy.effective_date.desc(), Policy.id).limit(FOUND)
    found = db.session.scalars(ordered.where(Policy.number_key == number_key(number))).all()
    if found:
        return found
    # Without an index: it is asked seldom, and an index would cost every load.
    return db.session.scalars(ordered.where(Policy.member_number == "".join(number.upper().split()))).all()
