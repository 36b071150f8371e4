"""A run's report as a workbook or, section by section, as CSV. What is read for it enters the log as always."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import select

from portal.book import words
from portal.book.models import FeedProblem, FeedRun, Policy
from portal.book.report import lines
from portal.book.report.lines import Line
from portal.book.report.models import FeedAlteration, FeedEffect
from portal.book.report.words import ALTERED
from portal.core import clock
from portal.core.table_files import Part
from portal.extensions import db

MOST = 100_000  # rows of one section
SECTIONS = ("new", "changed", "refused", "dropped", "altered")
_AT_ONCE = 500
_PLACE = ("Sheet", "Row", "Column", "Looks like", "Why")
Row = TypeVar("Row")


def part(run: FeedRun, section: str) -> Part:
    """One section (of SECTIONS) as a table; its rows are read as they are asked for."""
    if section == "new":
        return Part("New", ("Policy number", "Member", *lines.NEW_LABELS), _new(run))
    if section == "changed":
        return Part("Changed", ("Of", "Policy number", "Member", "Field", "Before", "After"), _changed(run))
    if section == "altered":
        header = ("Sheet", "Row", "Column", "What was done", "Looked like", "Read as")
        return Part("Altered", header, _altered(run))
    return Part(section.capitalize(), _PLACE, _problems(run, section))


def workbook(run: FeedRun) -> Iterator[Part]:
    """Every section, after a sheet with the numbers."""
    yield Part("Summary", ("Of", "Number"), _summary(run))
    for section in SECTIONS:
        yield part(run, section)


def _summary(run: FeedRun) -> list[tuple[str, str]]:
    numbers = ("rows", "new", "changed", "unchanged", "refused", "dropped", "unattributed", "released")
    told = [(name.capitalize(), f"{getattr(run, name) or 0}") for name in numbers]
    day = clock.day(run.as_of) if run.as_of else ""
    about = [("File", run.file_name), ("Carrier data of", day), ("State", words.run_state(run)[0])]
    return [*about, ("SHA-256 of the file", run.sha256), *told, ("Most rows of a section in this workbook", f"{MOST}")]


def _new(run: FeedRun) -> Iterator[Sequence[object]]:
    kept = lines.effects_query(run, "new").order_by(FeedEffect.sort_key, FeedEffect.id).limit(MOST)
    present = lines.new_query(run).order_by(Policy.sort_key, Policy.id).limit(MOST)
    found: Iterator[Line] = (
        _in_batches(_streamed(kept), lines.effect_lines)
        if lines.keeps_new(run)
        else _in_batches(_streamed(present), lines.policy_lines)
    )
    for one in found:
        yield (one.number, one.name, *(field.after for field in one.fields))


def _changed(run: FeedRun) -> Iterator[Sequence[object]]:
    query = lines.effects_query(run, *lines.KINDS).order_by(FeedEffect.sort_key, FeedEffect.id).limit(MOST)
    for one in _in_batches(_streamed(query), lines.effect_lines):
        of = "Member" if one.kind == "member" else "Policy"
        for field in one.fields:
            yield of, one.number, one.name, field.label, field.before, field.after


def _problems(run: FeedRun, outcome: str) -> Iterator[Sequence[object]]:
    query = select(FeedProblem).where(FeedProblem.run_id == run.id, FeedProblem.outcome == outcome)
    for one in _streamed(query.order_by(FeedProblem.sheet, FeedProblem.row, FeedProblem.id).limit(MOST)):
        yield one.sheet, one.row, one.column_name, one.shape, one.reason


def _altered(run: FeedRun) -> Iterator[Sequence[object]]:
    query = select(FeedAlteration).where(FeedAlteration.run_id == run.id).order_by(FeedAlteration.place)
    for one in _streamed(query.limit(MOST)):
        yield one.sheet, one.row, one.column_name, ALTERED.get(one.kind, one.kind), one.shape, one.became


def _streamed(query: Any) -> Iterator[Any]:
    return iter(db.session.scalars(query.execution_options(yield_per=_AT_ONCE)))


def _in_batches(rows: Iterator[Row], make: Any) -> Iterator[Line]:
    while batch := list(islice(rows, _AT_ONCE)):
        made: Iterable[Line] = make(batch)
        yield from made
