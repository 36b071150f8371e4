"""Adding, changing and importing records and carrier identifiers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.models import AccessEntry
from portal.core.scope import Scope
from portal.downline import hooks, operations, queries
from portal.downline.models import CarrierIdentifier, Producer
from portal.downline.operations.producers import Details
from portal.downline.plans import Action
from portal.extensions import db
from tests.support import builders as make
from tests.support.world import SAME_NPN, World

Acting = Callable[..., AbstractContextManager[Scope]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What the crosswalk's watcher is told may mean something else."""
    heard: list[tuple[str, str, str]] = []

    def watch(change: hooks.Change, write: Callable[[], None]) -> None:
        write()
        heard.extend(change.named)

    monkeypatch.setattr(hooks, "_watcher", [watch])
    return heard


def _details(npn: str, **more: object) -> Details:
    values = {"first_name": "Dana", "last_name": "Whitfield", "name": "Dana Whitfield", **more}
    return Details(npn=npn, **values)  # type: ignore[arg-type]  # the test's own keywords


def test_an_npn_is_unique_in_one_fmo_and_free_in_the_other(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by, pytest.raises(operations.Refused) as refused:
        operations.add_producer("agent", _details(SAME_NPN), by=by)
    assert refused.value.field == "npn"
    assert "Amy Qagentamy has the NPN 1001001 already" in str(refused.value)
    with acting_as(world.lakeside.admin) as by:
        added = operations.add_producer("agent", _details(world.nora.people[0].producer.npn), by=by)
        assert added.fmo_id == world.lakeside.fmo.id


def test_two_admins_who_add_the_same_npn_at_once_are_told_the_same(
    world: World, acting_as: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting_as(world.summit.admin) as by:
        found = queries.by_npn
        monkeypatch.setattr(queries, "by_npn", lambda npn: None)  # the other one has not committed yet
        with pytest.raises(operations.Refused) as refused:
            operations.add_producer("agent", _details(SAME_NPN), by=by)
        assert refused.value.field == "npn"
        monkeypatch.setattr(queries, "by_npn", found)
        assert operations.add_producer("agent", _details("31"), by=by).npn == "31"


def test_the_npn_that_an_account_uses_stays(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by, pytest.raises(operations.Refused, match="Qbusinessamy"):
        amy = queries.by_npn(SAME_NPN)
        assert amy is not None
        operations.edit_producer(amy, _details("4444"), by=by)


def test_a_new_npn_takes_its_identifiers_along(
    world: World, acting_as: Acting, store: Session, told: list[tuple[str, str, str]]
) -> None:
    agent = make.agent(store, world.summit.fmo, "606")
    line = make.identifier(store, agent, "W1")
    with acting_as(world.summit.admin) as by:
        held = queries.by_npn("606")
        assert held is not None
        assert "npn" in operations.edit_producer(held, _details("607"), by=by)
    store.expire_all()
    assert store.scalars(select(CarrierIdentifier.npn).where(CarrierIdentifier.id == line.id)).one() == "607"
    assert told == [("Humana", "san", "W1")]


def test_a_new_principal_takes_the_place_of_the_old(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by:
        new = operations.add_producer("agent", _details("51", agency_id=world.agency.id, is_principal=True), by=by)
    with acting_as(world.summit.admin):
        members = queries.members_of(world.agency.id)
        assert [one.id for one in members if one.is_principal] == [new.id]


def test_an_agency_of_another_fmo_cannot_be_chosen(world: World, acting_as: Acting, store: Session) -> None:
    foreign = make.agency(store, world.lakeside.fmo)
    with acting_as(world.summit.admin) as by, pytest.raises(operations.Refused) as refused:
        operations.add_producer("agent", _details("52", agency_id=foreign.id), by=by)
    assert refused.value.field == "agency_id"


def test_identifiers_are_added_corrected_and_ended(
    world: World, acting_as: Acting, told: list[tuple[str, str, str]]
) -> None:
    with acting_as(world.summit.admin) as by:
        agent = queries.by_npn(SAME_NPN)
        assert agent is not None
        line = operations.add_identifier(
            agent, carrier="humana", kind="san", value=" 14 02001 ", valid_from=None, valid_to=None, by=by
        )
        assert (line.value, line.npn, line.producer_id) == ("1402001", SAME_NPN, agent.id)
        operations.edit_identifier(line, value="1402002", valid_from=date(2025, 1, 1), valid_to=None, by=by)
        operations.end_identifier(line, last_day=date(2025, 6, 30), by=by)
        with pytest.raises(operations.Refused):
            operations.end_identifier(line, last_day=date(2024, 6, 30), by=by)
        assert (
            operations.edit_identifier(line, value=None, valid_from=line.valid_from, valid_to=line.valid_to, by=by)
            == []
        )
    assert [value for _, _, value in told] == ["1402001", "1402001", "1402002", "1402002"]


def test_the_same_value_for_another_npn_is_allowed_and_said(world: World, acting_as: Acting, store: Session) -> None:
    nora = world.nora.people[0].producer
    make.identifier(store, nora, "SHARED", carrier="humana", valid_to=date(2024, 12, 31))
    with acting_as(world.summit.admin) as by:
        agent = queries.by_npn(SAME_NPN)
        assert agent is not None
        later = operations.add_identifier(
            agent, carrier="humana", kind="san", value="shared", valid_from=date(2025, 1, 1), valid_to=None, by=by
        )
        assert not queries.contradicting(later)
        both = operations.add_identifier(
            agent, carrier="humana", kind="san", value="shared", valid_from=date(2024, 1, 1), valid_to=None, by=by
        )
        assert [one.npn for one in queries.contradicting(both)] == [nora.npn]


def test_an_import_creates_updates_and_leaves_out(world: World, acting_as: Acting, store: Session) -> None:
    rows = [
        {
            "kind": "agent",
            "npn": "700",
            "first_name": "New",
            "last_name": "One",
            "agency_npn": "701",
            "principal": "yes",
        },
        {"kind": "agency", "npn": "701", "name": "Fresh Agency"},
        {"kind": "agent", "npn": SAME_NPN, "email": "AMY.new@summit.example"},
        {"kind": "agent", "npn": "x", "first_name": "Bad", "last_name": "Row"},
    ]
    with acting_as(world.summit.admin) as by:
        plan = operations.import_producers(rows, by=by)
        assert [plan.count(action) for action in Action] == [2, 1, 0, 1]
    with acting_as(world.summit.admin) as by:
        again = operations.import_producers(rows, by=by)
        assert [again.count(action) for action in Action] == [0, 0, 3, 1]
        agent, agency = queries.by_npn("700"), queries.by_npn("701")
        assert agent is not None and agency is not None
        assert (agent.agency_id, agent.is_principal, agent.name_key) == (agency.id, True, "onenew")
    npns = store.scalars(select(Producer.npn).where(Producer.fmo_id == world.lakeside.fmo.id)).all()
    assert "700" not in npns
    foreign = store.scalars(select(Producer).where(Producer.id == world.lou.people[0].producer.id)).one()
    assert foreign.email != "amy.new@summit.example"
    imports = select(AccessEntry).where(AccessEntry.action == "producer.import").order_by(AccessEntry.at)
    entry = store.scalars(imports).first()
    assert entry is not None and entry.detail == {"created": 2, "updated": 1, "refused": 1}


def test_identifiers_are_imported_once(world: World, acting_as: Acting, told: list[tuple[str, str, str]]) -> None:
    rows = [
        {"carrier": "Humana", "kind": "SAN", "value": "1402001", "npn": SAME_NPN},
        {"carrier": "aetna", "kind": "tin", "value": "960000137", "npn": "999", "valid_from": "7/1/2025"},
        {"carrier": "Nobody", "kind": "san", "value": "1", "npn": "1"},
        {"carrier": "humana", "kind": "san", "value": "1402001", "npn": SAME_NPN},
        {
            "carrier": "humana",
            "kind": "san",
            "value": "2",
            "npn": "1",
            "valid_from": "2026-02-01",
            "valid_to": "2026-01-01",
        },
    ]
    with acting_as(world.summit.admin) as by:
        plan = operations.import_identifiers(rows, by=by)
        assert [row.action for row in plan.rows] == [Action.CREATE] * 2 + [Action.REFUSED] * 3
        lines = db.session.scalars(select(CarrierIdentifier).where(CarrierIdentifier.npn.in_((SAME_NPN, "999")))).all()
        assert {line.producer_id is None for line in lines} == {True, False}
        assert all("960000137" not in line.value for line in lines)
    assert len(told) == 2
    with acting_as(world.summit.admin) as by:
        assert operations.import_identifiers(rows, by=by).count(Action.CREATE) == 0
    assert len(told) == 2


def test_a_line_waits_for_its_record(world: World, acting_as: Acting) -> None:
    with acting_as(world.summit.admin) as by:
        operations.import_identifiers([{"carrier": "humana", "kind": "san", "value": "9", "npn": "0888"}], by=by)
        operations.import_producers([{"npn": "888", "first_name": "Late", "last_name": "Comer"}], by=by)
        agent = queries.by_npn("888")
        assert agent is not None
        assert [line.value for line in queries.identifiers_of(agent)] == ["9"]
