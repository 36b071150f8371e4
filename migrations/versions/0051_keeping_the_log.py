"""how long the log is kept: terms, legal holds, archived months, and the one login that may end a month

The login `retention` sees no table. It may run one function, which ends a month only where everything is as the policy
has it: past the term of every FMO in it and never before six years, archived as it is now, approved by two people, and
under no hold. The function writes what it did into the log in the transaction in which the month goes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_rules import ACTOR, FMO, INSERT, SELECT, UPDATE, grant, login, protect, revoke

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# Row security is forced on the owner too, who has no policy and would find no hold and no entry. So it is unforced for
# the length of this transaction: whoever else asks waits, and nobody places a hold meanwhile.
END = """
CREATE FUNCTION end_access_month(ending date, as_of timestamptz, operator text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '3s' AS $$
DECLARE
  part text := 'access_entry_' || to_char(ending, 'YYYY_MM');
  past timestamptz := (date_trunc('month', ending) + interval '1 month') AT TIME ZONE 'UTC';
  newest timestamptz; one record; hold record; term integer; held boolean; gone bigint := 0;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('public.' || part)
                 AND inhparent = 'public.access_entry'::regclass) THEN
    RAISE EXCEPTION 'the log has no month %', to_char(ending, 'YYYY-MM');
  END IF;
  EXECUTE format('ALTER TABLE public.%I NO FORCE ROW LEVEL SECURITY', part);
  ALTER TABLE legal_hold NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE log_archive NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE log_term NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('SELECT max(at) FROM public.%I', part) INTO newest;
  past := greatest(past, newest + interval '1 microsecond');
  -- By the server's own clock, whatever it is told: the least that the law demands.
  IF past > now() - interval '6 years' THEN
    RAISE EXCEPTION '% is not six years old', to_char(ending, 'YYYY-MM');
  END IF;
  FOR one IN EXECUTE format('SELECT fmo_id, count(*) AS entries FROM public.%I GROUP BY fmo_id', part) LOOP
    term := coalesce((SELECT t.years FROM log_term t WHERE t.fmo_id = one.fmo_id ORDER BY t.set_at DESC, t.id DESC
                      LIMIT 1), 10);
    IF past > as_of - make_interval(years => term) THEN
      RAISE EXCEPTION '% is within the term of the FMO %', to_char(ending, 'YYYY-MM'), one.fmo_id;
    END IF;
    IF NOT EXISTS (SELECT FROM log_archive a WHERE a.fmo_id = one.fmo_id AND a.month = ending
                   AND a.entries = one.entries AND a.ended_at IS NULL) THEN
      RAISE EXCEPTION '% of the FMO % is not archived as it is now', to_char(ending, 'YYYY-MM'), one.fmo_id;
    END IF;
    IF NOT EXISTS (SELECT FROM log_archive a WHERE a.fmo_id = one.fmo_id AND a.month = ending
                   AND a.approved_by IS NOT NULL AND (a.second_by IS NOT NULL OR operator <> '')) THEN
      RAISE EXCEPTION '% of the FMO % is not approved by two people', to_char(ending, 'YYYY-MM'), one.fmo_id;
    END IF;
    FOR hold IN SELECT h.subject_id FROM legal_hold h WHERE h.fmo_id = one.fmo_id AND h.lifted_at IS NULL LOOP
      held := hold.subject_id IS NULL;
      IF NOT held THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I e WHERE e.fmo_id = $1 AND strpos(e::text, $2) > 0)', part)
        INTO held USING one.fmo_id, hold.subject_id::text;
      END IF;
      IF held THEN
        RAISE EXCEPTION '% is under a legal hold of the FMO %', to_char(ending, 'YYYY-MM'), one.fmo_id;
      END IF;
    END LOOP;
    gone := gone + one.entries;
  END LOOP;
  -- The log waits from here on, for the moment that this takes.
  ALTER TABLE access_entry NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE installation_entry NO FORCE ROW LEVEL SECURITY;
  INSERT INTO access_entry (fmo_id, id, actor_name, role, action, subject_kind, subject_ids, outcome, detail, version)
  SELECT a.fmo_id, uuidv7(), coalesce(nullif(operator, ''), 'Retention'), 'system', 'log_archive.end', 'log_archive',
         ARRAY[a.id], 'done', jsonb_build_object('month', to_char(ending, 'YYYY-MM'), 'count', a.entries), 1
  FROM log_archive a WHERE a.month = ending AND a.ended_at IS NULL;
  INSERT INTO installation_entry (id, action, outcome, reason, detail)
  VALUES (uuidv7(), 'log_archive.end', 'done', nullif(operator, ''),
          jsonb_build_object('month', to_char(ending, 'YYYY-MM'), 'count', gone));
  UPDATE log_archive SET ended_at = now(), ended_by = nullif(operator, '') WHERE month = ending AND ended_at IS NULL;
  EXECUTE format('DROP TABLE public.%I', part);
  ALTER TABLE installation_entry FORCE ROW LEVEL SECURITY;
  ALTER TABLE access_entry FORCE ROW LEVEL SECURITY;
  ALTER TABLE log_term FORCE ROW LEVEL SECURITY;
  ALTER TABLE log_archive FORCE ROW LEVEL SECURITY;
  ALTER TABLE legal_hold FORCE ROW LEVEL SECURITY;
  RETURN gone;
