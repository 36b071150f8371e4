"""who recipients were, wrong deliveries, disclosures told by hand, accountings asked for, and cases of wrong delivery"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import FMO, INSERT, SELECT, UPDATE, allow, disallow, grant, protect, revoke, setting

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

# A job that names a Business says nothing of another one's deliveries.
OF_JOB = f"{FMO} AND ({setting('business_id')} IS NULL OR recipient_id = {setting('business_id', '::uuid')})"
ALONE = f"{FMO} AND recorded_by = {setting('actor_id', '::uuid')}"
OPENED = f"{FMO} AND opened_by = {setting('actor_id', '::uuid')}"
COPY = "fmo_id, business_id, policy_id, carrier, npn"


def _uuid(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _day(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=nullable)


def _moment(name: str, *, now: bool = False, nullable: bool = True) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable and not now)


def _table(name: str, *columns: object) -> None:
    key = sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f(f"pk_{name}"))
    op.create_table(name, _uuid("fmo_id"), _uuid("id"), *columns, key)  # type: ignore[arg-type]  # columns and checks


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    _disclosures()
    _requests()
    _cases()
    protect("disclosure_recipient", [("jobs", {SELECT: "", INSERT: ""}, OF_JOB), ("compliance", {SELECT: ""}, FMO)])
    judged = "verdict, note, decided_by, decided_name, decided_at, case_id"
    protect(
        "misdelivery",
        [
            ("fmo", {INSERT: ""}, FMO),
            ("jobs", {INSERT: ""}, OF_JOB),
            ("compliance", {SELECT: "", INSERT: "", UPDATE: judged}, FMO),
        ],
    )
    protect(
        "recorded_disclosure",
        [("compliance", {SELECT: "", INSERT: "", UPDATE: "struck_name, struck_at, struck_reason"}, FMO)],
        checks={("compliance", INSERT): ALONE},
    )
    protect(
        "accounting_request",
        [
            (
                "compliance",
                {SELECT: "", INSERT: "", UPDATE: "due_on, put_off_why, put_off_on, answered_on, answered_name, lines"},
                FMO,
            )
        ],
        checks={("compliance", INSERT): ALONE},
    )
    worked = "told, conclusion, concluded_name, concluded_at"
    protect(
        "breach_case",
        [("compliance", {SELECT: "", INSERT: "", UPDATE: f"{worked}, closed_name, closed_at"}, FMO)],
        checks={("compliance", INSERT): OPENED},
    )
    protect("breach_notice", [("compliance", {SELECT: "", INSERT: ""}, FMO)])
    terms = "days, contact, changed_name, changed_at"
    protect("carrier_term", [("compliance", {SELECT: "", INSERT: "", UPDATE: terms}, FMO)])
    allow("crm_policy", "compliance", SELECT, FMO, columns=COPY)  # which carrier, and nothing of the person
    grant("member", "compliance", SELECT, "state")  # how many live in one, never who


def _disclosures() -> None:
    npns = sa.Column("npns", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    _table("disclosure_recipient", _uuid("recipient_id"), _moment("since", now=True), _text("name"), _text("contact"), npns)
    op.create_index("ix_disclosure_recipient_since", "disclosure_recipient", ["fmo_id", "recipient_id", "since"])
    _table(
        "misdelivery",
        *(_uuid(name) for name in ("recipient_id", "policy_id", "member_id")),
        _text("carrier"),
        _text("npn"),
        _text("new_npn", nullable=True),
        _uuid("delivered_run_id"),
        _moment("found_at", now=True),
        _text("cause"),
        _text("verdict"),
        _uuid("case_id", nullable=True),
        _text("note", nullable=True),
        _uuid("decided_by", nullable=True),
        _text("decided_name", nullable=True),
        _moment("decided_at"),
        _check("misdelivery", "verdict", "verdict IN ('wrong', 'possible', 'right')"),
    )
    delivery = ["fmo_id", "recipient_id", "policy_id", "delivered_run_id"]
    op.create_index("uq_misdelivery_delivery", "misdelivery", delivery, unique=True)
    op.create_index("ix_misdelivery_member", "misdelivery", ["fmo_id", "member_id"])
    waits = sa.text("verdict = 'possible'")
    op.create_index("ix_misdelivery_open", "misdelivery", ["fmo_id", "found_at", "id"], postgresql_where=waits)


def _requests() -> None:
    _table(
        "recorded_disclosure",
        _uuid("member_id"),
        _day("disclosed_on"),
        _text("kind"),
        _text("told"),
        _day("withheld_until", nullable=True),
        _uuid("recorded_by"),
        _text("recorded_name"),
        _moment("recorded_at", now=True),
        _text("struck_name", nullable=True),
        _moment("struck_at"),
        _text("struck_reason", nullable=True),
    )
    op.create_index("ix_recorded_disclosure_member", "recorded_disclosure", ["fmo_id", "member_id", "disclosed_on"])
    _table(
        "accounting_request",
        _uuid("member_id"),
        *(_day(name) for name in ("received_on", "due_on", "first_day", "last_day")),
        _text("told"),
        _text("put_off_why", nullable=True),
        _day("put_off_on", nullable=True),
        _uuid("recorded_by"),
        _text("recorded_name"),
        _day("answered_on", nullable=True),
        _text("answered_name", nullable=True),
        sa.Column("lines", sa.Integer(), nullable=True),
    )
    op.create_index("ix_accounting_request_due", "accounting_request", ["fmo_id", "due_on", "id"])
    op.create_index("ix_accounting_request_member", "accounting_request", ["fmo_id", "member_id"])


def _cases() -> None:
    _table(
        "breach_case",
        _text("title"),
        _uuid("recipient_id"),
        _text("recipient_name"),
        _moment("since", nullable=False),
        _moment("until", nullable=False),
        _uuid("run_id", nullable=True),
        _text("npn", nullable=True),
        sa.Column("every_policy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        _day("discovered_on"),
        _uuid("opened_by"),
        _text("opened_name"),
        _moment("opened_at", now=True),
        *(_text(name, nullable=True) for name in ("told", "conclusion", "concluded_name")),
        _moment("concluded_at"),
        _text("closed_name", nullable=True),
        _moment("closed_at"),
        _check("breach_case", "conclusion", "conclusion IN ('low', 'breach', 'exception')"),
        _check("breach_case", "span", "until > since"),
    )
    op.create_index("ix_breach_case_opened", "breach_case", ["fmo_id", "opened_at", "id"])
    members = sa.Column("members", sa.Integer(), nullable=False)
    told = (_day("sent_on"), _text("sent_to"), _text("recorded_name"), _moment("recorded_at", now=True))
    _table("breach_notice", _uuid("case_id"), _text("carrier"), members, *told)
    op.create_index("uq_breach_notice_carrier", "breach_notice", ["fmo_id", "case_id", "carrier"], unique=True)
    days = sa.Column("days", sa.Integer(), nullable=False)
    within = _check("carrier_term", "days", "days BETWEEN 0 AND 60")
    _table(
        "carrier_term", _text("carrier"), days, _text("contact"), _text("changed_name"), _moment("changed_at", now=True), within
    )
    op.create_index("uq_carrier_term_carrier", "carrier_term", ["fmo_id", "carrier"], unique=True)


def downgrade() -> None:
    revoke("member", "compliance", SELECT, "state")
    disallow("crm_policy", "compliance", SELECT, COPY)
    for table in (
        "carrier_term", "breach_notice", "breach_case", "accounting_request", "recorded_disclosure", "misdelivery",
        "disclosure_recipient",
    ):  # fmt: skip
        op.drop_table(table)
