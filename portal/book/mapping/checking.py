"""The sample read as it would be loaded: what would be taken, refused, new and changed; nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from portal.book.layouts import known
from portal.book.mapping.models import ConnectorDraft
from portal.book.mapping.sample import below, bytes_of, opened
from portal.book.models import Policy
from portal.connectors import mapped
from portal.connectors.detect import detect
from portal.connectors.layouts import Layout, LayoutError, layout_from
from portal.connectors.mapped import Answers
from portal.connectors.parse import parse
from portal.connectors.profile import Look
from portal.connectors.readers import Sheet
from portal.connectors.rows import FileRefused, PolicyRow, Refusal
from portal.core import clock
from portal.downline import queries as downline
from portal.extensions import db

FIRST, MOST_REFUSED, AT_ONCE = 10, 50, 5_000


@dataclass(slots=True)
class Checked:
    """What loading the sample would do."""

    taken: int = 0
    dropped: int = 0
    refused: int = 0
    enrolments: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    first: list[PolicyRow] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    with_npn: int = 0
    npns: int = 0
    unknown_npns: int = 0  # of these, not in the downline
    unknown_rows: int = 0  # that name one of those
    by_number: int = 0  # named by the carrier's own number: the crosswalk decides
    nobody: int = 0
    notes: list[str] = field(default_factory=list)
    problem: str | None = None  # why the sample cannot be read at all

    @property
    def older(self) -> int:
        """Rows that are an older state of another row: a run drops them, and counts them so."""
        return self.taken - self.enrolments

    @property
    def rows(self) -> int:
        """All rows below the header."""
        return self.taken + self.dropped + self.refused


def collapsing(draft: ConnectorDraft, answers: Answers, sheet: int, row: int) -> dict[str, int]:
    """For each identity that has its columns: how many rows of the sample are another row's enrolment by it."""
    wanted = {key: mapped.identity_places(answers, key) for key in mapped.IDENTITIES}
    with opened(bytes_of(draft)) as (_, sheets):
        rows = list(below(sheets[sheet], row))
    return {key: _collapse(rows, places) for key, places in wanted.items() if places is not None}


def _collapse(rows: Iterable[list[str]], places: Sequence[int]) -> int:
    seen: set[tuple[str, ...]] = set()
    told = 0
    for cells in rows:
        if max(places) < len(cells):
            key = tuple(" ".join(cells[place].split()).casefold() for place in places)
            if any(key):
                told += 1
                seen.add(key)
    return told - len(seen)


def check(draft: ConnectorDraft, layout: Layout) -> Checked:
    """Read the whole sample with the layout and compare it with the book."""
    made = Checked()
    try:
        with opened(bytes_of(draft)) as (path, sheets):
            rows = list(_read(made, path, sheets, layout, draft.file_name))
    except FileRefused as refused:
        made.problem = str(refused)
        return made
    _compare(made, rows)
    npns = {row.writer_npn for row in rows if row.writer_npn}
    unknown = npns - downline.by_npns(npns).keys()
    made.npns, made.unknown_npns = len(npns), len(unknown)
    made.unknown_rows = sum(row.writer_npn in unknown for row in rows)
    return made


def _read(made: Checked, path: Path, sheets: list[Sheet], layout: Layout, file_name: str) -> Iterator[PolicyRow]:
    parsed = parse(path, file_name=file_name, as_of=clock.today(), layouts={layout.name: layout}, sheets=sheets)
    for batch in parsed.batches():
        made.taken += len(batch.rows)
        made.dropped += len(batch.dropped)
        made.refused += len(batch.refused)
        made.first += islice(batch.rows, max(0, FIRST - len(made.first)))
        made.refusals += islice(batch.refused, max(0, MOST_REFUSED - len(made.refusals)))
        for row in batch.rows:
            made.statuses[row.status] += 1
            made.with_npn += bool(row.writer_npn)
            made.by_number += not row.writer_npn and bool(row.writer_value)
            made.nobody += not row.writer_npn and not row.writer_value
            yield row
    made.notes = list(parsed.notes)


def _compare(made: Checked, rows: Sequence[PolicyRow]) -> None:
    told: dict[str, set[str]] = {}
    for row in rows:
        told.setdefault(row.identity, set()).add(row.content_hash)
    made.enrolments = len(told)
    identities = list(told)
    there: dict[str, str] = {}
    for start in range(0, len(identities), AT_ONCE):
        query = select(Policy.identity, Policy.content_hash).where(
            Policy.identity.in_(identities[start : start + AT_ONCE])
        )
        there |= {
            row.identity: row.content_hash for row in db.session.execute(query.execution_options(unlogged="by hash"))
        }
    made.new = len(told) - len(there)
    made.changed = sum(kept not in told[identity] for identity, kept in there.items())
    made.unchanged = len(there) - made.changed


def others_that_fit(draft: ConnectorDraft, name: str) -> list[str]:
    """Names of other layouts that the sample's columns fit, too; without a choice such a file is recognised by them."""
    found = []
    with opened(bytes_of(draft)) as (_, sheets):
        for layout in known().newest().values():
            if layout.name == name:
                continue
            try:
                detect(sheets, {layout.name: layout})
            except FileRefused:
                continue
            found.append(f"{layout.carrier_name} ({layout.name})")
    return found


def layout_for(answers: Answers, looks: Sequence[Look], *, carrier: str, carrier_name: str) -> Layout | str:
    """The layout, or why there is none in spite of everything that was checked before."""
    body = mapped.body_of(answers, looks, carrier=carrier, carrier_name=carrier_name)
    try:
        return layout_from(body, name=answers.name.strip())
    except LayoutError as error:
        return str(error).partition(": ")[2] or str(error)
