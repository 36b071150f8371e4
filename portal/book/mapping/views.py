"""The pages of a mapping, each with an address of its own; what was said is kept with every step, mistakes included."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, flash, request, url_for

from portal.book import operations as book
from portal.book import words
from portal.book.layouts.carriers import carriers
from portal.book.mapping import KEEP_DAYS, MAX_BYTES, anew, events, forms, operations, queries, state
from portal.book.mapping.checking import Checked
from portal.book.mapping.models import ConnectorDraft
from portal.book.mapping.operations import CHECK, COLUMNS, FILE, READING, NotSaved
from portal.book.mapping.sample import bytes_of, was_handed_in
from portal.book.mapping.state import Mapping
from portal.book.operations import AlreadyLoading
from portal.book.views import bp
from portal.connectors import mapped, mistakes, plain
from portal.connectors.declared import CROSSWALK_KINDS, REASONS
from portal.connectors.heading import Heading
from portal.connectors.names import full_name, last_name_first
from portal.connectors.profile import KINDS
from portal.connectors.rows import FileRefused
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.lookup import find_or_404
from portal.core.permissions import Permission, allow
from portal.core.sent import repeats
from portal.core.web import FILE_BYTES, takes

STEPS = {FILE: "What we see", COLUMNS: "Which column is what", READING: "How it reads", CHECK: "Check and save"}


@bp.get("/connectors/new")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def new_mapping() -> Response:
    """Choose a sample, or go on with a mapping that is not finished."""
    return _start_page(None)


@bp.post("/connectors/new")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
@takes(FILE_BYTES)
def start_mapping() -> Response:
    """Read the sample; what is no table is refused with a sentence."""
    sent = request.files.get("file")
    data = sent.read(MAX_BYTES + 1) if sent else b""  # one more than allowed is enough to refuse it
    try:
        made = operations.start(data, (sent.filename if sent else None) or "sample", by=scope.current())
    except FileRefused as refused:
        return _start_page(str(refused), status=422)
    return go(url_for("book.mapping_file", draft_id=made.draft.id))


def _start_page(problem: str | None, status: int = 200) -> Response:
    return page(
        "mapping/start.html",
        status=status,
        problem=problem,
        drafts=queries.drafts(),
        most_mb=MAX_BYTES // 1024**2,
        keep_days=KEEP_DAYS,
    )


def _mapping(draft_id: UUID, *, to_change: bool = False) -> Mapping:
    return state.load(find_or_404(ConnectorDraft, draft_id, to_change=to_change))


def _is_stale(mapping: Mapping, step: str) -> bool:
    """Whether the page was made before something else was said: nothing of it is taken, and whoever sent it is told."""
    seen_at = request.form.get("seen_at")
    if seen_at is None or seen_at == mapping.draft.updated_at.isoformat():
        return False
    flash(
        "This mapping was changed meanwhile, in another tab or by somebody else. What this page said was not taken;"
        f" this is how “{STEPS[step]}” stands now.",
        "error",
    )
    return True


def _page(step: str, mapping: Mapping, **context: Any) -> Response:
    found = [one for one in operations.mistakes_of(mapping) if one.step == step and step in mapping.done]
    edited = mapping.draft.connector_id
    return page(
        f"mapping/{step}.html",
        mapping=mapping,
        draft=mapping.draft,
        answers=mapping.answers,
        seen=mapping.seen,
        looks=mapping.looks,
        steps=STEPS,
        step=step,
        found=found,
        wrong={one.at: one.text for one in reversed(found) if one.at},
        edited=anew.connector_of(mapping.draft) if edited else None,
        kinds=KINDS,
        mistakes=mistakes,
        **context,
    )


@bp.get("/connectors/drafts/<uuid:draft_id>/file")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def mapping_file(draft_id: UUID) -> Response:
    """What the sample is, and which row names its columns."""
    mapping = _mapping(draft_id)
    return _page(FILE, mapping, same=operations.reads_exactly_these(mapping))


@bp.post("/connectors/drafts/<uuid:draft_id>/file")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def choose_heading(draft_id: UUID) -> Response:
    """Take the chosen row for the header."""
    mapping = _mapping(draft_id, to_change=True)
    if _is_stale(mapping, FILE):
        return go(url_for("book.mapping_file", draft_id=draft_id))
    sheet, _, row = request.form.get("heading", "").partition("-")
    if sheet.isascii() and sheet.isdigit() and row.isascii() and row.isdigit():
        try:
            operations.choose_heading(mapping, Heading(int(sheet), int(row)))
        except FileRefused as refused:
            flash(str(refused), "error")
            return go(url_for("book.mapping_file", draft_id=draft_id))
    # Another row shows other columns: they are looked at before anything is said of them.
    again = request.form.get("look") == "again"
    return go(url_for("book.mapping_file" if again else "book.mapping_columns", draft_id=draft_id))


@bp.get("/connectors/drafts/<uuid:draft_id>/columns")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def mapping_columns(draft_id: UUID) -> Response:
    """For each of our fields the column that fills it."""
    return _page(COLUMNS, _mapping(draft_id), groups=plain.GROUPS, main=plain.MAIN)


@bp.post("/connectors/drafts/<uuid:draft_id>/columns")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def say_columns(draft_id: UUID) -> Response:
    """Keep which column is what, and go on where nothing is wrong with it."""
    mapping = _mapping(draft_id, to_change=True)
    if _is_stale(mapping, COLUMNS):
        return go(url_for("book.mapping_columns", draft_id=draft_id))
    operations.say_columns(mapping, forms.columns(request.form, mapping.looks))
    return _on(mapping, COLUMNS, "book.mapping_reading")


@bp.get("/connectors/drafts/<uuid:draft_id>/reading")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def mapping_reading(draft_id: UUID) -> Response:
    """Dates, words, what is the same enrolment, and who wrote it."""
    mapping = _mapping(draft_id)
    return _page(
        READING,
        mapping,
        dated=mistakes.ordered(mapping.answers, mapping.looks),
        premium=mapping.look_of("premium"),
        names=_name_orders(mapping),
        listed=forms.listed,
        refuse=mapped.REFUSE,
        plain_label=plain.label,
        ends=forms.offered_ends(mapping),
        nothing=forms.offered_nothing(mapping),
        statuses=words.STATUSES,
        no_status=mapped.NO_STATUS,
        reasons=REASONS,
        products=mapped.PRODUCTS,
        identities=[(key, one, mapping.collapsing.get(key)) for key, one in mapped.IDENTITIES.items()],
        kinds_of_number=[(kind, words.identifier(kind)) for kind in CROSSWALK_KINDS],
        carriers=carriers(),
    )


def _name_orders(mapping: Mapping) -> list[tuple[str, str]]:
    """The two ways to read a full name without a comma, with what each makes of one of the sample; [] without one."""
    look = mapping.look_of("full_name")
    if look is None or not look.plain_name:
        return []
    found = []
    for key, said, split in (("first", "First name first", full_name), ("last", "Family name first", last_name_first)):
        first, middle, last, _ = split(look.plain_name)
        given = " ".join(filter(None, (first, middle)))
        found.append((key, f"{said}: “{look.plain_name}” is {given}, family name {last}"))
    return found


@bp.post("/connectors/drafts/<uuid:draft_id>/reading")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
@repeats("open_end", "nothing")
def say_reading(draft_id: UUID) -> Response:
    """Keep how values are read, and go on where nothing is wrong with it."""
    mapping = _mapping(draft_id, to_change=True)
    if _is_stale(mapping, READING):
        return go(url_for("book.mapping_reading", draft_id=draft_id))
    operations.say_reading(mapping, forms.reading(request.form, mapping))
    return _on(mapping, READING, "book.mapping_check")


def _on(mapping: Mapping, step: str, onward: str) -> Response:
    wrong = any(one.step == step for one in operations.mistakes_of(mapping))
    return go(url_for(f"book.mapping_{step}" if wrong else onward, draft_id=mapping.draft.id))


@bp.get("/connectors/drafts/<uuid:draft_id>/check")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def mapping_check(draft_id: UUID) -> Response:
    """What loading the sample would do, and every mistake that is left."""
    mapping = _mapping(draft_id)
    left = operations.mistakes_of(mapping)
    checked: Checked | None = None
    others: list[str] = []
    problem = None
    if not left:
        try:
            checked, others = operations.dry_run(mapping)
        except NotSaved as refused:
            problem = str(refused)
    return _page(
        CHECK, mapping, left=left, checked=checked, others=others, problem=problem, words=words,
        carrier=operations.carrier_of(mapping.answers)[1], unread=mapping.unused(),
    )  # fmt: skip


@bp.post("/connectors/drafts/<uuid:draft_id>/check")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def save_mapping(draft_id: UUID) -> Response:
    """Save, and load the sample where that is wished."""
    mapping = _mapping(draft_id, to_change=True)
    if _is_stale(mapping, CHECK):
        return go(url_for("book.mapping_check", draft_id=draft_id))
    draft, by = mapping.draft, scope.current()
    try:
        connector = operations.save(mapping, replaces="replaces" in request.form, by=by)
    except NotSaved as refused:
        flash(str(refused), "error")
        return go(url_for("book.mapping_check", draft_id=draft.id))
    book.confirm_writer(connector=connector)
    there = url_for("book.connector", connector_id=connector.id)
    if "load" in request.form:
        try:
            run = book.request_load(
                body=bytes_of(draft), file_name=draft.file_name, connector=connector.name, dry_run=False,
                by=by.actor_name, was=was_handed_in(mapping.seen),
            )  # fmt: skip
            there = url_for("book.feed", run_id=run.id)
        except AlreadyLoading as error:
            flash(str(error))
    operations.forget(draft)
    flash(f"{connector.name} is saved. Its files are recognised by their columns from now on.")
    return go(there)


@bp.post("/connectors/drafts/<uuid:draft_id>/cancel")
@allow(Permission.FEED_LOAD, events.SAMPLE_READ)
def cancel_mapping(draft_id: UUID) -> Response:
    """Give the mapping up and delete the sample."""
    operations.cancel(find_or_404(ConnectorDraft, draft_id, to_change=True))
    flash("The sample and everything that was said of it are deleted.")
    return go(url_for("book.connectors"))
