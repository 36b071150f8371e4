"""A process has one application, and so one pool of connections for each login."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import pytest
from flask import Flask

from tasks import jobs


def test_threads_that_ask_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Flask:
        time.sleep(0.05)
        return Flask("one")

    monkeypatch.setattr(jobs, "_made", cache(make))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(jobs.application) for _ in range(8)]
    assert len({id(one.result()) for one in asked}) == 1
