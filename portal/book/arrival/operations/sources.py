"""Sources as administrators keep them: added, changed, removed, trusted, and looked at when they say so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from portal.book.arrival import events, queries
from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.book.arrival.operations import schedule
from portal.book.arrival.operations.looking import FIELD
from portal.book.arrival.signing_in import fingerprint
from portal.book.models import Connector
from portal.core import access, clock, crypto, scope
from portal.core.events import Event
from portal.core.ids import new_id
from portal.extensions import db

MOST = 20  # sources of one connector
_KEPT = (
    "folder", "pattern", "host", "port", "username", "afterwards", "move_to", "every_minutes", "daily_at", "zone",
)  # fmt: skip


class NotDone(Exception):
    """What was asked for cannot be done; the text says why, and nothing was changed."""


def add(connector: Connector, kind: str, wanted: Mapping[str, Any], secret: Mapping[str, str] | None) -> ArrivalSource:
    """A new source of `connector`; a server is asked for its key at once. Raises `NotDone`."""
    others = queries.sources_of_one(connector.id)
    if len(others) >= MOST:
        raise NotDone(f"A SmartConnector takes files from at most {MOST} places.")
    source = ArrivalSource(fmo_id=scope.fmo_id(), id=new_id(), connector_id=connector.id, kind=kind, failures=0)
    source.stopped = False
    _write(source, wanted, secret)
    _refuse_twin(source)
    db.session.add(source)
    db.session.flush()
    _record(events.SOURCE_ADD, source)
    if kind == "sftp":
        schedule.begin(source, "key", scope.current().actor_name)
    return source


def change(source: ArrivalSource, wanted: Mapping[str, Any], secret: Mapping[str, str] | None) -> bool:
    """Keep what was decided; whether the server is another one now, whose key must be confirmed first."""
    other = any(wanted.get(name, getattr(source, name)) != getattr(source, name) for name in ("host", "port"))
    before = {name: getattr(source, name) for name in _KEPT}
    _write(source, wanted, secret)
    _refuse_twin(source)
    if other:
        source.host_key = source.host_key_by = source.host_key_since = source.offered_key = None
    changed = [name for name in _KEPT if getattr(source, name) != before[name]] + (["secret"] if secret else [])
    if changed:
        _start_anew(source)
        _record(events.SOURCE_CHANGE, source, changed)
    db.session.flush()
    if other and source.kind == "sftp" and queries.open_look(source) is None:
        schedule.begin(source, "key", scope.current().actor_name)
    return other


def needs_secret(source: ArrivalSource, wanted: Mapping[str, Any]) -> bool:
    """Whether the login must be typed anew: what is kept is for this user of this server and for no other."""
    return source.secret_kind is None or any(
        wanted.get(name) != getattr(source, name) for name in ("host", "port", "username")
    )


def remove(source: ArrivalSource) -> None:
    """Take nothing from it any more, and forget its password or key. Its history stays."""
    source.removed_at, source.next_at = clock.now(), None
    source.secret = source.secret_kind = source.secret_since = source.offered_key = None
    _record(events.SOURCE_REMOVE, source)
    db.session.flush()


def trust(source: ArrivalSource, shown: str) -> None:
    """Say that the offered key, of the fingerprint `shown`, is the server's. Raises `NotDone` where it is another."""
    if source.offered_key is None or fingerprint(source.offered_key) != shown:
        raise NotDone("The server shows another key by now. Nothing was confirmed; compare the one below.")
    earlier = fingerprint(source.host_key) if source.host_key else None
    source.host_key, source.offered_key = source.offered_key, None
    source.host_key_by, source.host_key_since = scope.current().actor_name, clock.now()
    _start_anew(source)
    access.record(events.SOURCE_TRUST, subject=source, host=source.host, fingerprint=shown, earlier=earlier)
    db.session.flush()


def ask(source: ArrivalSource, what: str) -> ArrivalLook:
    """Order a look now. Raises `NotDone` where one is open, or where a server is not set up yet."""
    if queries.open_look(source) is not None:
        raise NotDone("A look is under way already.")
    if what != "key" and not schedule.ready(source):
        raise NotDone("Confirm the server’s key first. Nothing is sent to a server that nobody has confirmed.")
    look = schedule.begin(source, what, scope.current().actor_name)
    access.record(events.SOURCE_LOOK, subject=source, look=what)
    return look


def _write(source: ArrivalSource, wanted: Mapping[str, Any], secret: Mapping[str, str] | None) -> None:
    for name in _KEPT:
        if name in wanted:
            setattr(source, name, wanted[name])
    if secret is not None:
        source.secret = crypto.encrypt(json.dumps(dict(secret)), fmo_id=source.fmo_id, field=FIELD)
        source.secret_kind = "key" if "private_key" in secret else "password"
        source.secret_since = clock.now()
    if source.next_at is None:
        source.next_at = schedule.usual_time(source, clock.now())


def _start_anew(source: ArrivalSource) -> None:
    """What failed before says nothing about what holds now."""
    source.failures, source.failing_since, source.error, source.stopped = 0, None, None, False
    usual = schedule.usual_time(source, clock.now())
    source.next_at = clock.now() if usual and source.every_minutes and schedule.ready(source) else usual


def _refuse_twin(source: ArrivalSource) -> None:
    """Two places that mean the same files would each take some of them."""
    same = [
        ArrivalSource.kind == source.kind, ArrivalSource.folder == source.folder,
        ArrivalSource.pattern == source.pattern, ArrivalSource.removed_at.is_(None), ArrivalSource.id != source.id,
    ]  # fmt: skip
    if source.kind == "sftp":
        same += [ArrivalSource.host == source.host, ArrivalSource.username == source.username]
    with db.session.no_autoflush:
        found = db.session.scalar(select(ArrivalSource.id).where(*same).limit(1))
    if found is not None:
        raise NotDone("Files of this folder and pattern are taken already. Change the folder or the pattern.")


def _record(what: Event, source: ArrivalSource, fields: list[str] | None = None) -> None:
    kind, host, folder = source.kind, source.host, source.folder
    access.record(what, subject=source, kind="arrivalsource", fields=fields, place=kind, host=host, folder=folder)
