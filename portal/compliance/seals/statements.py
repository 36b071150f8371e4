"""SQL over seals and entries, as the login `sealer` asks it: batches and streams, never a log at once."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.seals import lines
from portal.compliance.seals.archives import Archive, Archives, parts_of
from portal.compliance.seals.chain import Link
from portal.compliance.seals.models import INSTALLATION
from portal.core.ids import new_id

COLUMNS = (
    "fmo_id, n, sealed_at, count, first_at, last_at, complete, root, previous, key_id, signature, hash, version"
)  # fmt: skip
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('portal.seal:' || %(chain)s::text, 0))"
_NEWEST = f"SELECT {COLUMNS} FROM seal WHERE fmo_id = %(chain)s ORDER BY n DESC LIMIT 1"
_FROM = f"SELECT {COLUMNS} FROM seal WHERE fmo_id = %(chain)s AND n > %(n)s ORDER BY n"
_SEALED = """
INSERT INTO seal (id, fmo_id, n, sealed_at, count, first_at, last_at, complete, root, previous, key_id, signature, hash,
                  version)
VALUES (%(id)s, %(chain)s, %(n)s, %(sealed_at)s, %(count)s, %(first_at)s, %(last_at)s, %(complete)s, %(root)s,
        %(previous)s, %(key_id)s, %(signature)s, %(hash)s, %(version)s)
"""
_MEMBERS = """
INSERT INTO seal_member (fmo_id, id, mark, n, place)
SELECT %(chain)s, u.id, u.mark, %(n)s, u.place
FROM unnest(%(ids)s::uuid[], %(marks)s::bigint[]) WITH ORDINALITY AS u(id, mark, place)
"""
_UNSEALED = """
SELECT e.at, {columns} FROM {table} e
WHERE {mine} AND e.at >= %(since)s AND (e.at, e.id) > (%(after_at)s, %(after_id)s)
  AND NOT EXISTS (SELECT FROM seal_member m WHERE m.fmo_id = %(chain)s AND m.id = e.id)
ORDER BY e.at, e.id LIMIT %(limit)s
"""
_LEFT = """
SELECT e.id, e.at FROM {table} e
WHERE {mine} AND NOT EXISTS (SELECT FROM seal_member m WHERE m.fmo_id = %(chain)s AND m.id = e.id)
ORDER BY e.at, e.id
"""
_MEMBERS_OF = """
SELECT m.n, m.place, m.mark, m.id, e.at, {columns}
FROM seal_member m LEFT JOIN {table} e ON {joined} AND e.id = m.id AND e.at BETWEEN %(first_at)s AND %(last_at)s
WHERE m.fmo_id = %(chain)s AND m.n BETWEEN %(first)s AND %(last)s
ORDER BY m.n, m.place, e.at
"""
_TWICE = "SELECT e.id, count(*) FROM {table} e WHERE {mine} GROUP BY e.id HAVING count(*) > 1 ORDER BY e.id"
_MOVED = "SELECT e.id, e.at FROM {table} e WHERE {mine} AND e.id = ANY(%(ids)s) ORDER BY e.at"
_STRAY = """
SELECT m.n, count(*) FROM seal_member m WHERE m.fmo_id = %(chain)s
  AND NOT EXISTS (SELECT FROM seal s WHERE s.fmo_id = m.fmo_id AND s.n = m.n)
GROUP BY m.n ORDER BY m.n
"""
_WAITING = """
SELECT count(*), min(e.at) FROM {table} e
WHERE {mine} AND e.at >= now() - interval '26 hours'
  AND NOT EXISTS (SELECT FROM seal_member m WHERE m.fmo_id = %(chain)s AND m.id = e.id)
"""
_SEALS_OF = f"""
SELECT {COLUMNS} FROM seal s WHERE fmo_id = %(chain)s
  AND n IN (SELECT m.n FROM seal_member m WHERE m.fmo_id = %(chain)s AND m.id = ANY(%(ids)s)) ORDER BY n
"""
_ENTRIES_OF = "SELECT e.id, {columns} FROM {table} e WHERE {mine} AND e.id = ANY(%(ids)s) ORDER BY e.at, e.id"
RECORD = "fmo_id, begin_at, end_at, entries, seals, file, size, sha256, parts, key_id, signature, version"
_ARCHIVES = f"SELECT {RECORD} FROM log_archive WHERE fmo_id = %(chain)s AND ended_at IS NOT NULL ORDER BY begin_at"
_ENTRIES = "SELECT count(*) FROM {table} e WHERE {mine}"


def _of(chain: UUID, sql: str) -> str:
    """`sql` for the table of that chain's entries."""
    own = chain == INSTALLATION
    return sql.format(
        table="installation_entry" if own else "access_entry",
        mine="true" if own else "e.fmo_id = %(chain)s",
        joined="true" if own else "e.fmo_id = m.fmo_id",
        columns=lines.selected(chain),
    )


def _run(session: Session, sql: str, **values: Any) -> Any:
    return session.connection().exec_driver_sql(sql, values)


def _stream(session: Session, sql: str, **values: Any) -> Any:
    options = {"stream_results": True, "max_row_buffer": 1000}
    return session.connection().exec_driver_sql(sql, values, execution_options=options)


