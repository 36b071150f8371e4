"""Contacts and Policies of one Business.

What carriers say (`carried`) and what agents typed (`typed`) are stored apart; the shown columns are computed from
both by the database, the agent's value first. So a release can take the carrier's values away without reading
what was typed. What an agent's file only said again (`brought`) stands below both: it shows where neither has a value.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Computed, ForeignKeyConstraint, Index, SmallInteger, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.connectors.ladder import name_key_sql
from portal.core.crypto import sealed
from portal.core.models import Base, BusinessOwned, Stamped

KEY = Text(collation="C")
ADDRESS = ("address1", "address2", "city", "state", "zip")  # one value: its lines never come from two places
TYPED_FIELDS = (
    "first_name", "middle_name", "last_name", "suffix", "birth_date", "gender", "email", "phone", *ADDRESS,
)  # fmt: skip


def _value(field: str) -> str:
    brought = f"brought->>'{field}'"
    if field in ADDRESS:
        brought = f"CASE WHEN NOT jsonb_exists_any(carried, '{{{','.join(ADDRESS)}}}') THEN {brought} END"
    return f"coalesce(typed->>'{field}', carried->>'{field}', {brought})"


def _shown(field: str) -> Computed:
    return Computed(_value(field), persisted=True)


def _name_key(field: str) -> str:
    return name_key_sql(f"coalesce({_value(field)}, '')")


_BIRTH = _value("birth_date")


class Contact(BusinessOwned, Stamped, Base):
    """A person in a Business's CRM, from sync, upload or hand."""

    __tablename__ = "contact"
    __sensitive__: ClassVar[str | None] = "contact"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("ix_contact_sort", "business_id", "sort_key", "id", postgresql_where=text("NOT hidden")),
        Index("ix_contact_first", "business_id", "first_key", "id", postgresql_where=text("NOT hidden")),
        Index(
            "ix_contact_no_email",
            "business_id",
            "id",
            postgresql_include=["fmo_id"],
            postgresql_where=text("NOT hidden AND removed_at IS NULL AND coalesce(email, '') = ''"),
        ),
        Index("ix_contact_birth", "business_id", "birth_date", "id", postgresql_where=text("NOT hidden")),
        Index("ix_contact_removed", "fmo_id", "business_id", "id", postgresql_where=text("removed_at IS NOT NULL")),
        ForeignKeyConstraint(["business_id", "merged_into"], ["contact.business_id", "contact.id"]),
        Index("ix_contact_merged", "business_id", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    )

    typed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # keys: TYPED_FIELDS
    carried: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # the same, newest carrier's
    brought: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))  # by agents, said again
    first_name: Mapped[str | None] = mapped_column(_shown("first_name"))
    middle_name: Mapped[str | None] = mapped_column(_shown("middle_name"))
    last_name: Mapped[str | None] = mapped_column(_shown("last_name"))
    suffix: Mapped[str | None] = mapped_column(_shown("suffix"))
    gender: Mapped[str | None] = mapped_column(_shown("gender"))
    email: Mapped[str | None] = mapped_column(_shown("email"))
    phone: Mapped[str | None] = mapped_column(_shown("phone"))
    address1: Mapped[str | None] = mapped_column(_shown("address1"))
    address2: Mapped[str | None] = mapped_column(_shown("address2"))
    city: Mapped[str | None] = mapped_column(_shown("city"))
    state: Mapped[str | None] = mapped_column(_shown("state"))
    zip: Mapped[str | None] = mapped_column(_shown("zip"))
    birth_date: Mapped[date | None] = mapped_column(
        Computed(
            f"make_date(substr({_BIRTH}, 1, 4)::int, substr({_BIRTH}, 6, 2)::int, substr({_BIRTH}, 9, 2)::int)",
            persisted=True,
        )
    )
    sort_key: Mapped[str] = mapped_column(
        KEY, Computed(f"{_name_key('last_name')} || ' ' || {_name_key('first_name')}", persisted=True)
    )
    first_key: Mapped[str] = mapped_column(KEY, Computed(_name_key("first_name"), persisted=True))  # for searching
    mbi: Mapped[str | None] = mapped_column(info=sealed("mbi"))  # as the book has it
    mbi_hash: Mapped[str | None]
    # The same from the agent, who may know it before any carrier tells it.
    typed_mbi: Mapped[str | None] = mapped_column(info=sealed("mbi"))
    typed_mbi_hash: Mapped[str | None]
    member_id: Mapped[UUID | None]  # the source member of the newest carrier values
    agent_owned: Mapped[bool] = mapped_column(server_default=text("false"))
    made_by: Mapped[UUID | None]  # the user who created it; None: the sync did
    hidden: Mapped[bool] = mapped_column(server_default=text("false"))  # left with its last policy, or merged
    merged_into: Mapped[UUID | None]  # the contact that is shown instead, itself never merged
    removed_at: Mapped[datetime | None]  # removed by the agent: no sync brings it back
    # Field → the carrier's value that an agent saw and left aside; only a newer one is offered again.
    dismissed: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class ContactSource(BusinessOwned, Base):
    """A source member linked to a contact, with that member's values as the last run brought them."""

    __tablename__ = "contact_source"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "contact_id"], ["contact.business_id", "contact.id"]),
        Index("uq_contact_source_member", "business_id", "member_id", unique=True),
        Index("ix_contact_source_contact", "business_id", "contact_id"),
    )

    contact_id: Mapped[UUID]
    member_id: Mapped[UUID]
    carried: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mbi: Mapped[str | None] = mapped_column(info=sealed("mbi"))
    mbi_hash: Mapped[str | None]
    carrier: Mapped[str]
    as_of: Mapped[date]
    rung: Mapped[str]  # how it was matched: new | linked | mbi | number | person


