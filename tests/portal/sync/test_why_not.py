"""An agent asks why a policy is not there: what is beyond their view must not show in the answer, in any way."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.book.models import Policy
from portal.core import row_filter
from portal.core.ids import new_id
from portal.core.models import table_of
from portal.core.session import TenantSession
from portal.crm.models import CrmPolicy
from portal.extensions import db
from portal.identity.models import User
from portal.sync.claims.models import PolicyClaim
from portal.sync.claims.operations import A_DAY
from tests.portal.sync.runs import sync
from tests.support import builders as make
from tests.support import crm_builders as crm
from tests.support.people import acting, scope_of_user
from tests.support.world import World

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r'(name="csrf_token"[^>]*value=|name="csrf-token"[^>]*content=)"[^"]*"')
_SEARCH = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement of this process in the block, as text."""
    said: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(re.sub(r"\s+", " ", statement))

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", listen)


def ask(client: FlaskClient, number: str, carrier: str = "humana") -> tuple[str, TestResponse, list[str]]:
    """Type a number and look at the answer: its address, the answer, and the statements behind both requests."""
    with statements() as said:
        sent = client.post("/crm/why", data={"carrier": carrier, "number": number})
        assert sent.status_code == 303, sent.status
        answer = client.get(sent.headers["Location"])
    return sent.headers["Location"], answer, said


def bare(answer: TestResponse, number: str) -> tuple[int, str]:
    """What the browser gets, without tokens and with the number made equal."""
    body = _SEARCH.sub("TOKEN", _TOKEN.sub("", answer.get_data(as_text=True)))
    return answer.status_code, body.replace(number, "NUMBER")


@pytest.fixture
def numbers(store: Session, world: World) -> dict[str, str]:
    """Numbers of every sort that a Limited user, Lee of Harbor, does not see; of one length, of one carrier."""
    office = world.summit
    made: dict[str, Policy] = {}

    def policy(name: str, npn: str | None, number: str) -> Policy:
        person = make.member(store, office.fmo)
        made[name] = make.policy(store, person, office.feed_run, npn, policy_number=number, carrier="humana")
        return made[name]

    lee, pat, harbor = world.lee, world.pat, world.harbor.business
    policy("another account's", "1003003", "HN000001")
    policy("unattributed", None, "HN000002")
    mates = policy("another NPN's of the account", pat.producer.npn, "HN000003")
    gone = policy("released", lee.producer.npn, "HN000004")
    removed = policy("removed", lee.producer.npn, "HN000005")
    policy("not yet synced", lee.producer.npn, "HN000006")
    for copied, values in (
        (mates, {}),
        (gone, {"released_at": datetime.now(UTC)}),
        (removed, {"removed_at": datetime.now(UTC)}),
    ):
        crm.crm_policy(store, harbor, copied, crm.contact(store, harbor), **values)
    return {"never existed": "HN000000", **{name: str(one.policy_number) for name, one in made.items()}}


def test_a_number_beyond_the_own_view_gets_one_answer(
    world: World, numbers: dict[str, str], client_for: Callable[[User], FlaskClient]
) -> None:
    client = client_for(world.lee.user)
    ask(client, "WARMUP00")
    answers = {name: ask(client, number) for name, number in numbers.items()}
    _, never, said = answers.pop("never existed")
    assert "is not among the policies that you see" in never.text and "This policy is mine" in never.text
    for name, (_, answer, also_said) in answers.items():
        assert bare(answer, numbers[name]) == bare(never, numbers["never existed"]), name
        assert also_said == said, f"{name}: other statements"
        assert dict(answer.headers) == dict(never.headers)


def test_the_whole_account_sees_what_a_limited_user_does_not(
    world: World, numbers: dict[str, str], client_for: Callable[[User], FlaskClient]
) -> None:
    # Without this, a page that finds nothing for anybody would pass the test above.
    _, answer, _ = ask(client_for(world.ali), numbers["another NPN's of the account"])
    assert "You see it" in answer.text and "This policy is mine" not in answer.text
    _, answer, _ = ask(client_for(world.ali), numbers["another account's"])
    assert "You see it" not in answer.text


