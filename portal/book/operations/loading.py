"""The steps of a load from the staged file to the changed book; each finds what it needs in the `Load`."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from portal.book import hooks, limits
from portal.book.absence import operations as absence
from portal.book.absence.operations import Absences
from portal.book.absence.sets import Told
from portal.book.effect import Effect
from portal.book.models import Connector, FeedRun
from portal.book.operations import holding, late
from portal.book.operations.connectors import blocked_kinds
from portal.book.operations.known import KnownRows
from portal.book.operations.progress import Progress
from portal.book.operations.staging import Staged
from portal.book.statements import members, moves, outcome, people, policies, prints, winners, writers
from portal.connectors.parse import ParsedFile


@dataclass(slots=True)
class Load:
    """One staged file on its way into the book, inside a savepoint."""

    fmo_id: UUID
    run: FeedRun
    connector: Connector
    parsed: ParsedFile
    staged: Staged
    known: KnownRows
    progress: Progress
    counts: dict[str, int] = field(default_factory=dict)
    batch: int | None = None  # ingest number under which it writes

    @property
    def writes(self) -> int:
        """How many policies it writes."""
        return self.counts["new"] + self.counts["changed"]


def merge(load: Load) -> None:
    """Bring the book to what the file tells and fill the counts.

    Raises `holding.LooksShort` where an admin must look at it first, `holding.TooMany` where a second one must.
    """
    compare(load)
    absences = weigh_absences(load)
    weigh(load)
    load.counts["unattributed"] = load.known.unattributed + outcome.unattributed()
    load.counts["released"] = write(load) if load.writes else 0
    load.counts["missing"] = absence.keep(absences)
    load.progress.at("Finishing", load.writes, load.writes)


def compare(load: Load) -> None:
    """Which enrolments of the file are new or changed and whose they will be; the file's prints are kept."""
    carrier, staged, known = load.parsed.layout.carrier, load.staged, load.known
    load.progress.at("Comparing with the book", staged.rows, staged.rows)
    kept, new, changed = winners.compare(load.fmo_id, load.parsed.as_of, fixed=load.run.parent_id is not None)
    if changed:
        changed -= late.leave_to_newer(load.parsed, load.progress)
        changed -= late.leave_to_same_day(load.run, load.connector, load.parsed)
    load.counts = {
        "rows": staged.rows, "new": new, "changed": changed, "unchanged": staged.passed + kept - new - changed,
        "refused": staged.refused, "dropped": staged.dropped + staged.taken - kept,
    }  # fmt: skip
    if load.writes:
        unsaid = [one.kind for one in load.parsed.layout.writer.crosswalks if one.may_be_npn]
        writers.resolve(load.fmo_id, carrier, blocked=blocked_kinds(carrier), may_be_npn=unsaid)
    # A check's go with its savepoint; until then they tell what is absent.
    prints.keep(load.fmo_id, load.run.id, known.kept())


def weigh_absences(load: Load) -> Absences:
    """Find what the file leaves out; let pass what does not look cut off, and what an admin has said yes to."""
    run, parsed = load.run, load.parsed
    told = Told(
        run.id, load.connector.id, run.file_name, parsed.as_of, parsed.complete, load.staged.rows, at=None,
        beside=run.parent_id is not None,
    )  # fmt: skip
    found = absence.weigh(load.fmo_id, load.connector, told)
    if found.short is None:
        return found
    if run.dry_run:
        parsed.notes.append(f"Loading this file would be held until an administrator decides. {found.short.says()}")
    elif holding.approval_of(run, "shrunk_file") != found.short.digest:
        raise holding.LooksShort(found.short, load.counts)
    return found


def weigh(load: Load) -> None:
    """Let pass what one admin may move alone, and what a second one has said yes to."""
    if not load.writes:
        return
    effect: Effect = moves.of_feed(load.counts["unchanged"] + load.counts["changed"])
    if not limits.exceeded(effect):
        return
    if load.run.dry_run:
        load.parsed.notes.append(f"Loading this file would be held. {holding.beyond(effect)}")
    elif holding.approval_of(load.run, "file") != effect.digest:
        raise holding.TooMany(effect, load.counts)


def write(load: Load) -> int:
    """Members, then policies, then whose they are, and whoever follows the book is told; the copies taken away."""
    fmo_id, run, carrier, as_of = load.fmo_id, load.run, load.parsed.layout.carrier, load.parsed.as_of
    load.progress.at("Recognising members", 0, load.writes)
    people.recognise(fmo_id, carrier)
    batch = load.batch = policies.next_batch(fmo_id)
    members.merge(fmo_id, carrier, as_of, batch=batch, run_id=run.id)
    load.progress.at("Writing policies", 0, load.writes)
    policies.merge(fmo_id, run_id=run.id, carrier=carrier, as_of=as_of, batch=batch)
    released = hooks.writers_changed(writers.keep_intervals(fmo_id, run.id))
    hooks.changed()
    return released
