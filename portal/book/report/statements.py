"""Keeping what runs changed beyond the rows themselves: of a check, which leaves none, and of what is taken back."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import UUID

from portal.book.statements.run_sql import driver, run
from portal.book.statements.told import MEMBER_FIELDS, POLICY_FIELDS

SHOWN_OF_A_CHECK = 10_000  # new policies; what it would change is kept whole
_IN_MEMORY = 16 * 1024**2
_COLUMNS = "kind, subject_id, member_id, sort_key, told"
_NAMES = ("first_name", "middle_name", "last_name", "suffix")
assert set(_NAMES) < set(MEMBER_FIELDS)
_ROOM = """
CREATE TEMP TABLE feed_lifted (kind text, subject_id uuid, member_id uuid, sort_key text COLLATE "C", told jsonb)
ON COMMIT DROP
"""
_LAY = f"""
INSERT INTO feed_effect (fmo_id, id, run_id, {_COLUMNS}) SELECT :fmo, uuidv7(), :run, {_COLUMNS} FROM feed_lifted
"""
_LIFT = f"COPY (SELECT {_COLUMNS} FROM feed_effect WHERE fmo_id = %s AND run_id = %s) TO STDOUT"


def whole() -> str:
    """SQL for what a new policy `p` of the member `m` tells, as field → [nothing, value]."""
    mine = [f"'{one}' VALUE CASE WHEN p.{one} IS NOT NULL THEN jsonb_build_array(NULL, p.{one}) END"
            for one in POLICY_FIELDS]  # fmt: skip
    names = [f"'{one}' VALUE CASE WHEN m.{one} IS NOT NULL THEN jsonb_build_array(NULL, m.{one}) END"
             for one in _NAMES]  # fmt: skip
    return f"json_object({', '.join(mine + names)} ABSENT ON NULL RETURNING jsonb)"


_NEW = f"""
INSERT INTO feed_effect (fmo_id, id, run_id, {_COLUMNS})
SELECT :fmo, uuidv7(), :run, 'new', p.id, p.member_id, p.sort_key, {whole()}
FROM policy p JOIN member m ON m.fmo_id = :fmo AND m.id = p.member_id
WHERE p.fmo_id = :fmo AND p.first_run_id = :run ORDER BY p.source_sheet, p.source_row LIMIT {SHOWN_OF_A_CHECK}
"""


def lift(fmo_id: UUID, run_id: UUID) -> IO[bytes]:
    """Take out what the run would do, its first new policies included, before a check undoes all of it."""
    run(_NEW, fmo=fmo_id, run=run_id)
    kept: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed by `lay`
    with driver().cursor() as cursor, cursor.copy(_LIFT, (fmo_id, run_id)) as copy:
        for piece in copy:
            kept.write(piece)
    kept.seek(0)
    return kept


def lay(fmo_id: UUID, run_id: UUID, kept: IO[bytes]) -> None:
    """Put back what `lift` took out."""
    run(_ROOM)
    with kept, driver().cursor() as cursor, cursor.copy(f"COPY feed_lifted ({_COLUMNS}) FROM STDIN") as copy:
        while piece := kept.read(1 << 16):
            copy.write(piece)
    run(_LAY, fmo=fmo_id, run=run_id)
