"""Which field keys the stored data need, so that a start without one of them is refused and not found out later.

Of a key only its name and a proof are kept: they tell one key from another of the same name, and nothing about it.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Connection, false, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from portal.core import crypto
from portal.core.ids import new_id
from portal.core.models import Base, Global, table_of


class FieldKey(Global, Base):
    """A field key that was used, and since when the stored data need it no more."""

    __tablename__ = "field_key"
    __global_reason__: ClassVar[str] = "keys are the installation's; a row holds a name and a proof, no key"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    proof: Mapped[str]
    hashes: Mapped[bool] = mapped_column(server_default=false())  # it keys the hashes, for as long as they live
    first_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    unused_since: Mapped[datetime | None]


def faults(connection: Connection) -> list[str]:
    """What is wrong with FIELD_KEYS for the data that are there, each a sentence with what to do."""
    given, last = crypto.proofs(), crypto.hash_key()
    keys = table_of(FieldKey)
    found = []
    for row in connection.execute(select(keys).order_by(keys.c.name)):
        if row.name in given and row.proof != given[row.name]:
            found.append(
                f"FIELD_KEYS gives the name {row.name} to another key than the one that data are encrypted with."
                f" Put the former {row.name} back, and give the new key a name of its own."
            )
        elif row.name not in given and (row.unused_since is None or row.hashes):
            found.append(
                f"FIELD_KEYS lacks the key {row.name}, which stored data need. Put it back; a key may go when"
                " flask keys rotate has said that nothing needs it."
            )
        elif row.hashes and row.name != last:
            found.append(
                f"The last of FIELD_KEYS is {last}, but the hashes are keyed with {row.name}: put {row.name} last."
                " With another one no member would be known again."
            )
    return found


def register(connection: Connection) -> None:
    """Note that the keys of this process are in use; call where `faults` found nothing."""
    keys = table_of(FieldKey)
    known = {row.name: row for row in connection.execute(select(keys))}
    some_hash = any(row.hashes for row in known.values())
    for name, proof in crypto.proofs().items():
        if name not in known:
            hashes = name == crypto.hash_key() and not some_hash
            row = {"id": new_id(), "name": name, "proof": proof, "hashes": hashes}
            connection.execute(insert(keys).values(row).on_conflict_do_nothing())
    first = known.get(crypto.first_key())
    if first is not None and first.unused_since is not None:
        connection.execute(update(keys).where(keys.c.name == first.name).values(unused_since=None))


def note_unused(connection: Connection, names: set[str]) -> None:
    """Note that no stored data need these keys; one that keys hashes is needed all the same."""
    keys = table_of(FieldKey)
    mine = (keys.c.name.in_(names), ~keys.c.hashes, keys.c.unused_since.is_(None))
    connection.execute(update(keys).where(*mine).values(unused_since=func.now()))
