"""The agent's own dates in a row: who wrote a policy when, as the carrier told it last."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.models import PolicyWriter
from portal.identity.models import Fmo
from tests.portal.book.absent import Client
from tests.portal.book.conftest import Load
from tests.portal.book.rows import golden
from tests.portal.book.undoing import content, order, work_off
from tests.support import builders

AMY, OTIS = "1001001", "1002002"
Carrier = tuple[str, str, str, str, dict[str, str]]
# (layout, the agent's NPN, first day, last day, what identifies the policy beside them)
AMBETTER: Carrier = (
    "ambetter",
    "Broker NPN",
    "Broker Effective Date",
    "Broker Term Date",
    {"Policy Effective Date": "6/1/2026"},
)
FLORIDA: Carrier = ("florida_blue", "Agent NPN", "Agent Contract Start Date", "Agent Contract Term Date", {})


def file(carrier: Carrier, npn: str, first: str, last: str = "", **more: str) -> bytes:
    """A file of one policy that `npn` wrote from `first` to `last`."""
    layout, agent, starts, ends, other = carrier
    return golden(layout, {**other, agent: npn, starts: first, ends: last, **more})


def intervals(store: Session) -> list[tuple[str | None, str, str, bool]]:
    """(NPN, own first day, own last day, whether open), the oldest first."""
    store.rollback()
    store.expire_all()
    found = store.scalars(select(PolicyWriter).order_by(PolicyWriter.since, PolicyWriter.id))
    return [(one.npn, str(one.written_from), str(one.written_to), one.until is None) for one in found]


@pytest.mark.parametrize("carrier", [AMBETTER, FLORIDA], ids=["ambetter", "florida_blue"])
def test_dates_that_change_alone_correct_the_open_interval(
    load: Load, store: Session, carrier: Carrier, told: list[UUID]
) -> None:
    """The same agent, the same interval: nobody is told, and nothing moves."""
    load(file(carrier, AMY, "2/1/2026"), day="20260601")
    assert intervals(store) == [(AMY, "2026-02-01", "None", True)]
    run = load(file(carrier, AMY, "3/1/2026", "12/31/2026"), day="20260701")
    assert (run.status, run.changed, run.released) == ("succeeded", 1, 0)
    assert intervals(store) == [(AMY, "2026-03-01", "2026-12-31", True)] and told == []


@pytest.mark.parametrize("carrier", [AMBETTER, FLORIDA], ids=["ambetter", "florida_blue"])
def test_another_agent_has_dates_of_their_own(load: Load, store: Session, carrier: Carrier) -> None:
    """The former one's stay as they were told."""
    load(file(carrier, OTIS, "1/1/2026"), day="20260601")
    load(file(carrier, AMY, "3/1/2026"), day="20260701")
    load(file(carrier, AMY, "4/1/2026"), day="20260801")
    assert intervals(store) == [(OTIS, "2026-01-01", "None", False), (AMY, "2026-04-01", "None", True)]


def test_undoing_a_file_brings_the_dates_back_that_it_corrected(
    app: Flask, load: Load, store: Session, fmo: Fmo
) -> None:
    load(file(AMBETTER, AMY, "2/1/2026", "12/31/2026"), day="20260601")
    before = content(store, fmo)
    run = load(file(AMBETTER, AMY, "3/1/2026"), day="20260701")
    assert intervals(store) == [(AMY, "2026-03-01", "None", True)]
    work_off(app, fmo, order(app, fmo, run))
    assert content(store, fmo) == before and intervals(store) == [(AMY, "2026-02-01", "2026-12-31", True)]


def test_an_older_file_corrects_nothing(load: Load, store: Session) -> None:
    load(file(AMBETTER, AMY, "3/1/2026"), day="20260701")
    load(file(AMBETTER, AMY, "2/1/2026"), day="20260601")
    assert intervals(store) == [(AMY, "2026-03-01", "None", True)]


def test_the_policys_page_shows_the_agents_own_dates(load: Load, store: Session, fmo: Fmo, client_for: Client) -> None:
    load(file(AMBETTER, AMY, "3/1/2026", "12/31/2026"), day="20260701")
    policy_id = store.scalars(select(PolicyWriter.policy_id)).one()
    page = client_for(builders.user(store, fmo)).get(f"/fmo/policies/{policy_id}").text
    told = re.search(r"in the file from (.+?) to (.+?)</span>", page)
    assert told and "1 Mar 2026" in told[1] and "31 Dec 2026" in told[2]
