"""Agents and agencies, and their carrier identifiers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.models import Base, FmoOwned, Stamped


class Producer(FmoOwned, Stamped, Base):
    """An agent or an agency of the downline, titled by name and NPN."""

    __tablename__ = "producer"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id"], ["fmo.id"]),
        ForeignKeyConstraint(["fmo_id", "agency_id"], ["producer.fmo_id", "producer.id"]),
        Index("uq_producer_npn", "fmo_id", "npn", unique=True),
        Index("ix_producer_name", "fmo_id", "kind", "name_key", "id"),
        Index("ix_producer_agency", "fmo_id", "agency_id"),
        CheckConstraint("kind IN ('agent', 'agency')", name="kind"),
        CheckConstraint("npn ~ '^[1-9][0-9]{0,9}$'", name="npn_canonical"),
    )

    kind: Mapped[str]
    npn: Mapped[str]
    first_name: Mapped[str | None]  # of an agent
    last_name: Mapped[str | None]
    name: Mapped[str]  # what the record is titled: the agency's name, or first and last name
    name_key: Mapped[str]  # agent: "lastfirst", agency: the name; lower case, letters and digits only
    email: Mapped[str | None]
    phone: Mapped[str | None]
    state: Mapped[str | None]
    agency_id: Mapped[UUID | None]  # the agency an agent is a member of
    is_principal: Mapped[bool] = mapped_column(server_default=text("false"))  # of that agency
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class CarrierIdentifier(FmoOwned, Stamped, Base):
    """One line of the crosswalk: what a carrier calls an agent, and whose NPN that is, between two dates.

    A TIN may be a person's social security number: then `value` is a keyed hash and `shown` its last four digits.
    """

    __tablename__ = "carrier_identifier"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "producer_id"], ["producer.fmo_id", "producer.id"]),
        Index("ix_carrier_identifier_value", "fmo_id", "carrier", "kind", "value"),
        Index("ix_carrier_identifier_producer", "fmo_id", "producer_id"),
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to >= valid_from", name="dates"),
    )

    carrier: Mapped[str]
    kind: Mapped[str]  # san | tin | writing_number | producer_code | agent_id
    value: Mapped[str]  # canonical: upper case without blanks; keyed hash where kind is tin
    shown: Mapped[str]
    npn: Mapped[str]
    producer_id: Mapped[UUID | None]  # None: an NPN outside the downline
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]  # the last day on which it holds
