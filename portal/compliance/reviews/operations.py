"""Beginning a review, judging its findings, and signing it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.compliance.reviews import events, queries
from portal.compliance.reviews.models import FINE, FOLLOW_UP, FollowUp, Review, ReviewFinding
from portal.compliance.reviews.statement import line, statement
from portal.compliance.reviews.statements import acts
from portal.compliance.reviews.statements import standing as at_large
from portal.compliance.seals import signing
from portal.compliance.seals.chain import moment
from portal.core import access, outbox, scope
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.extensions import db

JOB = "compute_review"
# Entries are dated when their transaction begins, and a job may work for an hour: what is newer may still come.
LAG = timedelta(minutes=65)
LONGEST = timedelta(days=1)  # a transaction that wrote entries, at the very most
OTHERWISE = "The finding was judged otherwise."


class NotDone(Exception):
    """What was asked for is not possible now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an officer makes of findings; owner and last day of a follow-up."""

    disposition: str
    note: str | None = None
    owner: tuple[UUID, str] | None = None
    due_on: date | None = None


def begin() -> Review:
    """The review that is under way; where none is, a new one from where the last one ended."""
    at_work, table = scope.current(), table_of(Review)
    now = at_large.now(db.session())
    last = queries.last_signed()
    first = max(at_large.since(db.session(), scope.fmo_id()), now - queries.FIRST_LOOKS_BACK)
    from_at = _goes_on(last) if last else first
    who = {"begun_by": at_work.actor_id, "begun_name": at_work.actor_name}
    row = {
        "fmo_id": scope.fmo_id(),
        "id": new_id(),
        "number": last.number + 1 if last else 1,
        "from_at": from_at,
        "until_at": max(from_at, now - LAG),
        **who,
        "asked_by": at_work.actor_id,
        "asked_name": at_work.actor_name,
    }
    # Who clicks at the same moment waits here for the other one, and then finds that one's.
    new = insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)
    made = db.session.execute(new).scalar_one_or_none()
    if made is not None:
        outbox.send_after_commit(JOB, made)
        access.record(events.BEGUN, kind="review", ids=[made], number=row["number"])
    review = queries.open_one()
    if review is None:
        raise NotDone("Another officer has just signed the review. Nothing was begun. Load the page again.")
    return review


def _goes_on(last: Review) -> datetime:
    """Where the next review begins: where the last one ended, or with what came later into what was reviewed."""
    recent = [one for one in queries.signed_since(last.until_at - LONGEST) if count_now(one) > one.entries]
    if not recent:
        return last.until_at
    begin = max(min(one.from_at for one in recent), last.until_at - LONGEST)
    span = {"fmo_id": last.fmo_id, "begin": begin, "end": last.until_at, "lag": LAG}
    return at_large.came_later(db.session(), **span) or last.until_at


def count_now(review: Review) -> int:
    """How many entries of its period are in the log now."""
    return acts.count(db.session(), fmo_id=review.fmo_id, begin=review.from_at, end=review.until_at)


def held(review_id: UUID) -> Review:
    """The review, which nobody else changes until this transaction ends; raises `NotDone` where it is signed."""
    query = select(Review).where(Review.id == review_id).with_for_update()
    review = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if review.signed_at is not None:
        raise NotDone(f"{review.signed_name} has signed this review. It is never changed again; nothing was saved.")
    return review


def compute_again(review_id: UUID) -> None:
    """Have the findings of an open review computed anew, up to now; what was judged stays judged."""
    review = held(review_id)
    if queries.is_computing(review):
        return
    at_work = scope.current()
    review.asked_at, review.asked_by, review.asked_name = (
        at_large.now(db.session()),
        _me(),
        at_work.actor_name,
    )
    db.session.flush()
    outbox.send_after_commit(JOB, review.id)
    access.record(events.RECOMPUTED, subject=review, kind="review", number=review.number)


def judge(review_id: UUID, seen: Mapping[UUID, int], judgement: Judgement) -> int:
    """Keep a judgement of findings; `seen` says in which revision each was looked at.

    Raises `NotDone` where another officer judged one of them meanwhile, or where more of it was found.
    """
    held(review_id)
    of_review = select(ReviewFinding).where(ReviewFinding.review_id == review_id, ReviewFinding.id.in_(list(seen)))
    rows = db.session.scalars(of_review.execution_options(populate_existing=True)).all()
    if len(rows) != len(seen) or any(seen[row.id] != row.revision for row in rows):
        others = sorted({row.decided_name for row in rows if seen[row.id] != row.revision and row.decided_name})
        who = f"{' and '.join(others)} judged" if others else "Something changed"
        raise NotDone(
            f"{who} these findings after you opened the page. Nothing was saved. Look at them as they are now."
        )
    _keep(rows, judgement)
    return len(rows)


def judge_kind_fine(review_id: UUID, kind: str, note: str, *, computed: str) -> int:
    """Call every finding of a kind that nobody judged yet fine; `computed` says which computing the officer saw."""
    review = held(review_id)
    if review.computed_at is None or moment(review.computed_at) != computed:
        raise NotDone(
            "The findings were computed anew after you opened the page. Nothing was saved. Look at them first."
        )
    waiting = select(ReviewFinding).where(
        ReviewFinding.review_id == review_id, ReviewFinding.kind == kind, queries.is_open()
    )
    rows = db.session.scalars(waiting.execution_options(populate_existing=True)).all()
    _keep(rows, Judgement(FINE, note))
    return len(rows)


def _keep(rows: Sequence[ReviewFinding], judgement: Judgement) -> None:
    if not rows:
        return
    at_work, ids = scope.current(), [row.id for row in rows]
    _close(ids, OTHERWISE)
    for row in rows:
        row.disposition, row.note, row.grown, row.revision = (
            judgement.disposition,
            judgement.note,
            False,
            row.revision + 1,
        )
        row.decided_at, row.decided_by, row.decided_name = at_large.now(db.session()), _me(), at_work.actor_name
    db.session.flush()
    if judgement.disposition == FOLLOW_UP:
        assert judgement.owner is not None and judgement.due_on is not None
        told = {"owner_id": judgement.owner[0], "owner_name": judgement.owner[1], "due_on": judgement.due_on}
        new = [{"fmo_id": scope.fmo_id(), "id": new_id(), "finding_id": one, **told} for one in ids]
        db.session.execute(insert(table_of(FollowUp)), new)
    kinds = sorted({row.kind for row in rows})
    access.record(
        events.DECIDED,
        kind="review_finding",
        ids=ids,
        members={member for row in rows for member in row.member_ids},
        review=str(rows[0].review_id),
        finding_kind=kinds[0] if len(kinds) == 1 else kinds,
        disposition=judgement.disposition,
        count=len(ids),
    )


def _close(finding_ids: Sequence[UUID], outcome: str) -> int:
    closed = {"closed_at": func.now(), "closed_by": _me(), "closed_name": scope.current().actor_name}
    still = (FollowUp.finding_id.in_(finding_ids), FollowUp.closed_at.is_(None))
    done = update(FollowUp).where(*still).values(**closed, outcome=outcome).returning(FollowUp.id)
    return len(db.session.execute(done.execution_options(synchronize_session=False)).all())


def close_follow_up(finding: ReviewFinding, outcome: str) -> bool:
    """Say what came of a follow-up; False where somebody closed it before."""
    if not _close([finding.id], outcome):
        return False
    access.record(events.CLOSED, subject=finding, kind="review_finding", finding=finding.kind)
    return True


def sign(review_id: UUID) -> Review:
    """Sign the review off: from now on neither it nor a finding of it changes. Raises `NotDone`."""
    review = held(review_id)
    if queries.is_computing(review):
        raise NotDone("The findings are being computed. Nothing was signed. Wait until that is done.")
    if review.computed_at is None:
        raise NotDone("The findings were never computed. Nothing was signed. Compute them first.")
    if review.until_at <= review.from_at:
        raise NotDone("This review looks at no time yet. Nothing was signed. Compute it again in an hour.")
    if waiting := queries.open_count(review):
        are = "1 finding is" if waiting == 1 else f"{waiting:,} findings are"
        raise NotDone(f"{are} not judged yet. Nothing was signed.")
    if (later := count_now(review) - review.entries) > 0:
        came = "1 entry of this period has" if later == 1 else f"{later:,} entries of this period have"
        raise NotDone(f"{came} come into the log since the findings were computed. Nothing was signed. Compute again.")
    found = queries.all_findings(review)
    follow_ups = queries.judged_follow_ups(found)
    lines = [line(one, follow_ups.get(one.id)) for one in found]
    at_work, now = scope.current(), at_large.now(db.session())
    own = sum(one.decided_by == one.actor_id for one in found)
    text = statement(
        review,
        queries.by_kind(review),
        lines,
        signer=(_me(), at_work.actor_name),
        signed_at=moment(now),
        judged_by_themselves=own,
        **_sealed(review),
    )
    made = signing.sign(text.encode())
    review.signed_at, review.signed_by, review.signed_name = now, _me(), at_work.actor_name
    review.statement, review.sha256 = text, sha256(text.encode()).hexdigest()
    review.key_id, review.signature = made.key_id, made.signature
    db.session.flush()
    access.record(
        events.SIGNED, subject=review, kind="review", number=review.number, findings=len(lines), sha256=review.sha256
    )
    return review


def _sealed(review: Review) -> dict[str, Any]:
    span = {"fmo_id": review.fmo_id, "begin": review.from_at, "end": review.until_at}
    seals = at_large.seals(db.session(), **span)
    return {"seals": [seals.first, seals.last], "unsealed": at_large.unsealed(db.session(), **span)}


def _me() -> UUID:
    found = scope.current().actor_id
    assert found is not None
    return found
