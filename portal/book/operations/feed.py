"""Loading a carrier file: one transaction, before it the old book, after it the new one, never half."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from portal.book.drift.opening import Drifted
from portal.book.events import FEED_FAILED, FEED_LOADED
from portal.book.models import FeedRun
from portal.book.operations import holding
from portal.book.operations.before import known_rows, same_again
from portal.book.operations.connectors import connector_for, remember_columns
from portal.book.operations.freezing import keep_columns
from portal.book.operations.known import KnownRows
from portal.book.operations.loading import Load, merge
from portal.book.operations.progress import Progress
from portal.book.operations.staging import Staged, open_file, stage, write_file
from portal.book.quarantine import keeping
from portal.book.report import statements as effects
from portal.book.statements import outcome, policies, runs
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import FileRefused
from portal.core import access, scope, scratch
from portal.core.clock import day
from portal.core.session import open_session
from portal.extensions import db

log = logging.getLogger(__name__)
UNEXPECTED = (
    "Something went wrong ({phase}). Nothing in the book was changed; load the file again, and tell whoever runs the"
    " portal if it happens twice."
)


class Superseded(Exception):
    """A newer attempt has taken the run; this one must leave nothing."""


def run_feed(run_id: UUID) -> None:
    """Load the file of a queued run under the jobs login, and commit. A run that is over is left as it is.

    The run ends succeeded with its counts, or with the book untouched: held for a second admin, or failed with a
    sentence. Raises only where the database went away: the run is then still open, and whoever calls this again
    continues it.
    """
    fmo_id = scope.fmo_id()
    runs.wait_for_book(fmo_id)
    progress = Progress.begin(fmo_id, run_id)
    if progress is None:
        db.session.rollback()
        return
    try:
        _load(fmo_id, run_id, progress)
    except OperationalError:
        db.session.rollback()
        raise
    except FileRefused as refused:
        _end(run_id, progress, f"{refused} Nothing in the book was changed.")
    except Superseded:
        db.session.rollback()
    except Exception as error:  # noqa: BLE001  # the run must end; the text may hold values of rows and goes nowhere
        log.error("Feed run %s failed at %s: %s", run_id, progress.phase, _where(error))
        _end(run_id, progress, UNEXPECTED.format(phase=progress.phase.lower()))


def _where(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_name}:{last.tb_lineno}" if last else "?"
    return f"{type(error).__name__} in {place}"


def _end(run_id: UUID, progress: Progress, sentence: str) -> None:
    db.session.rollback()
    progress.fail(sentence)
    with open_session(scope.current()) as session:
        access.record(FEED_FAILED, kind="feed", ids=[run_id], session=session, phase=progress.phase)
        access.write_entries(session)


def _load(fmo_id: UUID, run_id: UUID, progress: Progress) -> None:
    run = db.session.scalars(select(FeedRun).where(FeedRun.id == run_id)).one()
    with scratch.folder() as folder:
        path = write_file(run, folder)
        try:
            parsed = open_file(run, path)
        except Drifted as drifted:
            _freeze(run, keep_columns(run, drifted, progress), progress)
            return
        last = same_again(run, parsed)
        if last is not None:
            _tell_again(run, last, parsed, progress)
            return
        known = known_rows(run, parsed, folder)
        staged = stage(parsed, fmo_id, progress, known)
        _bring_in(run, parsed, staged, known, progress)


def _bring_in(run: FeedRun, parsed: ParsedFile, staged: Staged, known: KnownRows, progress: Progress) -> None:
    fmo_id, run_id = run.fmo_id, run.id
    saved = db.session.begin_nested()
    connector = connector_for(parsed.layout, run.connector_id)
    load = Load(fmo_id, run, connector, parsed, staged, known, progress)
    try:
        merge(load)
    except holding.Question as question:
        saved.rollback()
        _hold(run, progress, parsed, question)
        return
    if run.dry_run:
        kept = effects.lift(fmo_id, run_id)
        saved.rollback()
        effects.lay(fmo_id, run_id, kept)
    else:
        saved.commit()
    outcome.keep_problems(fmo_id, run_id)
    if not run.dry_run:
        keeping.settle(run, load.connector.id, parsed, staged.kept)
    _finish(run, progress, parsed, {**load.counts, **_read_by(load)})
    details: dict[str, Any] = {**load.counts, "dry_run": run.dry_run}
    access.record(FEED_LOADED, kind="feed", ids=[run_id], **details)
    access.write_entries()
    large = not run.dry_run and load.writes >= max(outcome.LARGE, load.counts["unchanged"] // 10)
    db.session.commit()
    if large:
        outcome.refresh_statistics()
        db.session.commit()


def _tell_again(run: FeedRun, last: FeedRun, parsed: ParsedFile, progress: Progress) -> None:
    """The very file that the book holds: nothing of it needs to be read, and its counts are those of the run before."""
    outcome.copy_problems(run.fmo_id, last.id, run.id)
    alike: dict[str, Any] = {name: getattr(last, name) for name in ("rows", "refused", "dropped", "unattributed")}
    told = (last.new or 0) + (last.changed or 0) + (last.unchanged or 0)
    counts = {**alike, "new": 0, "changed": 0, "unchanged": told, "released": 0, "missing": 0}
    again = f"This is the file of {day(parsed.as_of)} again. Nothing was written."
    parsed.notes[:] = [*dict.fromkeys([*parsed.notes, *(note for note in last.notes if note != again)]), again]
    kept = {name: getattr(last, name) for name in ("connector_id", "layout_version", "reading", "book_batch")}
    _finish(run, progress, parsed, {**counts, **kept, "same_as": last.same_as or last.id})
    access.record(FEED_LOADED, kind="feed", ids=[run.id], dry_run=False, **counts)
    access.write_entries()
    db.session.commit()


def _freeze(run: FeedRun, sentence: str, progress: Progress) -> None:
    """Nothing of the file was read into the book; it stays, for an admin to say what its columns are."""
    _change(run, progress, {"status": "frozen", "error": sentence, "phase": None, "notes": list(run.notes)})
    access.write_entries()
    db.session.commit()


def _read_by(load: Load) -> dict[str, Any]:
    """What the run keeps of how its file was read; a check leaves no connector and no columns behind."""
    if load.run.dry_run:
        return {"connector_id": load.run.connector_id}
    version = remember_columns(load.connector, load.parsed, load.run)
    newest = policies.next_batch(load.fmo_id) - 1
    read = {"connector_id": load.connector.id, "layout_version": version, "reading": load.parsed.reading}
    return {**read, "book_batch": newest, "batch": load.batch}


def _hold(run: FeedRun, progress: Progress, parsed: ParsedFile, question: holding.Question) -> None:
    """The book is as it was; the file stays, for an admin to decide."""
    held = holding.keep_file(run, question)
    _end_as(run, progress, parsed, {"status": "held", "error": question.says, **question.counts})
    log.info("Feed run %s is held as %s.", run.id, held.id)
    access.write_entries()
    db.session.commit()


def _finish(run: FeedRun, progress: Progress, parsed: ParsedFile, values: dict[str, Any]) -> None:
    over = {"status": "succeeded", "error": None, "finished_at": func.clock_timestamp()}
    _end_as(run, progress, parsed, over | values)


def _end_as(run: FeedRun, progress: Progress, parsed: ParsedFile, values: dict[str, Any]) -> None:
    told = {"as_of": parsed.as_of, "says_full": parsed.complete, "notes": list(parsed.notes)}
    rows = {"phase": None, "progress_done": values["rows"], "progress_total": values["rows"]}
    _change(run, progress, {**told, **rows, **values})


def _change(run: FeedRun, progress: Progress, values: dict[str, Any]) -> None:
    done = db.session.execute(
        update(FeedRun)
        .where(FeedRun.id == run.id, FeedRun.fence == progress.fence, FeedRun.status == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE has one
        raise Superseded