def one_snapshot(session: Session) -> None:
    """See the database as it is now until the transaction ends, and change nothing; call it first."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})


def lock(session: Session, chain: UUID) -> bool:
    """Be the one who adds to the chain until the transaction ends; False where somebody else is."""
    return bool(_run(session, _LOCK, chain=str(chain)).scalar_one())


def now(session: Session) -> datetime:
    """When the transaction began, by the database's clock."""
    found: datetime = session.connection().exec_driver_sql("SELECT now()").scalar_one()
    return found


def fmo_ids(session: Session) -> list[UUID]:
    """Every FMO."""
    return list(session.connection().exec_driver_sql("SELECT id FROM fmo ORDER BY id").scalars())


def newest(session: Session, chain: UUID) -> Link | None:
    """The seal with the highest number."""
    row = _run(session, _NEWEST, chain=chain).one_or_none()
    return None if row is None else _link(row)


def seals_after(session: Session, chain: UUID, n: int = 0) -> Iterator[Link]:
    """Seals with a number above `n`, in order, streamed."""
    yield from links(session, _FROM, chain=chain, n=n)


def links(session: Session, sql: str, **values: Any) -> Generator[Link]:
    """The seals that a query for `COLUMNS` finds, streamed."""
    with closing(_stream(session, sql, **values)) as rows:
        for row in rows:
            yield _link(row)


def _link(row: Sequence[Any]) -> Link:
    fmo_id, n, sealed_at, count, first_at, last_at, complete, *rest = row
    root, previous, key_id, signature, hashed, version = rest
    own = (bytes(root), bytes(previous), key_id, bytes(signature), bytes(hashed), version)
    return Link(fmo_id, n, sealed_at, count, first_at, last_at, complete, *own)


def add(session: Session, link: Link, members: Sequence[tuple[str, int]]) -> None:
    """Keep a seal and which entries stand in it: (id, mark) in their order."""
    values = {name: getattr(link, name) for name in Link.__slots__}
    _run(session, _SEALED, id=new_id(), **values)
    ids, marks = [one for one, _ in members], [mark for _, mark in members]
    _run(session, _MEMBERS, chain=link.chain, n=link.n, ids=ids, marks=marks)


def unsealed(
    session: Session, chain: UUID, *, since: datetime, after: tuple[datetime, UUID], limit: int
) -> Sequence[Sequence[Any]]:
    """Entries in no seal, oldest first: their time, then the columns of `lines`."""
    values = {"since": since, "after_at": after[0], "after_id": after[1], "limit": limit}
    rows: Sequence[Sequence[Any]] = _run(session, _of(chain, _UNSEALED), chain=chain, **values).all()
    return rows


def left(session: Session, chain: UUID) -> Iterator[tuple[UUID, datetime]]:
    """(id, time) of every entry in no seal, streamed."""
    yield from _stream(session, _of(chain, _LEFT), chain=chain)


def members_of(session: Session, seals: Sequence[Link]) -> Sequence[Sequence[Any]]:
    """Of seals beside each other: number, place, mark, id, and the entry's time and columns; None where it is gone."""
    first, last = seals[0], seals[-1]
    span = {"first_at": min(one.first_at for one in seals), "last_at": max(one.last_at for one in seals)}
    sql = _of(first.chain, _MEMBERS_OF)
    rows: Sequence[Sequence[Any]] = _run(session, sql, chain=first.chain, first=first.n, last=last.n, **span).all()
    return rows


def twice(session: Session, chain: UUID) -> Sequence[tuple[UUID, int]]:
    """(id, how often) of entries whose id stands in the log more than once."""
    return [(one, times) for one, times in _run(session, _of(chain, _TWICE), chain=chain)]


def moved(session: Session, chain: UUID, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """The times at which entries of these ids stand, wherever that is."""
    return dict(tuple(row) for row in _run(session, _of(chain, _MOVED), chain=chain, ids=list(ids)))


def stray(session: Session, chain: UUID) -> dict[int, int]:
    """Number → members of seals that are not there."""
    return dict(tuple(row) for row in _run(session, _STRAY, chain=chain))


def seals_of(session: Session, chain: UUID, ids: Sequence[UUID]) -> list[Link]:
    """The seals in which these entries stand, in order."""
    return [_link(row) for row in _run(session, _SEALS_OF, chain=chain, ids=list(ids))]


def entries_of(session: Session, chain: UUID, ids: Sequence[UUID]) -> Sequence[Sequence[Any]]:
    """The id and the columns of `lines` of these entries."""
    rows: Sequence[Sequence[Any]] = _run(session, _of(chain, _ENTRIES_OF), chain=chain, ids=list(ids)).all()
    return rows


def waiting(session: Session, chain: UUID) -> tuple[int, datetime | None]:
    """How many entries of the last day are in no seal, and the time of the oldest; verifying tells older ones."""
    count, oldest = _run(session, _of(chain, _WAITING), chain=chain).one()
    return count, oldest


def entries(session: Session, chain: UUID) -> int:
    """How many entries the chain's log has."""
    return int(_run(session, _of(chain, _ENTRIES), chain=chain).scalar_one())


def archives(session: Session, chain: UUID) -> Archives:
    """The months that left the chain's log by policy."""
    return Archives([as_archive(row) for row in _run(session, _ARCHIVES, chain=chain)])


def as_archive(row: Sequence[Any]) -> Archive:
    """A record from its columns, in the order of `Archive`."""
    chain, begin, end, entries, seals, file, size, sha256, parts, key_id, signature, version = row
    own = (bytes(sha256), parts_of(parts), key_id, bytes(signature), version)
    return Archive(chain, begin, end, entries, seals, file, size, *own)
