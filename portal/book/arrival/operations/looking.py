"""One look at a source, as the job carries it out. It always ends with what it found or with a sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.book.arrival import judging, names
from portal.book.arrival.folder import WatchedFolder, watched
from portal.book.arrival.judging import Judged, Line
from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.book.arrival.operations import ending, memory, taking, tidying
from portal.book.arrival.operations.schedule import SETTLED
from portal.book.arrival.operations.steps import Order, Overtaken, alone, private_folder, step
from portal.book.arrival.places import Found, LookFailed, Place
from portal.book.arrival.sftp import SftpFolder, sftp_folder
from portal.book.arrival.signing_in import Login, shown_key
from portal.book.models import Connector
from portal.config import load_settings
from portal.core import clock, crypto, scope
from portal.extensions import db
from portal.identity.models import Fmo

log = logging.getLogger(__name__)
FIELD = "arrival"
NO_ROOM = "The portal could not keep what it read ({}). What was taken stays taken. Tell whoever runs the portal."
UNEXPECTED = "Something went wrong that nobody foresaw. What was taken stays taken. Tell whoever runs the portal."


@dataclass(slots=True)
class Report:
    """What a look found and did."""

    found: int = 0
    lines: list[Line] = field(default_factory=list)
    host_key: str | None = None


def look(look_id: UUID) -> None:
    """Carry a look out, and commit. One that is over, or that another worker is at, is left as it is.

    Raises only where the database went away: the look is then still open, and whoever calls this again continues it.
    """
    with step():
        source_id = db.session.scalar(select(ArrivalLook.source_id).where(ArrivalLook.id == look_id))
    if source_id is None:
        return
    with alone(source_id) as free:
        order = _begun(look_id) if free else None
        if order is None:
            return
        report = Report()
        try:
            _DO[order.what](order, report)
        except Overtaken:
            return
        except LookFailed as failed:
            ending.fail(order, report.found, report.lines, failed)
        except OSError as error:
            log.error("Look %s failed: %s", look_id, _where(error))
            ending.fail(order, report.found, report.lines, LookFailed(NO_ROOM.format(error.strerror)))
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001  # the look must end; what the text quotes came from outside
            log.error("Look %s failed: %s", look_id, _where(error))
            ending.fail(order, report.found, report.lines, LookFailed(UNEXPECTED))
        else:
            ending.end(order, report.found, report.lines, report.host_key)


def _where(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return f"{type(error).__name__} in {last.tb_frame.f_code.co_name}:{last.tb_lineno}" if last else "?"


def _begun(look_id: UUID) -> Order | None:
    with step():
        found = db.session.scalar(select(ArrivalLook).where(ArrivalLook.id == look_id).with_for_update())
        if found is None or found.status not in ("queued", "running"):
            return None
        source = db.session.scalars(select(ArrivalSource).where(ArrivalSource.id == found.source_id)).one()
        connector = db.session.scalars(select(Connector).where(Connector.id == source.connector_id)).one()
        slug = db.session.scalars(select(Fmo.slug).where(Fmo.id == scope.fmo_id())).one()
        found.status, found.fence, found.started_at = "running", found.fence + 1, clock.now()
        return Order(
            found.id, found.fence, found.what, source.id, connector.name, source.kind, slug, source.folder,
            source.pattern, source.host or "", source.afterwards, source.move_to or "",
        )  # fmt: skip


def _take(order: Order, report: Report) -> None:
    with _opened(order) as place:
        found, judged = _judged(place, order, report)
        for entry in judged.refused:
            report.lines.append(taking.refuse(entry, order))
        for entry in judged.ready:
            report.lines.append(taking.take(place, entry, order))
        if isinstance(place, SftpFolder):
            place.forget_all_but([*judged.ready, *judged.waiting])
        if isinstance(place, WatchedFolder):
            tidying.move_failed(place, order)
        tidying.put_away(place, order, found.entries)


def _test(order: Order, report: Report) -> None:
    with _opened(order) as place:
        _, judged = _judged(place, order, report)
        report.lines += [Line(one.name, one.size, "ready", "It would be taken.") for one in judged.ready]
        report.lines += [Line(one.name, one.size, "left", judging.TOO_LARGE) for one in judged.refused]


def _key(order: Order, report: Report) -> None:
    with step():
        source = db.session.scalars(select(ArrivalSource).where(ArrivalSource.id == order.source_id)).one()
        host, port = source.host or "", source.port or 22
    report.host_key = shown_key(host, port, private=load_settings().sftp_private)


_DO: dict[str, Callable[[Order, Report], None]] = {"take": _take, "test": _test, "key": _key}


def _judged(place: Place, order: Order, report: Report) -> tuple[Found, Judged]:
    found = place.entries()
    with step():
        if order.what == "take":
            taking.hold_source(order)
        dealt_with, seen = memory.remembered(order)
        judged = judging.judge(
            found.entries, order.pattern, dealt_with=dealt_with, seen=seen, now=clock.now(), settled=SETTLED
        )
        if order.what == "take":
            memory.note_waiting(order, judged.waiting, also=[*judged.ready, *judged.refused])
    report.found = len(found.entries) - judged.unmatched
    report.lines += judged.lines
    report.lines += [Line(one.name, one.size, "known", judging.KNOWN) for one in judged.known]
    if found.cut:
        more = "There are more than 10,000 names in the folder; only the first were looked at. Clear it up."
        report.lines.insert(0, Line("…", 0, "left", more))
    return found, judged


@contextmanager
def _opened(order: Order) -> Iterator[Place]:
    settings, own_folder = load_settings(), private_folder(order.source_id)
    if order.kind == "folder":
        parts = names.parts_below(order.folder)
        if parts is None:
            raise LookFailed("The folder’s name leads out of the inbox. Nothing was taken.")
        own = settings.inbox == settings.data / "inbox"
        with watched(settings.inbox, (order.slug, *parts), own_folder, make_root=own) as folder:
            yield folder
    else:
        with sftp_folder(_login(order), order.folder, own_folder, private=settings.sftp_private) as server:
            server.afterwards, server.move_to = order.afterwards, order.move_to
            yield server


def _login(order: Order) -> Login:
    with step():
        query = select(ArrivalSource, ArrivalSource.secret).where(ArrivalSource.id == order.source_id)
        source, sealed = db.session.execute(query).one()
        if not source.host_key:
            raise LookFailed("Nobody has confirmed the key of this server yet. Nothing was sent to it.")
        if not sealed:
            raise LookFailed("The password or key of this login is missing. Nothing was sent to the server.")
        secret = json.loads(crypto.decrypt(sealed, fmo_id=source.fmo_id, field=FIELD))
        return Login(source.host or "", source.port or 22, source.username or "", source.host_key, **secret)
