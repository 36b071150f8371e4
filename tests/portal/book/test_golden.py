"""Every layout through the real loader under row security, row by row equal to what the files' maker decided."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import Connector, FeedRun, Member, Policy
from portal.book.operations import confirm_kind, request_load, run_feed
from portal.connectors.layouts import load_layouts
from portal.core import scope
from portal.core.crypto import decrypt, keyed_hash
from portal.core.scope import Role
from portal.demo.generate import DemoPlan, write_demo
from portal.downline.models import CarrierIdentifier
from portal.extensions import db
from portal.identity.models import Fmo
from tests.portal.book.conftest import attribute, hold_nothing, jobs_scope
from tests.support.people import acting

MBI_ALWAYS = {"UnitedHealthcare", "Aetna"}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> DemoPlan:
    """Carrier files of 400 policies with every oddity, and the truth about them."""
    return write_demo(tmp_path_factory.mktemp("demo"), seed=11, policies=400, as_of=date(2026, 11, 3))


def _load_all(app: Flask, fmo: Fmo, plan: DemoPlan) -> Iterator[tuple[FeedRun, int, int, int]]:
    for file in (one for one in plan.files if one.fmo == "summit"):
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run = request_load(body=file.path, file_name=file.path.name, connector=None, dry_run=False, by="Test")
            db.session.commit()
        with app.app_context(), scope.acting(jobs_scope(fmo)):
            run_feed(run.id)
            done = db.session.scalars(select(FeedRun).where(FeedRun.id == run.id)).one()
        yield done, file.policies, file.refused, file.dropped


def _add_crosswalk(store: Session, fmo: Fmo, path: Path) -> set[tuple[str, str]]:
    kinds = set()
    with path.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            value = line["value"].upper().replace(" ", "")
            if line["kind"] == "tin":
                value = keyed_hash("".join(filter(str.isdigit, value)), fmo_id=fmo.id, field="tin")
            named = {"carrier": line["carrier"], "kind": line["kind"], "value": value, "shown": "x"}
            dates = {name: line[name] or None for name in ("valid_from", "valid_to")}
            store.add(CarrierIdentifier(fmo_id=fmo.id, npn=line["npn"].lstrip("0"), **named, **dates))
            kinds.add((line["carrier"], line["kind"]))
    store.commit()
    return kinds


def _differences(store: Session, fmo: Fmo, plan: DemoPlan) -> list[str]:
    names = {layout.carrier: layout.carrier_name for layout in load_layouts().values()}
    whole = select(Policy, Member).join(Member, Member.id == Policy.member_id)
    found = store.execute(whole.where(Policy.fmo_id == fmo.id))
    book = {(names[p.carrier], p.policy_number, p.effective_date.isoformat()): (p, m) for p, m in found}
    with plan.truth_csv.open(encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["fmo"] == "summit"]
    truth = {(line["carrier"], line["policy_key"], line["effective_date"]): line for line in lines}
    wrong = [f"only on one side: {key}" for key in set(book) ^ set(truth)]
    for key in set(book) & set(truth):
        policy, member = book[key]
        line = truth[key]
        same = {
            "writing_npn": policy.writing_npn or "", "status": policy.status,
            "term_date": policy.term_date.isoformat() if policy.term_date else "",
            "member_first": member.first_name, "member_last": member.last_name,
        }  # fmt: skip
        if line["dob"]:
            same["dob"] = member.birth_date.isoformat() if member.birth_date else ""
        if line["carrier"] in MBI_ALWAYS:
            same["mbi"] = decrypt(member.mbi, fmo_id=fmo.id, field="mbi") if member.mbi else ""
        wrong += [f"{key} {name}: {said!r}, not {line[name]!r}" for name, said in same.items() if said != line[name]]
    return wrong


def test_files_without_a_crosswalk_and_then_with_one(app: Flask, store: Session, fmo: Fmo, plan: DemoPlan) -> None:
    """The crosswalk may come before the files or after them: the book is the same, and is the truth."""
    hold_nothing(store, fmo)
    for run, policies, refused, dropped in _load_all(app, fmo, plan):
        assert (run.status, run.new, run.refused, run.dropped) == ("succeeded", policies, refused, dropped), run.error
        assert run.rows == policies + refused + dropped
    kinds = _add_crosswalk(store, fmo, plan.fmos[0].crosswalk_csv)
    with acting(app, Role.FMO_ADMIN, fmo):
        for carrier, kind in sorted(kinds):
            attribute(carrier, kind)
        humana = db.session.scalars(select(Connector).where(Connector.carrier == "humana")).one()
        confirm_kind(connector=humana, kind="san")
    assert _differences(store, fmo, plan) == []


def test_files_after_the_crosswalk(app: Flask, store: Session, fmo: Fmo, plan: DemoPlan) -> None:
    """The same files with everything known before."""
    _add_crosswalk(store, fmo, plan.fmos[0].crosswalk_csv)
    connector = {"name": "Humana", "carrier": "humana", "layout": "humana", "confirmed_kinds": ["san"]}
    store.add(Connector(fmo_id=fmo.id, **connector))
    store.commit()
    assert all(run.status == "succeeded" for run, *_ in _load_all(app, fmo, plan))
    assert _differences(store, fmo, plan) == []