class ContactKey(BusinessOwned, Base):
    """What a contact is recognised by, as `book.MemberKey` is for members: mbi | number | person."""

    __tablename__ = "contact_key"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "contact_id"], ["contact.business_id", "contact.id"]),
        Index("uq_contact_key_value", "business_id", "kind", "value", "contact_id", unique=True),
        Index("ix_contact_key_contact", "business_id", "contact_id"),
    )

    contact_id: Mapped[UUID]
    kind: Mapped[str]
    value: Mapped[str] = mapped_column(KEY)
    upload_id: Mapped[UUID | None]  # of the file or merge that brought it; None: the carriers' values, or what shows


class PossibleDuplicate(BusinessOwned, Base):
    """Two contacts that may be one person, for a person to decide; `reason` in plain words without values."""

    __tablename__ = "possible_duplicate"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "contact_id"], ["contact.business_id", "contact.id"]),
        ForeignKeyConstraint(["business_id", "other_id"], ["contact.business_id", "contact.id"]),
        Index("uq_possible_duplicate_pair", "business_id", "contact_id", "other_id", unique=True),
        Index("ix_possible_duplicate_other", "business_id", "other_id"),
        Index(
            "ix_possible_duplicate_open", "business_id", "strength", "id", postgresql_where=text("decided_at IS NULL")
        ),
    )

    contact_id: Mapped[UUID]
    other_id: Mapped[UUID]
    reason: Mapped[str]
    run_id: Mapped[UUID | None]
    strength: Mapped[int] = mapped_column(SmallInteger, server_default=text("100"))  # 100: the ladder's own doubt
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    decision: Mapped[str | None]  # merged | different
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str | None]


class CrmPolicy(BusinessOwned, Stamped, Base):
    """A synced copy of a policy of the book. Released: gone from the account's pages, kept for the FMO and the log."""

    __tablename__ = "crm_policy"
    __sensitive__: ClassVar[str | None] = "crm_policy"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "contact_id"], ["contact.business_id", "contact.id"]),
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("uq_crm_policy_policy", "business_id", "policy_id", unique=True),
        Index(
            "ix_crm_policy_book",
            "fmo_id",
            "policy_id",
            # What counting over every account asks for, so that it needs the index alone.
            postgresql_include=["business_id", "npn", "released_at", "removed_at"],
        ),
        Index(
            "ix_crm_policy_contact",
            "business_id",
            "contact_id",
            postgresql_include=["fmo_id", "released_at", "removed_at"],  # to count people by the index alone
        ),
        Index(
            "ix_crm_policy_sort",
            "business_id",
            "sort_key",
            "id",
            # What every list's conditions ask for, so that counting needs the index alone.
            postgresql_include=["fmo_id", "removed_at", "npn"],
            postgresql_where=text("released_at IS NULL"),
        ),
        Index("ix_crm_policy_npn", "business_id", "npn", "id"),
        Index("ix_crm_policy_number", "business_id", "number_key", "id"),
        Index("ix_crm_policy_effective", "business_id", "effective_date", "id"),
    )

    policy_id: Mapped[UUID]
    member_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    npn: Mapped[str]
    carrier: Mapped[str]
    sort_key: Mapped[str] = mapped_column(KEY)
    policy_number: Mapped[str | None]
    number_key: Mapped[str] = mapped_column(KEY)
    member_number: Mapped[str | None]
    line_of_business: Mapped[str | None]
    product: Mapped[str | None]
    plan_id: Mapped[str | None]
    plan_name: Mapped[str | None]
    status: Mapped[str]
    status_raw: Mapped[str | None]
    status_reason: Mapped[str | None]
    effective_date: Mapped[date]
    term_date: Mapped[date | None]
    renewal_date: Mapped[date | None]
    premium: Mapped[str | None]
    as_of: Mapped[date]
    content_hash: Mapped[str] = mapped_column(KEY)  # of the book's row when it was copied
    writer_source: Mapped[str | None]  # column | crosswalk: where the book has the NPN from
    added_run_id: Mapped[UUID]
    changed_run_id: Mapped[UUID]
    released_at: Mapped[datetime | None]
    released_reason: Mapped[str | None]  # moved | npn_left
    removed_at: Mapped[datetime | None]  # removed by the agent: no sync brings it back


class LeftPolicy(BusinessOwned, Base):
    """A policy that left the account, with what its agent is told of it: name, carrier, date and reason, no more."""

    __tablename__ = "left_policy"
    __sensitive__: ClassVar[str | None] = "left_policy"
    __table_args__ = (
        ForeignKeyConstraint(["fmo_id", "business_id"], ["business.fmo_id", "business.id"]),
        Index("ix_left_policy_when", "business_id", "left_at", "id"),
    )

    policy_id: Mapped[UUID]
    member_id: Mapped[UUID]
    npn: Mapped[str]  # under which it was in the account
    first_name: Mapped[str | None]  # as the carrier named the member on that day
    last_name: Mapped[str | None]
    carrier: Mapped[str]
    reason: Mapped[str]  # moved | npn_left
    left_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Note(BusinessOwned, Stamped, Base):
    """What a user wrote on a contact; seen by its author and whole-account users."""

    __tablename__ = "note"
    __sensitive__: ClassVar[str | None] = "note"
    __table_args__ = (
        ForeignKeyConstraint(["business_id", "contact_id"], ["contact.business_id", "contact.id"]),
        Index("ix_note_contact", "business_id", "contact_id", "created_at"),
    )

    contact_id: Mapped[UUID]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    body: Mapped[str]
    upload_id: Mapped[UUID | None]  # of the file that brought it
