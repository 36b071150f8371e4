"""A year of a large FMO's access log in minutes: entries as the portal writes them, set-based, ids from numbers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from bench import report
from bench.servers import Place

ACCOUNTS = 1_000  # the first is an agency's, of ten thousand members and a twentieth of the work
MONTHS = 12
_MONTH = """
DO $$ DECLARE first date := (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => {back}))::date;
              part text := 'access_entry_' || to_char(first, 'YYYY_MM');
BEGIN
  EXECUTE format('CREATE TABLE %I PARTITION OF access_entry FOR VALUES FROM (%L) TO (%L)', part,
                 first || ' 00:00:00+00', (first + interval '1 month')::date || ' 00:00:00+00');
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('ALTER TABLE %I OWNER TO {owner}', part);
END $$
"""
_ID = "md5('{kind}' || {number})::uuid"
# Pages of fifty members: of an account its own, account 0 stands for the FMO's list over all.
_PAGES = """
CREATE TEMP TABLE log_page AS
SELECT a AS account, p AS page,
       ARRAY(SELECT md5('member' || (CASE WHEN a = 0 THEN 0 WHEN a = 1 THEN 0 ELSE 10000 + (a - 2) * 200 END
                                     + p * 50 + g))::uuid FROM generate_series(0, 49) g) AS members
FROM generate_series(0, %(accounts)s) a, LATERAL generate_series(0, CASE WHEN a < 2 THEN 199 ELSE 3 END) p
"""
# What each hundredth of the work is: lists, single records, deliveries, changes, searches, sign-ins, refusals …
_ENTRIES = """
INSERT INTO access_entry (fmo_id, id, at, actor_id, actor_name, role, business_id, session_id, request_id, run_id,
                          action, subject_kind, subject_ids, member_ids, address, user_agent, outcome, detail, version)
SELECT %(fmo)s, uuidv7(at - now()), at, CASE WHEN NOT job THEN md5('person' || person)::uuid END,
       CASE WHEN job THEN 'Portal jobs' ELSE 'Person ' || person END,
       CASE WHEN job THEN 'system' WHEN staff THEN 'fmo_admin' ELSE 'agent_admin' END,
       CASE WHEN NOT staff THEN md5('business' || entry.account)::uuid END,
       CASE WHEN NOT job THEN md5('session' || person || at::date)::uuid END, CASE WHEN NOT job THEN md5(g::text) END,
       CASE WHEN job THEN md5('run' || entry.account || at::date)::uuid END,
       action,
       CASE WHEN about_business THEN 'business' WHEN listed THEN 'contact' WHEN job THEN 'policy'
            WHEN action LIKE 'session%%' THEN 'user' ELSE 'contact' END,
       CASE WHEN about_business THEN ARRAY[md5('business' || entry.account)::uuid] WHEN listed THEN p.members
            WHEN action LIKE 'session%%' THEN '{}' ELSE ARRAY[md5('record' || g)::uuid] END,
       CASE WHEN about_business OR action LIKE 'session%%' THEN '{}'
            WHEN listed THEN p.members ELSE p.members[1 + g %% 50 : 1 + g %% 50] END,
       CASE WHEN NOT job THEN '192.0.2.' || person %% 250 END,
       CASE WHEN NOT job THEN 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)' END,
       CASE WHEN kind = 97 THEN 'refused' ELSE 'done' END,
       CASE WHEN kind = 91 THEN jsonb_build_object('business', md5('business' || entry.account)::uuid) ELSE '{}' END, 1
FROM (
  SELECT *, kind BETWEEN 60 AND 84 AS job, kind BETWEEN 90 AND 94 AS staff, kind IN (90, 91) AS about_business,
         kind < 25 OR kind IN (92, 93, 95) OR kind = 98 AND g %% 500 = 98 AS listed,
         CASE WHEN kind BETWEEN 90 AND 94 THEN greatest(1, g / 100 %% 40 - 10)
              WHEN account = 1 THEN 100 + g / 100 %% 15 ELSE 200 + account + g / 100 %% 2 * %(accounts)s END AS person,
         CASE WHEN kind < 25 THEN 'contact.list' WHEN kind < 60 THEN 'contact.read'
              WHEN kind < 85 THEN 'policy.disclosed' WHEN kind < 90 THEN 'contact.edit'
              WHEN kind = 90 THEN 'business.view'
              WHEN kind = 91 THEN 'business.user_role'
              WHEN kind < 95 THEN 'policy.list' WHEN kind = 95 THEN 'search.all'
              WHEN kind = 96 THEN 'session.start' WHEN kind = 97 THEN 'refused.record'
              WHEN kind = 98 AND g %% 500 = 98 THEN 'contact.export' WHEN kind = 98 AND g %% 500 = 198 THEN 'mbi.reveal'
              ELSE 'note.add' END AS action
  FROM (SELECT g, g %% 100 AS kind, CASE WHEN hashint8(g / 7) %% 20 = 0 THEN 1
                                         ELSE 2 + abs(hashint8(g / 3)) %% (%(accounts)s - 1) END AS account,
               now() - (%(entries)s - g + 1) * (%(span)s * interval '1 second') AS at
        FROM generate_series(%(first)s::int, %(last)s::int) g) numbered
) entry
JOIN log_page p ON p.account = CASE WHEN staff THEN 0 ELSE entry.account END
  AND p.page = g / 100 %% CASE WHEN staff OR entry.account = 1 THEN 200 ELSE 4 END
"""
_STEP = 1_000_000


def known(kind: str, number: int | str) -> str:
    """SQL for the id of a person, business, member … of that number."""
    return _ID.format(kind=kind, number=f"'{number}'")


def entries(place: Place, fmo_id: UUID, *, number: int) -> None:
    """Give the FMO a log of `number` entries over the last year, in monthly partitions, with fresh statistics."""
    owner = place.settings.login_name("fmo").removesuffix("fmo") + "owner"
    for back in range(1, MONTHS + 1):
        place.setup.execute(_MONTH.format(back=back, owner=owner))
    values: dict[str, Any] = {"fmo": fmo_id, "entries": number, "accounts": ACCOUNTS}
    values["span"] = MONTHS * 30 * 86400 / number
    rebuilt = _without_indexes(place)
    place.setup.execute(_PAGES, values)
    place.setup.execute("ANALYZE log_page")
    for first in range(1, number + 1, _STEP):
        report.say(f"entry {first:,} …")
        place.setup.execute(_ENTRIES, values | {"first": first, "last": min(number, first + _STEP - 1)})
    place.setup.execute("DROP TABLE log_page")
    for statement in rebuilt:
        report.say(f"{statement.partition(' ON ')[0]} …")
        place.setup.execute(statement)
    place.setup.execute("VACUUM ANALYZE access_entry")


def _without_indexes(place: Place) -> list[str]:
    """Drop what would be kept up to date row by row; the statements that make it again."""
    found = place.setup.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'access_entry' AND indexname LIKE 'ix_%'"
    ).fetchall()
    for name, _ in found:
        place.setup.execute(f'DROP INDEX "{name}"')
    return [statement.replace(" ON ONLY ", " ON ") for _, statement in found]
