"""The queue of possible duplicates in the browser: who sees it, what it tells, and what its forms refuse."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.crm.duplicates.models import ContactMerge
from portal.crm.models import Contact, PossibleDuplicate
from portal.identity.models import User
from tests.portal.crm.people import entries, words
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.web import Browser
from tests.support.world import World

Client = Callable[[User | None], Browser]


@pytest.fixture
def pair(store: Session, world: World) -> PossibleDuplicate:
    """Amy's synced client and a contact that was typed in."""
    synced = world.amy.people[0].contact
    typed = crm.contact(
        store, world.amy.business, None, first_name="Amelia", last_name="Qlastamy", phone="+16145550123"
    )
    found = crm.possible_duplicate(store, synced, typed)
    crm.note(store, typed, world.amy.admin, "Call back on Monday")
    found.reason, found.strength = "A nickname, the same birth date", 85
    store.commit()
    return found


def test_the_queue_tells_who_and_why(store: Session, world: World, client_for: Client, pair: PossibleDuplicate) -> None:
    weaker = crm.contact(store, world.amy.business, None, last_name="Weaker")
    crm.possible_duplicate(store, weaker, world.amy.people[0].contact).strength = 10
    store.commit()
    browser = client_for(world.amy.admin)
    page = words(browser.get("/crm/duplicates"))
    assert "Qlastamy, Qfirstamy" in page and "Qlastamy, Amelia" in page
    assert "A nickname, the same birth date" in page and "Likely" in page
    assert page.index("Amelia") < page.index("Weaker")
    assert "Duplicates , 3 waiting" in words(browser.get("/crm/contacts"))
    (seen,) = entries(store, "contact.duplicates")
    assert {pair.contact_id, pair.other_id} <= set(seen.subject_ids)


