"""How files arrive: the places of a SmartConnector, their looks, and how often a file is expected."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book.arrival import operations, queries, words
from portal.book.arrival.forms import ExpectForm, FolderForm, SftpForm, TrustForm, form_for
from portal.book.arrival.models import ArrivalLook, ArrivalSource
from portal.book.arrival.operations import NotDone
from portal.book.arrival.signing_in import fingerprint
from portal.book.models import Connector
from portal.book.views import bp
from portal.core import scope
from portal.core.fragments import fragment, go, live, page
from portal.core.lookup import find, find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.extensions import db
from portal.identity.models import Fmo

STOP_POLLING = 286  # htmx: take this answer and ask no more


def arrival_of(connector: Connector, form: ExpectForm | None = None) -> dict[str, Any]:
    """What the section "How files arrive" of a connector's page shows."""
    expected = queries.expectations([connector.id]).get(connector.id)
    return {
        "sources": queries.sources_of_one(connector.id),
        "expected": expected,
        "expect_form": form or ExpectForm(days=expected.every_days if expected else None),
        "rhythm": queries.rhythm(connector.id),
        "arrival": words,
    }


@bp.get("/connectors/<uuid:connector_id>/sources/new/<kind>")
@allow(Permission.FEED_LOAD)
def new_source(connector_id: UUID, kind: str) -> Response:
    """The form of a new place."""
    connector = find_or_404(Connector, connector_id)
    if kind not in words.KINDS:
        not_yours()
    return _form_page(connector, kind, form_for(kind))


@bp.post("/connectors/<uuid:connector_id>/sources/new/<kind>")
@allow(Permission.FEED_LOAD)
def create_source(connector_id: UUID, kind: str) -> Response:
    """Keep a new place."""
    connector = find_or_404(Connector, connector_id, to_change=True)
    if kind not in words.KINDS:
        not_yours()
    form = form_for(kind)
    if not form.validate_on_submit():
        return _form_page(connector, kind, form, status=422)
    try:
        source = operations.add(connector, kind, form.wanted(), _secret(form))
    except NotDone as refused:
        form.pattern.errors = [str(refused)]
        return _form_page(connector, kind, form, status=422)
    flash("Added. The server is asked for its key now." if kind == "sftp" else "Added.")
    return go(url_for("book.source", source_id=source.id))


@bp.get("/sources/<uuid:source_id>")
@allow(Permission.FEED_READ)
def source(source_id: UUID) -> Response:
    """One place with its looks."""
    found = _source(source_id)
    asked = read_query(request.path, request.args, filters=queries.LOOK_FILTERS, sorts=("when",), default="-when")
    listing = queries.look_listing(found, asked)
    if result := asked.args.get("result"):
        listing.chip("Result", "result", {"failed": "Failed", "taken": "Took files"}.get(result, result))
    waiting = queries.waiting_files(found)
    return page("book/arrival/source.html", block="results", listing=listing, waiting=waiting, **_shown(found))


@bp.get("/sources/<uuid:source_id>/progress")
@allow(Permission.FEED_READ)
@live
def source_progress(source_id: UUID) -> Response:
    """Only the moving part; the answer that finds nothing under way ends the asking."""
    shown = _shown(_source(source_id))
    return fragment("book/arrival/_now.html", status=200 if shown["open_look"] else STOP_POLLING, **shown)


@bp.get("/sources/<uuid:source_id>/edit")
@allow(Permission.FEED_LOAD)
def edit_source(source_id: UUID) -> Response:
    """The form with what holds now."""
    found = _source(source_id)
    return _form_page(find_or_404(Connector, found.connector_id), found.kind, form_for(found.kind, found), found)


@bp.post("/sources/<uuid:source_id>/edit")
@allow(Permission.FEED_LOAD)
def change_source(source_id: UUID) -> Response:
    """Keep what was decided."""
    found = _source(source_id, to_change=True)
    connector, form = find_or_404(Connector, found.connector_id), form_for(found.kind)
    if isinstance(form, SftpForm):
        named = {"host": (form.host.data or "").lower(), "port": form.port.data, "username": form.username.data}
        form.may_keep = not operations.needs_secret(found, named) and form.how.data == found.secret_kind
    if not form.validate_on_submit():
        return _form_page(connector, found.kind, form, found, status=422)
    try:
        other = operations.change(found, form.wanted(), _secret(form))
    except NotDone as refused:
        form.pattern.errors = [str(refused)]
        return _form_page(connector, found.kind, form, found, status=422)
    flash("Saved. It is another server now: confirm its key." if other else "Saved.")
    return go(url_for("book.source", source_id=found.id))


