"""Fixtures for tests of Policy Sync."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from portal.businesses.models import Business
from tests.support import builders as make


@pytest.fixture
def business(store: Session) -> Business:
    """An account whose NPN wrote three policies."""
    fmo = make.fmo(store)
    made = make.business(store, make.agent(store, fmo, "1001"))
    feed = make.feed_run(store, fmo)
    for _ in range(3):
        make.policy(store, make.member(store, fmo), feed, "1001")
    return made
