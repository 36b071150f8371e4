"""The agreement of a Business: what is kept, what follows from it, and what the log says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.activities.models import Activity
from portal.businesses import operations, queries
from portal.businesses.agreements import AGREEMENTS
from portal.businesses.models import Business
from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.scope import Scope
from portal.identity import rules
from portal.identity.models import User
from tests.support.world import World

Acting = Callable[..., AbstractContextManager[Scope]]
ClientFor = Callable[[User | None], FlaskClient]
# Days from today on; today itself is asked for in the test, which may run after a midnight.
FromToday = int | None


def _day(days: FromToday) -> date | None:
    return None if days is None else clock.today() + timedelta(days=days)


@pytest.mark.parametrize(
    ("signed_on", "until", "state"),
    [
        (None, None, "none"),
        (0, None, "signed"),
        (-1, 0, "signed"),  # the last day counts
        (-2, -1, "expired"),
        (1, None, "not_yet"),
    ],
)
def test_what_follows_from_an_agreement(
    world: World, acting_as: Acting, signed_on: FromToday, until: FromToday, state: str
) -> None:
    with acting_as(world.summit.admin) as by:
        business = queries.by_id(world.amy.business.id)
        assert business is not None
        operations.set_agreement(business, _day(signed_on), _day(until), by=by)
        for rule, blocked, warned in (("off", False, False), ("warn", False, True), ("block", True, True)):
            rules.change({AGREEMENTS.name: rule})
            found = queries.agreement(business)
            good = state == "signed"
            assert found.state == state
            assert (found.blocked, found.warning != "") == ((False, False) if good else (blocked, warned)), rule
            assert good or rule != "block" or "does not run" in found.warning


def test_a_warning_is_the_default_and_each_fmo_decides_for_itself(world: World, acting_as: Acting) -> None:
    with acting_as(world.lakeside.admin):
        rules.change({AGREEMENTS.name: "block"})
    with acting_as(world.summit.admin):
        business = queries.by_id(world.amy.business.id)
        assert business is not None
        found = queries.agreement(business)
        assert (found.blocked, found.warning) == (False, f"No agreement with {business.name} is on record.")


def test_the_page_keeps_it_on_record_and_in_the_log(world: World, client_for: ClientFor, store: Session) -> None:
    client, address = client_for(world.summit.admin), f"/fmo/businesses/{world.amy.business.id}"
    assert "No agreement with" in client.get(address).text
    assert client.get(f"{address}/agreement").status_code == 200
    answer = client.post(f"{address}/agreement", data={"signed_on": "2026-03-12", "until": "2199-03-11"})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Signed on 12 Mar 2026, until 11 Mar 2199" in page and "No agreement with" not in page
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "business.agreement")).one()
    assert (entry.detail["signed_on"], entry.fields) == ("2026-03-12", ["agreement_signed_on", "agreement_until"])
    assert entry.subject_ids == [world.amy.business.id]
    told = store.scalars(select(Activity).where(Activity.type == "agreement")).one()
    assert told.subject_id == world.amy.business.id
    # The same again is no change.
    client.post(f"{address}/agreement", data={"signed_on": "2026-03-12", "until": "2199-03-11"})
    assert len(store.scalars(select(AccessEntry).where(AccessEntry.action == "business.agreement")).all()) == 1


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"signed_on": "2026-03-12", "until": "2026-03-11"}, "before the day of signing"),
        ({"signed_on": "", "until": "2026-03-11"}, "Enter the day on which the agreement was signed"),
        ({"signed_on": "soon", "until": ""}, "Enter a date such as"),
        ({"signed_on": "0026-03-12", "until": ""}, "Enter a year between"),
    ],
)
def test_days_that_cannot_be_are_refused_in_plain_words(
    world: World, client_for: ClientFor, store: Session, filled: dict[str, str], said: str
) -> None:
    answer = client_for(world.summit.admin).post(f"/fmo/businesses/{world.amy.business.id}/agreement", data=filled)
    assert answer.status_code == 422 and said in answer.text
    assert store.scalars(select(Business.agreement_signed_on)).all() == [None] * 4
