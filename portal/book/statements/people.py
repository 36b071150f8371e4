"""Whose rows they are: the match ladder over the rows that have no member yet.

First the rows among themselves (one `label` a person), then each person against the members of the book. Nothing is
joined where something known contradicts: another birth date; except by MBI, another MBI. Under a carrier's number the
first name must agree as well, unless both birth dates are known to be equal: some carriers give one number to a family.
"""

from __future__ import annotations

from uuid import UUID

from portal.book.statements.run_sql import run
from portal.connectors.ladder import name_key_sql, person_key_sql

_PERSON = f"""
CREATE TEMP TABLE feed_person ON COMMIT DROP AS
SELECT c.n, c.member_id, r.mbi_hash AS mbi, CAST(:carrier AS text) || '|' || r.member_number AS number,
       {person_key_sql("r.first_name", "r.last_name", "r.birth_date", "r.zip")} AS person,
       {name_key_sql("r.first_name")} AS first_key, {name_key_sql("r.last_name")} AS last_key, r.birth_date,
       NULL::text AS label
FROM feed_change c JOIN feed_row r USING (n)
"""
# Read from the inside out: by MBI; then by number, those without MBI joining the only MBI there is; then by person key.
# `min` and `max` that differ stand for "more than one", which a window cannot count.
_LABEL = """
CREATE TEMP TABLE feed_label ON COMMIT DROP AS
WITH by_mbi AS (
  SELECT n, mbi, number, person, first_key, birth_date,
         CASE WHEN mbi IS NOT NULL THEN 'm:' || mbi || CASE
           WHEN min(birth_date) OVER same <> max(birth_date) OVER same THEN '~' || coalesce(birth_date::text, '?')
           ELSE '' END END AS label
  FROM feed_person WHERE member_id IS NULL
  WINDOW same AS (PARTITION BY mbi)
), born AS (
  SELECT *, coalesce(birth_date, CASE WHEN label IS NOT NULL THEN max(birth_date) OVER (PARTITION BY label) END)
         AS birth
  FROM by_mbi
), in_number AS (
  SELECT *,
         CASE WHEN min(birth) OVER same <> max(birth) OVER same THEN coalesce(birth::text, '?') ELSE '' END
         || CASE WHEN min(first_key) OVER same <> max(first_key) OVER same THEN '~' || first_key ELSE '' END AS part
  FROM born
  WINDOW same AS (PARTITION BY number)
), by_number AS (
  SELECT n, person, CASE
           WHEN label IS NOT NULL OR number IS NULL THEN label
           WHEN min(label) OVER same IS NULL THEN 'n:' || number || '~' || part
           WHEN min(label) OVER same = max(label) OVER same THEN min(label) OVER same
           ELSE 'n:' || number || '~' || part || '~unclear' END AS label
  FROM in_number
  WINDOW same AS (PARTITION BY number, part)
), told AS (
  SELECT n, label, CASE WHEN label LIKE 'n:%' THEN min(person) OVER (PARTITION BY label) ELSE person END AS person
  FROM by_number
)
SELECT n, CASE
         WHEN label LIKE 'm:%' THEN label
         WHEN person IS NULL THEN coalesce(label, 'r:' || n)
         WHEN lowest IS NULL THEN 'p:' || person
         WHEN lowest = highest THEN lowest
         ELSE coalesce(label, 'p:' || person || '~unclear') END AS label
FROM (SELECT n, label, person, min(label) FILTER (WHERE label LIKE 'm:%') OVER same AS lowest,
             max(label) FILTER (WHERE label LIKE 'm:%') OVER same AS highest
      FROM told WINDOW same AS (PARTITION BY person)) known
"""
_KNOWN = f"""
CREATE TEMP TABLE feed_known ON COMMIT DROP AS
WITH who AS (
  SELECT label, max(mbi) AS mbi, max(birth_date) AS birth, min(first_key) AS first_key
  FROM feed_person WHERE label IS NOT NULL GROUP BY label
), keys AS (
  SELECT DISTINCT label, rung, kind, value
  FROM feed_person p,
       LATERAL (VALUES (1, 'mbi', p.mbi), (2, 'number', p.number), (3, 'person', p.person)) k (rung, kind, value)
  WHERE p.label IS NOT NULL AND k.value IS NOT NULL
), hits AS (
  SELECT DISTINCT w.label, k.rung, m.id, w.mbi, w.birth, {name_key_sql("m.first_name")} = w.first_key AS same_first
  FROM keys k
  JOIN who w USING (label)
  JOIN member_key h ON h.fmo_id = :fmo AND h.kind = k.kind AND h.value = k.value
  JOIN member m ON m.fmo_id = :fmo AND m.id = h.member_id
  WHERE (m.birth_date IS NULL OR w.birth IS NULL OR m.birth_date = w.birth)
    AND (k.rung = 1 OR m.mbi_hash IS NULL OR w.mbi IS NULL OR m.mbi_hash = w.mbi)
    AND (k.rung <> 2 OR m.birth_date = w.birth OR {name_key_sql("m.first_name")} = w.first_key)
), first_rung AS (
  SELECT *, min(rung) OVER (PARTITION BY label) AS lowest FROM hits
), one_hit AS (
  SELECT label, min(mbi) AS mbi, min(birth) AS birth, CASE
           WHEN count(*) = 1 THEN min(id::text)
           WHEN min(rung) = 2 AND count(*) FILTER (WHERE same_first) = 1 THEN min(id::text) FILTER (WHERE same_first)
         END::uuid AS member_id
  FROM first_rung WHERE rung = lowest GROUP BY label
), agreed AS (
  SELECT *, min(mbi) OVER same IS DISTINCT FROM max(mbi) OVER same
            OR min(birth) OVER same IS DISTINCT FROM max(birth) OVER same AS quarrel
  FROM one_hit WHERE member_id IS NOT NULL
  WINDOW same AS (PARTITION BY member_id)
)
SELECT label, member_id FROM agreed WHERE NOT quarrel
"""
_ASSIGN = """
WITH made AS MATERIALIZED (
  SELECT label, coalesce(k.member_id, uuidv7()) AS member_id
  FROM (SELECT DISTINCT label FROM feed_person WHERE label IS NOT NULL) l LEFT JOIN feed_known k USING (label)
)
UPDATE feed_person p SET member_id = m.member_id FROM made m WHERE m.label = p.label
"""


def recognise(fmo_id: UUID, carrier: str) -> None:
    """Give every changing row its member in `feed_person`: that of its policy, a known one, or a new id."""
    run(_PERSON, carrier=carrier)
    run("ANALYZE feed_person")
    run(_LABEL)
    run("ANALYZE feed_label")
    run("UPDATE feed_person p SET label = l.label FROM feed_label l WHERE l.n = p.n")
    run("ANALYZE feed_person")
    run(_KNOWN, fmo=fmo_id)
    run(_ASSIGN)
    run("ANALYZE feed_person")
