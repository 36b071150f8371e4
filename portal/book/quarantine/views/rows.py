"""The quarantine: the queue, one row with its values, and what is decided about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import queries as book
from portal.book import words as book_words
from portal.book.attributions.operations import give
from portal.book.models import Member
from portal.book.quarantine import operations, people, queries, words
from portal.book.quarantine.cells import Closed, OpenRow, open_row
from portal.book.quarantine.events import LISTED, MEMBERS_FOUND, SEEN
from portal.book.quarantine.forms import DismissForm
from portal.book.quarantine.models import RefusedRow
from portal.book.quarantine.operations import Fix, Taken, Unreadable
from portal.book.views import bp
from portal.connectors.one_row import Reading
from portal.core import access, scope, search_tokens
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.paging import Listing, read_query
from portal.core.permissions import Permission, allow
from portal.core.transaction import not_yours
from portal.downline import queries as downline
from portal.downline.models import Producer


@bp.get("/quarantine")
@allow(Permission.BOOK_READ, LISTED)
def quarantine() -> Response:
    """What waits, by cause and row by row."""
    asked = read_query(request.path, request.args, filters=queries.FILTERS, sorts=queries.SORTS, default="-when")
    listing: Listing[RefusedRow] = queries.listing(asked)
    _chips(listing)
    runs = book.runs_by_ids({row.run_id for row in listing.items})
    groups = [] if asked.args.get("state") or asked.args.get("cause") else queries.groups(asked)
    return page(
        "quarantine/rows.html",
        block="results",
        listing=listing,
        groups=groups,
        runs=runs,
        columns=queries.columns(),
        carrier_choices=book_words.carrier_choices(book.carriers()),
        words=words,
        book_words=book_words,
    )


def _chips(listing: Listing[RefusedRow]) -> None:
    args = listing.asked.args
    if state := args.get("state"):
        listing.chip("State", "state", words.STATES.get(state, (state, ""))[0])
    if carrier := args.get("carrier"):
        listing.chip("Carrier", "carrier", book_words.carrier(carrier))
    if column := args.get("column"):
        listing.chip("Column", "column", column)
    if run := parse_id(args.get("run", "")):
        found = book.runs_by_ids({run}).get(run)
        listing.chip("Feed run", "run", found.file_name if found else "one that is not there")
    if args.get("cause"):
        listing.chip("Cause", "cause", "One and the same")


@bp.get("/quarantine/<uuid:row_id>")
@allow(Permission.BOOK_READ, SEEN)
def refused_row(row_id: UUID) -> Response:
    """One row with its values; `member` fills in somebody of the book."""
    row = find_or_404(RefusedRow, row_id)
    return _row_page(row, member=_chosen(request.args.get("member")), agent=_agent(request.args.get("agent")))


def _agent(agent_id: str | None) -> Producer | None:
    if not agent_id:
        return None
    found = downline.by_id(parse_id(agent_id))
    if found is None:
        not_yours(asked_for=parse_id(agent_id))
    return found


def _chosen(member_id: str | None) -> Member | None:
    if not member_id:
        return None
    found = people.member_of(parse_id(member_id))
    if found is None:
        not_yours(asked_for=parse_id(member_id))
    return found


@bp.post("/quarantine/<uuid:row_id>")
@allow(Permission.FEED_LOAD, SEEN)
def fix_row(row_id: UUID) -> Response:
    """Check how the row would load as it is filled in, or load it."""
    row = find_or_404(RefusedRow, row_id, to_change=True)
    member, agent = _chosen(request.form.get("member")), _agent(request.form.get("agent"))
    if not queries.is_open(row) or request.form.get("version") != str(row.version):
        flash(words.SECOND, "error")
        return go(url_for("book.refused_row", row_id=row.id))
    try:
        opened = open_row(row, queries.layout_of(row))
    except Closed as closed:
        flash(str(closed), "error")
        return go(url_for("book.refused_row", row_id=row.id))
    cells = opened.changed_by(request.form)
    learned = [view.place for view in opened.views() if request.form.get(f"learn-{view.place}")]
    reading = operations.check(opened, cells)
    wrong = _not_the_chosen(reading, row.carrier, member)
    if request.form.get("action") != "load" or reading.row is None or wrong:
        status = 200 if request.form.get("action") != "load" else 422
        shown: dict[str, Any] = {"cells": cells, "reading": reading, "learned": learned, "wrong": wrong}
        return _row_page(row, member=member, agent=agent, status=status, **shown)
    try:
        runs, count = operations.load([Fix(opened, cells, learned)], by=scope.current())
    except (Taken, Unreadable) as refused:
        flash(str(refused), "error")
        return go(url_for("book.refused_row", row_id=row.id))
    if agent is not None and reading.row.writer_npn is None:
        give([operations.named(reading.row, row)], agent, by=scope.current())
    flash(words.sent(1, count))
    return go(url_for("book.feed", run_id=runs[0].id))


def _not_the_chosen(reading: Reading, carrier: str, member: Member | None) -> str | None:
    """Why the row would not belong to the member that was chosen."""
    if member is None or reading.row is None:
        return None
    joined = people.expected(reading.row, carrier)
    if joined is not None and joined.id == member.id:
        return None
    whom = "somebody new" if joined is None else "another member"
    return (
        f"With these values the row would belong to {whom}, not to the member whom you chose: its numbers say so, or"
        " its file has no column for the birth date or the zip code. Correct the values, or choose nobody."
    )


@bp.get("/quarantine/<uuid:row_id>/agent")
@allow(Permission.BOOK_READ, SEEN)
def agent_of_row(row_id: UUID) -> Response:
    """Agents and agencies of the downline by name or NPN, to choose who wrote the row's policy."""
    row, typed = find_or_404(RefusedRow, row_id), request.args.get("q", "").strip()
    found = downline.found(typed, people.OFFERED) if typed else []
    return page("quarantine/agent.html", row=row, typed=typed, found=found)