END $$
"""
NO_FUNCTION_BUT = "FUNCTION end_access_month(date, timestamptz, text)"


def upgrade() -> None:
    _tables()
    protect(
        "log_term",
        [("compliance", {SELECT: "", INSERT: ""}, FMO), ("sealer", {SELECT: ""}, FMO)],
        checks={("compliance", INSERT): f"{FMO} AND set_by = {ACTOR}"},
    )
    lifted = "lifted_by, lifted_name, lifted_at, lifted_reason"
    protect(
        "legal_hold",
        [("compliance", {SELECT: "", INSERT: "", UPDATE: lifted}, FMO), ("sealer", {SELECT: ""}, FMO)],
        checks={
            ("compliance", INSERT): f"{FMO} AND placed_by = {ACTOR} AND lifted_by IS NULL",
            ("compliance", UPDATE): f"{FMO} AND lifted_by = {ACTOR}",
        },
    )
    made = "fmo_id, id, month, begin_at, end_at, entries, seals, file, size, sha256, parts, key_id, signature, version"
    approved = "approved_by, approved_name, approved_at, second_by, second_name, second_at"
    protect(
        "log_archive",
        [("sealer", {SELECT: "", INSERT: made}, FMO), ("compliance", {SELECT: "", UPDATE: approved}, FMO)],
        checks={("compliance", UPDATE): f"{FMO} AND (approved_by = {ACTOR} OR second_by = {ACTOR})"},
    )
    op.add_column("seal_check", sa.Column("archived", sa.Integer(), server_default=sa.text("0"), nullable=False))
    grant("seal_check", "sealer", UPDATE, "archived")
    op.execute(END)
    op.execute(f"REVOKE ALL ON {NO_FUNCTION_BUT} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON {NO_FUNCTION_BUT} TO {login('retention')}")


def _tables() -> None:
    op.create_table(
        "log_term",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("years", sa.SmallInteger(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_name", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("years BETWEEN 6 AND 50", name=op.f("ck_log_term_years")),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_log_term")),
    )
    op.create_index("ix_log_term_when", "log_term", ["fmo_id", "set_at"])
    op.create_table(
        "legal_hold",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_name", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_name", sa.Text(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(kind = 'log') = (subject_id IS NULL)", name=op.f("ck_legal_hold_subject")),
        sa.CheckConstraint("kind IN ('log', 'member', 'person', 'business')", name=op.f("ck_legal_hold_kind")),
        sa.CheckConstraint("lifted_by <> placed_by", name=op.f("ck_legal_hold_two_people")),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_legal_hold_lifted")),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_legal_hold")),
    )
    op.create_index("ix_legal_hold_when", "legal_hold", ["fmo_id", "placed_at"])
    op.create_table(
        "log_archive",
        sa.Column("fmo_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("begin_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("seals", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(
            sa.Column(f"{who}_{what}", kind, nullable=True)
            for who in ("approved", "second")
            for what, kind in (("by", sa.Uuid()), ("name", sa.Text()), ("at", sa.DateTime(timezone=True)))
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint("second_by <> approved_by", name=op.f("ck_log_archive_two_people")),
        sa.CheckConstraint(
            "second_by IS NULL OR approved_by IS NOT NULL", name=op.f("ck_log_archive_first_comes_first")
        ),
        sa.PrimaryKeyConstraint("fmo_id", "id", name=op.f("pk_log_archive")),
    )
    op.create_index("uq_log_archive_month", "log_archive", ["fmo_id", "month"], unique=True)


def downgrade() -> None:
    op.execute(f"DROP {NO_FUNCTION_BUT}")
    revoke("seal_check", "sealer", UPDATE, "archived")
    op.drop_column("seal_check", "archived")
    for table in ("log_archive", "legal_hold", "log_term"):
        op.drop_table(table)
