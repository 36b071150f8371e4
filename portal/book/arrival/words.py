"""How sources, looks and lateness read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from portal.book.arrival.models import ArrivalLook, ArrivalSource, Expectation
from portal.book.arrival.operations.schedule import SCHEDULE, ready
from portal.book.models import Connector
from portal.config import load_settings
from portal.core import clock
from portal.core.words import counted
from portal.core.zones import ZONES

KINDS = {"folder": "Watched folder", "sftp": "SFTP server"}
OUTCOMES = {
    "taken": ("Taken", "good"),
    "ready": ("Would be taken", "good"),
    "waiting": ("Waiting", "info"),
    "left": ("Left alone", "neutral"),
    "known": ("Known", "neutral"),
    "refused": ("Refused", "bad"),
}
WHAT = {"take": "Look", "test": "Test", "key": "Question for the key"}
LOOK_STATES = {
    "queued": ("Waiting", "info"),
    "running": ("Looking", "info"),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
}
AFTERWARDS = {"leave": "Left there", "move": "Moved to", "delete": "Deleted there"}


def place(source: ArrivalSource) -> str:
    """What the source is called: its folder, or its server and folder."""
    if source.kind == "folder":
        return source.folder or "Inbox"
    return f"{source.username}@{source.host}:{source.folder or '.'}"


def whole_path(source: ArrivalSource, slug: str) -> Path:
    """Where people put files of a watched folder."""
    return load_settings().inbox / slug / source.folder


def schedule(source: ArrivalSource) -> str:
    """ "Every 2 hours", "Daily at 06:30, Eastern", "Only by the button"."""
    if source.every_minutes:
        hours, rest = divmod(source.every_minutes, 60)
        if rest:
            return f"Every {counted(source.every_minutes, 'minute')}"
        return "Every hour" if hours == 1 else f"Every {hours} hours"
    if source.daily_at:
        return f"Daily at {source.daily_at}, {ZONES.get(source.zone, source.zone)}"
    return "Only by the button"


def state(source: ArrivalSource) -> tuple[str, str]:
    """(word, tone) of how it stands with a source."""
    if source.stopped:
        return "Stopped", "bad"
    if not ready(source):
        return "Key to be confirmed", "warn"
    if source.failures:
        return "Failing", "bad" if source.failures >= 3 else "warn"
    return ("Working", "good") if source.looked_at else ("Not looked at yet", "neutral")


def connector_state(sources: list[ArrivalSource]) -> tuple[str, str] | None:
    """The worst state of a connector's sources; None without any."""
    ranks = ("bad", "warn", "neutral", "info", "good")
    return min((state(one) for one in sources), key=lambda found: ranks.index(found[1]), default=None)


def next_look(*sources: ArrivalSource) -> datetime | None:
    """When the next of some sources is looked at; those that nobody may look at yet, or any more, do not count."""
    return min((one.next_at for one in sources if one.next_at and ready(one) and not one.stopped), default=None)


def outcome(look: ArrivalLook) -> str:
    """What a look that is over did, in a sentence."""
    if look.status == "failed":
        return look.error or "The look failed."
    if look.what == "key":
        return "The server told its key."
    if not look.found:
        return "Nothing is there that the pattern means."
    would = "would be taken" if look.what == "test" else "taken"
    said = f"{counted(look.found, 'file')} found: {look.taken or 0:,} {would}"
    said += f", {look.waiting:,} not whole yet" if look.waiting else ""
    return said + (f", {look.left:,} left alone." if look.left else ".")


def in_pieces(fingerprint: str) -> list[str]:
    """A fingerprint in pieces between which a line may end."""
    return [fingerprint[at : at + 10] for at in range(0, len(fingerprint), 10)]


def asked_by(look: ArrivalLook) -> str:
    """Who or what asked for the look."""
    return "the schedule" if look.asked_id is None and look.asked_by == SCHEDULE else look.asked_by


def late_task(connector: Connector, wanted: Expectation, last: datetime | None) -> str:
    """ "No file of Humana book of business since 12 Oct 2026; expected every 7 days"."""
    since = f" since {clock.day(last)}" if last else " yet"
    return f"No file of {connector.name}{since}; expected every {counted(wanted.every_days, 'day')}"


def failing_task(source: ArrivalSource, connector: Connector) -> str:
    """Why files of a connector do not come in."""
    short = "Nothing is tried any more" if source.stopped else f"{source.failures:,} looks failed"
    return f"{KINDS[source.kind]} of {connector.name}: {short}. {source.error or ''}".strip()
