"""What a run changes, kept by the very statement that changes it: field → [before, after], where they differ."""

from __future__ import annotations

from collections.abc import Iterable

POLICY_FIELDS = (
    "content_hash", "policy_number", "number_key", "member_number", "line_of_business", "product", "plan_id",
    "plan_name", "status", "status_raw", "status_reason", "effective_date", "term_date", "renewal_date",
    "received_date", "premium", "writer_column", "writer_kind", "writer_value", "writer_shown", "writer_name",
    "other_agents", "writing_npn", "writer_source", "as_of", "source_run_id", "source_sheet", "source_row", "revision",
)  # fmt: skip
MEMBER_FIELDS = (
    "first_name", "middle_name", "last_name", "suffix", "birth_date", "gender", "mbi", "mbi_hash", "email", "phone",
    "address1", "address2", "city", "state", "zip", "county", "sort_key", "carrier", "as_of",
    "revision",
)  # fmt: skip


def differing(fields: Iterable[str]) -> str:
    """The SQL expression, inside RETURNING, for what a row said before and says now."""
    pairs = (
        f"'{one}' VALUE CASE WHEN old.{one} IS DISTINCT FROM new.{one} THEN jsonb_build_array(old.{one}, new.{one}) END"
        for one in fields
    )
    return f"json_object({', '.join(pairs)} ABSENT ON NULL RETURNING jsonb)"


def keeping(update: str, kind: str, member: str, fields: Iterable[str]) -> str:
    """The statement that does `update` and keeps of every row what it changed; `:run` is the run.

    `kind` and `member` (the column with the member's id) say what sort of row it is.
    """
    return f"""
WITH done AS (
{update}
  RETURNING new.id AS subject_id, new.{member} AS member_id, new.sort_key, {differing(fields)} AS told
)
INSERT INTO feed_effect (fmo_id, id, run_id, kind, subject_id, member_id, sort_key, told)
SELECT :fmo, uuidv7(), :run, '{kind}', subject_id, member_id, sort_key, told FROM done
"""
