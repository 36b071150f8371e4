"""Who comes in by single sign-on: those who are linked, who were invited, and whom a claim gives a role."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from portal.core.scope import Role
from portal.identity.models import Fmo, Invitation, User
from portal.identity.operations import token_hash
from portal.identity.sso.models import SsoIdentity, SsoProvider
from tests.portal.identity.sso.conftest import is_in, linked, provider_row, there_and_back
from tests.support import builders as make
from tests.support.oidc import Provider
from tests.support.web import Browser, browser


def actions(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT action FROM access_entry ORDER BY at, id")).scalars())


def test_a_linked_person_is_led_to_where_they_wanted(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    begun = stranger.get("/sso/start?org=summit&next=/fmo/agents")
    answer = stranger.get("/sso/callback", query_string=there.authorize(begun.location))
    assert (answer.status_code, answer.location) == (303, "/fmo/agents") and is_in(stranger)
    assert actions(setup_engine) == ["session.sso", "session.start"]


def test_the_request_to_the_provider_is_what_it_should_be(stranger: Browser, there: Provider, known: User) -> None:
    asked = {
        name: one[0] for name, one in parse_qs(urlsplit(stranger.get("/sso/start?org=summit").location).query).items()
    }
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["scope"] == "openid email profile" and asked["redirect_uri"].endswith("/sso/callback")
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    again = parse_qs(urlsplit(stranger.get("/sso/start?org=summit").location).query)
    assert not {asked["state"], asked["nonce"], asked["code_challenge"]} & {one[0] for one in again.values()}


def test_the_session_of_before_is_not_the_one_of_after(stranger: Browser, there: Provider, known: User) -> None:
    stranger.get("/login")
    before = stranger.get_cookie("portal_session")
    there_and_back(stranger, there)
    after = stranger.get_cookie("portal_session")
    assert before and after and before.value != after.value


def test_nothing_of_a_token_is_kept_in_clear(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    begun = stranger.get("/sso/start?org=summit")
    brought = there.authorize(begun.location)
    secrets = [brought["code"], there.codes[brought["code"]]["nonce"]]
    there_tokens: list[str] = []
    there.change_tokens = lambda told: there_tokens.extend([told["id_token"], told["access_token"]])
    with setup_engine.connect() as connection:
        flow = connection.execute(text("SELECT sso_flow::text FROM sso_flow")).scalar_one()
    assert secrets[1] not in flow
    stranger.get("/sso/callback", query_string=brought)
    with setup_engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT string_agg(sso_session::text, ' ') || (SELECT string_agg(l::text, ' ') FROM login_session l)"
                " || (SELECT string_agg(a::text, ' ') FROM access_entry a) FROM sso_session"
            )
        ).scalar_one()
        assert connection.execute(text("SELECT count(*) FROM sso_flow")).scalar_one() == 0
    assert there_tokens and not [one for one in (*secrets, *there_tokens) if one in tables]


@pytest.mark.parametrize("state", ["deactivated", "invited"])
def test_a_linked_person_who_may_not_be_in(
    stranger: Browser, there: Provider, known: User, store: Session, setup_engine: Engine, state: str
) -> None:
    known.state = state
    store.commit()
    answer = there_and_back(stranger, there)
    assert answer.status_code == 400 and not is_in(stranger)
    assert actions(setup_engine) == ["session.sso_refused"]


def test_the_same_subject_at_another_fmo_is_nobody(
    stranger: Browser, there: Provider, configured: SsoProvider, store: Session
) -> None:
    other = make.fmo(store, "lakeside")
    linked(store, make.user(store, other, Role.FMO_ADMIN), configured.issuer)
    assert there_and_back(stranger, there).status_code == 400 and not is_in(stranger)


def test_the_same_subject_at_another_issuer_is_nobody(
    stranger: Browser, there: Provider, fmo: Fmo, configured: SsoProvider, store: Session
) -> None:
    linked(store, make.user(store, fmo, Role.FMO_ADMIN), "https://other.example")
    assert there_and_back(stranger, there).status_code == 400 and not is_in(stranger)


@pytest.mark.parametrize("joining", ["invited", "claim"])
def test_an_address_never_links(
    stranger: Browser, there: Provider, fmo: Fmo, configured: SsoProvider, store: Session, joining: str
) -> None:
    user = make.user(store, fmo, Role.FMO_ADMIN, email="dana@summit.example")
    configured.joining, configured.claim, configured.claim_roles = joining, "groups", {"a": "fmo_admin"}
    store.commit()
    there.claims = {"email": user.email, "email_verified": True, "groups": ["a"], "given_name": "D", "family_name": "E"}
    assert there_and_back(stranger, there).status_code == 400 and not is_in(stranger)
    assert store.scalars(select(SsoIdentity)).all() == []


@pytest.fixture
def by_claim(store: Session, configured: SsoProvider, there: Provider) -> SsoProvider:
    """Roles by the claim "groups"."""
    configured.joining, configured.claim = "claim", "groups"
    configured.claim_roles = {
        "admins": "fmo_admin",
        "support": "fmo_support",
        "officers": "compliance",
        "x": "agent_all",
    }
    store.commit()
    confirmed: dict[str, Any] = {"email": "new@summit.example", "email_verified": True}
    there.claims = {**confirmed, "given_name": "Nell", "family_name": "Newcome", "groups": ["support", "other"]}
    return configured


def test_a_claim_makes_a_user_and_decides_the_role_each_time(
    app: Flask, there: Provider, by_claim: SsoProvider, store: Session, fmo: Fmo, setup_engine: Engine
) -> None:
    make.user(store, fmo, Role.FMO_ADMIN)
    assert there_and_back(browser(app, None), there).location == "/fmo/"
    user = store.scalars(select(User).where(User.email == "new@summit.example")).one()
    assert (user.name, user.role, user.state) == ("Nell Newcome", Role.FMO_SUPPORT, "active")
    there.claims["groups"] = "admins"
    assert there_and_back(browser(app, None), there).status_code == 303
    store.refresh(user)
    assert user.role is Role.FMO_ADMIN
    there.claims["groups"] = []
    assert there_and_back(client := browser(app, None), there).status_code == 400 and not is_in(client)
    assert [one for one in actions(setup_engine) if "user" in one] == ["user.join", "user.claim_role"]


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["officers"]},
        {"groups": ["x"]},
        {"groups": "nothing"},
        {"groups": {"support": True}},
        {"groups": None},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
        {"email": "no address"},
    ],
    ids=[
        "compliance",
        "an agent",
        "no value",
        "an object",
        "none",
        "unconfirmed",
        "confirmed in words",
        "no e-mail",
        "bad",
    ],
)
def test_a_claim_gives_nothing_more(
    stranger: Browser, there: Provider, by_claim: SsoProvider, store: Session, claims: dict[str, Any]
) -> None:
    there.claims |= claims
    assert there_and_back(stranger, there).status_code == 400 and not is_in(stranger)
    assert store.scalars(select(User)).all() == [] and store.scalars(select(SsoIdentity)).all() == []


def test_a_claim_does_not_take_the_last_administrator(
    stranger: Browser, there: Provider, by_claim: SsoProvider, store: Session, fmo: Fmo
) -> None:
    there.claims["groups"] = "admins"
    assert there_and_back(stranger, there).status_code == 303
    there.claims["groups"] = "support"
    answer = there_and_back(stranger, there)
    assert answer.status_code == 400 and "last administrator" in answer.text
    assert store.scalars(select(User.role)).all() == [Role.FMO_ADMIN]


def test_of_two_administrators_whose_claim_shrinks_at_once_one_stays(
    app: Flask, there: Provider, by_claim: SsoProvider, store: Session, fmo: Fmo
) -> None:
    for subject in ("subject-1", "subject-2"):
        linked(store, make.user(store, fmo, Role.FMO_ADMIN), there.issuer, subject)
    store.execute(update(SsoIdentity).values(by_claim=True))
    store.commit()

    def come(subject: str) -> int:
        return there_and_back(browser(app, None), there, subject).status_code

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(come, ("subject-1", "subject-2"))) == [303, 400]
    assert sorted(store.scalars(select(User.role)).all()) == [Role.FMO_ADMIN, Role.FMO_SUPPORT]


@pytest.fixture
def invited(store: Session, fmo: Fmo, configured: SsoProvider) -> User:
    """Somebody whose invitation has the token "letter"."""
    user = make.user(store, fmo, Role.FMO_ADMIN, email="ivy@summit.example", state="invited")
    later = datetime.now(UTC) + timedelta(days=1)
    make.add(
        store,
        Invitation(fmo_id=fmo.id, user_id=user.id, email=user.email, token_hash=token_hash("letter"), expires_at=later),
    )
    return user


def by_invitation(client: Browser, provider: Provider) -> Any:
    """From the letter to the provider and back."""
    page = client.post("/invite/letter/single-sign-on")
    assert page.status_code == 200, page.text
    found = re.search(r'content="0;url=([^"]+)"', page.text)
    assert found
    return client.get("/sso/callback", query_string=provider.authorize(html.unescape(found[1])))


def test_an_invitation_is_opened_without_a_password(
    stranger: Browser, there: Provider, invited: User, store: Session, setup_engine: Engine
) -> None:
    assert "Use single sign-on" in stranger.get("/invite/letter").text
    there.claims = {"email": "ivy@summit.example", "email_verified": True}
    assert by_invitation(stranger, there).location == "/fmo/" and is_in(stranger)
    store.refresh(invited)
    assert invited.state == "active" and store.scalars(select(SsoIdentity.user_id)).one() == invited.id
    assert stranger.get("/invite/letter").status_code == 404
    assert sorted(actions(setup_engine)[:3]) == ["identity.link", "invitation.use", "session.sso"]  # one moment


@pytest.mark.parametrize(("confirmed", "right"), [(True, False), (False, True), (None, True)])
def test_another_confirmed_address_does_not_open_an_invitation(
    stranger: Browser, there: Provider, invited: User, store: Session, confirmed: bool | None, right: bool
) -> None:
    there.claims = {"email": "other@summit.example", "email_verified": confirmed}
    assert (by_invitation(stranger, there).status_code == 303) is right is is_in(stranger)
    store.refresh(invited)
    assert (invited.state == "active") is right


def test_an_invitation_that_was_taken_back_meanwhile(
    stranger: Browser, there: Provider, invited: User, store: Session
) -> None:
    there.change_tokens = lambda told: _void(store)
    assert by_invitation(stranger, there).status_code == 400 and not is_in(stranger)


def _void(store: Session) -> None:
    store.execute(text("UPDATE invitation SET voided_at = now()"))
    store.commit()


def test_an_agents_npn_is_proved_before_the_provider_is(
    stranger: Browser, there: Provider, fmo: Fmo, configured: SsoProvider, store: Session
) -> None:
    business = make.business(store, make.agent(store, fmo, "1001001"))
    user = make.user(store, fmo, Role.AGENT_ADMIN, business, npn="1001001", state="invited")
    later = datetime.now(UTC) + timedelta(days=1)
    make.add(
        store,
        Invitation(fmo_id=fmo.id, user_id=user.id, email=user.email, token_hash=token_hash("letter"), expires_at=later),
    )
    assert stranger.post("/invite/letter/single-sign-on", data={"npn": "5"}).status_code == 422
    assert "0;url=" in stranger.post("/invite/letter/single-sign-on", data={"npn": "01001001"}).text


def test_whoever_is_in_links_themselves(
    app: Flask, there: Provider, fmo: Fmo, configured: SsoProvider, store: Session
) -> None:
    user = make.user(store, fmo, Role.FMO_ADMIN)
    client = browser(app, user)
    assert _linking(client, there).location == "/account/security"
    assert store.scalars(select(SsoIdentity.user_id)).one() == user.id
    assert there_and_back(stranger := browser(app, None), there).status_code == 303 and is_in(stranger)
    other = browser(app, make.user(store, fmo, Role.FMO_ADMIN))
    assert _linking(other, there).status_code == 400  # the subject is somebody's already


def test_a_link_that_another_person_ends_is_none(
    app: Flask, there: Provider, fmo: Fmo, configured: SsoProvider, store: Session
) -> None:
    first, second = (browser(app, make.user(store, fmo, Role.FMO_ADMIN)) for _ in range(2))
    begun = _begun(first)
    cookie = first.get_cookie("portal_session")
    assert cookie
    with app.app_context():
        store.execute(text("UPDATE login_session SET data = (SELECT data FROM login_session WHERE data ? 'sso')"))
        store.commit()
    assert second.get("/sso/callback", query_string=there.authorize(begun)).status_code == 400
    assert store.scalars(select(SsoIdentity)).all() == []


def _begun(client: Browser) -> str:
    found = re.search(r'content="0;url=([^"]+)"', client.post("/account/security/single-sign-on").text)
    assert found
    return html.unescape(found[1])


def _linking(client: Browser, provider: Provider) -> Any:
    address = _begun(client)
    assert "prompt=login" in address
    return client.get("/sso/callback", query_string=provider.authorize(address))


def test_a_link_is_taken_back_by_its_person_and_by_an_administrator(
    app: Flask, there: Provider, known: User, fmo: Fmo, store: Session
) -> None:
    client = browser(app, known)
    client.post("/account/security/single-sign-on/unlink")
    assert store.scalars(select(SsoIdentity)).all()  # no password: it is the only way in
    admin = browser(app, make.user(store, fmo, Role.FMO_ADMIN))
    assert admin.post(f"/fmo/settings/single-sign-on/people/{known.id}/unlink").status_code == 303
    store.expire_all()
    assert store.scalars(select(SsoIdentity)).all() == []


@pytest.mark.parametrize(
    "typed", ["nowhere", "lakeside", "a@nowhere.example", "a@lakeside.example", "x@", "@", "summit.x"]
)
def test_nobody_learns_which_fmos_there_are(
    stranger: Browser, there: Provider, configured: SsoProvider, store: Session, typed: str
) -> None:
    lakeside = provider_row(make.fmo(store, "lakeside"), there.issuer)
    lakeside.offered, lakeside.domains = False, ["lakeside.example"]
    make.add(store, lakeside)
    usual = stranger.post("/sso", data={"organization": "zzz"})
    answer = stranger.post("/sso", data={"organization": typed})
    assert answer.status_code == usual.status_code == 422
    plain = [re.sub(r'value="[^"]*"|content="[^"]*"', "", one.text) for one in (answer, usual)]
    assert plain[0] == plain[1]


def test_a_domain_that_two_fmos_name_leads_nowhere(
    stranger: Browser, there: Provider, configured: SsoProvider, store: Session
) -> None:
    configured.domains = ["shared.example"]
    store.commit()
    assert "org=summit" in stranger.post("/sso", data={"organization": "Any.One@Shared.example"}).text
    other = provider_row(make.fmo(store, "lakeside"), there.issuer)
    other.domains = ["shared.example"]
    make.add(store, other)
    assert stranger.post("/sso", data={"organization": "any.one@shared.example"}).status_code == 422
