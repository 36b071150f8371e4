"""A provider that answers wrongly, in each way that the specifications name: a sentence, and nobody is signed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from portal.identity.models import User
from portal.identity.sso import calling
from portal.identity.sso.models import SsoProvider
from tests.portal.identity.sso.conftest import is_in, there_and_back
from tests.support import oidc
from tests.support.oidc import CLIENT, Provider, half
from tests.support.web import Browser, browser

Wrong = Callable[[Provider], None]


def claims(**changed: Any) -> Wrong:
    """Claims that are otherwise; None takes one away."""

    def wrong(provider: Provider) -> None:
        def change(held: dict[str, Any]) -> None:
            held.update(changed)
            for name in [name for name, value in held.items() if value is None]:
                del held[name]

        provider.change_claims = change

    return wrong


def later(**seconds: int) -> Wrong:
    """Times that are so many seconds from now."""

    def wrong(provider: Provider) -> None:
        claims(**{name: int(time.time()) + value for name, value in seconds.items()})(provider)

    return wrong


def header(**changed: Any) -> Wrong:
    """A header that is otherwise."""

    def wrong(provider: Provider) -> None:
        def change(held: dict[str, Any]) -> None:
            held.update(changed)
            for name in [name for name, value in held.items() if value is None]:
                del held[name]

        provider.change_header = change

    return wrong


def metadata(**changed: Any) -> Wrong:
    """A description that is otherwise."""

    def wrong(provider: Provider) -> None:
        provider.change_metadata = lambda held: held.update(changed)

    return wrong


def tokens(**changed: Any) -> Wrong:
    """A token answer that is otherwise."""

    def wrong(provider: Provider) -> None:
        def change(held: dict[str, Any]) -> None:
            held.update(changed)
            for name in [name for name, value in held.items() if value is None]:
                del held[name]

        provider.change_tokens = change

    return wrong


def signed(how: Any) -> Wrong:
    """A signature that is otherwise."""

    def wrong(provider: Provider) -> None:
        provider.sign = how

    return wrong


def at(path: str, answer: Any) -> Wrong:
    """Another answer at an address."""

    def wrong(provider: Provider) -> None:
        provider.at[path] = answer

    return wrong


def two_keys_of_one_name(provider: Provider) -> None:
    """It cannot be told which one signed."""
    provider.at["/keys"] = lambda door: oidc.say(
        door, 200, {"keys": [{**oidc.key(name).as_dict(private=False), "kid": "one"} for name in ("one", "two")]}
    )


def keys_that_encrypt(provider: Provider) -> None:
    """No key is for signing."""
    provider.at["/keys"] = lambda door: oidc.say(
        door, 200, {"keys": [{**oidc.key("one").as_dict(private=False), "use": "enc"}]}
    )


WRONG_TOKENS: dict[str, Wrong] = {
    "no identity token": tokens(id_token=None),
    "an empty identity token": tokens(id_token=""),
    "an identity token that is no text": tokens(id_token={"sub": "subject-1"}),
    "an identity token that is none": tokens(id_token="a.b.c"),
    "a token type that is unknown": tokens(token_type="mac"),
    "no issuer": claims(iss=None),
    "another issuer": claims(iss="https://other.example"),
    "issuers in a list": claims(iss=["x"]),
    "no subject": claims(sub=None),
    "an empty subject": claims(sub=""),
    "a number for a subject": claims(sub=1),
    "an endless subject": claims(sub="x" * 256),
    "no audience": claims(aud=None),
    "another audience": claims(aud="other"),
    "other audiences": claims(aud=["other", "another"]),
    "an audience beside ours": claims(aud=[CLIENT, "other"]),
    "an audience beside ours, azp ours": claims(aud=[CLIENT, "other"], azp=CLIENT),
    "another authorized party": claims(azp="other"),
    "no nonce": claims(nonce=None),
    "another nonce": claims(nonce="x" * 64),
    "a nonce that is no text": claims(nonce=1),
    "no expiry": claims(exp=None),
    "an expiry that is no number": claims(exp="tomorrow"),
    "an expiry that is true": claims(exp=True),
    "expired a minute ago": later(iat=-300, exp=-60),
    "expired 31 seconds ago": later(iat=-300, exp=-31),
    "no time of making": claims(iat=None),
    "made in the future": later(iat=60, exp=300),
    "not yet good": later(nbf=120),
    "another access token's hash": claims(at_hash=half("another")),
    "methods that are no list": claims(amr="mfa"),
    "alg none": signed(oidc.unsigned),
    "HS256 with the public key": signed(oidc.by_public_key),
    "HS256 with the client's secret": signed(oidc.by_secret),
    "another key's signature": signed(oidc.by_another_key),
    "an unknown key id": header(kid="nobody's"),
    "a demand that nobody knows": header(crit=["exp"], exp=1),
    "two keys of one name": two_keys_of_one_name,
    "keys that only encrypt": keys_that_encrypt,
    "no keys": at("/keys", lambda door: oidc.say(door, 200, {"keys": []})),
    "a token answer without JSON": at("/token", oidc.broken),
    "a token answer in a list": at("/token", lambda door: oidc.say(door, 200, [])),
    "a token answer elsewhere": at("/token", oidc.redirect),
    "a token answer without end": at("/token", oidc.endless),
    "an error for the code": at("/token", lambda door: oidc.say(door, 400, {"error": "invalid_grant"})),
    "an error in the server": at("/token", lambda door: oidc.say(door, 500, {})),
}
WRONG_METADATA: dict[str, Wrong] = {
    "another issuer": metadata(issuer="https://other.example"),
    "the issuer with a slash": lambda provider: metadata(issuer=f"{provider.issuer}/")(provider),
    "no token endpoint": metadata(token_endpoint=None),
    "a token endpoint in clear": metadata(token_endpoint="http://idp.example/token"),
    "keys in a file": metadata(jwks_uri="file:///etc/passwd"),
    "keys in clear": metadata(jwks_uri="http://idp.example/keys"),
    "a sign-in page in clear": metadata(authorization_endpoint="http://idp.example/authorize"),
    "a sign-in page that is script": metadata(authorization_endpoint="javascript:alert(1)"),
    "no sign-in by code": metadata(response_types_supported=["id_token"]),
    "no PKCE": metadata(code_challenge_methods_supported=["plain"]),
    "signatures by a shared secret": metadata(id_token_signing_alg_values_supported=["HS256", "none"]),
    "a redirect": at("/.well-known/openid-configuration", oidc.redirect),
    "no end": at("/.well-known/openid-configuration", oidc.endless),
    "no JSON": at("/.well-known/openid-configuration", oidc.broken),
    "a list": at("/.well-known/openid-configuration", lambda door: oidc.say(door, 200, [])),
    "404": at("/.well-known/openid-configuration", lambda door: oidc.say(door, 404, {})),
    "keys elsewhere": at("/keys", oidc.redirect),
    "keys without end": at("/keys", oidc.endless),
}


@pytest.mark.parametrize("name", WRONG_TOKENS)
def test_a_wrong_token_signs_nobody_in(
    app: Flask, stranger: Browser, there: Provider, known: User, setup_engine: Engine, name: str
) -> None:
    WRONG_TOKENS[name](there)
    answer = there_and_back(stranger, there) if "key" not in name or "another key" in name else _maybe(stranger, there)
    _refused(answer, stranger, setup_engine)


def _maybe(stranger: Browser, there: Provider) -> Any:
    """Keys that cannot be used are found out before anybody is sent anywhere."""
    begun = stranger.get("/sso/start?org=summit")
    if begun.status_code == 400:
        return begun
    return stranger.get("/sso/callback", query_string=there.authorize(begun.location))


def _refused(answer: Any, client: Browser, engine: Engine) -> None:
    assert answer.status_code == 400, answer.text
    assert "Single sign-on did not work" in answer.text and "Nobody was signed in" in answer.text
    assert not is_in(client)
    with engine.connect() as connection:
        entries = connection.execute(text("SELECT action, outcome, detail FROM access_entry")).all()
        assert [(entry.action, entry.outcome) for entry in entries] == [("session.sso_refused", "refused")]
        assert len(entries[0].detail["why"]) < 30
        assert connection.execute(text("SELECT count(*) FROM sso_session")).scalar_one() == 0


@pytest.mark.parametrize("name", WRONG_METADATA)
def test_wrong_metadata_sends_nobody_anywhere(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine, name: str
) -> None:
    WRONG_METADATA[name](there)
    _refused(stranger.get("/sso/start?org=summit"), stranger, setup_engine)


@pytest.mark.parametrize(
    "instead",
    [{"iss": "https://other.example"}, {"iss": ""}, {"code": ""}, {"code": "x"}, {"code": "x" * 5000}],
    ids=["foreign iss", "no iss though promised", "no code", "a code of nobody", "an endless code"],
)  # fmt: skip
def test_a_wrong_answer_of_the_browser(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine, instead: dict[str, str]
) -> None:
    _refused(there_and_back(stranger, there, **instead), stranger, setup_engine)


def test_a_foreign_iss_is_refused_though_none_was_promised(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    metadata(authorization_response_iss_parameter_supported=False)(there)
    _refused(there_and_back(stranger, there, iss="https://other.example"), stranger, setup_engine)
    assert there_and_back(stranger, there, iss="").status_code == 303


def test_an_error_of_the_provider_is_told_in_our_words(
    stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    begun = stranger.get("/sso/start?org=summit")
    brought = {"state": there.authorize(begun.location)["state"], "iss": there.issuer, "error": "access_denied"}
    answer = stranger.get("/sso/callback", query_string={**brought, "error_description": "<b>Call 555-0100</b>"})
    assert "may not sign in here" in answer.text and "555-0100" not in answer.text
    _refused(answer, stranger, setup_engine)


def test_an_answer_counts_once_and_in_the_browser_that_asked(
    app: Flask, stranger: Browser, there: Provider, known: User
) -> None:
    begun = stranger.get("/sso/start?org=summit")
    brought = there.authorize(begun.location)
    thief = browser(app, None)
    thief.get("/sso/start?org=summit")
    assert thief.get("/sso/callback", query_string=brought).status_code == 400 and not is_in(thief)
    kept = stranger.get_cookie("portal_session")
    assert kept and stranger.get("/sso/callback", query_string=brought).status_code == 303 and is_in(stranger)
    again = browser(app, None)
    again.set_cookie("portal_session", kept.value)
    assert again.get("/sso/callback", query_string=brought).status_code == 400 and not is_in(again)
    assert stranger.get("/sso/callback", query_string=brought).status_code == 400


def test_a_parameter_that_comes_twice_is_none(stranger: Browser, there: Provider, known: User) -> None:
    brought = there.authorize(stranger.get("/sso/start?org=summit").location)
    twice = [("code", brought["code"]), ("code", "x"), ("state", brought["state"]), ("iss", brought["iss"])]
    assert stranger.get("/sso/callback", query_string=twice).status_code == 400 and not is_in(stranger)


def test_a_code_of_somebody_elses_request_is_worth_nothing(
    app: Flask, stranger: Browser, there: Provider, known: User, setup_engine: Engine
) -> None:
    victim = there.authorize(browser(app, None).get("/sso/start?org=summit").location)
    answer = there_and_back(stranger, there, code=victim["code"])  # PKCE: made for another verifier
    _refused(answer, stranger, setup_engine)


def test_what_took_too_long_is_over(
    stranger: Browser, there: Provider, known: User, store: Session, setup_engine: Engine
) -> None:
    begun = stranger.get("/sso/start?org=summit")
    with setup_engine.begin() as connection:
        connection.execute(text("UPDATE sso_flow SET expires_at = now() - interval '1 second'"))
    assert stranger.get("/sso/callback", query_string=there.authorize(begun.location)).status_code == 400


def test_a_provider_that_took_the_place_of_another_is_not_answered(
    stranger: Browser, there: Provider, known: User, store: Session, configured: SsoProvider, setup_engine: Engine
) -> None:
    begun = stranger.get("/sso/start?org=summit")
    configured.issuer = "https://other.example"
    store.commit()
    _refused(stranger.get("/sso/callback", query_string=there.authorize(begun.location)), stranger, setup_engine)
    assert "/token" not in there.asked


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_a_provider_that_drips_is_left(
    stranger: Browser, there: Provider, known: User, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(calling, "PATIENCE", 0.6)
    there.at[path] = oidc.drip
    began = time.monotonic()
    begun = stranger.get("/sso/start?org=summit")
    if begun.status_code == 303:
        begun = stranger.get("/sso/callback", query_string=there.authorize(begun.location))
    assert begun.status_code == 400 and not is_in(stranger)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("seconds", [0, 25])
def test_clocks_may_differ_by_half_a_minute(stranger: Browser, there: Provider, known: User, seconds: int) -> None:
    later(iat=seconds, exp=-seconds)(there)
    assert there_and_back(stranger, there).status_code == 303 and is_in(stranger)


def test_keys_that_were_exchanged_are_fetched_anew(stranger: Browser, there: Provider, known: User) -> None:
    begun = stranger.get("/sso/start?org=summit")
    there.kid, there.shown = "two", ["one", "two"]
    assert stranger.get("/sso/callback", query_string=there.authorize(begun.location)).status_code == 303
    assert is_in(stranger)
