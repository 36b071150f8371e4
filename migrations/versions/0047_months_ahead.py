"""a month that cannot be made does not keep the next ones from being made

Entries that stand outside every month keep theirs from being made: its partition would have to take them in, and
nobody moves an entry. That is a fault which the verification names; the months after it are made all the same.
"""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

MAKE = """
CREATE OR REPLACE FUNCTION make_access_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE first date; part text;
BEGIN
  FOR step IN 0..least(months_ahead, 36) LOOP
    first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => step))::date;
    part := 'access_entry_' || to_char(first, 'YYYY_MM');
    IF to_regclass('public.' || part) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.access_entry FOR VALUES FROM (%L) TO (%L)', part,
                       first || ' 00:00:00+00', (first + interval '1 month')::date || ' 00:00:00+00');
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
      EXCEPTION WHEN check_violation OR invalid_object_definition THEN
        RAISE WARNING 'the month % cannot be made: %', to_char(first, 'YYYY-MM'), SQLERRM;
      END;
    END IF;
  END LOOP;
END $$
"""
AS_IT_WAS = """
CREATE OR REPLACE FUNCTION make_access_partitions(months_ahead integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE first date; part text;
BEGIN
  FOR step IN 0..least(months_ahead, 36) LOOP
    first := (date_trunc('month', now()) + make_interval(months => step))::date;
    part := 'access_entry_' || to_char(first, 'YYYY_MM');
    IF to_regclass('public.' || part) IS NULL THEN
      EXECUTE format('CREATE TABLE public.%I PARTITION OF public.access_entry FOR VALUES FROM (%L) TO (%L)',
                     part, first, (first + interval '1 month')::date);
      EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
      EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
    END IF;
  END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute(MAKE)


def downgrade() -> None:
    op.execute(AS_IT_WAS)