def test_what_is_logged_and_kept_tells_no_number(
    world: World, numbers: dict[str, str], client_for: Callable[[User], FlaskClient], setup_engine: Engine
) -> None:
    client = client_for(world.lee.user)
    where, _, _ = ask(client, numbers["released"])
    token = where.partition("q=")[2]
    client.post("/crm/why/claim", data={"q": token, "note": "Please look"})
    assert numbers["released"] not in where
    with setup_engine.connect() as connection:
        kept = connection.execute(
            text("SELECT e::text FROM access_entry e UNION ALL SELECT s::text FROM search_token s")
        )
        assert not [row for row in kept.scalars() if numbers["released"] in row]
        assert connection.execute(text("SELECT number FROM policy_claim")).scalars().all() == [numbers["released"]]


def test_claiming_says_the_same_for_every_number_and_twice(
    world: World, store: Session, numbers: dict[str, str], client_for: Callable[[User], FlaskClient]
) -> None:
    client, said = client_for(world.lee.user), []
    for number in numbers.values():
        where, _, _ = ask(client, number)
        for _ in range(2):
            with statements() as behind:
                client.post("/crm/why/claim", data={"q": where.partition("q=")[2]})
            told = client.get("/crm/why").get_data(as_text=True)
            said.append(("Your FMO has been told" in told, len(behind)))
        assert "of this one already" in told
        waits = bare(client.get(where), number)
        assert "no need to send it again" in waits[1] and "This policy is mine" not in waits[1].split("claims-title")[0]
    first, again = said[0::2], said[1::2]
    assert set(first) == {first[0]} and set(again) == {again[0]} and first[0][0] and again[0][0]
    claims = store.scalars(select(PolicyClaim)).all()
    assert sorted(one.number for one in claims) == sorted(numbers.values())
    assert {(one.by_id, one.business_id, one.status) for one in claims} == {
        (world.lee.user.id, world.harbor.business.id, "open")
    }


def test_nobody_of_the_account_claims_again_what_they_see_waiting(
    world: World, store: Session, client_for: Callable[[User], FlaskClient]
) -> None:
    crm.policy_claim(store, world.harbor.business, world.pat.user, number="HN000077")
    for user, claims in ((world.ali, 1), (world.lee.user, 2)):
        client = client_for(user)
        where, _, _ = ask(client, "HN-000077")
        client.post("/crm/why/claim", data={"q": where.partition("q=")[2]})
        assert len(store.scalars(select(PolicyClaim)).all()) == claims, "a Limited user sees no claim but their own"
        store.rollback()


def test_claims_are_limited_by_the_day(world: World, store: Session, client_for: Callable[[User], FlaskClient]) -> None:
    user = world.amy.admin
    for _ in range(A_DAY):
        crm.policy_claim(store, world.amy.business, user)
    client = client_for(user)
    where, _, _ = ask(client, "HN000009")
    client.post("/crm/why/claim", data={"q": where.partition("q=")[2]})
    assert "in the last 24 hours, so this one was not sent" in client.get("/crm/why").text
    assert len(store.scalars(select(PolicyClaim)).all()) == A_DAY
    store.execute(update(PolicyClaim).values(at=datetime(2026, 1, 1, tzinfo=UTC)))
    store.commit()
    client.post("/crm/why/claim", data={"q": where.partition("q=")[2]})
    store.rollback()
    assert len(store.scalars(select(PolicyClaim)).all()) == A_DAY + 1


def test_another_users_token_answers_nothing(world: World, client_for: Callable[[User], FlaskClient]) -> None:
    where, _, _ = ask(client_for(world.ali), "HN000009")
    answer = client_for(world.lee.user).get(where)
    assert "HN000009" not in answer.text and "This policy is mine" not in answer.text


def test_a_limited_user_sees_the_own_claims_only(
    world: World, store: Session, client_for: Callable[[User], FlaskClient]
) -> None:
    crm.policy_claim(store, world.harbor.business, world.pat.user, number="PATS1")
    crm.policy_claim(store, world.harbor.business, world.lee.user, number="LEES1")
    crm.policy_claim(store, world.nora.business, world.nora.admin, number="NORAS1")
    seen = client_for(world.lee.user).get("/crm/why").text
    assert ("LEES1" in seen, "PATS1" in seen, "NORAS1" in seen) == (True, False, False)
    seen = client_for(world.ali).get("/crm/why").text
    assert ("LEES1" in seen, "PATS1" in seen, "NORAS1" in seen) == (True, True, False)


