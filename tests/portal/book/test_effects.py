"""What a run keeps of what it changed: field by field, for loads and for checks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import FeedRun, Member, MemberKey, Policy
from portal.book.report.models import FeedEffect
from tests.portal.book.conftest import Load
from tests.portal.book.rows import aetna, person


def _told(store: Session, run: FeedRun, kind: str) -> list[dict[str, Any]]:
    found = store.scalars(select(FeedEffect).where(FeedEffect.run_id == run.id, FeedEffect.kind == kind))
    return [one.told for one in found]


def test_a_change_is_kept_field_by_field(load: Load, store: Session) -> None:
    """Only fields that differ; of the member apart; nothing for what is new or as it was."""
    first = load(aetna({}, person(3)))
    second = load(aetna({"Member Status": "T", "Term Date": "03/31/2026", "City": "Dayton"}, person(3)), day="20261201")
    assert not store.scalars(select(FeedEffect).where(FeedEffect.run_id == first.id)).all()
    (told,) = _told(store, second, "changed")
    assert told["status"] == ["active", "terminated"] and told["term_date"] == [None, "2026-03-31"]
    assert told["source_run_id"] == [str(first.id), str(second.id)]
    assert "plan_name" not in told and "city" not in told
    (member,) = _told(store, second, "member")
    assert member.pop("revision") == [first.batch, second.batch]
    assert member == {"city": ["Columbus", "Dayton"], "as_of": ["2026-11-03", "2026-12-01"]}
    policies = store.scalars(select(Policy)).all()
    assert {one.first_run_id for one in policies} == {first.id}
    assert second.batch == max(one.batch for one in policies) and first.batch == second.batch - 1


def test_a_medicare_number_is_kept_as_ciphertext(load: Load, store: Session) -> None:
    load(aetna({"Medicare Number": ""}))
    run = load(aetna({}), day="20261201")
    (told,) = _told(store, run, "member")
    member = store.scalars(select(Member)).one()
    assert told["mbi"] == [None, member.mbi] and "1EG4TE5MK73" not in str(told)
    assert {one.batch for one in store.scalars(select(MemberKey)) if one.kind == "mbi"} == {run.batch}


def test_a_check_keeps_what_it_would_do_and_nothing_else(load: Load, store: Session) -> None:
    load(aetna({}))
    run = load(aetna({"Member Status": "T", "City": "Dayton"}, person(3)), day="20261201", dry_run=True)
    assert (run.new, run.changed, run.batch) == (1, 1, None)
    assert _told(store, run, "changed")[0]["status"] == ["active", "terminated"]
    assert _told(store, run, "member")[0]["city"] == ["Columbus", "Dayton"]
    (new,) = _told(store, run, "new")
    assert new["last_name"] == [None, "CaseA"] and new["writing_npn"] == [None, "1001001"]
    assert store.scalars(select(Policy)).one().status == "active"
