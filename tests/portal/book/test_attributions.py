"""One decision attributes a group of policies, now and from then on; a name alone only what somebody has looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.book.attributions.models import HandAttribution
from portal.book.models import HeldChange, Policy, PolicyWriter
from portal.downline.models import CarrierIdentifier, Producer
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load, hold_nothing
from tests.portal.book.rows import aetna, mutual, person
from tests.support import builders

Client = Callable[[User], FlaskClient]
NAMELESS = {"Writing Agent NPN": "", "Writing Agent TIN": ""}


@pytest.fixture
def amy(store: Session, fmo: Fmo) -> Producer:
    """An agent of the downline."""
    return builders.agent(store, fmo, npn="1001001", first_name="Amy", last_name="Stone")


@pytest.fixture
def admin(client_for: Client, store: Session, fmo: Fmo, amy: Producer) -> FlaskClient:
    """A browser of the FMO's admin, who may move as much as they like."""
    hold_nothing(store, fmo)
    return client_for(builders.user(store, fmo))


def _npns(store: Session) -> list[tuple[str | None, str | None]]:
    store.rollback()
    store.expire_all()
    rows = store.scalars(select(Policy).order_by(Policy.policy_number))
    return [(row.writing_npn, row.writer_source) for row in rows]


def _group(admin: FlaskClient) -> dict[str, str]:
    """What the queue's first link says of its group."""
    link = re.findall(r'href="(/fmo/unattributed/group\?[^"]+)"', admin.get("/fmo/unattributed").text)[0]
    return {key: values[0] for key, values in parse_qs(urlsplit(link.replace("&amp;", "&")).query).items()}


