"""Recipients as they were, wrong deliveries, disclosures told by hand, and requests for an accounting.

Like the log these tables have no foreign keys: what they say outlives what it speaks of.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.crypto import sealed
from portal.core.models import Base, FmoOwned

WRONG, POSSIBLE, RIGHT = "wrong", "possible", "right"


class Recipient(FmoOwned, Base):
    """Who a Business was from a moment on: noted by the run that delivers, where it differs from the line before."""

    __tablename__ = "disclosure_recipient"
    __table_args__ = (Index("ix_disclosure_recipient_since", "fmo_id", "recipient_id", "since"),)

    recipient_id: Mapped[UUID]  # the Business
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    name: Mapped[str]
    contact: Mapped[str]  # of the record behind it: name, state, email, phone
    npns: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))


class Misdelivery(FmoOwned, Base):
    """A delivery that was wrong, or may have been: its copy left because the book names another writing agent.

    `delivered_run_id` and the policy name the delivery's entry in the log. One judgement a delivery.
    """

    __tablename__ = "misdelivery"
    __sensitive__: ClassVar[str | None] = "misdelivery"
    __table_args__ = (
        Index("uq_misdelivery_delivery", "fmo_id", "recipient_id", "policy_id", "delivered_run_id", unique=True),
        Index("ix_misdelivery_member", "fmo_id", "member_id"),
        Index("ix_misdelivery_open", "fmo_id", "found_at", "id", postgresql_where=text("verdict = 'possible'")),
        CheckConstraint("verdict IN ('wrong', 'possible', 'right')", name="verdict"),
    )

    recipient_id: Mapped[UUID]
    policy_id: Mapped[UUID]
    member_id: Mapped[UUID]
    carrier: Mapped[str]
    npn: Mapped[str]  # under which it was delivered
    new_npn: Mapped[str | None]  # whose it was found to be; None: nobody's, or no longer in the book
    delivered_run_id: Mapped[UUID]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    cause: Mapped[str]  # a key of words.CAUSES
    verdict: Mapped[str]
    case_id: Mapped[UUID | None]  # the case in which it was found
    note: Mapped[str | None] = mapped_column(info=sealed("misdelivery.note"))
    decided_by: Mapped[UUID | None]  # None: what the book says leaves no doubt
    decided_name: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class RecordedDisclosure(FmoOwned, Base):
    """A disclosure outside the portal that an officer typed in; struck out where it was a mistake, never changed."""

    __tablename__ = "recorded_disclosure"
    __sensitive__: ClassVar[str | None] = "recorded_disclosure"
    __table_args__ = (Index("ix_recorded_disclosure_member", "fmo_id", "member_id", "disclosed_on"),)

    member_id: Mapped[UUID]
    disclosed_on: Mapped[date]
    kind: Mapped[str]  # a key of words.KINDS
    told: Mapped[str] = mapped_column(
        info=sealed("recorded_disclosure.told")
    )  # JSON: recipient, address, what, purpose
    withheld_until: Mapped[date | None]  # an agency asked that the member is not told before (164.528(a)(2))
    recorded_by: Mapped[UUID]
    recorded_name: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
    struck_name: Mapped[str | None]
    struck_at: Mapped[datetime | None]
    struck_reason: Mapped[str | None] = mapped_column(info=sealed("recorded_disclosure.struck"))


class AccountingRequest(FmoOwned, Base):
    """A member's request for an accounting: answered within 60 days, which may be put off once by 30 in writing."""

    __tablename__ = "accounting_request"
    __sensitive__: ClassVar[str | None] = "accounting_request"
    __table_args__ = (
        Index("ix_accounting_request_due", "fmo_id", "due_on", "id"),
        Index("ix_accounting_request_member", "fmo_id", "member_id"),
    )

    member_id: Mapped[UUID]
    received_on: Mapped[date]
    due_on: Mapped[date]
    first_day: Mapped[date]  # of the time asked for
    last_day: Mapped[date]
    told: Mapped[str] = mapped_column(info=sealed("accounting_request.told"))  # JSON: send_to as the request says, note
    put_off_why: Mapped[str | None]
    put_off_on: Mapped[date | None]
    recorded_by: Mapped[UUID]
    recorded_name: Mapped[str]
    answered_on: Mapped[date | None]
    answered_name: Mapped[str | None]
    lines: Mapped[int | None]  # disclosures in the answer


class MemberOffice(FmoOwned, Base):
    """Where members write and call, as it is printed on their letters. `id` is the FMO's."""

    __tablename__ = "member_office"
    __table_args__ = (CheckConstraint("id = fmo_id", name="one"),)

    name: Mapped[str]
    address: Mapped[str]  # postal, its lines as typed
    phone: Mapped[str]
    email: Mapped[str | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    changed_name: Mapped[str]
