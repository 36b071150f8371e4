"""The member look-up: names and ids, no more, and never in an address or the log."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from tests.portal.compliance.test_access import LOG, entries
from tests.support import builders as make
from tests.support.world import World

MBI = "1EG4TE5MK73"


def test_by_name_and_birth_date(world: World, store: Session, client_for: Any) -> None:
    member = make.member(store, world.summit.fmo, MBI, first_name="Jo-Mae", last_name="O'Quill", email="q@mail.example")
    make.member(store, world.lakeside.fmo, MBI, first_name="Jo-Mae", last_name="O'Quill")
    officer = client_for(world.summit.compliance)
    asked = {"first_name": "jo mae", "last_name": "OQUILL", "birth_date": "1950-05-17"}
    answer = officer.post(f"{LOG}/member", data=asked)
    assert answer.status_code == 200
    assert f"/compliance/members/{member.id}" in answer.text
    assert answer.text.count("/compliance/members/") == 1
    for secret in ("q@mail.example", "43004", MBI, "555-0123"):
        assert secret not in answer.text
    (entry,) = entries(store, world.summit)
    assert entry.action == "access.lookup"
    assert entry.member_ids == [member.id]
    assert entry.detail == {"by": ["first_name", "last_name", "birth_date"], "found": 1}
    nobody = officer.post(f"{LOG}/member", data={**asked, "birth_date": "1950-05-18"})
    assert "Nobody found" in nobody.text
    assert entries(store, world.summit)[-1].detail["found"] == 0


def test_by_mbi_as_people_write_it(world: World, store: Session, client_for: Any) -> None:
    member = make.member(store, world.summit.fmo, MBI)
    officer = client_for(world.summit.compliance)
    assert str(member.id) in officer.post(f"{LOG}/member", data={"mbi": "1eg4-te5-mk73"}).text
    assert "Nobody found" in officer.post(f"{LOG}/member", data={"mbi": "no such thing"}).text
    assert [e.detail["by"] for e in entries(store, world.summit)] == [["mbi"], ["mbi"]]
    neighbour = client_for(world.lakeside.compliance).post(f"{LOG}/member", data={"mbi": MBI})
    assert "Nobody found" in neighbour.text


def test_an_incomplete_question_is_refused(world: World, store: Session, client_for: Any) -> None:
    answer = client_for(world.summit.compliance).post(f"{LOG}/member", data={"first_name": "Mae", "last_name": "X"})
    assert answer.status_code == 422
    assert "Enter first name, last name and birth date, or a Medicare number." in answer.text
    assert entries(store, world.summit) == []


def test_following_a_member_is_itself_logged(world: World, store: Session, client_for: Any) -> None:
    member = world.pat.member
    assert client_for(world.summit.compliance).get(f"{LOG}?member={member.id}").status_code == 200
    (entry,) = entries(store, world.summit)
    assert (entry.member_ids, entry.detail) == ([member.id], {"filters": ["member"]})