def test_a_group_with_an_identifier(load: Load, store: Session, admin: FlaskClient, amy: Producer) -> None:
    """Counts before the click, all of it at once, and the next file without asking."""
    load(mutual({}, {"Policy Number": "2", "Issue Date": "01/01/2024"}))
    named = _group(admin)
    assert named == {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": "0118BK05"}
    page = admin.get("/fmo/unattributed/group", query_string=named | {"q": "stone"}).text
    assert "Found by your search" in page and f"agent={amy.id}" in page
    sure = admin.get("/fmo/unattributed/group", query_string=named | {"agent": str(amy.id)}).text
    assert "2 policies get NPN 1001001" in sure and "No account has this NPN" in sure
    dated = named | {"agent": str(amy.id), "valid_from": "2025-01-01"}
    assert "1 policy gets" in admin.get("/fmo/unattributed/group", query_string=dated).text
    sent = admin.post("/fmo/unattributed/group", data=named | {"agent": str(amy.id)})
    assert sent.status_code == 303 and "No policy of this group waits any more" in admin.get(sent.location).text
    assert _npns(store) == [("1001001", "crosswalk")] * 2
    load(mutual({"Policy Number": "3"}), day="20261201")
    assert _npns(store) == [("1001001", "crosswalk")] * 3


def test_tax_numbers_are_told_apart_by_their_last_digits(
    load: Load, store: Session, admin: FlaskClient, amy: Producer
) -> None:
    """Shown by four digits, attributed by the hash, and nobody types one."""
    rows = [person(n, **{"Writing Agent NPN": "", "Writing Agent TIN": f"90-012345{n}"}) for n in (6, 7)]
    load(aetna(*rows))
    queue = admin.get("/fmo/unattributed").text
    assert "ends in 3456" in queue and "ends in 3457" in queue and "900123456" not in queue
    named = _group(admin)
    admin.post("/fmo/unattributed/group", data=named | {"agent": str(amy.id)})
    line = store.scalars(select(CarrierIdentifier)).one()
    assert (line.kind, line.npn, line.shown[:8], len(line.value)) == ("tin", "1001001", "ends in ", 64)
    assert sorted(_npns(store), key=str) == [("1001001", "crosswalk"), (None, None)]


def test_a_name_is_a_candidate_only(load: Load, store: Session, admin: FlaskClient, amy: Producer) -> None:
    """Attributed by somebody's word about these policies; another policy of that name waits, with a proposal."""
    load(aetna(person(3, **NAMELESS)))
    assert _npns(store) == [(None, None)]
    named = _group(admin)
    assert named == {"carrier": "aetna", "name": "Amy Stone"}
    page = admin.get("/fmo/unattributed/group", query_string=named).text
    assert "Has the name that is in the file" in page
    asked = named | {"agent": str(amy.id)}
    unsure = admin.post("/fmo/unattributed/group", data=asked)
    assert unsure.status_code == 422 and "Tick the box" in unsure.text and _npns(store) == [(None, None)]
    admin.post("/fmo/unattributed/group", data=asked | {"confirmed": "1"})
    assert _npns(store) == [("1001001", "hand")]
    policy = store.scalars(select(Policy)).one()
    assert "has said so by hand" in admin.get(f"/fmo/policies/{policy.id}").text
    assert "attributed by hand" in admin.get(f"/fmo/policies/{policy.id}/why").text
    load(aetna(person(3, **NAMELESS, City="Dayton"), person(4, **NAMELESS)), day="20261201")
    assert _npns(store) == [("1001001", "hand"), (None, None)]
    assert "has said so of a policy with this name" in admin.get("/fmo/unattributed/group", query_string=named).text


def test_a_file_that_names_an_npn_wins(load: Load, store: Session, admin: FlaskClient, amy: Producer) -> None:
    """And where it does so no more, the word by hand holds again."""
    load(aetna(person(3, **NAMELESS)))
    policy = store.scalars(select(Policy)).one()
    assert f"agent={amy.id}" in admin.get(f"/fmo/unattributed/policy/{policy.id}").text
    admin.post(f"/fmo/unattributed/policy/{policy.id}", data={"agent": str(amy.id)})
    assert _npns(store) == [("1001001", "hand")]
    load(aetna(person(3, **NAMELESS | {"Writing Agent NPN": "2002002"})), day="20261201")
    assert _npns(store) == [("2002002", "column")]
    load(aetna(person(3, **NAMELESS)), day="20270101")
    assert _npns(store) == [("1001001", "hand")]
    taken = admin.post(f"/fmo/policies/{policy.id}/attribution/end")
    assert taken.status_code == 303 and _npns(store) == [(None, None)]
    assert "already" in admin.get(admin.post(f"/fmo/policies/{policy.id}/attribution/end").location).text
    sources = [row.source for row in store.scalars(select(PolicyWriter).order_by(PolicyWriter.since))]
    assert sources == ["none", "hand", "column", "hand", "none"]


def test_a_word_by_hand_outlives_a_change_of_the_crosswalk(
    load: Load, store: Session, admin: FlaskClient, amy: Producer, fmo: Fmo
) -> None:
    """Taken back, the crosswalk decides again."""
    other = builders.agent(store, fmo, npn="2002002", last_name="Other")
    load(mutual({}))
    policy = store.scalars(select(Policy)).one()
    admin.post(f"/fmo/unattributed/policy/{policy.id}", data={"agent": str(amy.id)})
    line = {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": "0118BK05"}
    admin.post(f"/fmo/identifiers/{other.id}/new", data=line)
    assert _npns(store) == [("1001001", "hand")]
    admin.post(f"/fmo/policies/{policy.id}/attribution/end")
    assert _npns(store) == [("2002002", "crosswalk")]


def test_many_at_once_wait_for_a_second_admin(
    load: Load, store: Session, admin: FlaskClient, amy: Producer, fmo: Fmo, client_for: Client
) -> None:
    """Held like any other move, and made by the second one's yes."""
    fmo.rules = {**fmo.rules, "held_number": 2, "held_share": 0}
    store.commit()
    load(aetna(*(person(n, **NAMELESS) for n in range(3))))
    sent = admin.post("/fmo/unattributed/group", data=_group(admin) | {"agent": str(amy.id), "confirmed": "1"})
    store.rollback()
    held = store.scalars(select(HeldChange)).one()
    assert str(held.id) in sent.location and _npns(store) == [(None, None)] * 3
    assert not store.scalars(select(HandAttribution)).all()
    second = client_for(builders.user(store, fmo))
    assert "An attribution by hand" in second.get(f"/fmo/held/{held.id}").text
    second.post(f"/fmo/held/{held.id}/approve", data={"shown": held.digest})
    assert _npns(store) == [("1001001", "hand")] * 3


def test_another_fmos_agent_cannot_be_chosen(
    load: Load, store: Session, admin: FlaskClient, client_for: Client
) -> None:
    """Nor its policies."""
    stranger = builders.fmo(store)
    theirs = builders.agent(store, stranger, npn="1001001")
    load(aetna(person(3, **NAMELESS)))
    policy = store.scalars(select(Policy)).one()
    asked = _group(admin) | {"agent": str(theirs.id), "confirmed": "1"}
    assert admin.post("/fmo/unattributed/group", data=asked).status_code == 404
    other = client_for(builders.user(store, stranger))
    assert other.post(f"/fmo/unattributed/policy/{policy.id}", data={"agent": str(theirs.id)}).status_code == 404
    assert _npns(store) == [(None, None)]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (aetna, person(3, **NAMELESS), {"Writing Agent First Name": "Bob", "Writing Agent Last Name": "Reed"}),
        (mutual, {}, {"Writing Agent Number": "0999ZZ99"}),
    ],
    ids=["another name", "another identifier"],
)
def test_a_word_by_hand_is_about_the_writer_whom_the_file_names(
    load: Load, store: Session, admin: FlaskClient, amy: Producer,
    file: Callable[..., bytes], before: dict[str, str], after: dict[str, str],
) -> None:  # fmt: skip
    """Where the file names somebody else by now it does not hold; where it names the same again, it does again."""
    load(file(before))
    policy = store.scalars(select(Policy)).one()
    admin.post(f"/fmo/unattributed/policy/{policy.id}", data={"agent": str(amy.id)})
    assert _npns(store) == [("1001001", "hand")]
    load(file(before | after), day="20261201")
    assert _npns(store) == [(None, None)]
    load(file(before), day="20270101")
    assert _npns(store) == [("1001001", "hand")]
