"""The portal's own connectors read from the carrier files what the truth says, field by field."""

from __future__ import annotations

from datetime import date

from portal.connectors.parse import parse
from portal.connectors.rows import PolicyRow
from portal.demo.generate import DemoFile, DemoPlan
from tests.demo.conftest import AS_OF
from tests.demo.naive import Crosswalk


def test_connectors_read_the_truth(plan: DemoPlan, truth: list[dict[str, str]]) -> None:
    crosswalks = {fmo.slug: Crosswalk(fmo.crosswalk_csv) for fmo in plan.fmos}
    read = [line for file in plan.files for line in _lines(file, crosswalks[file.fmo])]
    assert sorted(read) == sorted(tuple(line.values()) for line in truth)


def _lines(file: DemoFile, crosswalk: Crosswalk) -> list[tuple[str, ...]]:
    parsed = parse(file.path, file_name=file.path.name, as_of=AS_OF)
    latest: dict[str, PolicyRow] = {}
    refused = 0
    for batch in parsed.batches():
        refused += len(batch.refused)
        for row in batch.rows:
            known = latest.get(row.identity)
            if known is None or (row.received_date or date.min) > (known.received_date or date.min):
                latest[row.identity] = row
    assert refused == file.refused
    return [_line(file, parsed.layout.carrier, row, crosswalk) for row in latest.values()]


def _line(file: DemoFile, carrier: str, row: PolicyRow, crosswalk: Crosswalk) -> tuple[str, ...]:
    npn = row.writer_npn or crosswalk.npn(carrier, row.writer_value or "", row.effective_date.isoformat())
    days = (row.birth_date, row.effective_date, row.term_date)
    born, effective, term = (day.isoformat() if day else "" for day in days)
    named = (file.fmo, file.carrier, row.policy_number or "", row.first_name, row.last_name)
    return (*named, born, row.mbi or "", npn, row.status, effective, term, row.email or "")
