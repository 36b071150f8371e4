"""New field keys for old: everything that is encrypted, read and written anew under the first key, batch by batch.

Nothing is kept of how far it came: what is not under the first key is still to be done, so it may be broken off and
begun again at any time, beside everything that works. Columns are found by what they say of themselves (`sealed`); the
rights of the login are made from the same (migrations). Only that login is used: it sees keys and ciphertext, no names.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    NullPool,
    Text,
    cast,
    column,
    create_engine,
    func,
    literal,
    select,
    table,
    tuple_,
    update,
)

from portal.config import KEYS_LOGIN, Settings
from portal.core import crypto
from portal.core.crypto import Sealed
from portal.core.models import Base

BATCH = 200
BATCH_BYTES = 8 * 1024 * 1024
ROUNDS = 20
PATIENCE = 60.0  # seconds for transactions that may hold what they read before
_LONGEST_ID = 64
_BODY = "[A-Za-z0-9+/]{38,}={0,2}"
_INSIDE = re.compile(rf'"([A-Za-z0-9]+)\.({_BODY})"')


@dataclass(frozen=True, slots=True)
class Place:
    """A column of ciphertext."""

    column: Column[Any]
    sealed: Sealed

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.column.table.name}.{self.column.name}"

    @property
    def key(self) -> list[Column[Any]]:
        """The columns by which a row is found again."""
        return list(self.column.table.primary_key)


@dataclass(slots=True)
class Left:
    """How many values stand under which key, and which columns they are in."""

    by_key: Counter[str] = field(default_factory=Counter)
    by_place: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, place: Place, key: str, number: int) -> None:
        """Count `number` more."""
        self.by_key[key] += number
        self.by_place[place.name, key] += number

    @property
    def old(self) -> int:
        """Values that are not under the first key."""
        return sum(number for key, number in self.by_key.items() if key != crypto.first_key())


@dataclass(slots=True)
class Outcome:
    """What a rotation did: values written anew, values that no key of ours opens, and what stands where after it."""

    renewed: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    left: Left = field(default_factory=Left)


def places() -> list[Place]:
    """Every column that says that it holds ciphertext."""
    found = [(one, one.info.get("sealed")) for t in Base.metadata.sorted_tables for one in t.columns]
    return [Place(one, sealed) for one, sealed in found if sealed is not None]


def engine_of(settings: Settings) -> Engine:
    """An engine of the login that rotates."""
    return create_engine(settings.database_url_for(KEYS_LOGIN), poolclass=NullPool, hide_parameters=True)


def status(engine: Engine) -> Left:
    """What stands under which key, in all FMOs."""
    left = Left()
    for fmo_id in _fmos(engine):
        for place in places():
            with _of_fmo(engine, fmo_id) as work:
                for key, number in _counted(work, place, fmo_id):
                    left.add(place, key, number)
    return left


def rotate(engine: Engine) -> Outcome:
    """Bring everything under the first key; what is being changed meanwhile is come back to."""
    outcome = Outcome()
    for number in range(ROUNDS):
        outcome.unreadable.clear()
        for fmo_id in _fmos(engine):
            for place in places():
                outcome.renewed += _renew_place(engine, place, fmo_id, outcome.unreadable)
        # Who has read before us may still write what was read: a copy of an older value.
        _wait_for_older(engine)
        outcome.left = status(engine)
        if outcome.left.old <= outcome.unreadable.total():
            break
        time.sleep(min(0.1 * 2**number, 2.0))
    return outcome


@contextmanager
def _of_fmo(engine: Engine, fmo_id: UUID) -> Iterator[Connection]:
    with engine.begin() as work:
        work.execute(select(func.set_config("portal.fmo_id", str(fmo_id), True)))
        yield work


def _fmos(engine: Engine) -> list[UUID]:
    with engine.connect() as work:
        return list(work.scalars(select(column("id")).select_from(table("fmo")).order_by(column("id"))))


def _counted(work: Connection, place: Place, fmo_id: UUID) -> Iterator[tuple[str, int]]:
    one, mine = place.column, place.column.table.c.fmo_id == fmo_id
    if not place.sealed.inside:
        key = func.split_part(func.substr(one, 1, _LONGEST_ID), ".", 1)
        for row in work.execute(select(key, func.count()).where(mine, one.is_not(None)).group_by(key)):
            yield row[0], row[1]
        return
    values = select(cast(one, Text)).where(mine, cast(one, Text).regexp_match(_INSIDE.pattern))
    told: Counter[str] = Counter()
    for value in work.execution_options(yield_per=BATCH).scalars(values):
        told.update(key for key, _ in _INSIDE.findall(value) if key in crypto.proofs())
    yield from told.items()


def _is_old(place: Place) -> ColumnElement[bool]:
    first = crypto.first_key()
    if place.sealed.inside:
        others = "|".join(key for key in crypto.proofs() if key != first)
        return cast(place.column, Text).regexp_match(rf'"({others})\.{_BODY}"') if others else place.column.is_(None)
    return place.column.is_not(None) & (func.substr(place.column, 1, len(first) + 1) != f"{first}.")


def _renew_place(engine: Engine, place: Place, fmo_id: UUID, unreadable: Counter[str]) -> int:
    renewed, after = 0, None
    while True:
        with _of_fmo(engine, fmo_id) as work:
            ids, last = _next(work, place, fmo_id, after)
            if not ids:
                return renewed
            renewed += _renew_rows(work, place, fmo_id, ids, unreadable)
            after = last


def _next(
    work: Connection, place: Place, fmo_id: UUID, after: Sequence[Any] | None
) -> tuple[list[Sequence[Any]], Sequence[Any] | None]:
    """The keys of the rows of the next batch: so many, and no more than may stand in memory at once."""
    size = func.octet_length(cast(place.column, Text) if place.sealed.inside else place.column, type_=Integer)
    query = select(*place.key, size).where(place.column.table.c.fmo_id == fmo_id, _is_old(place))
    if after is not None:
        query = query.where(tuple_(*place.key) > tuple_(*after))
    taken: list[Sequence[Any]] = []
    total = 0
    for *key, octets in work.execute(query.order_by(*place.key).limit(BATCH)):
        total += octets
        if taken and total > BATCH_BYTES:
            break
        taken.append(key)
    return taken, taken[-1] if taken else None


def _renew_rows(
    work: Connection, place: Place, fmo_id: UUID, ids: list[Sequence[Any]], unreadable: Counter[str]
) -> int:
    """Renew what nobody holds at this moment; what is held has a next round."""
    owned = place.column.table
    query = select(*place.key, place.column).where(owned.c.fmo_id == fmo_id, tuple_(*place.key).in_(ids))
    # By name, not as the model has it: when the row was last changed is not ours to say.
    change = update(table(owned.name, *(column(one.name) for one in [*place.key, place.column])))
    renewed = 0
    for *key, stored in work.execute(query.with_for_update(skip_locked=True, key_share=True)).all():
        try:
            value = _renewed(stored, place, fmo_id)
        except crypto.Unreadable:
            unreadable[place.name] += 1
            continue
        if value != stored:
            same = [column(one.name) == given for one, given in zip(place.key, key, strict=True)]
            bound = literal(value, place.column.type)
            work.execute(change.where(*same).values({place.column.name: bound}))
            renewed += 1
    return renewed


def _renewed(stored: Any, place: Place, fmo_id: UUID) -> Any:
    if not place.sealed.inside:
        return crypto.renew(stored, fmo_id=fmo_id, field=place.sealed.field)
    if isinstance(stored, dict):
        return {name: _renewed(value, place, fmo_id) for name, value in stored.items()}
    if isinstance(stored, list):
        return [_renewed(value, place, fmo_id) for value in stored]
    if isinstance(stored, str) and (found := _INSIDE.fullmatch(f'"{stored}"')) and found[1] in crypto.proofs():
        return crypto.renew(stored, fmo_id=fmo_id, field=place.sealed.field)
    return stored


def _wait_for_older(engine: Engine) -> None:
    """Wait until whatever was at work is over, for as long as `PATIENCE`."""
    snapshot = func.pg_current_snapshot()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as work:
        mine = work.scalar(select(cast(cast(func.pg_snapshot_xmax(snapshot), Text), BigInteger)))
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            oldest = work.scalar(select(cast(cast(func.pg_snapshot_xmin(snapshot), Text), BigInteger)))
            if oldest is None or mine is None or oldest >= mine:
                return
            time.sleep(0.1)
