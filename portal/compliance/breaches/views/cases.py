"""The list of cases, a new one, one with all its figures, its files, and the carriers' terms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.compliance import queries as log
from portal.compliance import subjects
from portal.compliance.breaches import affected, events, files, operations, queries, words
from portal.compliance.breaches.affected import Found
from portal.compliance.breaches.forms import AssessForm, CaseForm, ConcludeForm, TellForm, TermForm
from portal.compliance.breaches.models import BreachCase
from portal.compliance.breaches.views.parts import bp
from portal.compliance.disclosures import told
from portal.core import access, clock, csv_file
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow


@bp.get("")
@allow(Permission.DISCLOSURES, events.LISTED)
def cases() -> Response:
    """Every case, open ones first."""
    return page("compliance/breaches/list.html", cases=queries.cases(), state=words.state)


@bp.get("/new")
@allow(Permission.DISCLOSURES)
def new_case() -> Response:
    """The form; an account and a run may stand in the address."""
    now = clock.local(clock.now()).replace(tzinfo=None, second=0, microsecond=0)
    given = {name: request.args.get(name, "")[:200] for name in ("account", "run", "npn")}
    form = CaseForm(
        formdata=None, since=now - timedelta(days=7), until=now, discovered_on=clock.today(), which="wrong", **given
    )
    return _new_page(form)


def _new_page(form: CaseForm, status: int = 200) -> Response:
    return page("compliance/breaches/new.html", form=form, accounts=log.choices("business") or [], status=status)


@bp.post("/new")
@allow(Permission.DISCLOSURES)
def add_case() -> Response:
    """Open it."""
    form = CaseForm()
    if not form.validate_on_submit() or (recipient := form.recipient()) is None:
        return _new_page(form, 422)
    made = operations.open_case(
        title=form.title.data,
        recipient=recipient,
        since=_there(form.since.data),
        until=_there(form.until.data),
        discovered_on=form.discovered_on.data,
        run_id=UUID(form.run.data) if form.run.data else None,
        npn=form.npn.data or None,
        every_policy=form.which.data == "every",
    )
    flash("The case is open. Look at whom it affects, then answer the four factors.")
    return go(url_for("breaches.case", case_id=made))


def _there(typed: datetime) -> datetime:
    return typed.replace(tzinfo=clock.zone())


@bp.get("/<uuid:case_id>")
@allow(Permission.DISCLOSURES, events.SEEN)
def case(case_id: UUID) -> Response:
    """One case: whom it affects, what was done with their records, who is told by when, and the assessment."""
    return case_page(find_or_404(BreachCase, case_id))


def case_page(found: BreachCase, *, status: int = 200, problem: str | None = None, **forms: Any) -> Response:
    """The page of a case, with a form that was refused in the place of its empty one."""
    figures = affected.find(found)
    access.record(events.SEEN, kind="breach_case", ids=[found.id], affected=len(figures.members))
    written = queries.written(found)
    tell = forms.get("tell") or TellForm(formdata=None, sent_on=clock.today())
    tell.offer([(one.carrier, one.name) for one in figures.carriers if one.notice is None])
    shown = {
        "assess": forms.get("assess") or AssessForm(formdata=None, data=written),
        "conclude": forms.get("conclude")
        or ConcludeForm(formdata=None, conclusion=found.conclusion, why=written.get("why")),
        "tell": tell,
    }
    return page(
        "compliance/breaches/case.html",
        status=status,
        case=found,
        found=figures,
        state=words.state(found),
        written=written,
        factors=words.FACTORS,
        conclusion=words.conclusion,
        outer=affected.due_on(found, None),
        many=words.MANY,
        done_words=words.DONE,
        problem=problem,
        today=clock.today(),
        **shown,
    )


@bp.get("/<uuid:case_id>/members.csv")
@allow(Permission.ACCESS_EXPORT, events.MEMBERS_EXPORT, fresh=True)
def members_file(case_id: UUID) -> Response:
    """The affected members by id."""
    found = affected.find(find_or_404(BreachCase, case_id))
    _log(events.MEMBERS_EXPORT, case_id, found)
    return csv_file.download(files.members(found), f"affected-{clock.today().isoformat()}.csv")


@bp.get("/<uuid:case_id>/names.csv")
@allow(Permission.ACCESS_EXPORT, events.NAMES_EXPORT, fresh=True)
def names_file(case_id: UUID) -> Response:
    """The same with names, for the carriers who must write to their members."""
    found = affected.find(find_or_404(BreachCase, case_id))
    _log(events.NAMES_EXPORT, case_id, found)
    names = told.names(sorted(found.members))
    return csv_file.download(files.members(found, names), f"affected-names-{clock.today().isoformat()}.csv")


def _log(event: Any, case_id: UUID, found: Found) -> None:
    fields = ["name"] if event is events.NAMES_EXPORT else []
    members = found.members
    access.record(event, kind="breach_case", ids=[case_id], members=members, fields=fields, affected=len(members))


@bp.get("/terms")
@allow(Permission.DISCLOSURES)
def terms() -> Response:
    """Within how many days each carrier is told."""
    return _terms_page(TermForm(formdata=None))


def _terms_page(form: TermForm, status: int = 200) -> Response:
    known = told.carrier_names()
    form.offer(sorted(known.items(), key=lambda one: one[1]))
    found = [(known.get(key) or subjects.worded("carrier", key), one) for key, one in queries.terms().items()]
    return page("compliance/breaches/terms.html", form=form, terms=sorted(found, key=lambda one: one[0]), status=status)


@bp.post("/terms")
@allow(Permission.DISCLOSURES)
def set_term() -> Response:
    """Keep one."""
    form = TermForm()
    form.offer(sorted(told.carrier_names().items(), key=lambda one: one[1]))
    if not form.validate_on_submit():
        return _terms_page(form, 422)
    operations.set_term(form.carrier.data, days=form.days.data, contact=form.contact.data)
    flash("The term is kept. Deadlines of open cases follow it.")
    return go(url_for("breaches.terms"))
