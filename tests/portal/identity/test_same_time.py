"""How long a refusal takes says nothing about the account. The bound is wide; the benchmark has the figures."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from bench.doors import KINDS, prepare, sample


@pytest.mark.timeout(240)
def test_every_refused_sign_in_takes_as_long(app: Flask, store: Session) -> None:
    prepare(app)
    measured = sample(app, rounds=8, warm=1)
    # The quickest of each: what another test of this machine takes from one round says nothing of the answers.
    quickest = {kind: min(times) for kind, times in measured.items()}
    assert set(quickest) == set(KINDS)
    assert max(quickest.values()) < 1.6 * min(quickest.values()), quickest
