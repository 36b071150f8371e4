"""One transaction a request: opened by the first statement, closed here, with its log entries inside.

An answer below 400 commits, and only after its log entries are written: if they cannot be, the answer is not given.
Anything else rolls back. A refused form, or one that came too late, still stands on a page of records: what was loaded
for it is logged all the same. A refused record or page is logged on a connection of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from flask import Flask, Response, abort, current_app, g, has_request_context, request

from portal.core import access, clock, scope, sent
from portal.core.events import Event
from portal.core.ids import parse_id
from portal.core.permissions import Access, access_of, may
from portal.core.request_log import REFUSED_PAGE, REFUSED_RECORD
from portal.core.scope import Scope
from portal.extensions import db

RefusalWriter = Callable[..., None]
FRESH_FOR = timedelta(minutes=20)
REFUSED_FORM = (409, 422)


def init(app: Flask, *, identify: Callable[[str], Scope | None], write_refusal: RefusalWriter) -> None:
    """Install the guard and the transaction's end. `identify` tells who sends the request, given the request's id."""

    def begin() -> Response | None:
        g.request_id = uuid.uuid4().hex
        scope.set_for_request(None)
        if request.endpoint == "static":
            return None
        scope.set_for_request(identify(g.request_id))
        return _guard(write_refusal)

    app.before_request(begin)
    app.after_request(_finish)
    app.teardown_request(_clear)
    app.extensions["write_refusal"] = write_refusal


def _declared() -> Access | None:
    return access_of(current_app.view_functions[request.endpoint]) if request.endpoint else None


def _guard(write_refusal: RefusalWriter) -> Response | None:
    if request.endpoint is None:
        return None  # no such address: the 404 page answers
    declared = _declared()
    if declared is None:
        current_app.logger.error("The route %s says neither allow nor public; it is closed.", request.endpoint)
        abort(404)
    if declared.permission is None:
        return None
    at_work = scope.current_or_none()
    if at_work is None:
        response: Response = current_app.extensions["send_to_login"]()
        return response
    if not may(at_work, declared.permission):
        why = f"no {declared.permission.value}"
        write_refusal(at_work, REFUSED_PAGE, asked_for=_asked_id(), reason=why, endpoint=request.endpoint)
        abort(404)
    if declared.fresh and not is_fresh(at_work):
        asked: Response | None = current_app.extensions["ask_to_prove"](at_work)
        g.nothing_shown = asked is not None  # what the route is about has not happened: no entry says so
        return asked
    return None


def is_fresh(at_work: Scope) -> bool:
    """Whether the person proved to be themself so lately that records may be revealed and taken along."""
    return at_work.proved_at is not None and at_work.proved_at + FRESH_FOR > clock.now()


def _asked_id() -> UUID | None:
    for value in (request.view_args or {}).values():
        found = value if isinstance(value, UUID) else parse_id(str(value))
        if found is not None:
            return found
    return None


def not_yours(what: Event = REFUSED_RECORD, *, asked_for: UUID | None = None) -> NoReturn:
    """Answer 404 for a record that is not there for this actor, whether it exists or not; the attempt is logged.

    `asked_for` is the id that was tried, where it is not the one in the address.
    """
    at_work = scope.current()
    db.session.rollback()
    tried = asked_for or _asked_id()
    where = {"endpoint": request.endpoint} if has_request_context() and "endpoint" in what.fields else {}
    write_refusal: RefusalWriter = current_app.extensions["write_refusal"]
    write_refusal(at_work, what, asked_for=tried, reason="not found for this actor", **where)
    abort(404)


def _finish(response: Response) -> Response:
    at_work = scope.current_or_none()
    if response.status_code < 400 and (refused := sent.left_over()):
        current_app.extensions["abandon_session"]()
        response = refused
    if at_work is None:
        return response
    if g.get("nothing_shown"):
        access.pending().clear()
        db.session.rollback()
        return response
    if response.status_code >= 400:
        access.pending().clear()  # nothing was changed
        db.session.rollback()
        if response.status_code not in REFUSED_FORM or not access.seen():
            return response
    declared = _declared()
    try:
        access.write_entries(read_event=declared.event if declared else None)
        db.session.commit()
    except Exception:  # noqa: BLE001  # whatever it was, a page without its entry is not shown
        db.session.rollback()
        current_app.logger.error("Request %s: its log entry could not be written; nothing is shown.", g.request_id)
        return current_app.make_response(current_app.extensions["error_page"](503))
    return response


def _clear(error: BaseException | None) -> None:
    scope.set_for_request(None)
