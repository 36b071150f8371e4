"""A large book in seconds: rows as a feed leaves them, made by the setup login set-based, with fresh statistics."""

from __future__ import annotations

from uuid import UUID

from bench.servers import Place
from portal.core.ids import new_id

NPN = "10000001"  # the Business's
SMALL_NPN = "10000002"  # of a second, small one
_RUN = """
INSERT INTO feed_run (fmo_id, id, file_name, sha256, size, status, requested_by, as_of)
VALUES (%(fmo)s, %(run)s, 'book.csv', %(sha)s, 1, 'succeeded', 'bench', '2026-11-01')
"""
_CONNECTOR = """
INSERT INTO connector (fmo_id, id, name, carrier, layout) VALUES (%(fmo)s, uuidv7(), 'Humana', 'humana', 'humana')
"""
_PERSON = """
CREATE TEMP TABLE person AS
SELECT g AS n, uuidv7() AS id, initcap(f[1 + g %% 12] || s[1 + g / 12 %% 12]) AS first_name,
       initcap(s[1 + g %% 11] || f[1 + g / 11 %% 12] || e[1 + g / 131 %% 8]) AS last_name
FROM generate_series(1, %(members)s) g, (SELECT
  ARRAY['al','ber','cor','dal','el','fen','gar','hol','is','jor','kel','lan'] AS f,
  ARRAY['ba','de','fi','go','ha','ki','lo','ma','ne','pa','ri','sa'] AS s,
  ARRAY['den','ford','man','son','ton','ward','wick','worth'] AS e) syllables
"""
_MEMBERS = """
INSERT INTO member (fmo_id, id, first_name, last_name, sort_key, birth_date, gender, email, phone, address1, city,
                    state, zip, carrier, as_of)
SELECT %(fmo)s, id, first_name, last_name, lower(last_name) || ' ' || lower(first_name),
       date '1930-01-01' + n * 37 %% 12000, CASE n %% 2 WHEN 0 THEN 'F' ELSE 'M' END,
       CASE WHEN n %% 3 > 0 THEN lower(last_name) || n || '@mail.example' END, '+16145550' || 100 + n %% 100,
       n %% 900 + 1 || ' Elm St', 'Lima', 'OH', (43001 + n %% 900)::text, 'humana', '2026-11-01'
FROM person
"""
# Every fifth policy is a second one of the member before; one in `one_in` is the Business's.
_POLICIES = """
INSERT INTO policy (fmo_id, id, carrier, identity, content_hash, batch, member_id, sort_key, policy_number, number_key,
                    member_number, line_of_business, product, plan_id, plan_name, status, status_raw, effective_date,
                    term_date, received_date, premium, writing_npn, writer_source, writer_column, as_of, source_run_id,
                    source_sheet, source_row)
SELECT %(fmo)s, uuidv7(), 'humana', encode(sha256(('i' || g)::bytea), 'hex'), encode(sha256(('c' || g)::bytea), 'hex'),
       1, p.id, lower(p.last_name) || ' ' || lower(p.first_name), 'H' || 60000000 + g, 'H' || 60000000 + g,
       'H' || 60000000 + p.n, 'Medicare', 'MAPD', 'H1036-335-002', 'Orchard Plus HMO',
       CASE WHEN g %% 3 > 0 THEN 'active' ELSE 'terminated' END, 'Active Policy',
       date '2019-01-01' + g %% 80 * 31, CASE WHEN g %% 3 = 0 THEN date '2026-12-31' END,
       date '2018-11-15' + g %% 80 * 31, g %% 9000 / 100.0,
       CASE WHEN g %% %(one_in)s = 0 THEN %(npn)s WHEN g %% %(small)s = 1 THEN %(small_npn)s
            WHEN g %% 97 > 0 THEN (10000100 + g * 7 %% 797)::text END,
       CASE WHEN g %% 97 > 0 OR g %% %(one_in)s = 0 OR g %% %(small)s = 1 THEN 'column' END,
       'NPN', '2026-11-01', %(run)s, '', g
FROM generate_series(1, %(policies)s) g JOIN person p ON p.n = g - g / 5
"""


def book(place: Place, fmo_id: UUID, *, policies: int, one_in: int, small_one_in: int = 0) -> None:
    """Give the FMO `policies` policies of four fifths as many members; one in `one_in` is written by `NPN`.

    One in `small_one_in` of the others is written by `SMALL_NPN`; 0: none.
    """
    values = {"fmo": fmo_id, "run": new_id(), "sha": "0" * 64, "npn": NPN, "one_in": one_in, "policies": policies}
    values |= {"small": small_one_in or policies + 2, "small_npn": SMALL_NPN}
    values["members"] = policies - policies // 5
    with place.setup.transaction():
        for statement in (_CONNECTOR, _RUN, _PERSON, "ANALYZE person", _MEMBERS, _POLICIES, "DROP TABLE person"):
            place.setup.execute(statement, values if "%(" in statement else None)
    place.setup.execute("VACUUM ANALYZE member, policy")
