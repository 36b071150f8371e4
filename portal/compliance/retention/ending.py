"""A run of the retention: months past their term are archived, and those that two people approved leave the log.

Whoever runs it may do so as often as they like: a month is archived once, and ends once. Every step is a transaction
of its own, so that a run that is killed leaves nothing half; what the database refuses stays and is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from portal.compliance.retention import archiving, events, files, models, statements
from portal.compliance.retention.months import Month
from portal.compliance.seals import archives
from portal.compliance.seals.models import INSTALLATION
from portal.compliance.seals.scopes import chains, sealing
from portal.config import RETENTION_LOGIN, load_settings
from portal.core import access
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session

log = logging.getLogger("portal.retention")
TRIES, WAIT = 5, 2.0  # for the moment in which the log must stand still
NOBODY = "Retention"
HELD, WAITS, ARCHIVED, ENDED, REFUSED, WOULD = "held", "waits", "archived", "ended", "refused", "would"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one month that is past its term: one of the words above, and why."""

    month: Month
    entries: int
    state: str
    why: str = ""


def years_before(moment: datetime, years: int) -> datetime:
    """The same day so many years earlier; of 29 February the 28th."""
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return moment.replace(year=moment.year - years, day=28)


def run(as_of: datetime, *, by: str = "", dry: bool = False) -> Iterator[Step]:
    """Go through the months past their term at `as_of`, oldest first. `by`: the operator, who counts as one of two."""
    with open_session(sealing()) as session:
        there = statements.months(session)
    fmos = [chain for chain in chains() if chain != INSTALLATION]
    for month in there:
        if month.end > years_before(as_of, models.FEWEST):
            return
        with nullcontext() if dry else files.alone():
            step = _one(month, fmos, as_of, by, dry=dry)
        if step is not None:
            yield step


@dataclass(frozen=True, slots=True)
class _Part:
    """One FMO's entries of a month."""

    fmo_id: UUID
    entries: int
    hold: UUID | None
    archive: Any


def _one(month: Month, fmos: list[UUID], as_of: datetime, by: str, *, dry: bool) -> Step | None:
    parts = []
    for fmo_id in fmos:
        with open_session(sealing(fmo_id)) as session:
            if not statements.has_entries(session, fmo_id, month):
                continue
            term = statements.years(session, fmo_id) or models.YEARS
            if month.end > years_before(as_of, term):
                return None  # what one FMO still keeps stays for all: they share the month
            counted, hold = statements.count(session, fmo_id, month), statements.holding(session, fmo_id, month)
            parts.append(_Part(fmo_id, counted, hold, statements.archived(session, fmo_id, month)))
    if not parts and month.end > years_before(as_of, models.YEARS):
        return None
    entries = sum(part.entries for part in parts)
    holding = [str(part.hold) for part in parts if part.hold]
    if holding:
        return Step(month, entries, HELD, f"Legal hold {', '.join(holding)}.")
    if dry:
        return Step(month, entries, WOULD, _would(parts, by))
    return _archive_and_end(month, parts, entries, as_of, by)


def _would(parts: list[_Part], by: str) -> str:
    bare = [part for part in parts if part.archive is None]
    if bare:
        return "It would be archived, and then wait for approval."
    return "It would end." if all(_approved(part, by) for part in parts) else "It is archived and waits for approval."


def _approved(part: _Part, by: str) -> bool:
    return part.archive is not None and part.archive.approved and (part.archive.second or bool(by))


def _archive_and_end(month: Month, parts: list[_Part], entries: int, as_of: datetime, by: str) -> Step:
    made = 0
    for part in parts:
        if part.archive is not None:
            if not part.archive.told:  # whoever kept it was killed before that
                _tell(part, part.archive.id, part.archive.entries, month, by)
            if part.archive.entries != part.entries:
                counts = f"The archive holds {part.archive.entries:,} entries, the log {part.entries:,}."
                return Step(month, entries, REFUSED, f"FMO {part.fmo_id}: {counts}")
            continue
        try:
            _archive(part, month, by)
        except (archiving.NotRight, OSError) as error:
            return Step(month, entries, REFUSED, f"FMO {part.fmo_id}: {error}")
        made += 1
    if made:
        return Step(month, entries, ARCHIVED, "It waits for approval.")
    if not all(_approved(part, by) for part in parts):
        return Step(month, entries, WAITS, "It is archived and waits for approval.")
    for part in parts:
        if fault := _lost(part, month):
            return Step(month, entries, REFUSED, f"FMO {part.fmo_id}: {fault}")
    return _end(month, entries, as_of, by)


def _lost(part: _Part, month: Month) -> str | None:
    """Why the archive is not what it was when it was made, perhaps long ago: then nothing may leave the log for it."""
    with open_session(sealing(part.fmo_id)) as session:
        archive = statements.record(session, part.fmo_id, month)
    if not archives.is_signed(archive):
        return "The archive's record is not signed by a key of ours."
    if fault := archives.file_fault(archive):
        return f"The file {archive.file} {fault}."
    try:
        archiving.check(archive)
    except archiving.NotRight as error:
        return str(error)
    return None


def _archive(part: _Part, month: Month, by: str) -> None:
    archive = archiving.write(part.fmo_id, month)
    with open_session(sealing(part.fmo_id)) as session:
        record_id = statements.keep(session, archive, month)
    _tell(part, record_id, archive.entries, month, by)


def _tell(part: _Part, record_id: UUID, entries: int, month: Month, by: str) -> None:
    told = {"kind": "log_archive", "ids": [record_id], "month": str(month), "count": entries}
    with logging_for(part.fmo_id, by) as session:
        access.record(events.ARCHIVED, session=session, **told)  # type: ignore[arg-type]  # of several kinds


@contextmanager
def logging_for(fmo_id: UUID, by: str) -> Iterator[Any]:
    """A session whose entries of the log are written with it, in the name of the operator or of nobody."""
    with open_session(Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, actor_name=by or NOBODY)) as session:
        yield session
        access.write_entries(session)


def _end(month: Month, entries: int, as_of: datetime, by: str) -> Step:
    engine = engine_of()
    try:
        for number in range(TRIES):
            try:
                with engine.begin() as connection:
                    gone = statements.end(connection, month, as_of, by)
                return Step(month, gone, ENDED)
            except DBAPIError as error:
                busy = getattr(error.orig, "sqlstate", "") == "55P03"
                if not busy or number == TRIES - 1:
                    return Step(month, entries, REFUSED, _said(error))
                time.sleep(WAIT)
        raise AssertionError("a try ends it")
    finally:
        engine.dispose()


def engine_of() -> Engine:
    """An engine of the one login that may end a month."""
    url = load_settings().database_url_for(RETENTION_LOGIN)
    return create_engine(url, poolclass=NullPool, hide_parameters=True)


def _said(error: DBAPIError) -> str:
    diagnosis = getattr(error.orig, "diag", None)
    return f"The database refused: {getattr(diagnosis, 'message_primary', None) or type(error.orig).__name__}."
