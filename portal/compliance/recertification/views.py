"""The officer's pages about users' access: the quarters, one quarter with its users, one user, and taking it along."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, flash, request, url_for

from portal.compliance import sentences
from portal.compliance.recertification import events, export, operations, people, queries, statement
from portal.compliance.recertification.forms import DecideForm
from portal.compliance.recertification.models import WITHDRAWN, Recertification, RecertificationLine
from portal.compliance.recertification.operations import Refused
from portal.core import access, scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.paging import Asked, read_query
from portal.core.permissions import Permission, allow
from portal.core.sent import repeats
from portal.core.transaction import not_yours
from portal.extensions import db

bp = Blueprint("recertification", __name__, url_prefix="/compliance/recertification")
FILTERS = ("who", "role", "decision")


@bp.get("")
@allow(Permission.RECERTIFY, events.LISTED)
def recertifications() -> Response:
    """Every quarter's, and the way to begin this one's."""
    found = queries.every()
    quarter = queries.this_quarter()
    return page(
        "compliance/recertification/list.html",
        found=found,
        counts=queries.counts([one.id for one in found]),
        quarter=quarter,
        begun=any(one.quarter == quarter for one in found),
    )


@bp.post("/begin")
@allow(Permission.RECERTIFY)
def begin() -> Response:
    """Begin this quarter's; the one that is there is shown."""
    return go(_address(operations.begin(by=scope.current())))


@bp.get("/<uuid:recertification_id>")
@allow(Permission.RECERTIFY)
def recertification(recertification_id: UUID) -> Response:
    """One quarter: how far it is, and its users."""
    found = find_or_404(Recertification, recertification_id)
    access.record(events.SEEN, kind="recertification", ids=[found.id], quarter=found.quarter)
    asked = _asked(_address(found))
    return page(
        "compliance/recertification/quarter.html",
        block="results",
        found=found,
        listing=queries.page_of(found, asked),
        counts=queries.counts([found.id])[found.id],
        me=scope.current().actor_id,
        decisions=queries.DECISIONS,
        states=queries.STATES,
        role_choices=queries.role_choices(),
        role_label=sentences.role_label,
    )


def _asked(path: str) -> Asked:
    return read_query(path, request.args, filters=FILTERS, sorts=("name",), default="name")


def _address(found: Recertification) -> str:
    return url_for("recertification.recertification", recertification_id=found.id)


@bp.post("/<uuid:recertification_id>/confirm")
@allow(Permission.RECERTIFY)
@repeats("user")
def confirm(recertification_id: UUID) -> Response:
    """Confirm the access of the ticked users; back to the same page of the list."""
    found = find_or_404(Recertification, recertification_id)
    ids = [one for one in map(parse_id, request.form.getlist("user")) if one]
    try:
        done = operations.confirm(found, ids, None, by=scope.current())
    except Refused as refused:
        return _refused(found, refused)
    users = "The access of 1 user is" if done == 1 else f"The access of {done:,} users is"
    flash(
        f"{users} confirmed." if done else "Nobody was ticked whose access waits for a decision. Nothing was changed."
    )
    return go(_asked(_address(found)).href(page=request.args.get("page")))


@bp.post("/<uuid:recertification_id>/renew")
@allow(Permission.RECERTIFY)
def renew(recertification_id: UUID) -> Response:
    """Look who has joined or whose access has changed since it was begun."""
    found = find_or_404(Recertification, recertification_id)
    try:
        waiting = operations.renew(found, asked=True)
    except Refused as refused:
        return _refused(found, refused)
    who = (
        "1 user has joined or has other access and waits"
        if waiting == 1
        else f"{waiting:,} users have joined or have other access and wait"
    )
    flash(f"{who} for a decision." if waiting else "Nobody has joined, and nobody’s access has changed.")
    return go(_address(found))


@bp.post("/<uuid:recertification_id>/sign")
@allow(Permission.RECERTIFY, fresh=True)
def sign(recertification_id: UUID) -> Response:
    """Sign it, where everybody is decided."""
    found = find_or_404(Recertification, recertification_id)
    try:
        operations.sign(found, by=scope.current())
    except Refused as refused:
        return _refused(found, refused, kept=True)
    flash("It is signed. Nobody can change it from now on.")
    return go(_address(found))


