"""How long a refusal takes says nothing about the account. The bound is wide; the benchmark has the figures."""

from __future__ import annotations

from statistics import median

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from bench.doors import KINDS, prepare, sample


@pytest.mark.timeout(240)
def test_every_refused_sign_in_takes_as_long(app: Flask, store: Session) -> None:
    prepare(app)
    measured = sample(app, rounds=5, warm=1)
    medians = {kind: median(times) for kind, times in measured.items()}
    assert set(medians) == set(KINDS)
    assert max(medians.values()) < 1.6 * min(medians.values()), medians
