"""The file's rows in a temporary table that only this transaction sees and that ends with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from portal.book.statements.run_sql import driver, run
from portal.connectors.rows import PolicyRow

_TYPES = {
    "row": "integer",
    "effective_date": "date",
    "term_date": "date",
    "renewal_date": "date",
    "received_date": "date",
    "birth_date": "date",
    "writer_from": "date",
    "writer_to": "date",
    "premium": "numeric",
    "piece": "integer",
    "print": "bytea",
}
_KEYS = ("identity", "content_hash")
# By what statements join, group or narrow; statistics of the other columns would cost and tell nothing.
_JOINED = ("n", "identity", "writer_npn", "writer_kind", "writer_value", "effective_date", "mbi_hash", "member_number")
# The readable MBI never reaches a table: its keyed hash stands in the same place, and its ciphertext at the end.
# `piece` is the batch of the file in which the row came, `print` by what it will be known next time.
_FIELDS = ("mbi_hash" if name == "mbi" else name for name in PolicyRow._fields)
COLUMNS = ("n", *_FIELDS, "piece", "print", "mbi", "writer_shown")
_COPY = f"COPY feed_row ({', '.join(COLUMNS)}) FROM STDIN"


def prepare() -> None:
    """Make the staging tables, and give this transaction the room that a load needs."""
    columns = ", ".join(_declare(name) for name in COLUMNS)
    run("SET LOCAL work_mem = '64MB'")
    # Reading a large workbook takes longer than an idle transaction is otherwise allowed to be.
    run("SET LOCAL idle_in_transaction_session_timeout = '15min'")
    # What this transaction itself wrote, or a new FMO's rows, are in no statistics yet: the planner takes them for one
    # row and loops over the file for each. A file tells the whole book, so that reading each table once is never much.
    run("SET LOCAL enable_nestloop = off")
    run(f"CREATE TEMP TABLE feed_row ({columns}) ON COMMIT DROP")


def _declare(name: str) -> str:
    if name == "n":
        return "n integer"
    kind = _TYPES.get(name, "text")
    return f'{name} {kind} COLLATE "C"' if name in _KEYS else f"{name} {kind}"


def copy_rows(batches: Iterable[Iterable[Sequence[Any]]]) -> None:
    """Stream rows, each in the order of `COLUMNS`, into the staging table in one COPY."""
    with driver().cursor() as cursor, cursor.copy(_COPY) as copy:
        for batch in batches:
            for row in batch:
                copy.write_row(row)
    run(f"ANALYZE feed_row ({', '.join(_JOINED)})")


def few_rows(few: bool) -> None:
    """Say whether the staged rows are few beside a book that was there, and counted, before."""
    run(f"SET LOCAL enable_nestloop = {'on' if few else 'off'}")


def empty() -> None:
    """Take all staged rows out again."""
    run("TRUNCATE feed_row")
