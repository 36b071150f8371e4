"""The end of a look: what it found is kept, the next one is set, and what somebody must decide is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select

from portal.book.arrival.events import SOURCE_FAIL, SOURCE_TAKE
from portal.book.arrival.judging import MOST_LINES, Line
from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.book.arrival.operations import schedule
from portal.book.arrival.operations.steps import Order, step
from portal.book.arrival.places import KeyChanged, LoginRefused, LookFailed
from portal.core import access, clock
from portal.extensions import db

REFUSED_LOGINS = 3
LOCKED = " After three refusals nothing more is tried, so that the account there is not locked. Change the login."
_ORDER = ("taken", "ready", "refused", "waiting", "left", "known")


def end(order: Order, found: int, lines: Sequence[Line], host_key: str | None) -> None:
    """The look went well; `host_key` is what a host showed that was only asked for its key."""
    with step():
        look, source = _both(order)
        if look is None or source is None:
            return
        counts = _keep(look, found, lines)
        look.status, look.ended_at = "done", clock.now()
        if host_key is not None:
            source.offered_key = host_key if host_key != source.host_key else None
        if order.what == "take":
            source.failures, source.failing_since, source.error, source.stopped = 0, None, None, False
            source.looked_at = clock.now()
            source.next_at = schedule.time_after(source, clock.now())
            if counts["taken"]:
                left = counts["left"] + counts["refused"]
                access.record(SOURCE_TAKE, subject=source, found=found, taken=counts["taken"], left=left)
        _keep_time(source)


def fail(order: Order, found: int, lines: Sequence[Line], failed: LookFailed) -> None:
    """The look failed with a sentence; what it had done by then is kept."""
    with step():
        look, source = _both(order)
        if look is None or source is None:
            return
        _keep(look, found, lines)
        sentence, stop = str(failed), isinstance(failed, KeyChanged)
        if isinstance(failed, LoginRefused) and source.failures + 1 >= REFUSED_LOGINS and order.what == "take":
            sentence, stop = sentence + LOCKED, True
        look.status, look.ended_at, look.error = "failed", clock.now(), sentence
        if order.what == "take" or stop:
            schedule.note_failure(source, sentence, clock.now(), stop=stop)
            access.record(SOURCE_FAIL, subject=source, look=order.what, stopped=source.stopped)
        _keep_time(source)


def _both(order: Order) -> tuple[ArrivalLook | None, ArrivalSource | None]:
    """Both rows, where the look is still this worker's."""
    source = db.session.scalar(select(ArrivalSource).where(ArrivalSource.id == order.source_id).with_for_update())
    mine = (ArrivalLook.id == order.look_id, ArrivalLook.fence == order.fence, ArrivalLook.status == "running")
    return db.session.scalar(select(ArrivalLook).where(*mine).with_for_update()), source


def _keep(look: ArrivalLook, found: int, lines: Sequence[Line]) -> Counter[str]:
    counts = Counter(line.outcome for line in lines)
    look.found, look.taken, look.waiting = found, counts["taken"] + counts["ready"], counts["waiting"]
    look.left = counts["left"] + counts["refused"] + counts["known"]
    told = sorted(lines, key=lambda line: _ORDER.index(line.outcome))
    look.lines = [line._asdict() for line in told[:MOST_LINES]]
    return counts


def _keep_time(source: ArrivalSource) -> None:
    """A look that came due while another was under way is not lost."""
    if source.next_at is None and not source.stopped and source.removed_at is None:
        source.next_at = schedule.usual_time(source, clock.now())