def test_side_by_side_marks_what_differs_and_says_who_says_it(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    page = words(client_for(world.amy.admin).get(f"/crm/duplicates/{pair.id}"))
    assert "First name Qfirstamy Humana Amelia entered here Differs" in page
    assert "Last name Qlastamy Humana Qlastamy entered here" in page
    assert "Medicare number On file" in page and "Notes 1 1" in page
    (seen,) = entries(store, "contact.compare")
    assert set(seen.subject_ids) == {pair.contact_id, pair.other_id}


def test_merging_and_taking_it_back(store: Session, world: World, client_for: Client, pair: PossibleDuplicate) -> None:
    browser, synced = client_for(world.amy.admin), world.amy.people[0].contact
    answer = browser.post(f"/crm/duplicates/{pair.id}/merge", data={"keep": str(synced.id)})
    assert answer.status_code == 303 and answer.location == f"/crm/contacts/{synced.id}"
    page = words(browser.get(answer.location))
    assert "Made of two contacts, merged by" in page and "Call back on Monday" in page
    other = ({pair.contact_id, pair.other_id} - {synced.id}).pop()
    assert browser.get(f"/crm/contacts/{other}").status_code == 404
    assert "This was already decided: the two were merged by" in words(browser.get(f"/crm/duplicates/{pair.id}"))
    assert "Amelia" not in words(browser.get("/crm/duplicates"))
    (log,) = entries(store, "contact.merge")
    assert set(log.subject_ids) == {synced.id, other}
    made = store.scalars(select(ContactMerge)).one()
    assert "Undo makes two of them again" in words(browser.get(f"/crm/merges/{made.id}"))
    undone = browser.post(f"/crm/merges/{made.id}/undo")
    assert undone.status_code == 303 and browser.get(f"/crm/contacts/{other}").status_code == 200
    assert "Call back on Monday" not in words(browser.get(f"/crm/contacts/{synced.id}"))
    assert browser.get(f"/crm/duplicates/{pair.id}").status_code == 200  # open again
    assert browser.post(f"/crm/merges/{made.id}/undo").status_code == 409
    assert len(entries(store, "contact.unmerge")) == 1


def test_a_merge_names_one_of_the_two(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    browser = client_for(world.amy.admin)
    address = f"/crm/duplicates/{pair.id}/merge"
    for keep in ("", "nobody"):
        answer = browser.post(address, data={"keep": keep})
        assert answer.status_code == 422 and "Choose which of the two to keep" in words(answer)
    neighbour, invented = world.nora.people[0].contact.id, UUID(int=7)
    third = crm.contact(store, world.amy.business).id
    for foreign in (neighbour, invented, third):
        assert browser.post(address, data={"keep": str(foreign)}).status_code == 404
        assert any(foreign in entry.subject_ids for entry in entries(store, "refused.record"))
    assert store.scalars(select(ContactMerge)).all() == []
    assert client_for(world.nora.admin).post(address, data={"keep": str(pair.contact_id)}).status_code == 404


def test_who_may_do_what(store: Session, world: World, client_for: Client, pair: PossibleDuplicate) -> None:
    every = make.user(store, world.summit.fmo, Role.AGENT_ALL, world.amy.business)
    limited = make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.amy.business, npn="1234")
    browser = client_for(limited)
    for address in ("/crm/duplicates", f"/crm/duplicates/{pair.id}"):
        assert browser.get(address).status_code == 404
    assert "/crm/duplicates" not in browser.get("/crm/contacts").get_data(as_text=True)
    browser = client_for(every)
    page = words(browser.get(f"/crm/duplicates/{pair.id}"))
    assert "Merging is for Administrators" in page
    assert browser.post(f"/crm/duplicates/{pair.id}/merge", data={"keep": str(pair.contact_id)}).status_code == 404
    assert browser.post(f"/crm/duplicates/{pair.id}/different").status_code == 303
    store.expire_all()
    decided = store.scalars(select(PossibleDuplicate).where(PossibleDuplicate.id == pair.id)).one()
    assert (decided.decision, decided.decided_by) == ("different", every.id)
    assert len(entries(store, "contact.different")) == 1


def test_a_limited_maker_does_not_gain_by_a_merge(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    limited = make.user(store, world.summit.fmo, Role.AGENT_LIMITED, world.amy.business, npn="1234")
    synced = world.amy.people[0].contact.id
    own = ({pair.contact_id, pair.other_id} - {synced}).pop()
    made = store.get_one(Contact, (world.amy.business.id, own))
    made.made_by = limited.id
    store.commit()
    assert client_for(limited).get(f"/crm/contacts/{own}").status_code == 200
    client_for(world.amy.admin).post(f"/crm/duplicates/{pair.id}/merge", data={"keep": str(own)})
    assert client_for(limited).get(f"/crm/contacts/{own}").status_code == 404  # it carries another NPN's policy now
    merge = store.scalars(select(ContactMerge)).one()
    client_for(world.amy.admin).post(f"/crm/merges/{merge.id}/undo")
    assert client_for(limited).get(f"/crm/contacts/{own}").status_code == 200


def test_who_comes_too_late_reads_what_was_decided(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    browser = client_for(world.amy.admin)
    address, late = f"/crm/duplicates/{pair.id}", {"keep": str(pair.contact_id)}
    assert browser.post(f"{address}/different").status_code == 303
    for answer in (browser.post(f"{address}/merge", data=late), browser.post(f"{address}/different")):
        assert answer.status_code == 409
        assert "This was already decided: they are not the same person, said by" in words(answer)
    assert store.scalars(select(ContactMerge)).all() == []
    both = {"one": str(pair.contact_id), "other": str(pair.other_id)}
    with_a_stranger = {**both, "other": str(world.nora.people[0].contact.id)}
    store.delete(store.get_one(PossibleDuplicate, (pair.business_id, pair.id)))
    store.commit()
    for path in ("merge", "different"):
        assert browser.post(f"{address}/{path}", data=with_a_stranger).status_code == 404
        assert browser.post(f"{address}/{path}", data={**late, **both}).status_code == 303
        assert "These two are not asked about any more" in browser.get("/crm/duplicates").text


def test_a_pair_of_which_one_has_gone_says_so(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    browser, synced = client_for(world.amy.admin), world.amy.people[0].contact
    gone = ({pair.contact_id, pair.other_id} - {synced.id}).pop()
    browser.post(f"/crm/contacts/{gone}/remove")
    page = words(browser.post(f"/crm/duplicates/{pair.id}/merge", data={"keep": str(synced.id)}))
    assert "one of the two is not shown in this account now" in page
    assert "Qfirstamy" in page and "Amelia" not in page


def test_a_pair_that_was_kept_apart_can_be_asked_about_again(
    store: Session, world: World, client_for: Client, pair: PossibleDuplicate
) -> None:
    browser = client_for(world.amy.admin)
    browser.post(f"/crm/duplicates/{pair.id}/different")
    assert "Amelia" not in words(browser.get("/crm/duplicates"))
    assert "Amelia" in words(browser.get("/crm/duplicates?state=apart"))
    assert "Ask again" in words(browser.get(f"/crm/duplicates/{pair.id}"))
    for _ in range(2):
        answer = browser.post(f"/crm/duplicates/{pair.id}/again")
        assert answer.headers["Location"] == f"/crm/duplicates/{pair.id}"
    assert "One person or two?" in words(browser.get(f"/crm/duplicates/{pair.id}"))
    assert "Amelia" in words(browser.get("/crm/duplicates"))
    assert len(entries(store, "contact.ask_again")) == 1
