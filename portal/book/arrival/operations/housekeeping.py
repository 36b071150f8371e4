"""What nobody needs any more of looks and of files that were fetched in part."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import delete, or_, select

from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.config import load_settings
from portal.core import clock
from portal.extensions import db
from portal.identity.rounds import in_each_fmo

QUIET = timedelta(days=30)  # looks that found nothing to take
ALL = timedelta(days=400)
PARTIAL_SECONDS = 7 * 86_400


def clear() -> int:
    """Forget old looks and what is left of fetched files; for the relay, once an hour, outside any scope."""
    return in_each_fmo(_clear_fmo)


def _clear_fmo() -> int:
    now = clock.now()
    quiet = (ArrivalLook.ended_at < now - QUIET) & (ArrivalLook.taken.is_(None) | (ArrivalLook.taken == 0))
    old = delete(ArrivalLook).where(or_(quiet, ArrivalLook.ended_at < now - ALL))
    done = db.session.execute(old.execution_options(synchronize_session=False))
    for source_id, removed_at in db.session.execute(select(ArrivalSource.id, ArrivalSource.removed_at)):
        folder = load_settings().data / "arrival" / str(source_id)
        if removed_at is not None and removed_at < now - timedelta(hours=2):
            shutil.rmtree(folder, ignore_errors=True)
            continue
        for path in folder.glob("*.part"):
            with suppress(FileNotFoundError):  # taken at this moment
                if path.stat().st_mtime < time.time() - PARTIAL_SECONDS:
                    path.unlink()
    return int(done.rowcount)  # type: ignore[attr-defined]  # a DELETE has one