def _refused(found: Recertification, refused: Refused, *, kept: bool = False) -> Response:
    """Say why nothing was done; `kept`: what was brought up to date on the way stays."""
    if not kept:
        db.session.rollback()
        access.pending().clear()
    flash(str(refused), "error")
    return go(_address(found))


@bp.get("/<uuid:recertification_id>/users/<uuid:line_id>")
@allow(Permission.RECERTIFY)
def line(recertification_id: UUID, line_id: UUID) -> Response:
    """One user: what they can see and do, and the decision."""
    found, shown = _line(recertification_id, line_id)
    return _line_page(found, shown, DecideForm(formdata=None))


@bp.post("/<uuid:recertification_id>/users/<uuid:line_id>")
@allow(Permission.RECERTIFY, fresh=True)
def decide(recertification_id: UUID, line_id: UUID) -> Response:
    """Confirm, or withdraw at once."""
    found, shown = _line(recertification_id, line_id)
    form = DecideForm()
    if not form.validate_on_submit():
        return _line_page(found, shown, form, status=422)
    name, by = shown.name, scope.current()
    try:
        if form.decision.data == WITHDRAWN:
            operations.withdraw(found, line_id, form.note.data, by=by)
            flash(f"The access of {name} is withdrawn; they were signed out everywhere.")
        elif operations.confirm(found, [line_id], form.note.data, by=by):
            flash(f"The access of {name} is confirmed.")
        else:
            own = shown.user_id == by.actor_id
            raise Refused(operations.YOURSELF if own else "Somebody else has decided before. Nothing was changed.")
    except Refused as refused:
        db.session.rollback()
        access.pending().clear()
        return _line_page(*_line(recertification_id, line_id), form, status=409, refused=str(refused))
    return go(_address(found))


def _line(recertification_id: UUID, line_id: UUID) -> tuple[Recertification, RecertificationLine]:
    found = find_or_404(Recertification, recertification_id)
    shown = queries.line_of(found, line_id)
    if shown is None:
        not_yours()
    return found, shown


def _line_page(
    found: Recertification, shown: RecertificationLine, form: DecideForm, *, status: int = 200, refused: str = ""
) -> Response:
    access.record(events.LINE_SEEN, kind="user", ids=[shown.user_id], quarter=found.quarter)
    return page(
        "compliance/recertification/user.html",
        status=status,
        found=found,
        line=shown,
        refused=refused,
        form=form,
        sees=found.roles.get(shown.role, []),
        follows=people.follows(shown.user_id) if found.signed_at is None else [],
        mine=shown.user_id == scope.current().actor_id,
        role_label=sentences.role_label,
        decisions=queries.DECISIONS,
        states=queries.STATES,
    )


@bp.get("/<uuid:recertification_id>/print")
@allow(Permission.RECERTIFY)
def printed(recertification_id: UUID) -> Response:
    """The whole on one page, for paper, with the signature and whether it holds."""
    found = find_or_404(Recertification, recertification_id)
    access.record(events.SEEN, kind="recertification", ids=[found.id], quarter=found.quarter)
    lines = queries.lines_of(found)
    return page(
        "compliance/recertification/print.html",
        found=found,
        lines=lines,
        counts=queries.counts([found.id])[found.id],
        holds=statement.holds(found, lines),
        digest=statement.digest(found),
        role_label=sentences.role_label,
        decisions=queries.DECISIONS,
        states=queries.STATES,
    )


@bp.get("/<uuid:recertification_id>/users.csv")
@allow(Permission.RECERTIFY, fresh=True)
def download(recertification_id: UUID) -> Response:
    """All its users as a file."""
    return export.csv_of(find_or_404(Recertification, recertification_id))


@bp.get("/<uuid:recertification_id>/signed.zip")
@allow(Permission.RECERTIFY, fresh=True)
def signed(recertification_id: UUID) -> Response:
    """What was signed, with the signature and its key; before that, back to what is to be decided."""
    found = find_or_404(Recertification, recertification_id)
    if found.signed_at is None:
        return go(_address(found))
    return export.pack_of(found)
