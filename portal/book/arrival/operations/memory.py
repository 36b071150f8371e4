"""What is remembered of the files of a source: those that were dealt with, and those that wait until they are whole."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from portal.book.arrival.judging import Seen
from portal.book.arrival.models import ArrivalFile
from portal.book.arrival.operations.steps import Order
from portal.book.arrival.places import Entry
from portal.core import clock, scope
from portal.core.ids import new_id
from portal.extensions import db


def remembered(order: Order) -> tuple[set[tuple[str, int, int]], dict[str, Seen]]:
    """(files that were dealt with and were left in their place, files that wait)."""
    columns = select(ArrivalFile.name, ArrivalFile.size, ArrivalFile.modified)
    mine = columns.where(ArrivalFile.source_id == order.source_id)
    over = mine.where(ArrivalFile.state != "waiting", ArrivalFile.stands == "there")
    dealt_with = {(name, size, modified) for name, size, modified in db.session.execute(over)}
    waiting = mine.add_columns(ArrivalFile.seen_at).where(ArrivalFile.state == "waiting")
    return dealt_with, {name: Seen(size, at, since) for name, size, at, since in db.session.execute(waiting)}


def note_waiting(order: Order, entries: Sequence[Entry], *, also: Sequence[Entry]) -> None:
    """Remember size and time of what waits; since when, only where they are new.

    Of other files only those of `also` are still waited for.
    """
    names = [entry.name for entry in entries]
    gone = delete(ArrivalFile).where(ArrivalFile.source_id == order.source_id, ArrivalFile.state == "waiting")
    gone = gone.where(ArrivalFile.name.not_in([*names, *(entry.name for entry in also)]))
    db.session.execute(gone.execution_options(synchronize_session=False))
    known = {
        file.name: file
        for file in db.session.scalars(
            select(ArrivalFile).where(
                ArrivalFile.source_id == order.source_id, ArrivalFile.state == "waiting", ArrivalFile.name.in_(names)
            )
        )
    }
    for entry in entries:
        file = known.get(entry.name)
        if file is None:
            db.session.add(
                ArrivalFile(
                    fmo_id=scope.fmo_id(),
                    id=new_id(),
                    source_id=order.source_id,
                    name=entry.name,
                    size=entry.size,
                    modified=entry.modified,
                    state="waiting",
                    first_seen_at=clock.now(),
                    seen_at=clock.now(),
                )
            )
        elif (file.size, file.modified) != (entry.size, entry.modified):
            file.size, file.modified, file.seen_at = entry.size, entry.modified, clock.now()
    db.session.flush()