@pytest.mark.parametrize("mode", ["both", "filter off", "wall off"])
def test_filter_and_wall_each_keep_claims_to_their_claimer(
    app: Flask, setup_engine: Engine, store: Session, world: World, mode: str
) -> None:
    mine = crm.policy_claim(store, world.harbor.business, world.lee.user)
    crm.policy_claim(store, world.harbor.business, world.pat.user)
    crm.policy_claim(store, world.nora.business, world.nora.admin)
    with app.app_context(), row_filter.off_for_tests() if mode == "filter off" else nullcontext():
        session = TenantSession(db=db)
        session.info.update(scope=scope_of_user(world.lee.user), follows_request=False)
        if mode == "wall off":
            session.info["pinned_bind"] = setup_engine
        try:
            assert [claim.id for claim in session.scalars(select(PolicyClaim))] == [mine.id]
        finally:
            session.rollback()
            session.close()


@pytest.mark.parametrize(
    "change", [{"by_id": UUID(int=7)}, {"status": "answered"}, {"answer": "Yes"}, {"sent_on_at": LONG_AGO}]
)
def test_nobody_claims_in_anothers_name_or_answers_oneself(
    app: Flask, store: Session, world: World, change: dict[str, Any]
) -> None:
    claim = crm.policy_claim(store, world.amy.business, world.amy.admin)
    values = {name: getattr(claim, name) for name in ("fmo_id", "business_id", "carrier", "number", "by_id", "by_name")}
    values |= {"id": new_id(), "number_key": "OTHER", **change}
    with pytest.raises(ProgrammingError, match="row-level security"), acting(app, world.amy.admin):
        db.session.execute(insert(table_of(PolicyClaim)).inline().values(values))
    allowed = values | {"by_id": claim.by_id, "status": "open", "answer": None, "sent_on_at": None}
    with acting(app, world.amy.admin):
        db.session.execute(insert(table_of(PolicyClaim)).inline().values(allowed))


def test_a_policy_that_is_seen_says_why(world: World, client_for: Callable[[User], FlaskClient]) -> None:
    policy = world.lee.crm_policy
    page = client_for(world.lee.user).get(f"/crm/policies/{policy.id}").text
    assert f"your NPN, {world.lee.producer.npn}, wrote this policy" in page and "your own NPN" in page
    page = client_for(world.ali).get(f"/crm/policies/{policy.id}").text
    assert f"NPN {world.lee.producer.npn} wrote this policy" in page and "your role shows the whole account" in page
    assert isinstance(policy, CrmPolicy)


def test_what_came_by_the_crosswalk_says_so(
    app: Flask, store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    office, amy = world.summit, world.amy
    npn = amy.people[0].producer.npn
    policy = make.policy(store, office.stray, office.feed_run, npn, writer_source="crosswalk", carrier="humana")
    sync(app, store, amy.business)
    copy = store.scalars(select(CrmPolicy).where(CrmPolicy.policy_id == policy.id)).one()
    client = client_for(amy.admin)
    page = html.unescape(client.get(f"/crm/policies/{copy.id}").text)
    assert "names the writer of this policy by an identifier of Humana's own, not by NPN" in page
    assert "on record that this identifier stands for your NPN" in page or f"stands for NPN {npn}" in page
    store.execute(update(Policy).values(writer_source="column", batch=policy.batch + 1000))
    store.commit()
    sync(app, store, amy.business)
    assert "not by NPN" not in client.get(f"/crm/policies/{copy.id}").text


def test_what_was_searched_for_elsewhere_is_no_claim(
    store: Session, world: World, client_for: Callable[[User], FlaskClient]
) -> None:
    client = client_for(world.amy.admin)
    for looked_for in ("Qsecret|1234", "humana|" + "7" * 60, "humana|--", "Qsecret"):
        token = client.post("/crm/contacts/search", data={"q": looked_for}).headers["Location"].partition("q=")[2]
        answer = client.get(f"/crm/why?q={token}")
        assert answer.status_code == 200 and "This policy is mine" not in answer.text
        client.post("/crm/why/claim", data={"q": token})
    assert store.scalars(select(PolicyClaim)).all() == []
