"""The policies themselves: new ones inserted, changed ones replaced by what the newer file tells."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from portal.book.statements.counted import count_anew
from portal.book.statements.run_sql import run
from portal.book.statements.told import POLICY_FIELDS, keeping

_TOLD = (
    "identity", "content_hash", "policy_number", "member_number", "line_of_business", "product", "plan_id", "plan_name",
    "status", "status_raw", "status_reason", "effective_date", "term_date", "renewal_date", "received_date", "premium",
    "writer_column", "writer_kind", "writer_value", "writer_shown", "writer_name", "other_agents",
)  # fmt: skip
_NUMBER_KEY = "regexp_replace(upper(coalesce(r.policy_number, '')) COLLATE \"C\", '[^A-Z0-9]+', '', 'g')"
_SET = (
    *_TOLD, "number_key", "batch", "revision", "sort_key", "writing_npn", "writer_source", "as_of", "source_run_id",
    "source_sheet", "source_row",
)  # fmt: skip
_GIVEN = f"""{", ".join(f"r.{name}" for name in _TOLD)}, {_NUMBER_KEY}, CAST(:batch AS bigint), CAST(:batch AS bigint),
       m.sort_key, c.npn, c.source, CAST(:as_of AS date), CAST(:run AS uuid), r.sheet, r.row"""
_FROM = """FROM feed_change c JOIN feed_row r USING (n) JOIN feed_person p USING (n)
JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id"""
_INSERT = f"""
INSERT INTO policy (fmo_id, id, carrier, member_id, first_run_id, {", ".join(_SET)})
SELECT :fmo, c.policy_id, :carrier, p.member_id, CAST(:run AS uuid), {_GIVEN}
{_FROM} WHERE c.is_new
"""
_UPDATE = f"""
UPDATE policy o SET ({", ".join(_SET)}, updated_at) = ROW(a.*, now())
FROM (SELECT {_GIVEN} {_FROM} WHERE NOT c.is_new) a ({", ".join(_SET)})
WHERE o.fmo_id = :fmo AND o.identity = a.identity
"""
_CHANGE = keeping(_UPDATE, "changed", "member_id", POLICY_FIELDS)
# A member's new name or address concerns every policy of theirs: the batch tells those who follow the book.
_TOUCH = """
UPDATE policy o SET sort_key = m.sort_key, batch = :batch, updated_at = now()
FROM feed_member v JOIN member m ON m.fmo_id = :fmo AND m.id = v.member_id
WHERE NOT v.is_new AND m.updated_at = now() AND o.fmo_id = :fmo AND o.member_id = m.id AND o.batch <> :batch
"""


# Above what runs have followed and written as well: the newest policies may be taken back, and their number must not
# come again.
_NEXT_BATCH = """
SELECT greatest((SELECT max(batch) FROM policy WHERE fmo_id = :fmo),
                (SELECT max(synced_batch) FROM business_npn WHERE fmo_id = :fmo),
                (SELECT max(batch) FROM feed_run WHERE fmo_id = :fmo), 0) + 1
"""


def next_batch(fmo_id: UUID) -> int:
    """The ingest number of the change at work: rises with every one. Call it under the FMO's lock only."""
    found: int = run(_NEXT_BATCH, fmo=fmo_id).scalar_one()
    return found


def merge(fmo_id: UUID, *, run_id: UUID, carrier: str, as_of: date, batch: int) -> None:
    """Insert and replace the policies of `feed_change`; their writers must be resolved."""
    values = {"fmo": fmo_id, "run": run_id, "carrier": carrier, "as_of": as_of, "batch": batch}
    written = run(_INSERT, **values).rowcount
    count_anew("policy", written)
    run(_CHANGE, **{name: value for name, value in values.items() if name != "carrier"})
    run(_TOUCH, fmo=fmo_id, batch=batch)
