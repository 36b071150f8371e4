"""What every answer carries: headers that keep health data out of caches, frames and foreign scripts; error pages."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from portal.core import sent

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
FORM_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_BYTES = 1024 * 1024  # of a form; routes that take more say so
TABLE_BYTES = 4 * 1024 * 1024  # of a form that carries a table on from its preview
FILE_BYTES = 220 * 1024 * 1024
View = TypeVar("View", bound=Callable[..., Any])
# A lock that was not given in time; two that waited for each other.
_WAITED = ("55P03", "40P01")
BUSY = (
    "A sync, an upload or somebody else is changing the same records at this moment. Nothing was saved."
    " Try again in a few seconds."
)
PAGES = (400, 401, 404, 405, 413, 415, 422, 429, 500, 503)


def init(app: Flask) -> None:
    """Install headers and error pages."""
    app.before_request(_limit_body)
    app.after_request(_headers)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(DBAPIError, _unexpected)
    app.register_error_handler(Exception, _unexpected)
    app.extensions["error_page"] = _page


def init_forms(app: Flask) -> None:
    """Look at what was sent, once the guard has said that this person may send anything at all."""
    app.before_request(_refuse_other_kinds)
    app.before_request(_refuse_nul)
    app.before_request(sent.begin)


def takes(most: int) -> Callable[[View], View]:
    """Say of a route that it takes bodies of up to `most` bytes: files, or tables that a form carries on."""

    def mark(view: View) -> View:
        view.__takes__ = most  # type: ignore[attr-defined]  # read back by `_limit_body`
        return view

    return mark


def _limit_body() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "__takes__", MOST_BYTES)


def _refuse_other_kinds() -> Response | None:
    """Forms are all that any route reads: whatever else is sent is not looked into."""
    body = request.content_length or "Transfer-Encoding" in request.headers
    return _page(415) if body and request.mimetype not in FORM_KINDS else None


def _refuse_nul() -> Response | None:
    """No name, note or number holds a NUL, and no text column can. Searches find nothing by it."""
    typed = chain.from_iterable(request.form.getlist(name) for name in request.form if name != "q")
    if any("\x00" in text for text in typed):
        return _page(400, "What was sent holds a character that cannot be kept. Nothing was saved. Type the text anew.")
    return None


def _headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    response.vary.add("HX-Request")
    if request.is_secure or current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.update(HSTS)
    return response


def _page(code: int, message: str | None = None) -> Response:
    code = 404 if code == 403 else code  # a page of another role looks like one that never existed
    shown = code if code in PAGES else 400
    body = render_template(f"errors/{shown}.html", error_id=g.get("request_id", ""), message=message)
    response = make_response(body, shown)
    if shown == 503:
        response.headers["Retry-After"] = "5"
    return response


def _http_error(error: HTTPException) -> Response:
    if isinstance(error, SecurityError):  # a name that is not ours in Host: no page of ours can be built for it
        return Response("The portal is not reached under this name.\n", 400, mimetype="text/plain")
    if error.response is not None:
        return make_response(error.response)
    return _page(error.code or 500)


def _csrf_error(error: CSRFError) -> Response:
    sentence = "This page was open for too long, so the form was not accepted. Nothing was saved. Load the page again."
    return _page(400, sentence)


def _database_away(error: OperationalError) -> Response:
    if getattr(error.orig, "sqlstate", None) in _WAITED:
        return _page(503, BUSY)
    current_app.logger.error("Request %s: the database did not answer.", g.get("request_id"))
    return _page(503)


def _unexpected(error: Exception) -> Response:
    # The exception's text may hold values of rows: only its type and place are logged.
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "?"
    current_app.logger.error("Request %s failed: %s at %s", g.get("request_id"), type(error).__name__, place)
    if current_app.config.get("SHOW_ERRORS"):
        raise error
    return _page(500)
