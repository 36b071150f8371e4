"""What every test of letters needs."""

from __future__ import annotations

import pytest

from portal.extensions import limiter


@pytest.fixture(autouse=True)
def not_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the limit a minute of the web: all tests come from one address. The counts in the database hold."""
    monkeypatch.setattr(limiter, "enabled", False)
