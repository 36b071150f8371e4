"""Fixtures for files of the log."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tasks import jobs
from tests.support.world import World


@pytest.fixture(autouse=True)
def own_application(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs work in the application under test."""
    monkeypatch.setattr(jobs, "application", lambda: app)


@pytest.fixture
def officer(world: World, client_for: Any) -> FlaskClient:
    """Summit's compliance officer."""
    found: FlaskClient = client_for(world.summit.compliance)
    return found
