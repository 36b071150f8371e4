"""Health, readiness and figures."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.home import readiness
from tests.portal.compliance.test_access import logged
from tests.support.world import World


def test_the_process_lives(client_for: Any, database: None) -> None:
    answer = client_for(None).get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_every_part_is_looked_at(client_for: Any, database: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "worker_seen", lambda: True)
    answer = client_for(None).get("/readyz")
    assert answer.json is not None
    assert answer.json["parts"] | {"assets": True} == dict.fromkeys(
        ("database", "migrations", "wall", "queue", "worker", "assets"), True
    )
    monkeypatch.setattr(readiness, "worker_seen", lambda: False)
    without = client_for(None).get("/readyz")
    assert without.status_code == 503
    assert without.json is not None and without.json["parts"]["worker"] is False


def test_a_queue_that_is_away_is_said(client_for: Any, database: None, app: Any) -> None:
    held = app.config["REDIS_URL"]
    app.config["REDIS_URL"] = "unix:///nowhere/at/all.sock"
    try:
        answer = client_for(None).get("/readyz")
    finally:
        app.config["REDIS_URL"] = held
    assert answer.status_code == 503
    assert answer.json["parts"]["queue"] is False
    assert answer.json["parts"]["worker"] is False
    assert answer.json["parts"]["database"] is True


@pytest.mark.parametrize("sent", [None, "Bearer ", "Bearer wrong", "Basic token", "Bearer Ü"])
def test_figures_need_the_token(sent: str | None, client_for: Any, database: None) -> None:
    headers = {"Authorization": sent.encode().decode("latin-1")} if sent else {}
    assert client_for(None).get("/metrics", headers=headers).status_code == 404


def test_figures_count_every_fmo(world: World, store: Session, client_for: Any, settings: Settings) -> None:
    logged(store, world.summit), logged(store, world.lakeside, outcome="refused")
    headers = {"Authorization": f"Bearer {settings.metrics_token}"}
    answer = client_for(None).get("/metrics", headers=headers)
    assert answer.status_code == 200
    for line in (
        'portal_feed_runs{state="succeeded"} 2.0',
        'portal_sync_runs{state="succeeded"} 4.0',
        'portal_log_entries_last_day{outcome="done"} 1.0',
        'portal_log_entries_last_day{outcome="refused"} 1.0',
        "portal_log_seals 0.0",
        "portal_log_unsealed_entries 2.0",
        "portal_log_verified_seconds -1.0",
        "portal_outbox_waiting 0.0",
        "portal_queue_length 0.0",
        "portal_queue_up 1.0",
    ):
        assert line in answer.text
    assert not any(mark in answer.text for mark in world.summit.marks)