@bp.post("/sources/<uuid:source_id>/look")
@allow(Permission.FEED_LOAD)
def look_now(source_id: UUID) -> Response:
    """Look now: take what is whole (`take`), only list it (`test`), or ask a server for its key (`key`)."""
    found = _source(source_id, to_change=True)
    what = request.form.get("what", "take")
    try:
        if what not in words.WHAT or (what == "key" and found.kind != "sftp"):
            raise NotDone("There is no such look.")
        operations.ask(found, what)
    except NotDone as refused:
        flash(str(refused), "error")
    return go(url_for("book.source", source_id=found.id))


@bp.post("/sources/<uuid:source_id>/trust")
@allow(Permission.FEED_LOAD)
def trust_server(source_id: UUID) -> Response:
    """Say that the shown key is the server's."""
    found = _source(source_id, to_change=True)
    try:
        operations.trust(found, TrustForm().shown.data or "")
    except NotDone as refused:
        flash(str(refused), "error")
    else:
        flash("Confirmed. From now on the server must prove to have this key.")
    return go(url_for("book.source", source_id=found.id))


@bp.get("/sources/<uuid:source_id>/remove")
@allow(Permission.FEED_LOAD)
def ask_remove_source(source_id: UUID) -> Response:
    """What removing means."""
    found = _source(source_id)
    return page("book/arrival/remove.html", source=found, words=words)


@bp.post("/sources/<uuid:source_id>/remove")
@allow(Permission.FEED_LOAD)
def remove_source(source_id: UUID) -> Response:
    """Take nothing from there any more."""
    found = _source(source_id, to_change=True)
    operations.remove(found)
    flash("Removed. Its password or key is deleted; files that were taken stay in the book.")
    return go(url_for("book.connector", connector_id=found.connector_id))


@bp.get("/sources/<uuid:source_id>/looks/<uuid:look_id>")
@allow(Permission.FEED_READ)
def source_look(source_id: UUID, look_id: UUID) -> Response:
    """One look, file by file."""
    found, look = _source(source_id), find(ArrivalLook, look_id)
    if look is None or look.source_id != found.id:
        not_yours()
    return page("book/arrival/look.html", source=found, look=look, words=words)


@bp.post("/connectors/<uuid:connector_id>/expect")
@allow(Permission.FEED_LOAD)
def expect_files(connector_id: UUID) -> Response:
    """Say how often a file is expected; empty: nobody waits for one."""
    connector, form = find_or_404(Connector, connector_id, to_change=True), ExpectForm()
    if not form.validate_on_submit():
        flash(str(next(iter(form.errors.values()))[0]), "error")
    elif operations.expect(connector, form.days.data):
        flash("Saved." if form.days.data else "Saved. No file is expected any more.")
    return go(url_for("book.connector", connector_id=connector.id))


def _source(source_id: UUID, *, to_change: bool = False) -> ArrivalSource:
    found = find_or_404(ArrivalSource, source_id, to_change=to_change)
    if found.removed_at is not None:
        not_yours()
    return found


def _secret(form: FolderForm | SftpForm) -> Any:
    return form.secret() if isinstance(form, SftpForm) else None


def _slug() -> str:
    return db.session.get_one(Fmo, scope.fmo_id()).slug


def _form_page(
    connector: Connector, kind: str, form: FolderForm | SftpForm, found: ArrivalSource | None = None, status: int = 200
) -> Response:
    shown: dict[str, Any] = {"connector": connector, "kind": kind, "form": form, "source": found, "words": words}
    return page("book/arrival/form.html", status=status, slug=_slug(), **shown)


def _shown(found: ArrivalSource) -> dict[str, Any]:
    offered, held = found.offered_key, found.host_key
    return {
        "source": found,
        "connector": find_or_404(Connector, found.connector_id),
        "open_look": queries.open_look(found),
        "last_look": queries.latest_look(found),
        "path": words.whole_path(found, _slug()) if found.kind == "folder" else None,
        "held_print": fingerprint(held) if held else None,
        "offered_print": fingerprint(offered) if offered else None,
        "trust_form": TrustForm(shown=fingerprint(offered) if offered else ""),
        "words": words,
    }
