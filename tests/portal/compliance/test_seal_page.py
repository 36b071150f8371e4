"""The officer's page about the seals: what it tells, and a verification from the click to what was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.compliance.seals import runs
from portal.compliance.seals.models import INSTALLATION, SealCheck
from portal.core.outbox import Outbox
from tasks.jobs import verify_log
from tests.portal.compliance.test_access import entries, logged
from tests.support.world import World

PAGE = "/compliance/seal"


def checks(store: Session) -> list[SealCheck]:
    """Every verification, oldest first."""
    store.rollback()
    found = store.scalars(select(SealCheck).order_by(SealCheck.begun_at).execution_options(populate_existing=True))
    return list(found)


def test_before_the_first_seal_and_after(world: World, seal: Callable[[], int], client_for: Any) -> None:
    officer = client_for(world.summit.compliance)
    shown = officer.get(PAGE).text
    assert "None yet; the first comes within a minute" in shown and "has not been verified yet" in shown
    assert seal() == 1, "that somebody looked"
    shown = officer.get(PAGE).text
    assert 'Up to seal <span class="figure">1</span>' in shown


def test_looking_leaves_one_entry(world: World, store: Session, client_for: Any) -> None:
    client_for(world.summit.compliance).get(PAGE)
    assert [entry.action for entry in entries(store, world.summit)] == ["seal.view"]


def test_from_the_click_to_what_was_found(
    world: World, store: Session, setup_engine: Engine, seal: Callable[[], int], client_for: Any
) -> None:
    officer = client_for(world.summit.compliance)
    entry_id = logged(store, world.summit).id
    seal()
    assert officer.post(f"{PAGE}/verify").status_code == 303
    assert officer.post(f"{PAGE}/verify").status_code == 303, "a double click"
    [check] = checks(store)
    [job] = store.scalars(select(Outbox).where(Outbox.job == "verify_log")).all()
    assert job.args == [str(world.summit.fmo.id), str(check.id)]
    assert [e.subject_ids for e in entries(store, world.summit, "seal.verify")] == [[check.id]]
    assert "Verifying the log" in officer.get(PAGE).text
    assert officer.get(f"{PAGE}/progress").status_code == 200

    verify_log(*job.args)
    assert officer.get(f"{PAGE}/progress").status_code == 286
    assert "found nothing wrong in 1 entry under 1 seal" in officer.get(PAGE).text
    ended = checks(store)[0].ended_at
    verify_log(*job.args)
    assert checks(store)[0].ended_at == ended, "once done it stays"

    with setup_engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM access_entry WHERE id = :id"), {"id": entry_id})
    officer.post(f"{PAGE}/verify")
    verify_log(str(world.summit.fmo.id), str(checks(store)[-1].id))
    shown = officer.get(PAGE).text
    assert f"Entry {entry_id}, number 1 in seal 1" in shown and "found 1 fault" in shown


def test_another_fmos_verification_is_not_shown(world: World, store: Session, client_for: Any) -> None:
    client_for(world.lakeside.compliance).post(f"{PAGE}/verify")
    assert "Verifying the log" not in client_for(world.summit.compliance).get(PAGE).text


def test_every_chain_is_verified_once_a_day(app: Flask, world: World, store: Session) -> None:
    with app.app_context():
        assert (runs.daily(), runs.daily()) == (3, 0)
    found = checks(store)
    assert {check.fmo_id for check in found} == {world.summit.fmo.id, world.lakeside.fmo.id, INSTALLATION}
    assert all(check.ended_at and check.asked_name == "The sealer" for check in found)


def test_a_daily_verification_that_was_broken_off_is_begun_anew(
    app: Flask, world: World, store: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        monkeypatch.setattr(runs, "carry_out", lambda chain, check_id: None)
        assert runs.daily() == 3
        monkeypatch.undo()
        store.execute(text("UPDATE seal_check SET beat_at = now() - interval '11 minutes'"))
        store.commit()
        assert runs.daily() == 3


@pytest.mark.parametrize("who", ["admin", "amy"])
def test_the_page_is_the_officers(who: str, world: World, client_for: Any) -> None:
    person = {"admin": world.summit.admin, "amy": world.amy.people[0].user}[who]
    assert client_for(person).get(PAGE).status_code == 404
    assert client_for(person).post(f"{PAGE}/verify").status_code == 404