@bp.post("/quarantine/<uuid:row_id>/dismiss")
@allow(Permission.FEED_LOAD, SEEN)
def dismiss_row(row_id: UUID) -> Response:
    """Do nothing about this row, and do not ask again."""
    row, form = find_or_404(RefusedRow, row_id, to_change=True), DismissForm()
    if not form.validate_on_submit():
        return _row_page(row, dismissing=form, status=422)
    try:
        if form.version.data != str(row.version):
            raise Taken(words.SECOND)
        operations.dismiss([row], form.why.data.strip(), by=scope.current())
    except Taken as taken:
        flash(str(taken), "error")
        return go(url_for("book.refused_row", row_id=row.id))
    flash("Dismissed. It is not asked about again when the same row comes in a later file.")
    return go(url_for("book.quarantine"))


@bp.get("/quarantine/<uuid:row_id>/member")
@allow(Permission.BOOK_READ, MEMBERS_FOUND)
def member_of_row(row_id: UUID) -> Response:
    """Members of the book that answer to what stands behind the token, to choose one for the row."""
    row = find_or_404(RefusedRow, row_id)
    text = search_tokens.read(request.args.get("q"))
    found = people.found(text)
    return page("quarantine/member.html", row=row, text=text, found=found, most=people.OFFERED, words=book_words)


@bp.post("/quarantine/<uuid:row_id>/member")
@allow(Permission.BOOK_READ, MEMBERS_FOUND)
def find_member_of_row(row_id: UUID) -> Response:
    """Keep what was typed and look: a member's name never stands in an address."""
    row = find_or_404(RefusedRow, row_id)
    text = request.form.get("q", "").strip()
    token = search_tokens.keep(text) if text else None
    return go(url_for("book.member_of_row", row_id=row.id, q=token))


def _row_page(
    row: RefusedRow, *, status: int = 200, cells: list[str] | None = None, reading: Reading | None = None,
    learned: list[int] | None = None, wrong: str | None = None, member: Member | None = None,
    agent: Producer | None = None, dismissing: DismissForm | None = None,
) -> Response:  # fmt: skip
    opened, closed = _opened(row)
    if opened is not None and cells is None and member is not None:
        cells = people.filled_in(opened, member)
    if opened is not None and cells is not None:
        opened = OpenRow(row, opened.layout, opened.found, opened.body, cells)
    views = opened.views() if opened else []
    access.record(SEEN, subject=row, kind="refused_row", fields=[view.field for view in views if view.field])
    policy = queries.policy_of(reading.row.identity) if reading and reading.row else None
    joined = people.expected(reading.row, row.carrier) if reading and reading.row else None
    return page(
        "quarantine/row.html",
        status=status,
        row=row,
        views=views,
        closed=closed,
        is_open=queries.is_open(row),
        run=book.runs_by_ids({row.run_id})[row.run_id],
        fix_run=queries.fix_run_of(row),
        same=queries.count_of_cause(row) if queries.is_open(row) else 0,
        reading=reading,
        policy=policy,
        joined=joined,
        learned=[view.place for view in views if view.unknown] if learned is None else learned,
        wrong=wrong,
        member=member,
        agent=agent,
        dismissing=dismissing or DismissForm(formdata=None, version=str(row.version)),
        words=words,
        book_words=book_words,
    )


def _opened(row: RefusedRow) -> tuple[OpenRow | None, str | None]:
    try:
        return open_row(row, queries.layout_of(row)), None
    except Closed as closed:
        return None, str(closed)
