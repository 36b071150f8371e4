"""Where members write and call: said once by an officer, printed on every letter, and asked for where it is missing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.compliance.disclosures.models import MemberOffice
from portal.core.permissions import access_of
from tests.portal.compliance.test_access import entries
from tests.support import builders as make
from tests.support import disclosure_builders as told
from tests.support.world import World

HERE = "/compliance/disclosures"
SAID = {
    "name": "Member Privacy",
    "address": " P.O. Box 11 \r\n\r\nAlbany, NY 12201\r\n",
    "phone": "(212) 555-0143",
    "email": "privacy@summit.example",
}


def test_said_once_it_stands_on_the_letter(app: Flask, world: World, store: Session, client_for: Any) -> None:
    access = access_of(app.view_functions["disclosures.change_office"])
    assert access is not None and access.fresh
    office, officer = world.summit, client_for(world.summit.compliance)
    asked = told.request(store, make.member(store, office.fmo), office.compliance)
    without = officer.get(f"{HERE}/requests/{asked.id}/letter").text
    assert "does not say where the member can write and call" in without and f'href="{HERE}/office"' in without
    assert "Accounting of disclosures</h1>" in without, "it can still be printed"
    assert "Nothing entered yet" in officer.get(HERE).text
    assert officer.post(f"{HERE}/office", data=SAID).status_code == 303
    letter = officer.get(f"{HERE}/requests/{asked.id}/letter").text
    assert "nobody has entered it" not in letter
    head, _, foot = letter.partition("Accounting of disclosures</h1>")
    assert "Member Privacy" in head and "P.O. Box 11\nAlbany, NY 12201" in head and "(212) 555-0143" in head
    assert "write to Member Privacy, P.O. Box 11, Albany, NY 12201, or to privacy@summit.example" in foot
    assert "call (212) 555-0143." in foot
    assert "P.O. Box 11" in officer.get(HERE).text and "P.O. Box 11" in officer.get(f"{HERE}/office").text
    theirs = client_for(world.lakeside.compliance)
    assert "P.O. Box 11" not in theirs.get(HERE).text and "Nothing entered yet" in theirs.get(HERE).text
    assert client_for(office.admin).get(f"{HERE}/office").status_code == 404


def test_a_change_is_in_the_log_with_what_it_was(world: World, store: Session, client_for: Any) -> None:
    officer = client_for(world.summit.compliance)
    for change in ({}, {}, {"phone": "+1 212 555 0144 ext. 5", "email": ""}):
        assert officer.post(f"{HERE}/office", data={**SAID, **change}).status_code == 303
    first, second = entries(store, world.summit, "disclosure.office")
    assert set(first.fields) == set(SAID) and first.detail["office"]["name"] == [None, "Member Privacy"]
    assert second.detail["office"] == {
        "phone": ["(212) 555-0143", "+1 212 555 0144 ext. 5"],
        "email": ["privacy@summit.example", None],
    }
    [kept] = store.scalars(select(MemberOffice).where(MemberOffice.fmo_id == world.summit.fmo.id)).all()
    assert (kept.address, kept.email, kept.changed_name) == (
        "P.O. Box 11\nAlbany, NY 12201",
        None,
        world.summit.compliance.name,
    )
    assert kept.changed_at > first.at


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "  "}, "Enter the name"),
        ({"address": ""}, "Enter the postal address."),
        ({"address": "P.O. Box 11"}, "in two to six lines"),
        ({"address": "\n".join("1234567")}, "in two to six lines"),
        ({"phone": "call us"}, "Enter a telephone number like"),
        ({"phone": "555-0143"}, "with its area code"),
        ({"email": "privacy at summit"}, "Enter an e-mail address like"),
    ],
)
def test_what_cannot_be_printed(
    change: dict[str, str], says: str, world: World, store: Session, client_for: Any
) -> None:
    answer = client_for(world.summit.compliance).post(f"{HERE}/office", data={**SAID, **change})
    assert answer.status_code == 422 and says in answer.text
    assert store.scalars(select(MemberOffice)).all() == []
    assert entries(store, world.summit, "disclosure.office") == []
