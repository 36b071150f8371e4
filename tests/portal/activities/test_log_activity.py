"""Log Activity: plain types on agents, agencies and Businesses."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.activities import operations, registry
from portal.activities.models import Activity
from portal.compliance.models import AccessEntry
from portal.core import clock
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.identity.models import User
from tests.support.world import World

ClientFor = Callable[[User | None], FlaskClient]


def _when(minutes_ago: int = 5) -> str:
    return (clock.now() - timedelta(hours=24, minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M")


def test_a_call_stands_on_the_record(world: World, client_for: ClientFor, store: Session) -> None:
    client = client_for(world.summit.admin)
    address = f"/fmo/activities/new/call/agent/{world.pat.producer.id}"
    form = client.get(address).text
    assert 'name="when"' in form and "In UTC, like every time in the portal." in form
    answer = client.post(address, data={"when": _when(), "outcome": "Left a message", "text": "About the new book."})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "Call, left a message: About the new book." in page
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "activity.log")).one()
    assert entry.actor_id == world.summit.admin.id
    assert entry.detail["on_id"] == str(world.pat.producer.id)


def test_a_long_note_keeps_its_whole_text_behind_the_sentence(world: World, client_for: ClientFor) -> None:
    client = client_for(world.summit.admin)
    text = "A long story. " * 30
    answer = client.post(
        f"/fmo/activities/new/note/business/{world.amy.business.id}", data={"when": _when(), "text": text}
    )
    page = client.get(answer.location).text
    assert "…" in page and text.strip() in page


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"when": "", "text": "Yes"}, "Say when it was."),
        ({"when": "2020-01-01T10:00", "text": "   "}, "Write a few words"),
        ({"when": "2100-01-01T10:00", "text": "Yes"}, "still to come"),
    ],
)
def test_a_refused_form_says_why_and_saves_nothing(
    world: World, client_for: ClientFor, store: Session, data: dict[str, str], says: str
) -> None:
    before = len(store.scalars(select(Activity)).all())
    answer = client_for(world.summit.admin).post(f"/fmo/activities/new/note/agency/{world.agency.id}", data=data)
    assert answer.status_code == 422
    assert says in answer.text
    assert len(store.scalars(select(Activity)).all()) == before


def test_a_neighbours_record_is_like_none(world: World, client_for: ClientFor, store: Session) -> None:
    client = client_for(world.summit.admin)
    for kind, foreign in (("agent", world.lou.people[0].producer.id), ("business", world.lou.business.id)):
        for record_id in (foreign, new_id()):
            address = f"/fmo/activities/new/note/{kind}/{record_id}"
            assert client.get(address).status_code == 404
            assert client.post(address, data={"when": _when(), "text": "x"}).status_code == 404
            assert client.get(f"/fmo/activities/{kind}/{record_id}").status_code == 404
    assert client.get(f"/fmo/activities/new/note/agency/{world.pat.producer.id}").status_code == 404
    assert not store.scalars(select(Activity).where(Activity.type == "note", Activity.body == "x")).all()


def test_unknown_types_and_kinds_are_404(world: World, client_for: ClientFor) -> None:
    client = client_for(world.summit.admin)
    record_id = world.pat.producer.id
    assert client.get(f"/fmo/activities/new/nothing/agent/{record_id}").status_code == 404
    assert client.get(f"/fmo/activities/new/note/contact/{record_id}").status_code == 404


def test_the_menu_is_the_fmos_alone(world: World, client_for: ClientFor) -> None:
    assert client_for(world.amy.admin).get(f"/fmo/agents/{world.pat.producer.id}").status_code == 404
    page = client_for(world.summit.admin).get(f"/fmo/agents/{world.pat.producer.id}").text
    assert "Log Activity" in page
    for key in ("note", "call", "email", "meeting"):
        assert f"/fmo/activities/new/{key}/agent/{world.pat.producer.id}" in page


def test_the_whole_timeline_is_paged(world: World, client_for: ClientFor, store: Session) -> None:
    agent = world.pat.producer
    for number in range(30):
        store.add(
            Activity(
                fmo_id=agent.fmo_id, type="gone", subject_kind="agent", subject_id=agent.id, by_name="Sam",
                summary=f"Entry {number:02}", at=clock.now() - timedelta(minutes=number),
            )
        )  # fmt: skip
    store.commit()
    client = client_for(world.summit.admin)
    record = client.get(f"/fmo/agents/{agent.id}").text
    assert "Entry 19" in record and "Entry 20" not in record and "Everything that was logged" in record
    story = client.get(f"/fmo/activities/agent/{agent.id}?size=25&page=2").text
    assert "Entry 29" in story and "Entry 10" not in story


def test_a_registered_detail_is_a_link_on_the_entry(
    world: World, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._details, world.amy.activity.type, lambda activity: f"/fmo/runs/{activity.id}")
    page = client_for(world.summit.admin).get(f"/fmo/businesses/{world.amy.business.id}").text
    assert f'href="/fmo/runs/{world.amy.activity.id}"' in page


def test_an_activity_on_two_records_is_logged_with_both(
    world: World, acting_as: Callable[..., AbstractContextManager[Scope]], store: Session
) -> None:
    with acting_as(world.summit.admin) as by:
        given = ("note", "agent", world.pat.producer.id, "Pat was added.")
        operations.log(*given, by=by, other=("business", world.amy.business.id))
    entry = store.scalars(select(AccessEntry).where(AccessEntry.action == "activity.log")).one()
    assert (entry.detail["other_kind"], entry.detail["other_id"]) == ("business", str(world.amy.business.id))


def test_what_was_filled_in_reads_in_the_order_of_the_form(
    world: World, client_for: ClientFor, acting_as: Callable[..., AbstractContextManager[Scope]]
) -> None:
    fields = {
        "Role": "Agent – Administrator", "Email": "dana@harbor.example", "Agent": "Dana Harbor, NPN 8812034",
        "Mobile phone": "+13125550123", "State": "", "Enable Policy Sync": True, "Agreement signed": "2026-03-12",
        "Policies that left": 1204, "Time zone": "America/New_York",
    }  # fmt: skip
    with acting_as(world.summit.admin) as by:
        given = ("crm_provision", "agent", world.pat.producer.id, "Provisioned Harbor.")
        activity = operations.log(*given, by=by, fields=fields).id
    admin, address = client_for(world.summit.admin), f"/fmo/runs/activity/{activity}"
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", admin.get(address, htmx=True).text, re.S)
    told = [(label, re.sub(r"<[^>]+>", "", value)) for label, value in pairs]
    assert told == [
        ("Agent", "Dana Harbor, NPN 8812034"), ("Email", "dana@harbor.example"), ("Mobile phone", "(312) 555-0123"),
        ("Time zone", "America/New York"), ("State", "—not known"), ("Role", "Agent – Administrator"),
        ("Enable Policy Sync", "Yes"), ("Agreement signed", "12 Mar 2026"), ("Policies that left", "1,204"),
    ]  # fmt: skip
    assert f'<p class="back"><a href="/fmo/agents/{world.pat.producer.id}">' in admin.get(address).text
