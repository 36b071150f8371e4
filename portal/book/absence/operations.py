"""Weighing what a file leaves out before it is loaded, marking it after, and saying what a carrier's files are."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from portal.book import limits
from portal.book.absence import queries, statements
from portal.book.absence.events import MARKED, SET_DECLARED
from portal.book.absence.finding import Carrier, carrier_of, find, newest_set
from portal.book.absence.models import DeclaredSet
from portal.book.absence.sets import Told, comparable
from portal.book.absence.short import Short
from portal.book.models import Connector, FeedRun
from portal.book.statements import runs
from portal.connectors.full_sets import FullSet, checked
from portal.core import access, scope
from portal.core.ids import new_id
from portal.extensions import db


@dataclass(slots=True)
class Absences:
    """What one file leaves out, on its way into the book. Its prints must be kept; none of it is written yet."""

    fmo_id: UUID
    at_work: Told
    carrier: Carrier
    found: bool = False  # `absence_found` holds what is missing now
    short: Short | None = None  # set where an admin must look first


def weigh(fmo_id: UUID, connector: Connector, at_work: Told) -> Absences:
    """Compare the file with the last one like it, and where it completes a full set find what is missing now."""
    one = Absences(fmo_id, at_work, carrier_of(connector.carrier, at_work))
    like = comparable(at_work, one.carrier.of(connector.id)[:-1], one.carrier.declared[connector.id])
    fewer = like is not None and limits.far_fewer_rows(like.rows, at_work.rows)
    told = find(fmo_id, one.carrier) if _completes(one) else None
    one.found = told is not None
    marks = tuple(statements.by_agent(fmo_id)) if one.found else ()
    missing = sum(count for _, count in marks)
    base = (told or 0) + missing
    if fewer or limits.far_more_missing(missing, base):
        before = like if like and fewer else None
        one.short = Short(
            rows=at_work.rows,
            before_rows=before.rows if before else None,
            before_name=before.file_name if before else None,
            before_day=before.as_of.isoformat() if before else None,
            marks=marks,
            base=base,
            which=statements.which(fmo_id) if missing else "",
        )
    return one


def _completes(one: Absences) -> bool:
    """Whether the file belongs to its connector's newest set, and that is complete with it."""
    sets = one.carrier.sets(one.at_work.connector_id)
    return bool(sets) and sets[-1] == one.at_work.as_of


def keep(one: Absences) -> int:
    """After the load: take the mark off what is told again or has ended, and mark what is missing now; how many."""
    fmo_id, key, run_id = one.fmo_id, one.carrier.key, one.at_work.run_id
    unmarked = 0
    if statements.any_marked(fmo_id, key):
        unmarked = statements.unmark_told(fmo_id, key, one.at_work.as_of, run_id)
        newest = newest_set(one.carrier)
        if newest is not None:
            unmarked += statements.unmark_over(fmo_id, key, newest[0], keeps_ended=newest[1])
    marked = statements.mark(fmo_id, run_id) if one.found else 0
    if marked or unmarked:
        access.record(MARKED, kind="feed", ids=[run_id], marked=marked, unmarked=unmarked)
    return marked


def review_after(run: FeedRun) -> None:
    """Bring the marks of the run's carrier up to date, now that the run is no longer in the book."""
    connector = db.session.scalar(select(Connector).where(Connector.id == run.connector_id))
    if connector is not None:
        review(connector.carrier)


def review(carrier: str) -> tuple[int, int]:
    """Bring every mark of the carrier to what its files tell now, after one was taken back; (marked, unmarked).

    Under the book's lock and the login of jobs.
    """
    fmo_id, known = scope.fmo_id(), carrier_of(carrier)
    if find(fmo_id, known, again=True) is None:
        statements.find_nothing()
    unmarked = statements.unmark_unfound(fmo_id, carrier, "undone")
    marked = statements.mark(fmo_id, None)
    if marked or unmarked:
        access.record(MARKED, kind="policy", marked=marked, unmarked=unmarked)
    return marked, unmarked


def declare(connector: Connector, wanted: FullSet | None) -> int:
    """Say which files of one day tell the connector's whole book (None: none do); how many marks were taken back.

    From then on sets are counted anew: what earlier files left out under another word is no sign of anything.
    Nothing happens where that holds already. Raises `ValueError` with a sentence for what cannot be.
    """
    whole = checked(wanted.words, wanted.number, wanted.keeps_ended) if wanted else None
    fmo_id = scope.fmo_id()
    runs.lock_book(fmo_id)
    now = queries.declared(connector)
    if now.full_set == whole and not now.by_layout:
        return 0
    line = queries.line_of(connector) or DeclaredSet(fmo_id=fmo_id, id=new_id(), connector_id=connector.id)
    line.is_full = whole is not None
    if now.full_set != whole:
        line.since = func.clock_timestamp()  # not of when this began to wait for a file that was being loaded
    told = whole or FullSet()
    line.words, line.number, line.keeps_ended = list(told.words), told.number, told.keeps_ended
    db.session.add(line)
    db.session.flush()
    unmarked = statements.unmark_of(fmo_id, connector.id, connector.carrier) if now.full_set != whole else 0
    access.record(
        SET_DECLARED, subject=connector, is_full=line.is_full, files=len(told.words), number=told.number,
        keeps_ended=told.keeps_ended, unmarked=unmarked,
    )  # fmt: skip
    return unmarked
